package crd

import (
	"math"
	"time"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// defaultPeriod is the kernel's (sched-bwc.rst: cfs_period_us).
const defaultPeriod = 100 * time.Millisecond

func newCPUTruth(f gossip.CPUThrottling) v1alpha1.CPUTruth {
	t := v1alpha1.CPUTruth{
		ThrottledPercent:      roundPercent(f.Throttled, 100),
		Periods:               countPointer(f.Periods),
		ThrottledPeriods:      countPointer(f.ThrottledPeriods),
		ThrottledMilliseconds: roundMilliseconds(f.ThrottledTime),
		ActivePercent:         roundPercent(f.Active, 100),
		MeanWaitMilliseconds:  roundMilliseconds(f.MeanWait),
		UsageMilliseconds:     roundMilliseconds(f.UsageTime),
		Threads:               countPointer(f.Threads),
		NodeCPUs:              countPointer(f.NodeCPUs),
		FirstThrottledTime:    eventSeconds(f.FirstThrottled),
		LastThrottledTime:     eventSeconds(f.LastThrottled),
	}
	if f.CFSPeriod > 0 && f.CFSPeriod != defaultPeriod {
		t.PeriodMicroseconds = new(f.CFSPeriod.Microseconds())
	}
	if !f.LastThrottled.IsZero() {
		t.CalmSeconds, t.LongestPauseSeconds = roundSeconds(gossip.Some(f.Calm)), roundSeconds(gossip.Some(f.Paused))
	}
	return t
}

func newCPULie(f gossip.CPUThrottling) v1alpha1.CPULie {
	return v1alpha1.CPULie{
		Usage:          coresQuantity(f.Usage),
		Limit:          coresQuantity(f.Limit),
		PercentOfLimit: roundPercent(f.UsedOfLimit, math.MaxInt32),
	}
}

// parseThrottling is the inverse of the two above.
func parseThrottling(r gossip.Report, t v1alpha1.CPUTruth, l v1alpha1.CPULie) gossip.CPUThrottling {
	f := gossip.CPUThrottling{
		Report:           r,
		Periods:          optionalOf(t.Periods),
		ThrottledPeriods: optionalOf(t.ThrottledPeriods),
		Throttled:        parsePercent(t.ThrottledPercent),
		ThrottledTime:    parseDuration(t.ThrottledMilliseconds, time.Millisecond),
		MeanWait:         parseDuration(t.MeanWaitMilliseconds, time.Millisecond),
		Active:           parsePercent(t.ActivePercent),
		UsageTime:        parseDuration(t.UsageMilliseconds, time.Millisecond),
		Usage:            parseCores(l.Usage),
		UsedOfLimit:      parsePercent(l.PercentOfLimit),
		Limit:            parseCores(l.Limit),
		CFSPeriod:        parseDuration(t.PeriodMicroseconds, time.Microsecond).Or(defaultPeriod),
		Threads:          optionalOf(t.Threads),
		NodeCPUs:         optionalOf(t.NodeCPUs),
		FirstThrottled:   eventTime(t.FirstThrottledTime),
		LastThrottled:    eventTime(t.LastThrottledTime),
		Calm:             parseDuration(t.CalmSeconds, time.Second).Value,
		Paused:           parseDuration(t.LongestPauseSeconds, time.Second).Value,
	}
	f.Throttled = preciseShare(f.Throttled, float64(f.ThrottledPeriods.Value), float64(f.Periods.Value))
	f.UsedOfLimit = preciseShare(f.UsedOfLimit, f.Usage.Value, f.Limit.Value)
	if n := f.ThrottledPeriods.Value; n > 0 && f.ThrottledTime.Known && f.MeanWait.Known {
		f.MeanWait.Value = f.ThrottledTime.Value / time.Duration(n)
	}
	return f
}
