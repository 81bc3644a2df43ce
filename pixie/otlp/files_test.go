package otlp_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"

	"github.com/kernel-gossip/kernel-gossip/pixie"
	"github.com/kernel-gossip/kernel-gossip/pixie/otlp"
)

const goodRecord = `{"type":"cpu_throttle","timestamp":"2026-01-02T03:04:05Z","namespace":"shop",` +
	`"pod_name":"api-0","container_name":"app","throttle_percentage":80}`

// frame is a request as a Collector's file exporter writes it with format: proto, or compressed.
func frame(request []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(request))), request...)
}

func zstded(t testing.TB, text []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	return w.EncodeAll(text, nil)
}

// The file exporter's frames are read, in protobuf and as zstd: open-telemetry/opentelemetry-collector-contrib#14181.
func TestFramesOfTheFileExporterAreRead(t *testing.T) {
	one := resourceOf(t, []byte(goodRecord))
	binaryOf, jsonOf := protobuf(t, one, one), jsonRequest(t, one)
	broken := frame([]byte("\x28\xb5\x2f\xfdgarbage"))
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for name, tc := range map[string]struct {
		input  []byte
		events int
		errs   []string
	}{
		"protobuf":         {join(frame(binaryOf), frame(binaryOf)), 4, nil},
		"zstd of protobuf": {join(frame(zstded(t, binaryOf)), frame(zstded(t, binaryOf))), 4, nil},
		"zstd of JSON":     {join(frame(zstded(t, jsonOf)), frame(zstded(t, jsonOf))), 2, nil},
		"an empty one":     {join(frame(binaryOf), frame(nil), frame(binaryOf)), 4, nil},
		"packed":           {packed(t, join(frame(binaryOf), frame(binaryOf))), 4, nil},
		"a bad one between good": {
			join(frame(zstded(t, jsonOf)), broken, frame(zstded(t, jsonOf))), 2, []string{"zstd stream"},
		},
		"a bad record": {
			join(frame(protobuf(t, one, &metricspb.ResourceMetrics{SchemaUrl: strings.Repeat("x", 3000)})), frame(binaryOf)),
			3,
			[]string{"resourceMetrics[1]: longer than 2000 bytes"},
		},
		"cut in a frame": {join(frame(binaryOf), frame(binaryOf)[:40]), 2, []string{"the OTLP request is truncated"}},
		"cut in a zstd frame": {
			join(frame(zstded(t, jsonOf)), frame(zstded(t, jsonOf))[:40]), 1, []string{"the OTLP request is truncated"},
		},
		"cut in a length": {join(frame(binaryOf), []byte{0, 0}), 2, []string{"the OTLP request is truncated"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := otlp.Options{MaxRecord: 2000}
			events, _, errs := collect(t, o.Decode(bytes.NewReader(tc.input)))
			require.Len(t, errs, len(tc.errs), "%v", errs)
			require.Len(t, events, tc.events)
			for i, err := range errs {
				require.ErrorContains(t, err, tc.errs[i])
			}
			require.Equal(t, outcome(o.Decode(bytes.NewReader(tc.input))), outcome(o.Decode(dribble{bytes.NewReader(tc.input)})),
				"a byte at a time")
		})
	}
}

// MaxBytes bounds what is in all frames together, unpacked.
func TestMaxBytesBoundsAllFramesTogether(t *testing.T) {
	wide := zstded(t, jsonRequest(t, &metricspb.ResourceMetrics{SchemaUrl: strings.Repeat("x", 100_000)}))
	_, _, errs := collect(t, otlp.Options{MaxBytes: 250_000}.Decode(bytes.NewReader(bytes.Repeat(frame(wide), 2))))
	require.Empty(t, errs)
	_, _, errs = collect(t, otlp.Options{MaxBytes: 250_000}.Decode(bytes.NewReader(bytes.Repeat(frame(wide), 3))))
	require.Len(t, errs, 1)
	require.ErrorIs(t, errs[0], pixie.ErrTooLarge)
}

// One request of 19.4 MiB, on one line or on many, streams by, and nothing is lost:
// open-telemetry/opentelemetry-collector-contrib#40623.
func TestALargeRequestIsReadInAStream(t *testing.T) {
	element := jsonRequest(t, resourceOf(t, []byte(goodRecord)))
	element = bytes.TrimSuffix(bytes.TrimPrefix(element, []byte(`{"resourceMetrics":[`)), []byte(`]}`))
	count := 19_400 << 10 / (len(element) + 1)
	for _, between := range []string{",", ",\n    "} {
		input := io.MultiReader(strings.NewReader(`{"resourceMetrics": [`), &repeated{
			text: append(element, between...), left: count - 1,
		},
			bytes.NewReader(element), strings.NewReader("]}\n"))
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		read := 0
		for record, err := range (otlp.Options{}).Decode(input) {
			require.NoError(t, err)
			require.NotNil(t, record.Event)
			if read++; read == count {
				runtime.GC()
				runtime.ReadMemStats(&after)
			}
		}
		require.Equal(t, count, read)
		require.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(4<<20))
	}
}

// repeated is a text as often as it says.
type repeated struct {
	text []byte
	left int
	rest []byte
}

