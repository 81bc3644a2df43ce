package recommend_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// demandOf returns the demand of a finding.
func demandOf(f gossip.Finding) float64 {
	demand := recommend.Demand()
	switch f := f.(type) {
	case gossip.CPUThrottling:
		return demand.CPU(f)
	case gossip.MemoryPressure:
		return demand.Memory(f)
	case gossip.OOMKilled:
		return demand.Kills(f)
	case gossip.NetworkIssue, gossip.PodBirth: // have none
	}
	return 0
}

func TestDemandIsTheTargetBeforeRounding(t *testing.T) {
	throttled := gossip.CPUThrottling{
		Report:  gossip.Report{Level: gossip.SeverityHigh},
		Periods: gossip.Some[int64](9000), ThrottledPeriods: gossip.Some[int64](5580), Throttled: gossip.Some(0.62),
		MeanWait: gossip.Some(12 * time.Millisecond), UsageTime: gossip.Some(60 * time.Second),
		Usage: gossip.Some(0.067), UsedOfLimit: gossip.Some(0.133), Limit: gossip.Some(0.5),
		CFSPeriod: 100 * time.Millisecond,
	}
	short := gossip.MemoryPressure{
		Report: gossip.Report{Level: gossip.SeverityHigh, Reason: gossip.ReasonStalled},
		Peak:   gossip.Some[int64](500 << 20), Limit: gossip.Some[int64](512 << 20), UsedOfLimit: gossip.Some(0.98),
	}
	killed := gossip.OOMKilled{
		Report: gossip.Report{Level: gossip.SeverityCritical, Reason: gossip.ReasonOOMKilled}, Kills: 1,
		Usage: gossip.Some[int64](512 << 20), Peak: gossip.Some[int64](512 << 20), Limit: gossip.Some[int64](512 << 20),
	}
	for _, tc := range []struct {
		finding gossip.Finding
		step    float64 // of the rounding
	}{{finding: throttled, step: 0.1}, {finding: short, step: 16 << 20}, {finding: killed, step: 16 << 20}} {
		demand := demandOf(tc.finding)
		require.Positive(t, demand, tc.finding)
		for _, a := range recommend.Default().For(tc.finding, gossip.Pod{}) {
			if a.Target != nil {
				target := a.Target.AsApproximateFloat64()
				require.LessOrEqual(t, demand, target+1e-9, a.Rule)
				require.Less(t, target-demand, tc.step, a.Rule)
			}
		}
	}
	more := throttled
	more.MeanWait = gossip.Some(13 * time.Millisecond) // the same rounded target
	require.Greater(t, demandOf(more), demandOf(throttled))
}

func TestWithoutANumberThereIsNoDemand(t *testing.T) {
	for name, f := range map[string]gossip.Finding{
		"no limit known":   gossip.CPUThrottling{Report: gossip.Report{Level: gossip.SeverityHigh}, Throttled: gossip.Some(0.9)},
		"healthy memory":   gossip.MemoryPressure{Report: gossip.Report{Level: gossip.SeverityNone}, Peak: gossip.Some[int64](1)},
		"no bytes":         gossip.OOMKilled{Report: gossip.Report{Level: gossip.SeverityCritical}, Kills: 1},
		"of an old limit":  gossip.CPUThrottling{Standing: true, Throttled: gossip.Some(0.9), Limit: gossip.Some(1.0)},
		"nothing at all":   gossip.CPUThrottling{},
		"a kill, no usage": gossip.OOMKilled{Report: gossip.Report{Level: gossip.SeverityCritical}},
	} {
		require.Zero(t, demandOf(f), name)
	}
}
