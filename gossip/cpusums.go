package gossip

import "math"

// cpuSums are the integer sums of CPU samples. Integers, because sums of floats depend on the order.
type cpuSums struct {
	periods, throttled int64 // nr_periods, nr_throttled
	waitUsec           int64 // throttled time
	usageUsec          int64
	enforcedUsec       int64 // nr_periods times the length of a CFS period
	noWait, noUsage    int64 // samples that lack the figure although it mattered
	lastThrottled      int64 // newest end of a throttled sample, Unix nanoseconds
	threads, nodeCPUs  int64 // largest seen
	means              *cpuMeans
}

// cpuMeans are for what sources report as a finished average; most streams have counters and do without.
type cpuMeans struct {
	ratio, usage, reported mean
}

// mean is a mean weighted by period. Samples that do not tell their period are kept apart until their gap is known.
type mean struct {
	sum, weight  int64 // sum of value (in billionths) times period (in milliseconds), and of period
	loose, loner int64 // sum of value (in billionths), and number, of samples without a period
}

const billion = 1e9

func (m *mean) count(v float64, s CPUSample) {
	scaled := int64(math.Round(min(max(v, 0), 1e6) * billion))
	if ms := s.Period.Milliseconds(); ms > 0 {
		m.sum = addSat(m.sum, mulSat(scaled, ms))
		m.weight = addSat(m.weight, ms)
	} else {
		m.loose = addSat(m.loose, scaled)
		m.loner++
	}
}

func (m *mean) add(o mean) {
	m.sum, m.weight = addSat(m.sum, o.sum), addSat(m.weight, o.weight)
	m.loose, m.loner = addSat(m.loose, o.loose), m.loner+o.loner
}

// settle gives samples without a period the time that their bucket left for them: they share it evenly.
func (m *mean) settle(ms int64) {
	if m.loner > 0 && ms > 0 {
		m.sum = addSat(m.sum, mulSat(m.loose/m.loner, ms))
		m.weight = addSat(m.weight, ms)
		m.loose, m.loner = 0, 0
	}
}

// value is the mean; where no sample has a weight, all weigh the same.
func (m mean) value() Optional[float64] {
	switch {
	case m.weight > 0:
		return Some(float64(m.sum) / float64(m.weight) / billion)
	case m.loner > 0:
		return Some(float64(m.loose) / float64(m.loner) / billion)
	default:
		return Optional[float64]{}
	}
}

// count adds one sample.
func (c *cpuSums) count(s CPUSample, end int64) {
	throttled := min(s.ThrottledPeriods.Or(0), s.Periods.Or(0))
	c.periods = addSat(c.periods, s.Periods.Or(0))
	c.throttled = addSat(c.throttled, throttled)
	c.waitUsec = addSat(c.waitUsec, s.ThrottledUsec.Or(0))
	c.usageUsec = addSat(c.usageUsec, s.UsageUsec.Or(0))
	c.enforcedUsec = addSat(c.enforcedUsec, mulSat(s.Periods.Or(0), cfsPeriod(s).Microseconds()))
	if throttled > 0 && !s.ThrottledUsec.Known {
		c.noWait++
	}
	if throttled > 0 || s.ThrottledShare.Or(0) > 0 {
		c.lastThrottled = max(c.lastThrottled, end)
	}
	c.threads, c.nodeCPUs = max(c.threads, s.Threads.Or(0)), max(c.nodeCPUs, s.NodeCPUs.Or(0))
	if s.HasCounters() && s.UsageUsec.Known {
		return
	}
	c.noUsage++
	if c.means == nil {
		c.means = &cpuMeans{}
	}
	for _, f := range [...]struct {
		m *mean
		v Optional[float64]
	}{{&c.means.ratio, s.ThrottledShare}, {&c.means.usage, s.UsageCores}, {&c.means.reported, s.ReportedShare}} {
		if f.v.Known {
			f.m.count(f.v.Value, s)
		}
	}
}

// add adds the sums of another bucket.
func (c *cpuSums) add(o *cpuSums) {
	c.periods, c.throttled = addSat(c.periods, o.periods), addSat(c.throttled, o.throttled)
	c.waitUsec, c.usageUsec = addSat(c.waitUsec, o.waitUsec), addSat(c.usageUsec, o.usageUsec)
	c.enforcedUsec = addSat(c.enforcedUsec, o.enforcedUsec)
	c.noWait, c.noUsage = c.noWait+o.noWait, c.noUsage+o.noUsage
	c.lastThrottled = max(c.lastThrottled, o.lastThrottled)
	c.threads, c.nodeCPUs = max(c.threads, o.threads), max(c.nodeCPUs, o.nodeCPUs)
	if o.means != nil {
		if c.means == nil {
			c.means = &cpuMeans{}
		}
		c.means.ratio.add(o.means.ratio)
		c.means.usage.add(o.means.usage)
		c.means.reported.add(o.means.reported)
	}
}

// mulSat multiplies two numbers that are not negative and stops at the largest int64.
func mulSat(a, b int64) int64 {
	if a != 0 && b > math.MaxInt64/a {
		return math.MaxInt64
	}
	return a * b
}
