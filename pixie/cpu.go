package pixie

import (
	"errors"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// readCPUSample reads a record of type cpu_throttle.
func (r *record) readCPUSample(s *gossip.CPUSample) {
	r.readOrigin(&s.Origin)
	if s.Container == "" {
		r.refuseField(containerName, errRequired)
	}
	s.Periods = r.readInteger(nrPeriods)
	s.ThrottledPeriods = r.readInteger(nrThrottled)
	s.ThrottledUsec = r.readThrottledUsec()
	s.UsageUsec = r.readInteger(usageUsec)
	s.ThrottledShare = r.readShare(throttlePercentage)
	s.UsageCores = r.readNumber(actualCPUUsage)
	s.ReportedShare = r.readNumber(reportedCPUUsage)
	s.LimitCores = r.readNumber(limitCores)
	s.CFSPeriod = time.Duration(r.readInteger(cfsPeriodUsec).Value) * time.Microsecond
	s.Threads = r.readInteger(threads)
	s.NodeCPUs = r.readInteger(nodeCPUs)
	r.requireThrottling(s)
	if s.HasCounters() {
		s.ThrottledPeriods.Value = min(s.ThrottledPeriods.Value, s.Periods.Value)
	}
	if r.err == nil {
		r.checkWindow(s)
	}
}

// requireThrottling refuses a record without a figure of how often the container was throttled.
func (r *record) requireThrottling(s *gossip.CPUSample) {
	switch {
	case r.err != nil, s.ThrottledShare.Known, s.HasCounters():
	case s.Periods.Known:
		r.refuseField(nrThrottled, errors.New("required beside nr_periods"))
	case s.ThrottledPeriods.Known:
		r.refuseField(nrPeriods, errors.New("required beside nr_throttled"))
	default:
		r.err = errors.New("throttle_percentage, or nr_periods and nr_throttled: required")
	}
}

// readThrottledUsec reads throttled_usec, or else throttle_ns, rounded half up. It checks both.
func (r *record) readThrottledUsec() gossip.Optional[int64] {
	usec, ns := r.readInteger(throttledUsec), r.readInteger(throttleNs)
	if !usec.Known && ns.Known {
		return gossip.Some((ns.Value + 500) / 1000)
	}
	return usec
}

// readShare reads a percentage as a share 0–1.
func (r *record) readShare(f field) gossip.Optional[float64] {
	percent := r.readNumber(f)
	percent.Value /= 100
	return percent
}
