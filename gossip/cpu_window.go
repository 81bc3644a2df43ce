package gossip

import (
	"math"
	"time"
)

// cpuWindow is the window of one source of CPU samples.
type cpuWindow struct {
	window[cpuSums]
	running     runningSum
	pastRunning runningSum // of the past window that is judged
}

func (w *cpuWindow) observe(e eventPointer, digest fingerprint, newest int64) outcome {
	w.expire(newest)
	var sample entry[cpuSums]
	cpuEntry(&sample, e.(*CPUSample), digest)
	got, isExact := w.add(&sample, newest)
	switch {
	case got != counted:
	case isExact:
		w.running.add(&sample.sums, sample.period.Microseconds())
	default:
		w.running.setInvalid()
	}
	return got
}

// expire drops the buckets before the window that ends at newest, and returns the last slot before that window.
func (w *cpuWindow) expire(newest int64) int64 {
	last := w.slotBefore(newest)
	for _, b := range w.bucketsUntil(last) {
		w.running.remove(&b.sums, b.timedUsec)
	}
	w.dropUntil(last)
	return last
}

// startEpoch empties the window: its samples are of an epoch that has ended.
func (w *cpuWindow) startEpoch(s *stream) {
	w.running.setInvalid()
	w.pastRunning.setInvalid()
	w.window.startEpoch(s)
}

// startLife empties the window and forgets what was before.
func (w *cpuWindow) startLife(s *stream) {
	w.running.setInvalid()
	w.pastRunning.setInvalid()
	w.window.startLife(s)
}

// runningTotal returns the sums of the window without the maxima (threads, nodeCPUs, lastThrottled).
func (w *cpuWindow) runningTotal() *runningSum {
	if !w.running.valid {
		w.running.set(w.totalSums())
		w.running.valid = !w.hasUntimed()
	}
	return &w.running
}

func (w *cpuWindow) judgeSeverity(s *stream, t thresholds) Severity {
	sum := w.runningTotal()
	var f CPUThrottling
	s.fillCPUFigures(&f, &sum.cpuSums, sum.usec)
	level, _ := t.judgeCPU(&f)
	return level
}

func (w *cpuWindow) judgeWindow(s *stream, t thresholds) windowFinding {
	sum, usec := w.totalSums()
	var f CPUThrottling
	s.fillCPUFigures(&f, &sum, usec)
	if sum.lastThrottled != 0 {
		list := newSpanList()
		defer list.releaseSpans()
		w.appendSpans(list)
		var throttled [buckets]int64
		for i, b := range w.buckets {
			throttled[i] = b.sums.lastThrottled
		}
		f.measureCalm(list, throttled[:], w.width)
	}
	f.Level, f.Reason = t.judgeCPU(&f)
	return f
}

// nextEnded moves on to the next past window to judge; it returns false when there is none.
func (w *cpuWindow) nextEnded() bool {
	if !w.hasEnded() {
		return false
	}
	for g := w.past.outdatedGroup(); g != nil; g = w.past.outdatedGroup() {
		w.pastRunning.remove(&g.sums, g.timedUsec)
		w.past.dropOldest()
	}
	g := w.past.advanceGroup()
	w.pastRunning.add(&g.sums, g.timedUsec)
	return true
}

// pastBadness judges the past window by the running sums. The finding lacks the times of throttling.
func (w *cpuWindow) pastBadness(s *stream, t thresholds, d Demand, _ *foldedWindows) badness {
	total := w.pastTotal()
	sum := total.cpuSums
	sum.lastThrottled = 0
	if sum.threads > 0 || sum.nodeCPUs > 0 { // the largest values may be of groups that have left
		sum.threads, sum.nodeCPUs = w.largestCounts()
	}
	var f CPUThrottling
	s.fillCPUFigures(&f, &sum, total.usec)
	f.Level, f.Reason = t.judgeCPU(&f)
	return d.cpuBadness(&f)
}

// pastTotal returns the sums of the past window without the maxima.
func (w *cpuWindow) pastTotal() *runningSum {
	if !w.pastRunning.valid {
		w.pastRunning.set(w.past.totalSums())
	}
	return &w.pastRunning
}

