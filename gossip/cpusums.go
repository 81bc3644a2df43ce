package gossip

import "math"

// cpuSums are the integer sums of CPU samples. Integers, because sums of floats depend on the order.
type cpuSums struct {
	periods, throttled int64 // nr_periods, nr_throttled
	enforcedUsec       int64 // nr_periods times the length of a CFS period
	waitUsec           int64 // throttled time …
	waited             int64 // … and the throttled periods of the samples that told it
	usageUsec          int64 // CPU time …
	timedUsec          int64 // … and the length of the samples that told it, and their own length
	lastThrottled      int64 // newest end of a throttled sample, Unix nanoseconds
	untimedUsage       int32 // samples that told the CPU time, and not their own length
	noWait, noUsage    int32 // samples that lack the figure
	threads, nodeCPUs  int32 // largest seen
	means              *cpuMeans
}

// cpuMeans are for what sources report as finished averages.
type cpuMeans struct {
	ratio, cores, ofTheLimit mean
}

// mean is a mean weighted by the length of samples.
type mean struct {
	sum, weight         int64 // sum of value (in billionths) times length (in milliseconds), and of length
	untimedSum, untimed int64 // sum of value (in billionths), and number, of samples whose length is not known
}

const billion = 1e9

func (m *mean) addValue(v Optional[float64], ms int64) {
	if !v.Known {
		return
	}
	scaled := int64(math.Round(min(max(v.Value, 0), 1e6) * billion))
	if ms > 0 {
		m.sum = addSat(m.sum, mulSat(scaled, ms))
		m.weight = addSat(m.weight, ms)
	} else {
		m.untimedSum = addSat(m.untimedSum, scaled)
		m.untimed++
	}
}

func (m *mean) add(o mean) {
	m.sum, m.weight = addSat(m.sum, o.sum), addSat(m.weight, o.weight)
	m.untimedSum, m.untimed = addSat(m.untimedSum, o.untimedSum), m.untimed+o.untimed
}

// weighUntimed weighs the samples without a length, once it is known how long they were together: they share it evenly.
func (m *mean) weighUntimed(ms int64) {
	if m.untimed > 0 && ms > 0 {
		m.sum = addSat(m.sum, mulSat(m.untimedSum/m.untimed, ms))
		m.weight = addSat(m.weight, ms)
		m.untimedSum, m.untimed = 0, 0
	}
}

// weightedMean is the mean; where no sample has a length, all weigh the same.
func (m mean) weightedMean() Optional[float64] {
	switch {
	case m.weight > 0:
		return Some(float64(m.sum) / float64(m.weight) / billion)
	case m.untimed > 0:
		return Some(float64(m.untimedSum) / float64(m.untimed) / billion)
	default:
		return Optional[float64]{}
	}
}

// cpuEntry makes an empty entry that of one CPU sample.
func cpuEntry(e *entry[cpuSums], s *CPUSample, digest fingerprint) {
	e.stamp = stamp{end: s.Time.UnixNano(), period: s.Period, digest: digest}
	e.sums.setCounters(s)
	a := cpuAverages{s.UsageUsec.Known, s.ThrottledShare, s.UsageCores, s.ReportedShare}
	if s.Period > 0 {
		e.sums.means = a.weightedMeans(s.Period.Microseconds())
	} else {
		e.onceTimed = a.sumsOnceTimed
	}
}

// setCounters makes empty sums the counters of one sample.
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
	usage                    bool // usage_usec was there too
	ratio, cores, ofTheLimit Optional[float64]
}

// weightedMeans weighs the averages of a sample of that length in microseconds; 0 is a length that is not known. Nil where it has none.
func (a cpuAverages) weightedMeans(usec int64) *cpuMeans {
	if !a.ratio.Known && !a.cores.Known && !a.ofTheLimit.Known {
		return nil
	}
	m := &cpuMeans{}
	m.ratio.addValue(a.ratio, usec/1000)
	m.cores.addValue(a.cores, usec/1000)
	m.ofTheLimit.addValue(a.ofTheLimit, usec/1000)
	return m
}

// sumsOnceTimed are what a sample of that length adds besides its counters.
func (a cpuAverages) sumsOnceTimed(usec int64) cpuSums {
	c := cpuSums{means: a.weightedMeans(usec)}
	if a.usage {
		c.timedUsec = usec
	}
	return c
}

// merge implements sums.
func (c cpuSums) merge(o cpuSums) cpuSums {
	c.add(&o)
	return c
}

// remove takes other sums away again, of which largest values stay as they are. False: that cannot be done. A sum that may have stopped at
// the largest number does not tell what it was made of, and averages are rare.
func (c *cpuSums) remove(o *cpuSums) bool {
	const most = 1<<62 - 1
	largest := c.periods | c.throttled | c.enforcedUsec | c.waitUsec | c.waited | c.usageUsec | c.timedUsec
	if largest > most || c.means != nil {
		return false
	}
	c.periods, c.throttled, c.enforcedUsec = c.periods-o.periods, c.throttled-o.throttled, c.enforcedUsec-o.enforcedUsec
	c.waitUsec, c.waited = c.waitUsec-o.waitUsec, c.waited-o.waited
	c.usageUsec, c.timedUsec, c.untimedUsage = c.usageUsec-o.usageUsec, c.timedUsec-o.timedUsec, c.untimedUsage-o.untimedUsage
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
		c.means.ratio.add(o.means.ratio)
		c.means.cores.add(o.means.cores)
		c.means.ofTheLimit.add(o.means.ofTheLimit)
	}
}

// completeUntimed implements sums.
func (c cpuSums) completeUntimed(usec, untold int64) cpuSums {
	c.timedUsec = addSat(c.timedUsec, mulSat(usec, int64(c.untimedUsage))/untold)
	if c.means != nil {
		settled := *c.means
		settled.ratio.weighUntimed(usec / 1000)
		settled.cores.weighUntimed(usec / 1000)
		settled.ofTheLimit.weighUntimed(usec / 1000)
		c.means = &settled
	}
	return c
}

// atMost32 is a figure that is never that large.
func atMost32(n Optional[int64]) int32 { return int32(min(n.Or(0), math.MaxInt32)) }

// mulSat multiplies two numbers that are not negative and stops at the largest int64.
func mulSat(a, b int64) int64 {
	if a != 0 && b > math.MaxInt64/a {
		return math.MaxInt64
	}
	return a * b
}
