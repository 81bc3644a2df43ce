package gossip

import "time"

// MinPeriods is how many enforcement periods a verdict from counters needs: 5 s of activity.
const MinPeriods = 50

// The thresholds of CPU throttling, as shares of enforcement periods. 25 % for a warning is kubernetes-mixin's CPUThrottlingHigh;
// at about half, thread pools begin to fall over (danluu.com/cgroup-throttling); the rest is ours, from the recorded workloads.
const (
	infoRatio     = 0.10
	warningRatio  = 0.25
	highRatio     = 0.50
	criticalRatio = 0.80

	criticalWait = 50 * time.Millisecond // mean wait below which a throttled period does not count as critical
	rarelyActive = 0.05                  // active share of the window below which nothing is worse than Info
	hiddenRatio  = 0.25                  // "metrics lie" from here …
	hiddenUsage  = 0.80                  // … while less than this share of the limit is used
)

// thresholds are the two bounds that a user may set; the others follow.
type thresholds struct{ warning, critical float64 }

// judgeCPU gives the verdict on a container's throttling.
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

// LimitHidden says whether the container was throttled, so that there is a limit, although the record or the pod shows
// none.
func (f CPUThrottling) LimitHidden() bool {
	return f.isUnlimited() && (f.ThrottledPeriods.Value > 0 || f.Throttled.Value > 0)
}

// isUnlimited says whether the record or the pod shows that there is no limit.
func (f CPUThrottling) isUnlimited() bool { return f.Limit.Known && f.Limit.Value == 0 }

// Hidden says whether averaged metrics hide the throttling: at least 25 % of periods throttled while less than 80 % of the limit is
// used. False where the share of the limit is not known.
func (f CPUThrottling) Hidden() bool {
	return f.Throttled.Or(0) >= hiddenRatio && f.UsedOfLimit.Known && f.UsedOfLimit.Value < hiddenUsage
}
