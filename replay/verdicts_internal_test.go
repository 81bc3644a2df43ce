package replay

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	benchload "github.com/kernel-gossip/kernel-gossip/hack/bench/load"
)

func TestMerged(t *testing.T) {
	lists := make([][]verdict, 5)
	for i, names := range []string{"adg", "", "bbe", "c", "f"} {
		for _, name := range names {
			lists[i] = append(lists[i], verdict{finding: gossip.PodBirth{Report: gossip.Report{About: gossip.Subject{Pod: string(name)}}}})
		}
	}
	var got string
	for _, v := range merged(lists) {
		got += v.finding.Subject().Pod
	}
	require.Equal(t, "abbcdefg", got)
}

// What comes after the last record: findings, advice, objects and their JSON. Each pod has a CPU finding of a full window and a birth.
func BenchmarkVerdicts(b *testing.B) {
	const pods = 1000
	var text bytes.Buffer
	require.NoError(b, benchload.Load{Records: 200 * pods, Pods: pods, Seed: 1}.Write(&text))
	c := capture{errs: io.Discard, progress: newProgress(io.Discard)}
	require.NoError(b, c.read("capture", &text))
	analyzers := c.lanes.analyzers
	findings := 0
	b.ReportAllocs()
	for b.Loop() {
		c.lanes.analyzers = analyzers // verdicts lets them go
		verdicts := c.verdicts()
		if err := printJSON(io.Discard, verdicts); err != nil {
			b.Fatal(err)
		}
		findings += len(verdicts)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(findings), "ns/finding")
}
