package gossip

import "math"

// The thresholds of memory pressure. 2 % is what Coroot calls a stall, and the shape (short averages for the sharp end, long ones for
// the rest) is KEP-5394's; nobody has published more, so the other bounds are ours.
const (
	infoStall    = 0.02 // PSI some, 60 s
	warningStall = 0.10
	highStall    = 0.05 // PSI full, 10 s
	infoUsed     = 0.80 // of the limit
	warningUsed  = 0.90 // of the limit, where a percentage is all there is

	faultFactor   = 10     // times the baseline
	leastBaseline = 10_000 // major faults, thousandths per second
)

// belowNearLimit says whether less than 90 % of the limit is in use.
func belowNearLimit(used, limit int64) bool { return mulSat(used, 10) < mulSat(limit, 9) }

// memoryWindow is the window of one source of memory samples.
type memoryWindow struct {
	window[memorySums]
	since    int64                 // the oldest sample of this epoch, Unix nanoseconds; 0 when there is none
	previous Optional[memoryEpoch] // the last epoch
}

// memoryEpoch is what is remembered of the epoch before: a kill ends an epoch, and its advice depends on what was
// before.
type memoryEpoch struct {
	leak         Optional[Leak]
	limit        Optional[float64]
	limitFromPod bool  // limit is the pod's
	since, end   int64 // its oldest sample and its newest, Unix nanoseconds
}

func (w *memoryWindow) observe(e Event, digest fingerprint, newest int64) outcome {
	s := e.(MemorySample)
	entry := memoryEntry(&s, digest)
	got := w.add(&entry, newest)
	if got == counted && (w.since == 0 || entry.end < w.since) {
		w.since = entry.end
	}
	return got
}

// startEpoch remembers the epoch that ends.
func (w *memoryWindow) startEpoch(s *stream) {
	w.previous = Some(memoryEpoch{
		leak: w.findLeak(s.limitBytes(), math.MaxInt64), limit: s.limit, limitFromPod: s.limitFromPod, since: w.since, end: s.newest,
	})
	w.since = 0
	w.window.startEpoch(s)
}

func (w *memoryWindow) judgeSeverity(s *stream, _ thresholds) Severity {
	return w.judgePressure(s).Level
}

func (w *memoryWindow) judgeWindow(s *stream, _ thresholds) windowFinding { return w.judgePressure(s) }

// addBuckets are the total of the window. They are added in place, for they are large.
func (w *memoryWindow) addBuckets() memorySums {
	var sum memorySums
	if w.hasUntimed() {
		sum, _ = w.totalWithUntimed()
		return sum
	}
	for _, b := range w.buckets {
		sum.add(&b.sums)
	}
	return sum
}

// judgePressure is what the window says, with the verdict.
func (w *memoryWindow) judgePressure(s *stream) MemoryPressure {
	f := w.measureFigures(s)
	f.Leak = w.findLeak(f.Limit, math.MaxInt64)
	f.Level, f.Reason = judgeMemory(&f, s.counters)
	return f
}

// measureFigures turns the sums of the window into figures.
func (w *memoryWindow) measureFigures(s *stream) MemoryPressure {
	sum := w.addBuckets()
	f := MemoryPressure{
		Limit: s.limitBytes(), Used: sum.used, UsedOfLimit: sum.share,
		SomeAvg10: sum.some10, SomeAvg60: sum.some60, FullAvg10: sum.full10, FullAvg60: sum.full60,
		MajorFaults: unlessIncomplete(sum.faults, sum.noFaults), PageFaultRate: sum.pageRate, Reclaims: sum.reclaims,
		LimitHits: unlessIncomplete(sum.hits, sum.noHits), Kills: unlessIncomplete(sum.kills, sum.noKills),
	}
	if sum.sets > 0 {
		f.WorkingSet, f.Peak = Some(sum.last.value), Some(sum.high)
	}
	switch limit, known := f.Limit.Get(); {
	case known && limit == 0:
		f.UsedOfLimit = Optional[float64]{} // of nothing
	case known && f.Peak.Known:
		f.UsedOfLimit = Some(float64(f.Peak.Value) / float64(limit))
	case known && f.Used.Known && !f.UsedOfLimit.Known:
		f.UsedOfLimit = Some(float64(f.Used.Value) / float64(limit))
	}
	if rate, ok := sum.rate.Get(); ok {
		f.FaultRate = Some(float64(rate) / 1000)
		f.FaultBaseline = Some(float64(max(sum.baseline.value, leastBaseline)) / 1000)
	}
	return f
}

