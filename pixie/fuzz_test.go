package pixie

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

func seed(f *testing.F) {
	f.Helper()
	for _, archive := range corpus(f) {
		f.Add(archive.Files[0].Data)
	}
	for _, text := range []string{
		"", "\ufeff", "[", "{\"x\":\"\\", "[1,,]", "[[[]]]{}", "\xff\xfe{\x00", "{\"x\":[\n{}\n", `[a""a""a""`,
	} {
		f.Add([]byte(text))
	}
	f.Add(gzipped(f, rec("a")))
	f.Add(zstded(f, rec("a")))
}

// For every input: no panic, of event and error exactly one, at most two pairs a byte (an element of an array, and the
// comma that is missing before it), and the same however the input comes: in small pieces, or packed.
func FuzzDecode(f *testing.F) {
	seed(f)
	packs := newPackers(f)
	f.Fuzz(func(t *testing.T, input []byte) {
		o := Options{MaxRecord: 4096, MaxBytes: 1 << 20}
		events, errs := pairs(t, o, bytes.NewReader(input))
		packed := isPacked(input)
		if !packed {
			require.LessOrEqual(t, len(events)+len(errs), 2*len(input)+1)
			want := outcome(o, bytes.NewReader(input))
			require.Equal(t, want, outcome(o, &pieces{text: string(input), size: 1}))
			require.Equal(t, want, outcome(o, bytes.NewReader(packs.gzip(t, input))))
			require.Equal(t, want, outcome(o, bytes.NewReader(packs.zstd.EncodeAll(input, nil))))
		}
		for _, event := range events {
			checkEvent(t, event)
		}
	})
}

// packers are reused, because making one costs more than decoding.
type packers struct {
	zstd *zstd.Encoder
	w    *gzip.Writer
}

func newPackers(t testing.TB) *packers {
	t.Helper()
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(zstd.MinWindowSize),
		zstd.WithSingleSegment(false))
	require.NoError(t, err)
	w, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	require.NoError(t, err)
	return &packers{zstd: z, w: w}
}

func (p *packers) gzip(t testing.TB, input []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	p.w.Reset(&b)
	_, err := p.w.Write(input)
	require.NoError(t, err)
	require.NoError(t, p.w.Close())
	return b.Bytes()
}

func isPacked(input []byte) bool {
	return bytes.HasPrefix(input, []byte{0x1f, 0x8b}) || isZstd(input[:min(4, len(input))])
}

// checkEvent holds an event to the bounds that the packages behind rely on.
func checkEvent(t testing.TB, event gossip.Event) {
	t.Helper()
	o := event.From()
	require.True(t, o.Time.Year() >= 2000 && o.Time.Year() <= 2199)
	require.True(t, gossip.IsLabelName(o.Namespace) && len(o.Namespace) <= 63)
	require.True(t, o.Pod != "" && len(o.Pod) <= 253)
	require.GreaterOrEqual(t, o.Period, 0*o.Period)
	for _, text := range []string{o.PodUID, o.Node, o.ContainerID, o.Source} {
		require.Equal(t, gossip.CleanText(text), text)
	}
	switch e := event.(type) {
	case gossip.CPUSample:
		require.True(t, gossip.IsLabelName(e.Container))
		require.True(t, e.HasCounters() || e.ThrottledShare.Known)
		require.True(t, e.ThrottledShare.Value >= 0 && e.ThrottledShare.Value <= 1)
		require.False(t, e.HasCounters() && e.ThrottledPeriods.Value > e.Periods.Value)
	case gossip.MemorySample:
		require.True(t, e.WorkingSet.Known || e.UsedShare.Known || e.SomeAvg60.Known)
		for _, share := range []gossip.Optional[float64]{e.UsedShare, e.SomeAvg10, e.SomeAvg60, e.FullAvg10, e.FullAvg60} {
			require.True(t, share.Value >= 0 && share.Value <= 1)
		}
		for _, n := range []gossip.Optional[int64]{
			e.WorkingSet, e.UsedBytes, e.LimitBytes, e.MajorFaults, e.Reclaims, e.LimitHits, e.OOMKills,
		} {
			require.True(t, n.Value >= 0 && n.Value <= maxMiB<<20)
		}
	case gossip.OOMKill:
		require.True(t, e.Container != "" || e.ContainerID != "")
		require.Equal(t, gossip.CleanText(e.VictimComm), e.VictimComm)
		require.LessOrEqual(t, len(e.VictimComm), maxComm)
		require.Contains(t, []gossip.Scope{"", gossip.ScopeMemcg, gossip.ScopeGlobal}, e.Scope)
	case gossip.NetworkSample:
		require.NotEqual(t, gossip.NetworkSample{Origin: e.Origin}, e)
		require.True(t, e.RetransmitShare.Value <= 1 && e.DropShare.Value <= 1)
		require.GreaterOrEqual(t, e.Latency.Value, 0*e.Latency.Value)
	case gossip.PodCreation:
		require.GreaterOrEqual(t, e.Duration, 0*e.Duration)
		for _, step := range e.Timeline {
			require.GreaterOrEqual(t, step.Offset, 0*step.Offset)
			for _, text := range []string{step.Action, step.Details} {
				require.Equal(t, gossip.CleanText(text), text)
				require.LessOrEqual(t, len(text), maxText)
			}
		}
	}
}

