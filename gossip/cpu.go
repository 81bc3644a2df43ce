package gossip

import (
	"cmp"
	"time"
)

// CPUSample is one window of a container's CPU bandwidth counters (cpu.stat of its cgroup) as deltas, or the
// percentages that a source without counters reports. Counters are never negative: a program that reads cumulative
// counters leaves out an interval in which they fell.
type CPUSample struct {
	Origin
	Periods          Optional[int64]   // nr_periods: enforcement periods in which the group was active
	ThrottledPeriods Optional[int64]   // nr_throttled: periods in which it ran out of quota
	ThrottledUsec    Optional[int64]   // throttled time, summed over CPU run queues: may exceed wall time
	UsageUsec        Optional[int64]   // CPU time used
	ThrottledShare   Optional[float64] // share 0–1 of periods, from a source without counters
	UsageCores       Optional[float64] // average use in cores, from a source without counters
	ReportedShare    Optional[float64] // share of the limit that metrics showed; 1 is the limit
	LimitCores       Optional[float64] // quota/period; 0 is "no limit", absent is "not known"
	LimitFilled      bool              // LimitCores is the pod's (see Enrich): the record has none
	CFSPeriod        time.Duration     // length of one enforcement period; 0 is the kernel's default of 100 ms
	Threads          Optional[int64]   // threads in the container
	NodeCPUs         Optional[int64]   // CPUs of the node
}

// Subject returns the container, under KindCPUThrottling.
func (s CPUSample) Subject() Subject {
	return s.containerSubject(KindCPUThrottling)
}

func (CPUSample) isEvent() {}

// HasCounters reports whether the sample has the kernel's counters rather than percentages.
func (s CPUSample) HasCounters() bool { return s.Periods.Known && s.ThrottledPeriods.Known }

// isPossible reports whether the figures can be true: counters that fell, and shares that are not numbers, cannot.
// Decoders refuse such records with a reason; this is for programs that make their events themselves.
func (s *CPUSample) isPossible() bool {
	negative := (int64(s.Period) | s.Periods.Value | s.ThrottledPeriods.Value | s.ThrottledUsec.Value | s.UsageUsec.Value |
		s.Threads.Value | s.NodeCPUs.Value) < 0
	return !negative && areWithin(1e9, s.ThrottledShare, s.UsageCores, s.ReportedShare, s.LimitCores)
}

// CPUThrottling is the finding about how often the kernel refused to run a container because its CPU quota was used up.
type CPUThrottling struct {
	Report
	// Periods and ThrottledPeriods are sums of the kernel's counters over the window; absent when only percentages were
	// reported.
	Periods          Optional[int64]
	ThrottledPeriods Optional[int64]
	// Throttled is the share 0–1 of enforcement periods in which the quota ran out.
	Throttled Optional[float64]
	// ThrottledTime is summed over CPU run queues and may exceed wall time: never show it as a share of time.
	ThrottledTime Optional[time.Duration]
	// MeanWait is ThrottledTime per throttled period.
	MeanWait Optional[time.Duration]
	// Active is the share 0–1 of the window in which the group was active at all. Throttled is about this part only.
	Active Optional[float64]
	// UsageTime is the CPU time used in the window: Σusage_usec.
	UsageTime Optional[time.Duration]
	// Usage is in cores. UsedOfLimit is Usage as a share of the limit (1 is the limit), as dashboards show it.
	Usage       Optional[float64]
	UsedOfLimit Optional[float64]
	// Limit is in cores; 0 is "no limit".
	Limit     Optional[float64]
	CFSPeriod time.Duration
	Threads   Optional[int64] // the most that were seen in the window
	NodeCPUs  Optional[int64]
	// LastThrottled is the end of the newest throttled sample. FirstThrottled is the end of the oldest one, as precise as
	// a bucket of the window (15 s by default). Both are zero when no sample was throttled.
	FirstThrottled, LastThrottled time.Time
	// Calm is the measured time after LastThrottled. Paused is the longest time between two throttled samples, less the
	// length of a bucket, or of a sample where that is longer.
	Calm, Paused time.Duration
	// Standing reports that a new container or another setting began a new epoch, which has too few periods for a verdict
	// yet. All figures are then the previous epoch's, and advice must wait.
	Standing bool
}