func (r *repeated) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		if r.left == 0 {
			return 0, io.EOF
		}
		r.left, r.rest = r.left-1, r.text
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// A request that breaks off costs what is missing of it, and none of the next.
func TestABrokenRequestCostsItselfOnly(t *testing.T) {
	element := string(bytes.TrimSuffix(bytes.TrimPrefix(jsonRequest(t, resourceOf(t, []byte(goodRecord))),
		[]byte(`{"resourceMetrics":[`)),
		[]byte(`]}`)))
	whole := `{"resourceMetrics":[` + element + `]}`
	for name, tc := range map[string]struct {
		text   string
		events int
		errs   []string
	}{
		"cut after a comma": {
			`{"resourceMetrics":[` + element + ",\n" + whole, 2, []string{"line 1: invalid JSON: the object breaks off"},
		},
		"cut after an element": {
			`{"resourceMetrics":[` + element + "\n" + whole, 2, []string{"line 1: invalid JSON: the object breaks off"},
		},
		"cut in an element": {
			`{"resourceMetrics":[` + element + `,{"scopeMetrics":[{` + "\n" + whole,
			2,
			[]string{"line 1: invalid JSON: name expected"},
		},
		"cut in a string": {
			`{"resourceMetrics":[` + element + `,{"scopeMet` + "\n" + whole,
			2,
			[]string{"line 1: invalid JSON: a string is not closed"},
		},
		"cut after the array": {
			`{"resourceMetrics":[` + element + "]\n" + whole, 2, []string{"line 1: invalid JSON: name expected"},
		},
		"cut in another member": {
			`{"schemaUrl":{"a":` + "\n" + whole, 1, []string{"line 1: invalid JSON: the object breaks off"},
		},
		"cut at the end": {
			whole + "\n" + `{"resourceMetrics":[` + element,
			2,
			[]string{"line 2: invalid JSON: the array that begins here is not closed"},
		},
		"not closed at the end": {
			whole + "\n" + `{"resourceMetrics":[` + element + "]",
			2,
			[]string{"line 2: invalid JSON: the record is not closed"},
		},
		"text between":         {whole + "\nhello\n" + whole, 2, []string{"line 2: invalid JSON: object or array expected"}},
		"other members":        {`{"a":1,"resourceMetrics":[` + element + `],"b":[{"resourceMetrics":[]}]}`, 1, nil},
		"requests in an array": {"[" + whole + ",\n" + whole + "]", 2, nil},
		"pretty-printed": {
			"{\n  \"resourceMetrics\": [\n    " + element + ",\n    " + element + "\n  ]\n}\n" + whole, 3, nil,
		},
		"many lines, no indent": {"{\n\"resourceMetrics\": [\n" + element + ",\n" + element + "\n]\n}\n", 2, nil},
		"cut, pretty-printed": {
			"{\n  \"resourceMetrics\": [\n    {\"a\": [\n    " + element + "\n  ]\n}\n" + whole,
			1,
			[]string{"line 1: invalid JSON: the object breaks off"},
		},
		"no colon": {
			`{"resourceMetrics" [` + element + "]}\n" + whole, 1, []string{"line 1: invalid JSON: colon expected, found '['"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := outcome(otlp.Options{}.JSON(strings.NewReader(tc.text)))
			require.Equal(t, tc.events, strings.Count(got, "points "), got)
			require.Equal(t, len(tc.errs), strings.Count(got, "error: "), got)
			for _, want := range tc.errs {
				require.Contains(t, got, want)
			}
			require.Equal(t, got, outcome(otlp.Options{}.JSON(dribble{strings.NewReader(tc.text)})), "a byte at a time")
		})
	}
}

// What a ResourceMetrics has instead of ours is named by its first metric, without Go's words:
// open-telemetry/opentelemetry-collector-contrib#21247.
func TestOtherMetricsAreNamed(t *testing.T) {
	metric := func(name, data string) string { return fmt.Sprintf(`{"name":%q,%s}`, name, data) }
	const points = `"dataPoints":[{}]`
	sum, gauge := `"sum":{"aggregationTemporality":2,`+points+`}`, `"gauge":{`+points+`}`
	for metrics, want := range map[string]string{
		metric("container.cpu.usage.total",
			sum): "container.cpu.usage.total (cumulative sum of otelcol) is not read",
		metric("none",
			`"sum":{}`) + "," + metric("a",
			gauge) + "," + metric("b", sum): "a (gauge of otelcol) and 1 more metric are not read",
		metric("a",
			`"sum":{`+points+`}`) + "," + metric("b",
			sum) + "," + metric("c", gauge): "a (sum of otelcol) and 2 more metrics are not read",
		metric("a",
			`"histogram":{`+points+`}`): "a (histogram of otelcol) is not read",
		metric("a",
			`"summary":{`+points+`}`): "a (summary of otelcol) is not read",
		metric("a\tb",
			gauge): `"a\tb" (gauge of otelcol) is not read`,
	} {
		text := `{"resourceMetrics":[{"scopeMetrics":[{"scope":{"name":"otelcol"},"metrics":[` + metrics + `]}]}]}`
		_, _, errs := collect(t, otlp.Options{}.JSON(strings.NewReader(text)))
		require.Len(t, errs, 1)
		require.EqualError(t, errs[0], "line 1: resourceMetrics[0]: no gauge kernel_gossip.<type>.<field>: "+want)
		require.ErrorAs(t, errs[0], new(*otlp.ForeignError))
	}
}
