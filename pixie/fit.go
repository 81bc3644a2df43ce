package pixie

import (
	"fmt"
	"strconv"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// Counters may exceed their window by these amounts, in microseconds. The kernel hands out quota ahead of its use,
// senders round lengths and read one counter after the other, and none of that may cost a record of a real window.
const (
	lateShare       = 0.05 // of the window
	maxLateUsec     = 5e5  // lengths are rounded to whole seconds; of a window below one second, half of it
	edgePeriods     = 2    // CFS periods that belong to the window in part
	earlyUsec       = 1e5  // CPU time that was handed out before the window …
	earlyUsecPerCPU = 1e3  // … and that each CPU of the node keeps besides
	debtUsec        = 1e6  // a wait is counted where it ends, and may have begun before the window
	maxLinuxCPUs    = 8192 // the most that a kernel is built for
)

// room is what fits into a window, in microseconds.
type room struct {
	window   float64 // 0 where its length is not known
	cfs      float64 // a CFS period
	enforced float64 // CFS periods in which the container was active, together
	slack    float64
}

func roomOf(s *gossip.CPUSample) room {
	w := room{window: float64(s.Period.Microseconds()), cfs: 1e5}
	if s.CFSPeriod > 0 {
		w.cfs = float64(s.CFSPeriod.Microseconds())
	}
	w.enforced = float64(s.Periods.Value) * w.cfs
	w.slack = lateShare*w.window + min(maxLateUsec, w.window/2) + edgePeriods*w.cfs
	return w
}

// checkWindow refuses counters that cannot be from one window: cumulative counters, or counters of a longer time. A
// verdict from them would be about a machine that does not exist.
func (r *record) checkWindow(s *gossip.CPUSample) {
	w := roomOf(s)
	if s.Period > 0 && w.enforced > w.window+w.slack {
		periods := fmt.Sprintf("%d periods of %s", s.Periods.Value, formatUsec(w.cfs))
		r.refuseField(nrPeriods, misfitError(periods, s.Period.String()))
		return
	}
	if s.UsageUsec.Value > earlyUsec {
		r.refuseField(usageUsec, w.checkUsage(s))
	}
	if s.ThrottledUsec.Value > debtUsec {
		r.refuseField(throttledUsec, w.checkWait(s))
	}
}

// checkUsage compares the CPU time used with the CPUs of the node, and with the limit if there were periods in which
// the kernel enforced one. If the length of the window is not known, a limit still bounds what was used in the counted
// periods.
func (w room) checkUsage(s *gossip.CPUSample) error {
	used, limit := float64(s.UsageUsec.Value), s.LimitCores.Value
	if s.Period > 0 && used > float64(s.NodeCPUs.Or(maxLinuxCPUs))*(w.window+w.slack) {
		return misfitError(formatUsec(used)+" of CPU time", s.Period.String()+describeCPUs(s))
	}
	length := w.window
	if s.Period == 0 {
		length = (1 + lateShare) * w.enforced
	}
	early := earlyUsec + earlyUsecPerCPU*float64(s.NodeCPUs.Value)
	if limit == 0 || w.enforced == 0 || used <= limit*(length+w.slack)+early {
		return nil
	}
	into := s.Period.String()
	if s.Period == 0 {
		into = fmt.Sprintf("%d periods of %s", s.Periods.Value, formatUsec(w.cfs))
	}
	return misfitError(formatUsec(used)+" of CPU time", into+" with a limit of "+strconv.FormatFloat(limit, 'g', -1, 64))
}

// checkWait compares the throttled time, which is the sum over the run queues of all CPUs, with the window and its
// throttled periods.
func (w room) checkWait(s *gossip.CPUSample) error {
	waited, cpus := float64(s.ThrottledUsec.Value), float64(s.NodeCPUs.Or(maxLinuxCPUs))
	if s.Period > 0 && waited > cpus*(w.window+w.slack+debtUsec) {
		return misfitError(formatUsec(waited)+" of waiting", s.Period.String()+describeCPUs(s))
	}
	if n := s.ThrottledPeriods.Value; s.HasCounters() && waited > cpus*((float64(n)+edgePeriods)*w.cfs+debtUsec) {
		into := fmt.Sprintf("%d throttled periods of %s%s", n, formatUsec(w.cfs), describeCPUs(s))
		return misfitError(formatUsec(waited)+" of waiting", into)
	}
	return nil
}

// misfitError returns the error about figures that do not fit.
func misfitError(what, into string) error {
	return fmt.Errorf("%s do not fit into %s: cumulative or mistimed counters?", what, into)
}

func describeCPUs(s *gossip.CPUSample) string {
	if cpus, known := s.NodeCPUs.Get(); known {
		return " on " + strconv.FormatInt(cpus, 10) + " CPUs"
	}
	return " on any machine"
}

// formatUsec writes a number of microseconds as a duration.
func formatUsec(n float64) string { return (time.Duration(n) * time.Microsecond).String() }
