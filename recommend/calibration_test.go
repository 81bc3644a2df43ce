package recommend

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

//go:embed testdata/calibration.tsv
var calibration string

// workload is a line of testdata/calibration.tsv.
type workload struct {
	id                                    int
	mode                                  string
	threads                               int64
	limit                                 float64
	periods, throttled, wait, usage, wall int64
	truth, advised                        float64
	kind                                  string
}

func readWorkloads(t *testing.T) []workload {
	t.Helper()
	var all []workload
	for line := range strings.Lines(calibration) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		var w workload
		_, err := fmt.Sscan(line, &w.id, &w.mode, &w.threads, &w.limit, &w.periods, &w.throttled, &w.wait, &w.usage, &w.wall,
			&w.truth, &w.advised, &w.kind)
		require.NoError(t, err, line)
		all = append(all, w)
	}
	require.Len(t, all, 44)
	return all
}

func (w workload) observe() gossip.CPUThrottling {
	a := gossip.New(gossip.Options{})
	s := gossip.CPUSample{
		Origin: gossip.Origin{
			Time: time.Date(2026, 11, 22, 22, 0, 0, 0, time.UTC), Namespace: "lab", Pod: fmt.Sprintf("w-%d", w.id),
			Container: "app",
			Period:    time.Duration(w.wall) * time.Microsecond,
		},
		Periods: gossip.Some(w.periods), ThrottledPeriods: gossip.Some(w.throttled), ThrottledUsec: gossip.Some(w.wait),
		UsageUsec: gossip.Some(w.usage), LimitCores: gossip.Some(w.limit), Threads: gossip.Some(w.threads),
		NodeCPUs: gossip.Some[int64](2),
	}
	for n := int64(0); n < gossip.MinPeriods; n += w.periods { // a longer recording: only quotients matter
		a.Observe(s)
		s.Time = s.Time.Add(s.Period)
	}
	f, _ := a.Finding(s.Subject())
	return f.(gossip.CPUThrottling)
}

// The estimate for each recorded workload is the published one: never too low where the demand can be known, and never
// more than twice the need.
func TestRecordedWorkloadsGetWhatTheyNeed(t *testing.T) {
	var over []float64
	for _, w := range readWorkloads(t) {
		e, err := estimateLimit(w.observe())
		require.NoError(t, err, w.id)
		require.InDelta(t, w.advised, e.target, 1e-9, "workload %d", w.id)
		require.Equal(t, w.kind == "step", e.isStep, "workload %d", w.id)
		if !e.isStep {
			over = append(over, e.target/w.truth)
		}
	}
	slices.Sort(over)
	require.Len(t, over, 37, "seven are saturated")
	require.GreaterOrEqual(t, over[0], 1.0-1e-9)
	require.InDelta(t, 1.05, over[len(over)/2], 0.03, "median")
	require.Less(t, over[len(over)-1], 2.0)
}