// Against a reader that knows nothing of cutting: jsontext over the whole input. Where it is content with all objects
// and arrays, each record gives exactly one pair and no JSON error; where it is not, we are not either.
func FuzzAgainstReference(f *testing.F) {
	seed(f)
	schema := readSchema(f)
	f.Fuzz(func(t *testing.T, input []byte) {
		if isPacked(input) || len(input) > 1 && (input[0] == 0) != (input[1] == 0) {
			return
		}
		records, plain, err := reference(bytes.TrimPrefix(input, []byte("\ufeff")))
		events, errs := pairs(t, Options{}, bytes.NewReader(input))
		if err != nil {
			require.NotEmpty(t, errs, "the reference says: %v", err)
			return
		}
		if !plain {
			return
		}
		require.Len(t, records, len(events)+len(errs))
		for _, err := range errs {
			var syntax syntaxError
			var inside *jsontext.SyntacticError
			require.False(t, errors.As(err, &syntax) || errors.As(err, &inside), "%v", err)
		}
		for _, record := range records {
			checkRecord(t, schema, record)
		}
	})
}

// reference returns the records of a text; plain says that all are objects, or elements of arrays, within our depth.
func reference(text []byte) (records []jsontext.Value, plain bool, err error) {
	plain = true
	for in := jsontext.NewDecoder(bytes.NewReader(text), anyBytes); ; {
		value, err := in.ReadValue()
		if isEnd(err) {
			return records, plain, nil
		}
		if err != nil {
			return nil, false, err
		}
		plain = plain && bytes.Count(value, []byte("["))+bytes.Count(value, []byte("{")) < maxDepth
		switch value.Kind() {
		case '{':
			records = append(records, value.Clone())
		case '[':
			var elements []jsontext.Value
			if err := json.Unmarshal(value, &elements, anyBytes); err != nil {
				return nil, false, err
			}
			records = append(records, elements...)
		default:
			plain = false
		}
	}
}

