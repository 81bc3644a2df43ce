package kernel

import (
	"runtime"
	"time"
)

// Counters is one read of a container's cgroup. Counters are cumulative.
type Counters struct {
	At                   time.Time
	Periods, Throttled   uint64 // nr_periods, nr_throttled
	ThrottledNS, UsageNS uint64
	QuotaUS, PeriodUS    uint64 // QuotaUS 0: no limit
	Threads              int    // 0: not listed
}

// Delta is the record of the interval between two reads of a container, or false when the interval belongs to two epochs.
func Delta(c Container, a, b Counters) (CPUThrottle, bool) {
	if b.Periods < a.Periods || b.Throttled < a.Throttled || b.ThrottledNS < a.ThrottledNS || b.UsageNS < a.UsageNS ||
		a.QuotaUS != b.QuotaUS || a.PeriodUS != b.PeriodUS {
		return CPUThrottle{}, false
	}
	period := b.At.Sub(a.At).Seconds()
	rec := CPUThrottle{
		Subject:       subjectOf("cpu_throttle", b.At, c.Pod, "cgroup"),
		NrPeriods:     b.Periods - a.Periods,
		NrThrottled:   b.Throttled - a.Throttled,
		ThrottledUsec: b.ThrottledNS/1000 - a.ThrottledNS/1000,
		UsageUsec:     b.UsageNS/1000 - a.UsageNS/1000,
		CFSPeriodUsec: b.PeriodUS,
		Threads:       b.Threads,
		NodeCPUs:      runtime.NumCPU(),
	}
	rec.PeriodSeconds, rec.ContainerName, rec.ContainerID = round(period), c.Name, c.ID
	if b.QuotaUS > 0 {
		cores := float64(b.UsageNS-a.UsageNS) / 1e9 / period
		limit := float64(b.QuotaUS) / float64(b.PeriodUS)
		share, actual := round(cores/limit), round(cores)
		rec.LimitCores, rec.Actual, rec.Reported = round(limit), &actual, &share
	}
	return rec, true
}