func (CPUThrottling) isFinding()         {}
func (f CPUThrottling) isPrevious() bool { return f.Standing }

func (f CPUThrottling) withReport(r Report, previous bool) windowFinding {
	f.Report, f.Standing = r, previous
	return f
}

// MinPeriods is how many enforcement periods a verdict from counters needs: 5 s of activity.
const MinPeriods = 50

// The thresholds of CPU throttling, as shares of enforcement periods. 25 % for a warning is kubernetes-mixin's
// CPUThrottlingHigh. At about half, thread pools begin to fail (danluu.com/cgroup-throttling). The rest is ours, from
// the recorded workloads.
const (
	infoRatio     = 0.10
	warningRatio  = 0.25
	highRatio     = 0.50
	criticalRatio = 0.80

	criticalWait = 50 * time.Millisecond // mean wait below which a throttled period does not count as critical
	rarelyActive = 0.05                  // active share of the window below which nothing is worse than Info
	hiddenRatio  = 0.25                  // averaged metrics hide throttling from this share on …
	hiddenUsage  = 0.80                  // … while less than this share of the limit is used
)

// defaultCFSPeriod is the kernel's (sched-bwc.rst: cfs_period_us).
const defaultCFSPeriod = 100 * time.Millisecond

func cfsPeriod(d time.Duration) time.Duration { return cmp.Or(max(0, d), defaultCFSPeriod) }

// thresholds are the two bounds that a user may set; the others follow.
type thresholds struct{ warning, critical float64 }

// judgeCPU returns the verdict on a container's throttling.
func (t thresholds) judgeCPU(f *CPUThrottling) (Severity, Reason) {
	r, measured := f.Throttled.Get()
	switch {
	case f.isUnlimited() && !f.LimitHidden():
		return SeverityNone, ReasonNoLimit
	case f.Periods.Known && f.Periods.Value < MinPeriods:
		return SeverityUnknown, ReasonTooFewPeriods
	case !measured:
		return SeverityUnknown, ReasonNotMeasured
	case r < min(infoRatio, t.warning):
		return SeverityNone, ReasonBelowThreshold
	}
	severity := SeverityInfo
	switch {
	case r >= t.critical && f.MeanWait.Or(criticalWait) >= criticalWait:
		severity = SeverityCritical
	case r >= max(highRatio, t.warning):
		severity = SeverityHigh
	case r >= t.warning:
		severity = SeverityWarning
	}
	if f.Active.Known && f.Usage.Known && f.Active.Value < rarelyActive {
		severity = SeverityInfo
	}
	if f.Hidden() {
		return severity, ReasonThrottledWhileCPULow
	}
	return severity, ReasonThrottled
}

// LimitHidden reports whether the container was throttled although the record or the pod shows no limit. There is one
// then.
func (f CPUThrottling) LimitHidden() bool {
	return f.isUnlimited() && (f.ThrottledPeriods.Value > 0 || f.Throttled.Value > 0)
}

// isUnlimited reports whether the record or the pod shows that there is no limit.
func (f CPUThrottling) isUnlimited() bool { return f.Limit.Known && f.Limit.Value == 0 }

// Hidden reports whether averaged metrics hide the throttling: at least 25 % of periods are throttled while less than
// 80 % of the limit is used. It is false where the share of the limit is not known.
func (f CPUThrottling) Hidden() bool {
	return f.Throttled.Or(0) >= hiddenRatio && f.UsedOfLimit.Known && f.UsedOfLimit.Value < hiddenUsage
}
