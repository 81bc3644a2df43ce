package gossip

import (
	"cmp"
	"slices"
	"time"
)

// defaultCFSPeriod is the kernel's (sched-bwc.rst: cfs_period_us).
const defaultCFSPeriod = 100 * time.Millisecond

func cfsPeriod(s CPUSample) time.Duration { return cmp.Or(max(0, s.CFSPeriod), defaultCFSPeriod) }

// cpuStream is what one source says about one container. A source with counters and one with percentages are two streams, even
// under one name.
type cpuStream struct {
	source   string
	counters bool
	window   window
	newest   int64 // Unix nanoseconds

	containerID, oldContainerID string
	limit                       Optional[float64]
	filled                      bool // limit is the pod's: no record has told its own yet
	epochs                      int
	dropped                     int
	standing                    *CPUThrottling // the last epoch's verdict, until this one has its own
}

// compare puts counters before percentages, then sources in order of their names: the first with samples is believed.
func (s *cpuStream) compare(counters bool, source string) int {
	if s.counters != counters {
		if s.counters {
			return -1
		}
		return 1
	}
	return cmp.Compare(s.source, source)
}

// observe counts a sample; newest is that of the subject, where the window ends. A sample of another container or with another
// limit begins a new epoch: samples from before it say nothing about what is running now.
func (s *cpuStream) observe(e CPUSample, digest fingerprint, newest int64, t thresholds) outcome {
	end := e.Time.UnixNano()
	if s.newEpoch(e) {
		if end < s.newest || (e.ContainerID != "" && e.ContainerID == s.oldContainerID) {
			s.dropped++
			return tooLate
		}
		s.begin(e, newest, t)
	}
	s.containerID = cmp.Or(s.containerID, e.ContainerID)
	if e.LimitCores.Known && (!s.limit.Known || (s.filled && !e.LimitFilled)) {
		s.limit, s.filled = e.LimitCores, e.LimitFilled
	}
	s.newest = max(s.newest, end)
	got := s.window.add(e, digest, newest)
	if got == tooLate {
		s.dropped++
	}
	return got
}

// newEpoch says whether the sample is of another container or limit. Limits that were filled from the pod are compared with their
// like only: what is known of the pod may be older or newer than the records.
func (s *cpuStream) newEpoch(e CPUSample) bool {
	return (s.containerID != "" && e.ContainerID != "" && s.containerID != e.ContainerID) ||
		(s.limit.Known && e.LimitCores.Known && s.filled == e.LimitFilled && s.limit.Value != e.LimitCores.Value)
}

// begin begins an epoch. The verdict of the one that ends stands for a while, if it is not too old itself.
func (s *cpuStream) begin(e CPUSample, newest int64, t thresholds) {
	s.window.slid(newest)
	if f := s.finding(t); f.Level != SeverityUnknown && !f.Standing {
		f.At = time.Unix(0, s.newest).UTC()
		f.Covered = coverageOf(spans(&s.window))
		f.Covered.Confidence, f.Covered.Missing = f.Covered.confidence(s.counters), s.missing(&f)
		s.standing = &f
	}
	if e.ContainerID != "" && s.containerID != e.ContainerID {
		s.oldContainerID, s.containerID = s.containerID, e.ContainerID
	}
	s.limit = Optional[float64]{}
	s.window.buckets, s.window.gone = nil, s.newest
	s.epochs++
}

// finding judges the window. While this epoch has too little evidence the verdict of the last one stands, for a window at most: what
// has not come by then will not come, because evidence leaves the window as fast as it enters.
func (s *cpuStream) finding(t thresholds) CPUThrottling {
	f := s.measure()
	f.Level, f.Reason = t.judge(f)
	if f.Level == SeverityUnknown && s.standing != nil && s.newest-s.standing.At.UnixNano() <= s.window.width*(buckets-1) {
		f = *s.standing
		f.Standing = true
	}
	return f
}