// judgeMemory gives the worst verdict. A leak gives way to what hurts already as much as it will.
func judgeMemory(f *MemoryPressure, counters bool) (Severity, Reason) {
	level, reason := f.judgePresent(counters)
	if leak, ok := f.Leak.Get(); ok {
		if will := leak.Severity(); will > level || (will == level && reason == ReasonNearLimit) {
			return will, ReasonMemoryLeak
		}
	}
	return level, reason
}

// judgePresent judges by what is so now, and leaves out what will be.
func (f *MemoryPressure) judgePresent(counters bool) (Severity, Reason) {
	level, reason := f.judgeUsage(counters)
	switch {
	case f.Kills.Value > 0:
		return SeverityCritical, ReasonOOMKilled
	case f.FullAvg10.Value >= highStall:
		return SeverityHigh, ReasonStalled
	case level >= SeverityHigh:
		return level, reason
	case f.SomeAvg60.Value >= warningStall:
		return SeverityWarning, ReasonStalled
	case level >= SeverityWarning:
		return level, reason
	case f.SomeAvg60.Value >= infoStall:
		return SeverityInfo, ReasonStalled
	case level == SeverityUnknown && (f.SomeAvg60.Known || f.FullAvg10.Known):
		return SeverityNone, ReasonBelowThreshold
	}
	return level, reason
}

// judgeUsage judges by what is in use of the limit, and leaves PSI and kills out.
func (f *MemoryPressure) judgeUsage(counters bool) (Severity, Reason) {
	near := f.Peak.Known && f.Limit.Value > 0 && !belowNearLimit(f.Peak.Value, f.Limit.Value)
	switch {
	case !f.UsedOfLimit.Known && f.LimitHits.Value > 0: // there is a limit, and how near it is was not measured
		return SeverityInfo, ReasonLimitHit
	case !f.UsedOfLimit.Known:
		return SeverityUnknown, ReasonNotMeasured
	case near && f.FaultRate.Known && f.FaultRate.Value >= faultFactor*f.FaultBaseline.Value:
		return SeverityHigh, ReasonThrashing
	case near && f.LimitHits.Value > 0:
		return SeverityWarning, ReasonLimitHit
	case !counters && f.UsedOfLimit.Value >= warningUsed:
		return SeverityWarning, ReasonNearLimit
	case f.UsedOfLimit.Value >= infoUsed:
		return SeverityInfo, ReasonNearLimit
	}
	return SeverityNone, ReasonBelowThreshold
}

// missingFields names the fields that would have made the verdict or the advice better.
func (w *memoryWindow) missingFields(s *stream) []string {
	f := w.measureFigures(s)
	sum := w.addBuckets()
	return missingNames([]field{
		{!f.WorkingSet.Known, "working_set_bytes"},
		{!f.Limit.Known, "limit_bytes"},
		{!f.SomeAvg60.Known, "psi_some_avg60"},
		{!f.FullAvg10.Known, "psi_full_avg10"},
		{sum.noFaults > 0, "major_faults"},
		{sum.noHits > 0, "limit_hits"},
		{sum.noKills > 0, "oom_kills"},
		{w.hasUntimed(), "period_seconds"},
	})
}

// limitBytes is the limit where it is one of memory: whole bytes, which float64 holds up to 8 PiB.
func (s *stream) limitBytes() Optional[int64] { return bytesOf(s.limit) }

func bytesOf(limit Optional[float64]) Optional[int64] {
	return Optional[int64]{Value: int64(limit.Value), Known: limit.Known}
}
