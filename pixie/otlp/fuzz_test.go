package otlp_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/kernel-gossip/kernel-gossip/pixie/otlp"
)

// seeds are the lines of testdata that are JSON.
func seeds(f *testing.F) [][]byte {
	f.Helper()
	names, err := filepath.Glob("testdata/*.txtar")
	require.NoError(f, err)
	var all [][]byte
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(f, err)
		all = append(all, bytes.Split(txtar.Parse(text).Files[0].Data, []byte("\n"))...)
	}
	return all
}

// For every input: no panic, of event and error exactly one, and the same a byte at a time.
func FuzzDecode(f *testing.F) {
	for _, line := range seeds(f) {
		f.Add(line)
	}
	f.Add([]byte("\n\x00"))
	f.Fuzz(func(t *testing.T, input []byte) {
		o := otlp.Options{MaxRecord: 4096, MaxBytes: 1 << 20}
		events, points, errs := collect(t, o.Decode(bytes.NewReader(input)))
		require.LessOrEqual(t, len(events), points)
		if !bytes.HasPrefix(input, []byte("\x1f\x8b")) && !bytes.Contains(input, []byte("\xb5\x2f\xfd")) {
			require.LessOrEqual(t, len(events)+len(errs), 2*len(input)+1)
		}
		require.Equal(t, outcome(o.Decode(bytes.NewReader(input))), outcome(o.Decode(dribble{bytes.NewReader(input)})))
	})
}

var offset = regexp.MustCompile(`(?m)^error: (line \d+: )?`)

// A request in protobuf and the same in JSON give the same events and errors.
func FuzzFormats(f *testing.F) {
	for _, line := range seeds(f) {
		if bytes.Contains(line, []byte(`"case"`)) { // others are no OTLP
			for _, resource := range parsed(f, line) {
				raw, err := proto.Marshal(resource)
				require.NoError(f, err)
				f.Add(raw)
			}
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var resource metricspb.ResourceMetrics
		if (proto.UnmarshalOptions{DiscardUnknown: true, RecursionLimit: 32}).Unmarshal(raw, &resource) != nil {
			return
		}
		binary := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), raw)
		want := outcome(otlp.Options{}.Protobuf(bytes.NewReader(binary)))
		got := outcome(otlp.Options{}.JSON(bytes.NewReader(jsonRequest(t, &resource))))
		require.Equal(t, want, offset.ReplaceAllString(got, "error: "))
	})
}
