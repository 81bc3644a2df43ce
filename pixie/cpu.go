package pixie

import (
	"errors"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// cpuSample reads a record of type cpu_throttle.
func (r *record) cpuSample(s *gossip.CPUSample) {
	r.origin(&s.Origin)
	if s.Container == "" {
		r.fail(containerName, errRequired)
	}
	s.Periods = r.integer(nrPeriods)
	s.ThrottledPeriods = r.integer(nrThrottled)
	s.ThrottledUsec = r.throttledUsec()
	s.UsageUsec = r.integer(usageUsec)
	s.ThrottledShare = r.share(throttlePercentage)
	s.UsageCores = r.number(actualCPUUsage)
	s.ReportedShare = r.number(reportedCPUUsage)
	s.LimitCores = r.number(limitCores)
	s.CFSPeriod = time.Duration(r.integer(cfsPeriodUsec).Value) * time.Microsecond
	s.Threads = r.integer(threads)
	s.NodeCPUs = r.integer(nodeCPUs)
	r.requireThrottling(s)
	if s.HasCounters() {
		s.ThrottledPeriods.Value = min(s.ThrottledPeriods.Value, s.Periods.Value)
	}
	if r.err == nil {
		r.fits(s)
	}
}

// requireThrottling refuses a record that does not say how often the container was throttled.
func (r *record) requireThrottling(s *gossip.CPUSample) {
	switch {
	case r.err != nil, s.ThrottledShare.Known, s.HasCounters():
	case s.Periods.Known:
		r.fail(nrThrottled, errors.New("required beside nr_periods"))
	case s.ThrottledPeriods.Known:
		r.fail(nrPeriods, errors.New("required beside nr_throttled"))
	default:
		r.err = errors.New("throttle_percentage, or nr_periods and nr_throttled: required")
	}
}

// throttledUsec reads throttled_usec or else throttle_ns, rounded half up. Both are checked.
func (r *record) throttledUsec() gossip.Optional[int64] {
	usec, ns := r.integer(throttledUsec), r.integer(throttleNs)
	if !usec.Known && ns.Known {
		return gossip.Some((ns.Value + 500) / 1000)
	}
	return usec
}

// share reads a percentage as a share 0–1.
func (r *record) share(f field) gossip.Optional[float64] {
	percent := r.number(f)
	percent.Value /= 100
	return percent
}