// checkRecord compares one record with what the most naive decoding makes of it.
func checkRecord(t *testing.T, s *schema, record jsontext.Value) {
	t.Helper()
	event, err := one(t, "["+string(record)+"]")
	if err != nil {
		return
	}
	var fields map[string]any
	if json.Unmarshal(record, &fields) != nil {
		return // a number beyond float64, in a field that is not ours
	}
	if fields["_tableName_"] != nil {
		checkRow(t, record, event)
		return
	}
	checkSchema(t, s, record)
	require.Equal(t, fields["namespace"], event.From().Namespace)
	require.Equal(t, fields["pod_name"], event.From().Pod)
	switch e := event.(type) {
	case gossip.CPUSample:
		require.Equal(t, "cpu_throttle", fields["type"])
		require.Equal(t, fields["container_name"], e.Container)
		requireNumber(t, fields["usage_usec"], float64(e.UsageUsec.Value), e.UsageUsec.Known)
		requireNumber(t, fields["limit_cores"], e.LimitCores.Value, e.LimitCores.Known)
	case gossip.MemorySample:
		require.Equal(t, "memory_pressure", fields["type"])
		requireNumber(t, fields["working_set_bytes"], float64(e.WorkingSet.Value), e.WorkingSet.Known)
		requireNumber(t, fields["page_faults_per_sec"], e.PageFaultRate.Value, e.PageFaultRate.Known)
	case gossip.OOMKill:
		require.Equal(t, "oom_kill", fields["type"])
		requireNumber(t, fields["usage_bytes"], float64(e.UsageBytes.Value), e.UsageBytes.Known)
	case gossip.NetworkSample:
		require.Equal(t, "network_issue", fields["type"])
		requireNumber(t, fields["tcp_segments_sent"], float64(e.Segments.Value), e.Segments.Known)
		requireNumber(t, fields["tx_drops"], float64(e.TxDrops.Value), e.TxDrops.Known)
	case gossip.PodCreation:
		require.Equal(t, "pod_creation", fields["type"])
		requireNumber(t, fields["duration_ns"], float64(e.Duration), true)
		requireNumber(t, fields["execs"], float64(e.Execs.Value), e.Execs.Known)
	}
}

// checkRow requires that a row and the record of the contract that says the same are the same event.
func checkRow(t *testing.T, row jsontext.Value, event gossip.Event) {
	t.Helper()
	var same map[string]jsontext.Value
	require.NoError(t, json.Unmarshal(row, &same))
	var table string
	require.NoError(t, json.Unmarshal(same["_tableName_"], &table))
	for name, value := range same {
		if string(value) == `"NaN"` {
			delete(same, name)
		}
	}
	for _, f := range []field{podUID, node, containerName, containerID, source, victimComm} {
		if value := same[fields[f].name]; value.Kind() == '0' {
			same[fields[f].name] = jsontext.Value(`"` + string(value) + `"`)
		}
	}
	delete(same, "_tableName_")
	same["type"] = quoteJSON(strings.TrimSuffix(strings.TrimPrefix(table, "kg_"), "_v1"))
	same["timestamp"] = quoteJSON(event.From().Time.Format(time.RFC3339Nano))
	same["namespace"], same["pod_name"] = quoteJSON(event.From().Namespace), quoteJSON(event.From().Pod)
	text, err := json.Marshal(same)
	require.NoError(t, err)
	want, err := one(t, string(text))
	require.NoError(t, err, "%s", text)
	require.Equal(t, want, event)
}

func requireNumber(t *testing.T, value any, got float64, known bool) {
	t.Helper()
	switch value := value.(type) {
	case nil:
		require.False(t, known)
	case float64:
		require.InDelta(t, value, got, 0)
	case string:
		want, err := strconv.ParseFloat(value, 64)
		require.NoError(t, err)
		require.InDelta(t, want, got, 0)
	}
}

// exact agrees with strconv wherever both have an answer.
func FuzzExact(f *testing.F) {
	for _, text := range []string{
		"0",
		"-0.0",
		"12",
		"12.0",
		"1.2e1",
		"120e-1",
		"1e18",
		"9223372036854775807",
		"9223372036854775808",
		"1e-400",
		"0e999999999999",
		"1.5e-9223372036854775808",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		valid := jsontext.Value(text).Kind() == '0' && jsontext.Value(text).IsValid() && strings.TrimSpace(text) == text
		require.Equal(t, valid, isNumber([]byte(text)))
		if !valid {
			return
		}
		n, err := exactInteger([]byte(text))
		if want, parseErr := strconv.ParseInt(text, 10, 64); parseErr == nil && want > -1<<63 {
			require.NoError(t, err)
			require.Equal(t, want, n)
		}
		if x, _ := strconv.ParseFloat(text, 64); err == nil && x > -1e18 && x < 1e18 {
			require.InEpsilon(t, x+1e18, float64(n)+1e18, 1e-15)
		}
	})
}