// settle forgets the last epoch's verdict once this epoch has one of its own, or has had its time.
func (s *cpuStream) settle(f CPUThrottling) {
	if !f.Standing {
		s.standing = nil
	}
}

// measure turns the sums of the window into figures. A figure is the mean of the samples that told it.
func (s *cpuStream) measure() CPUThrottling {
	sum, wall := s.window.total()
	f := CPUThrottling{Limit: s.limit, CFSPeriod: defaultCFSPeriod}
	if sum.threads > 0 {
		f.Threads = Some(sum.threads)
	}
	if sum.nodeCPUs > 0 {
		f.NodeCPUs = Some(sum.nodeCPUs)
	}
	if sum.lastThrottled != 0 {
		f.LastThrottled = time.Unix(0, sum.lastThrottled).UTC()
	}
	var means cpuMeans
	if sum.means != nil {
		means = *sum.means
	}
	if s.counters {
		f.fromCounters(sum, wall)
	} else {
		f.Throttled = means.ratio.value()
	}
	if !f.Usage.Known {
		f.Usage = means.cores.value()
	}
	if !f.UsedOfLimit.Known {
		f.UsedOfLimit = means.ofTheLimit.value()
	}
	if !f.UsedOfLimit.Known && f.Usage.Known && f.Limit.Value > 0 {
		f.UsedOfLimit = Some(f.Usage.Value / f.Limit.Value)
	}
	return f
}

func (f *CPUThrottling) fromCounters(sum cpuSums, wall int64) {
	f.Periods, f.ThrottledPeriods = Some(sum.periods), Some(sum.throttled)
	if sum.noWait == 0 {
		f.ThrottledTime = Some(microseconds(sum.waitUsec))
	}
	if sum.waited > 0 {
		f.MeanWait = Some(microseconds(sum.waitUsec) / time.Duration(sum.waited))
	}
	if sum.periods > 0 {
		f.Throttled = Some(float64(sum.throttled) / float64(sum.periods))
		f.CFSPeriod = microseconds(sum.enforcedUsec) / time.Duration(sum.periods)
	}
	if wall > 0 {
		f.Active = Some(min(1, float64(sum.enforcedUsec)/float64(wall)))
	}
	if sum.usedUsec > 0 {
		f.Usage = Some(float64(sum.usageUsec) / float64(sum.usedUsec))
		f.UsageTime = Some(microseconds(sum.usageUsec))
		if sum.usedUsec != wall { // some samples did not tell: they are taken to be like the others
			f.UsageTime = Some(microseconds(int64(min(f.Usage.Value*float64(wall), 1<<62))))
		}
		if f.Limit.Value > 0 { // not Usage/Limit: that rounds twice, and 80 % would be a little less than 80 %
			f.UsedOfLimit = Some(float64(sum.usageUsec) / (float64(sum.usedUsec) * f.Limit.Value))
		}
	}
}

// microseconds stops at the longest Duration (292 years) instead of wrapping round.
func microseconds(n int64) time.Duration { return time.Duration(mulSat(n, int64(time.Microsecond))) }

// missing names the fields that a sample lacks and that would have made the verdict or the advice better.
func (s *cpuStream) missing(f *CPUThrottling) []string {
	sum, _ := s.window.total()
	untold := slices.ContainsFunc(s.window.buckets, func(b bucket) bool { return b.told < b.count })
	var names []string
	for _, field := range []struct {
		lacks bool
		name  string
	}{
		{!s.counters, "nr_periods"},
		{sum.noWait > 0, "throttled_usec"},
		{sum.noUsage > 0 && (s.counters || (!f.Usage.Known && !f.UsedOfLimit.Known)), "usage_usec"},
		{!f.Limit.Known, "limit_cores"},
		{!f.Threads.Known, "threads"},
		{untold, "period_seconds"},
	} {
		if field.lacks {
			names = append(names, field.name)
		}
	}
	return names
}
