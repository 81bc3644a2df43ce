package gossip

import (
	"cmp"
	"time"
)

// defaultCFSPeriod is the kernel's (sched-bwc.rst: cfs_period_us).
const defaultCFSPeriod = 100 * time.Millisecond

func cfsPeriod(d time.Duration) time.Duration { return cmp.Or(max(0, d), defaultCFSPeriod) }

func (w *cpuWindow) judgeSeverity(s *stream, t thresholds) Severity {
	sum, wall := w.runningTotal()
	var f CPUThrottling
	s.fillCPUFigures(&f, sum, wall)
	level, _ := t.judgeCPU(&f)
	return level
}

func (w *cpuWindow) judgeWindow(s *stream, t thresholds) windowFinding {
	sum, wall := w.totalSums()
	var f CPUThrottling
	s.fillCPUFigures(&f, &sum, wall)
	if sum.lastThrottled != 0 {
		w.measureCalm(&f, sum.lastThrottled)
	}
	f.Level, f.Reason = t.judgeCPU(&f)
	return f
}

// measureCalm fills in when the container was throttled first, and for how long it was not. Each bucket remembers its last
// sample that was.
func (w *cpuWindow) measureCalm(f *CPUThrottling, lastThrottled int64) {
	list, gone := w.listSpans()
	list = sortSpans(list, gone)
	for _, s := range list {
		if s.end > lastThrottled {
			f.Calm += time.Duration(s.end - max(s.start, lastThrottled))
		}
	}
	precision := max(medianPeriod(list), time.Duration(w.width))
	spanLists.Put(&list)
	before := int64(0)
	for _, b := range w.buckets {
		if b.sums.lastThrottled == 0 {
			continue
		}
		if before == 0 {
			f.FirstThrottled = time.Unix(0, b.sums.lastThrottled).UTC()
		} else {
			f.Paused = max(f.Paused, time.Duration(b.sums.lastThrottled-before)-precision)
		}
		before = b.sums.lastThrottled
	}
}

// fillCPUFigures turns the sums of the window into figures of f. A figure is the mean of the samples that told it.
func (s *stream) fillCPUFigures(f *CPUThrottling, sum *cpuSums, wall int64) {
	f.Limit, f.CFSPeriod = s.limit, defaultCFSPeriod
	if sum.threads > 0 {
		f.Threads = Some(int64(sum.threads))
	}
	if sum.nodeCPUs > 0 {
		f.NodeCPUs = Some(int64(sum.nodeCPUs))
	}
	if sum.lastThrottled != 0 {
		f.LastThrottled = time.Unix(0, sum.lastThrottled).UTC()
	}
	var means cpuMeans
	if sum.means != nil {
		means = *sum.means
	}
	if s.counters {
		f.fillFromCounters(sum, wall)
	} else {
		f.Throttled = means.ratio.weightedMean()
	}
	if !f.Usage.Known {
		f.Usage = means.cores.weightedMean()
	}
	if !f.UsedOfLimit.Known {
		f.UsedOfLimit = means.ofTheLimit.weightedMean()
	}
	if !f.UsedOfLimit.Known && f.Usage.Known && f.Limit.Value > 0 {
		f.UsedOfLimit = Some(f.Usage.Value / f.Limit.Value)
	}
}

func (f *CPUThrottling) fillFromCounters(sum *cpuSums, wall int64) {
	f.Periods, f.ThrottledPeriods = Some(sum.periods), Some(sum.throttled)
	if sum.noWait == 0 {
		f.ThrottledTime = Some(durationOf(sum.waitUsec))
	}
	if sum.waited > 0 {
		f.MeanWait = Some(durationOf(sum.waitUsec) / time.Duration(sum.waited))
	}
	if sum.periods > 0 {
		f.Throttled = Some(float64(sum.throttled) / float64(sum.periods))
		f.CFSPeriod = durationOf(sum.enforcedUsec) / time.Duration(sum.periods)
	}
	if wall > 0 {
		f.Active = Some(min(1, float64(sum.enforcedUsec)/float64(wall)))
	}
	if sum.timedUsec > 0 {
		f.Usage = Some(float64(sum.usageUsec) / float64(sum.timedUsec))
		f.UsageTime = Some(durationOf(sum.usageUsec))
		if sum.timedUsec != wall { // some samples did not tell: they are taken to be like the others
			f.UsageTime = Some(durationOf(int64(min(f.Usage.Value*float64(wall), 1<<62))))
		}
		if f.Limit.Value > 0 { // not Usage/Limit: that rounds twice, and 80 % would be a little less than 80 %
			f.UsedOfLimit = Some(float64(sum.usageUsec) / (float64(sum.timedUsec) * f.Limit.Value))
		}
	}
}

// durationOf stops at the longest Duration (292 years) instead of wrapping round.
func durationOf(n int64) time.Duration { return time.Duration(mulSat(n, int64(time.Microsecond))) }

// missingFields names the fields that a sample lacks and that would have made the verdict or the advice better.
func (w *cpuWindow) missingFields(s *stream) []string {
	sum, wall := w.totalSums()
	var f CPUThrottling
	s.fillCPUFigures(&f, &sum, wall)
	return missingNames([]field{
		{!s.counters, "nr_periods"},
		{sum.noWait > 0, "throttled_usec"},
		{sum.noUsage > 0 && (s.counters || (!f.Usage.Known && !f.UsedOfLimit.Known)), "usage_usec"},
		{!f.Limit.Known, "limit_cores"},
		{!f.Threads.Known, "threads"},
		{w.hasUntimed(), "period_seconds"},
	})
}
