package otlp_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie"
	"github.com/kernel-gossip/kernel-gossip/pixie/otlp"
)

var update = flag.Bool("update", false, "rewrite the wanted output in testdata")

// TestRequestsOfTheCorpusGiveTheirEvents reads testdata: requests as JSON lines, and what becomes of them.
func TestRequestsOfTheCorpusGiveTheirEvents(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			require.NoError(t, err)
			input := archive.Files[0].Data
			got := outcome(otlp.Options{}.Decode(bytes.NewReader(input)))
			if *update {
				archive.Files[1].Data = []byte(got)
				require.NoError(t, os.WriteFile(name, txtar.Format(archive), 0o644))
			}
			require.Empty(t, cmp.Diff(string(archive.Files[1].Data), got), "if it is meant: go test ./pixie/otlp -update")
			require.Equal(t, got, outcome(otlp.Options{}.Decode(dribble{bytes.NewReader(input)})), "a byte at a time")
			require.Equal(t, got, outcome(otlp.Options{}.Decode(bytes.NewReader(packed(t, input)))), "packed")
		})
	}
}

func packed(t testing.TB, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

// Every recorded capture gives the same events as OTLP, in protobuf and in JSON, as it gives as records: all that OTLP
// can carry.
func TestCapturesAreTheSameEventsInOTLP(t *testing.T) {
	captures, err := filepath.Glob("../../examples/captures/*.ndjson")
	require.NoError(t, err)
	require.NotEmpty(t, captures)
	for _, capture := range captures {
		t.Run(filepath.Base(capture), func(t *testing.T) {
			text, err := os.ReadFile(capture)
			require.NoError(t, err)
			var want []gossip.Event
			var all []*metricspb.ResourceMetrics
			for raw, err := range (pixie.Options{}).Split(bytes.NewReader(text)) {
				require.NoError(t, err)
				event, err := raw.Event()
				require.NoError(t, err)
				if birth, ok := event.(gossip.PodCreation); ok {
					birth.Syscalls, birth.Timeline = nil, nil
					event = birth
				}
				want = append(want, event)
				all = append(all, resourceOf(t, raw.JSON))
			}
			for format, request := range map[string][]byte{"protobuf": protobuf(t, all...), "JSON": jsonRequest(t, all...)} {
				require.True(t, otlp.Is(request[:min(len(request), 4096)]), format)
				got, points, errs := collect(t, otlp.Options{}.Decode(bytes.NewReader(request)))
				require.Empty(t, errs, format)
				require.Empty(t, cmp.Diff(want, got), format)
				require.Greater(t, points, len(got))
			}
		})
	}
}

func TestFormatsAreRecognisedByTheirFirstBytes(t *testing.T) {
	good := resourceOf(t,
		[]byte(`{"type":"cpu_throttle","timestamp":"2026-01-02T03:04:05Z","namespace":"shop",`+
			`"pod_name":"api-0","throttle_percentage":80}`))
	for text, want := range map[string]bool{
		"": false, "\n": false, "{}": false, "[]": false, "\n\n{\"type\":1}": false,
		`{"type":"x","resourceMetrics":[]}`: false, `[{"resourceMetrics":[]}]`: false,
		`{"resourceMetrics":[]}`: true, "\ufeff \r\n{\n\t\"resourceMetrics\" : [": true, `{"resourceLogs":[]}`: true,
		`{"resourceSpans":[]}`: true,
		string(protobuf(t,
			good)): true, string(protobuf(t, &metricspb.ResourceMetrics{})): true, "\x1f\x8b\x08\x00": false, "\x0b\x00": false,
	} {
		require.Equal(t, want, otlp.Is([]byte(text)), "%q", text)
	}
}

// The request itself: other fields are passed over, and what is not protobuf ends it.
func TestOtherFieldsOfARequestAreSkipped(t *testing.T) {
	one := protobuf(t,
		resourceOf(t,
			[]byte(`{"type":"cpu_throttle","timestamp":"2026-01-02T03:04:05Z","namespace":"shop",`+
				`"pod_name":"api-0","container_name":"app","throttle_percentage":80}`)))
	other := protowire.AppendVarint(protowire.AppendTag(nil, 2, protowire.VarintType), 1<<40)
	other = protowire.AppendFixed32(protowire.AppendTag(other, 3, protowire.Fixed32Type), 1)
	other = protowire.AppendFixed64(protowire.AppendTag(other, 4, protowire.Fixed64Type), 1)
	other = protowire.AppendBytes(protowire.AppendTag(other, 5, protowire.BytesType), []byte("hello"))
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for name, tc := range map[string]struct {
		input  []byte
		events int
		errs   []string
	}{
		"empty":                 {nil, 0, nil},
		"two requests in a row": {join(one, one), 2, nil},
		"other fields":          {join(other, one, other), 1, nil},
		"an empty resource":     {join([]byte{0x0a, 0}, one), 1, nil},
		"cut in a length":       {one[:1], 0, []string{"the OTLP request is truncated"}},
		"cut in a resource":     {join(one, one[:len(one)-1]), 1, []string{"the OTLP request is truncated"}},
		"cut in another field":  {join(one, other[:len(other)-2]), 1, []string{"the OTLP request is truncated"}},
		"a group":               {join(one, []byte{0x0b}), 1, []string{"not an ExportMetricsServiceRequest"}},
		"field 0":               {[]byte{0x02, 0x00}, 0, []string{"not an ExportMetricsServiceRequest"}},
		"2 GiB": {
			protowire.AppendVarint([]byte{0x12}, 1<<31), 0, []string{"not an ExportMetricsServiceRequest"},
		},
		"a resource of 2 GiB": {
			protowire.AppendVarint([]byte{0x0a}, 1<<62), 0, []string{"not an ExportMetricsServiceRequest"},
		},
		"not a resource": {join(one, []byte{0x0a, 2, 0x0a, 0x7f}, one), 2, []string{"resourceMetrics[1]: not OTLP"}},
		"a name that is not text": {
			join([]byte{0x0a, 4, 0x1a, 2, 0xff, 0xfe}, one),
			1,
			[]string{"resourceMetrics[0]: not OTLP: string field contains invalid UTF-8"},
		},
		"a long resource": {
			join(protobuf(t, &metricspb.ResourceMetrics{SchemaUrl: strings.Repeat("x", 2000)}), one),
			1,
			[]string{"resourceMetrics[0]: longer than 1500 bytes"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			events, _, errs := collect(t, otlp.Options{MaxRecord: 1500}.Protobuf(bytes.NewReader(tc.input)))
			require.Len(t, events, tc.events)
			require.Len(t, errs, len(tc.errs), "%v", errs)
			for i, err := range errs {
				require.ErrorContains(t, err, tc.errs[i])
			}
		})
	}
}

// What does not fit into the limits is refused, and what stands before it counts.
func TestWhatIsAboveALimitIsRefused(t *testing.T) {
	one := resourceOf(t,
		[]byte(`{"type":"cpu_throttle","timestamp":"2026-01-02T03:04:05Z","namespace":"shop",`+
			`"pod_name":"api-0","container_name":"app","throttle_percentage":80}`))
	text := jsonRequest(t, one)
	wide := jsonRequest(t, &metricspb.ResourceMetrics{SchemaUrl: strings.Repeat("x", 2000)}, one)
	lines := bytes.Join([][]byte{text, wide, text}, []byte("\n"))
	events, _, errs := collect(t, otlp.Options{MaxRecord: 1500}.Decode(bytes.NewReader(lines)))
	require.Len(t, events, 3)
	require.Len(t, errs, 1)
	require.EqualError(t, errs[0], "line 2: resourceMetrics[0]: longer than 1500 bytes")

	for format, input := range map[string][]byte{"JSON": lines, "protobuf": bytes.Repeat(protobuf(t, one), 8)} {
		events, _, errs = collect(t, otlp.Options{MaxBytes: 1000}.Decode(bytes.NewReader(input)))
		require.NotEmpty(t, events, format)
		require.ErrorIs(t, errs[len(errs)-1], pixie.ErrTooLarge, format)
		_, _, errs = collect(t, otlp.Options{MaxBytes: int64(len(input))}.Decode(bytes.NewReader(packed(t, input))))
		require.Empty(t, errs, format)
	}
}

func TestErrorsSayWhatIsLost(t *testing.T) {
	_, _, errs := collect(t,
		otlp.Options{}.Decode(strings.NewReader(`{"resourceMetrics":[{},{"scopeMetrics":[{"metrics":[{"name":"a",`+
			`"gauge":{"dataPoints":[{},{}]}}]}]}]}`)))
	require.Len(t, errs, 1)
	var at *otlp.ResourceError
	require.ErrorAs(t, errs[0], &at)
	require.Equal(t, 1, at.Index)
	require.Equal(t, 2, at.Points)
	_, _, errs = collect(t, otlp.Options{}.Decode(strings.NewReader("\x1f\x8b")))
	require.Len(t, errs, 1)
	_, _, errs = collect(t, otlp.Options{}.Decode(dribble{broken{}}))
	require.Len(t, errs, 1)
	require.ErrorIs(t, errs[0], errBroken)
}

var errBroken = errors.New("no more")

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errBroken }

// The caller may stop at any time.
func TestTheCallerMayStopAtAnyTime(t *testing.T) {
	one := resourceOf(t,
		[]byte(`{"type":"cpu_throttle","timestamp":"2026-01-02T03:04:05Z","namespace":"shop",`+
			`"pod_name":"api-0","container_name":"app","throttle_percentage":80}`))
	for _, input := range [][]byte{
		protobuf(t, one, one),
		jsonRequest(t, one, one),
		jsonRequest(t, &metricspb.ResourceMetrics{SchemaUrl: "x"}),
		[]byte("{]\n{]"),
	} {
		for record, err := range (otlp.Options{}).Decode(bytes.NewReader(input)) {
			require.NotEqual(t, record.Event == nil, err == nil)
			break
		}
	}
}
