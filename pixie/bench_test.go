package pixie

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/hack/bench/load"
)

func BenchmarkDecode(b *testing.B) {
	counters := `{"type":"cpu_throttle","timestamp":"2026-01-02T03:04:05Z","namespace":"shop",` +
		`"pod_name":"api-7d9f8b6c5-x2x9z","pod_uid":"4f6b7c1e-0000-4000-8000-000000000001",` +
		`"node":"worker-1","container_name":"app","source":"observer","period_seconds":15,` +
		`"nr_periods":56,"nr_throttled":45,"throttled_usec":3300000,"usage_usec":495000,` +
		`"limit_cores":0.1,"threads":12,"node_cpus":4}` + "\n"
	rows := `{"type":"cpu_throttle","timestamp":"2026-01-02T03:04:05Z","namespace":"shop",` +
		`"pod_name":"api-7d9f8b6c5-x2x9z","container_name":"app","throttle_percentage":"80.0",` +
		`"actual_cpu_usage":"0.033","reported_cpu_usage":"0.33"}` + "\n"
	birth := string(corpus(b)["testdata/ndjson.txtar"].Files[0].Data)
	_, birth, _ = strings.Cut(birth, "\n\n")
	bad := `{"type":"cpu_throttle","timestamp":"2026-01-02T03:04:05Z","namespace":"shop",` +
		`"pod_name":"api-0","container_name":"app","nr_periods":-1}` + "\n"
	text := strings.Repeat(counters, 1000)
	for name, input := range map[string][]byte{
		"counters": []byte(text),
		"strings":  []byte(strings.Repeat(rows, 1000)),
		"births":   []byte(strings.Repeat(birth, 1000)),
		"refused":  []byte(strings.Repeat(bad, 1000)),
		"gzip":     gzipped(b, text),
		"zstd":     zstded(b, text),
		"small":    []byte(counters),
	} {
		b.Run(name, func(b *testing.B) {
			size := len(input)
			if name == "gzip" || name == "zstd" {
				size = len(text) // a rate of text, like the others
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				for event, err := range Decode(bytes.NewReader(input)) {
					_, _ = event, err
				}
			}
		})
	}
}

// Synthetic records of many pods, as a cluster sends them: alone, and with help.
func BenchmarkDecodeCluster(b *testing.B) {
	var text bytes.Buffer
	require.NoError(b, load.Load{Records: 100_000, Pods: 5000, Seed: 1}.Write(&text))
	for _, workers := range []int{0, 2, 4} {
		b.Run(fmt.Sprintf("%d workers", workers), func(b *testing.B) {
			b.SetBytes(int64(text.Len()))
			b.ReportAllocs()
			for b.Loop() {
				for batch, err := range (Options{Workers: workers}).Batches(bytes.NewReader(text.Bytes())) {
					_, _ = batch, err
				}
			}
		})
	}
}
