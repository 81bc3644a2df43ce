package replay

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	benchload "github.com/kernel-gossip/kernel-gossip/hack/bench/load"
)

func TestMeasurementsOfLanesAreMergedInTheOrderOfSubjects(t *testing.T) {
	lists := make([][]podMeasurement, 5)
	for i, names := range []string{"adg", "", "bbe", "c", "f"} {
		for _, name := range names {
			f := gossip.PodBirth{Report: gossip.Report{About: gossip.Subject{Pod: string(name)}}}
			lists[i] = append(lists[i], podMeasurement{now: f})
		}
	}
	var got string
	for _, m := range mergeMeasurements(lists) {
		got += m.judgedSubject().Pod
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
		c.lanes.analyzers = analyzers // collectMeasurements releases them
		all := c.pods.rollUp(c.collectMeasurements(), grouping{settings: completeSettings(gossip.Options{})})
		if err := printJSON(io.Discard, all, nil); err != nil {
			b.Fatal(err)
		}
		n += len(all)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/finding")
}