// largestCounts returns the largest numbers of threads and of the node's CPUs in the past window.
func (w *cpuWindow) largestCounts() (threads, nodeCPUs int32) {
	for i := range w.past.groupCount() {
		g := &w.past.groupAt(i).sums
		threads, nodeCPUs = max(threads, g.threads), max(nodeCPUs, g.nodeCPUs)
	}
	return threads, nodeCPUs
}

func (w *cpuWindow) pastFinding(
	s *stream, t thresholds, _ *foldedWindows, r Report, unused windowFinding,
) windowFinding {
	f, ok := unused.(*CPUThrottling)
	if !ok {
		f = &CPUThrottling{}
	}
	*f = CPUThrottling{}
	total := w.pastTotal()
	sum := total.cpuSums
	sum.threads, sum.nodeCPUs = w.largestCounts()
	sum.lastThrottled = 0
	var throttled [pastGroups]int64
	for i := range w.past.groupCount() {
		throttled[i] = w.past.groupAt(i).sums.lastThrottled
		sum.lastThrottled = max(sum.lastThrottled, throttled[i])
	}
	s.fillCPUFigures(f, &sum, total.usec)
	if sum.lastThrottled != 0 {
		list := newSpanList()
		defer list.releaseSpans()
		w.past.appendSpans(list)
		f.measureCalm(list, throttled[:], w.width*groupSlots)
	}
	r.Level, r.Reason = t.judgeCPU(f)
	r.Covered = w.past.coverPast(s, s.counters, s.missingCPUFields(f, &sum, false))
	f.Report = r
	return f
}

func (w *cpuWindow) pendingPast(closed bool, m *foldedWindows) sampleWindow {
	m.cpuPending = cpuWindow{window: w.pendingWindow(closed, &m.cpu)}
	return &m.cpuPending
}

// missingFields names the fields that a sample lacks and that would have made the verdict or the advice better.
func (w *cpuWindow) missingFields(s *stream) []string {
	sum, usec := w.totalSums()
	var f CPUThrottling
	s.fillCPUFigures(&f, &sum, usec)
	return s.missingCPUFields(&f, &sum, w.hasUntimed())
}

// missingCPUFields names the missing fields of a finding, with the sums that it comes from.
func (s *stream) missingCPUFields(f *CPUThrottling, sum *cpuSums, hasUntimed bool) []string {
	return missingNames([]field{
		{!s.counters, "nr_periods"},
		{sum.noWait > 0, "throttled_usec"},
		{sum.noUsage > 0 && (s.counters || (!f.Usage.Known && !f.UsedOfLimit.Known)), "usage_usec"},
		{!f.Limit.Known, "limit_cores"},
		{!f.Threads.Known, "threads"},
		{hasUntimed, "period_seconds"},
	})
}

// measureCalm fills in when the container was throttled first, and for how long it was not. list has the samples.
// throttled are the ends of the last throttled samples of parts of the window, in order of time; 0 is a part without.
// width is the length of a part in nanoseconds.
func (f *CPUThrottling) measureCalm(list *spanList, throttled []int64, width int64) {
	list.sort()
	last := f.LastThrottled.UnixNano()
	for _, s := range list.spans {
		if s.end > last {
			f.Calm += time.Duration(s.end - max(s.start, last))
		}
	}
	precision := max(list.medianPeriod(), time.Duration(width))
	before := int64(0)
	for _, end := range throttled {
		if end == 0 {
			continue
		}
		if before == 0 {
			f.FirstThrottled = time.Unix(0, end).UTC()
		} else {
			f.Paused = max(f.Paused, time.Duration(end-before)-precision)
		}
		before = end
	}
}

