package replay

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	benchload "github.com/kernel-gossip/kernel-gossip/hack/bench/load"
)

func TestFindingsOfLanesAreMergedInTheOrderOfSubjects(t *testing.T) {
	lists := make([][]gossip.Finding, 5)
	for i, names := range []string{"adg", "", "bbe", "c", "f"} {
		for _, name := range names {
			lists[i] = append(lists[i], gossip.PodBirth{Report: gossip.Report{About: gossip.Subject{Pod: string(name)}}})
		}
	}
	var got string
	for _, f := range mergeFindings(lists) {
		got += f.Subject().Pod
	}
	require.Equal(t, "abbcdefg", got)
}

// The work after the last record: findings, advice, objects and their JSON. Each pod has a CPU finding of a full window
// and a birth.
func BenchmarkVerdicts(b *testing.B) {
	const pods = 1000
	var text bytes.Buffer
	require.NoError(b, benchload.Load{Records: 200 * pods, Pods: pods, Seed: 1}.Write(&text))
	c := analysis{errs: io.Discard, progress: newProgress(io.Discard)}
	require.NoError(b, c.readCapture("capture", &text))
	analyzers := c.lanes.analyzers
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		c.lanes.analyzers = analyzers // collectFindings releases them
		findings := c.collectFindings()
		if err := printJSON(io.Discard, findings, nil); err != nil {
			b.Fatal(err)
		}
		n += len(findings)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/finding")
}