// fillCPUFigures computes the figures of f from the sums of the window. A figure is the mean of the samples that have
// it.
func (s *stream) fillCPUFigures(f *CPUThrottling, sum *cpuSums, usec int64) {
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
		f.fillFromCounters(sum, usec)
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

func (f *CPUThrottling) fillFromCounters(sum *cpuSums, usec int64) {
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
	if usec > 0 {
		f.Active = Some(min(1, float64(sum.enforcedUsec)/float64(usec)))
	}
	if sum.timedUsec > 0 {
		f.Usage = Some(float64(sum.usageUsec) / float64(sum.timedUsec))
		f.UsageTime = Some(durationOf(sum.usageUsec))
		if sum.timedUsec != usec { // some samples lack the usage: they are assumed to be like the others
			f.UsageTime = Some(durationOf(int64(min(f.Usage.Value*float64(usec), 1<<62))))
		}
		if f.Limit.Value > 0 { // not Usage/Limit: that rounds twice, and 80 % would be a little less than 80 %
			f.UsedOfLimit = Some(float64(sum.usageUsec) / (float64(sum.timedUsec) * f.Limit.Value))
		}
	}
}

// cpuSums are the integer sums of CPU samples. They are integers because sums of floats depend on the order.
type cpuSums struct {
	periods, throttled int64 // nr_periods, nr_throttled
	enforcedUsec       int64 // nr_periods times the length of a CFS period
	waitUsec           int64 // throttled time
	waited             int64 // throttled periods of the samples that carry throttled_usec
	usageUsec          int64 // CPU time
	timedUsec          int64 // total length of the samples that carry both usage_usec and period_seconds
	lastThrottled      int64 // newest end of a throttled sample, Unix nanoseconds
	untimedUsage       int32 // samples that carry usage_usec and no period_seconds
	noWait, noUsage    int32 // samples that lack the figure
	threads, nodeCPUs  int32 // largest seen
	means              *cpuMeans
}

// cpuMeans are the means of what sources report as finished averages.
type cpuMeans struct {
	ratio, cores, ofTheLimit mean
}

// cpuEntry fills an empty entry with one CPU sample.
func cpuEntry(e *entry[cpuSums], s *CPUSample, digest fingerprint) {
	e.stamp = stamp{end: s.Time.UnixNano(), period: s.Period, digest: digest}
	e.sums.setCounters(s)
	a := cpuAverages{s.UsageUsec.Known, s.ThrottledShare, s.UsageCores, s.ReportedShare}
	if s.Period > 0 {
		if a.areKnown() {
			e.sums.means = &cpuMeans{}
			a.addTo(e.sums.means, s.Period.Microseconds())
		}
	} else {
		e.onceTimed = a.addOnceTimed
	}
}

// setCounters sets empty sums to the counters of one sample.
func (c *cpuSums) setCounters(s *CPUSample) {
	throttled := min(s.ThrottledPeriods.Or(0), s.Periods.Or(0))
	c.periods, c.throttled = s.Periods.Or(0), throttled
	c.enforcedUsec = mulSat(c.periods, cfsPeriod(s.CFSPeriod).Microseconds())
	c.threads, c.nodeCPUs = atMost32(s.Threads), atMost32(s.NodeCPUs)
	if wait, ok := s.ThrottledUsec.Get(); ok {
		c.waitUsec, c.waited = wait, throttled
	} else {
		c.noWait = 1
	}
	switch usage, ok := s.UsageUsec.Get(); {
	case !ok:
		c.noUsage = 1
	case s.Period > 0:
		c.usageUsec, c.timedUsec = usage, s.Period.Microseconds()
	default:
		c.usageUsec, c.untimedUsage = usage, 1
	}
	if throttled > 0 || s.ThrottledShare.Or(0) > 0 {
		c.lastThrottled = max(0, s.Time.UnixNano())
	}
}

// cpuAverages are what a source reports as finished averages of a sample.
type cpuAverages struct {
	usage                    bool // the sample carries usage_usec too
	ratio, cores, ofTheLimit Optional[float64]
}

// areKnown reports whether the sample has averages.
func (a *cpuAverages) areKnown() bool { return a.ratio.Known || a.cores.Known || a.ofTheLimit.Known }

// addTo adds the averages, weighted by the length of the sample in microseconds; 0 is an unknown length.
func (a *cpuAverages) addTo(m *cpuMeans, usec int64) {
	m.ratio.addValue(a.ratio, usec/1000)
	m.cores.addValue(a.cores, usec/1000)
	m.ofTheLimit.addValue(a.ofTheLimit, usec/1000)
}

// addOnceTimed adds what a sample of that length adds besides its counters.
func (a cpuAverages) addOnceTimed(c cpuSums, usec int64) cpuSums {
	if a.usage {
		c.timedUsec = addSat(c.timedUsec, usec)
	}
	if a.areKnown() {
		if c.means == nil {
			c.means = &cpuMeans{}
		}
		a.addTo(c.means, usec)
	}
	return c
}

// merge implements sums.
func (c cpuSums) merge(o cpuSums) cpuSums {
	c.add(&o)
	return c
}

// subtractSums takes other sums away and reports whether that is possible. Largest values stay as they are. A sum that
// may have stopped at the largest number does not show its parts.
func (c *cpuSums) subtractSums(o *cpuSums) bool {
	all := c.periods | c.throttled | c.enforcedUsec | c.waitUsec | c.waited | c.usageUsec | c.timedUsec
	if all >= maxExact {
		return false
	}
	if o.means != nil {
		m := c.means
		exact := m.ratio.subtractMean(&o.means.ratio) && m.cores.subtractMean(&o.means.cores) &&
			m.ofTheLimit.subtractMean(&o.means.ofTheLimit)
		if !exact {
			return false
		}
	}
	c.periods, c.throttled, c.enforcedUsec = c.periods-o.periods, c.throttled-o.throttled, c.enforcedUsec-o.enforcedUsec
	c.waitUsec, c.waited = c.waitUsec-o.waitUsec, c.waited-o.waited
	c.usageUsec, c.timedUsec = c.usageUsec-o.usageUsec, c.timedUsec-o.timedUsec
	c.untimedUsage -= o.untimedUsage
	c.noWait, c.noUsage = c.noWait-o.noWait, c.noUsage-o.noUsage
	return true
}

func (c *cpuSums) add(o *cpuSums) {
	c.periods, c.throttled = addSat(c.periods, o.periods), addSat(c.throttled, o.throttled)
	c.enforcedUsec = addSat(c.enforcedUsec, o.enforcedUsec)
	c.waitUsec, c.waited = addSat(c.waitUsec, o.waitUsec), addSat(c.waited, o.waited)
	c.usageUsec, c.timedUsec = addSat(c.usageUsec, o.usageUsec), addSat(c.timedUsec, o.timedUsec)
	c.untimedUsage += o.untimedUsage
	c.noWait, c.noUsage = c.noWait+o.noWait, c.noUsage+o.noUsage
	c.lastThrottled = max(c.lastThrottled, o.lastThrottled)
	c.threads, c.nodeCPUs = max(c.threads, o.threads), max(c.nodeCPUs, o.nodeCPUs)
	if o.means != nil {
		if c.means == nil {
			c.means = &cpuMeans{}
		}
		c.means.ratio.merge(o.means.ratio)
		c.means.cores.merge(o.means.cores)
		c.means.ofTheLimit.merge(o.means.ofTheLimit)
	}
}

// completeUntimed implements sums.
func (c cpuSums) completeUntimed(usec, untimed int64) cpuSums {
	c.timedUsec = addSat(c.timedUsec, mulSat(usec, int64(c.untimedUsage))/untimed)
	if c.means != nil {
		complete := *c.means
		complete.ratio.weighUntimed(usec / 1000)
		complete.cores.weighUntimed(usec / 1000)
		complete.ofTheLimit.weighUntimed(usec / 1000)
		c.means = &complete
	}
	return c
}

// cloneSums implements sums.
func (c cpuSums) cloneSums() cpuSums {
	if c.means != nil {
		c.means = copyOf(c.means)
	}
	return c
}

// emptySums implements sums.
func (c cpuSums) emptySums() cpuSums {
	if c.means != nil {
		*c.means = cpuMeans{}
	}
	return cpuSums{means: c.means}
}

// atMost32 returns a figure that is never as large as an int32.
func atMost32(n Optional[int64]) int32 { return int32(min(n.Or(0), math.MaxInt32)) }
