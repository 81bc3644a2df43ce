package gossip

import (
	"cmp"
	"math"
	"time"
)

// memoryWindow is the window of one source of memory samples.
type memoryWindow struct {
	window[memorySums]
	since    int64                 // the oldest sample of this epoch, Unix nanoseconds; 0 when there is none
	previous Optional[memoryEpoch] // the epoch before this one
}

// memoryEpoch is what is kept of the epoch that ended: a kill ends an epoch, and the advice about it depends on the
// time before.
type memoryEpoch struct {
	leak         Optional[Leak]
	limit        Optional[float64]
	limitFromPod bool  // limit is the pod's
	since, end   int64 // its oldest sample and its newest, Unix nanoseconds
}

func (w *memoryWindow) observe(e eventPointer, digest fingerprint, newest int64) outcome {
	entry := memoryEntry(e.(*MemorySample), digest)
	got, _ := w.add(&entry, newest)
	if got == counted && (w.since == 0 || entry.end < w.since) {
		w.since = entry.end
	}
	return got
}

// startEpoch keeps what is needed of the epoch that ends, and empties the window.
func (w *memoryWindow) startEpoch(s *stream) {
	w.previous = Some(memoryEpoch{
		leak: w.findLeak(s.limitBytes(), math.MaxInt64), limit: s.limit, limitFromPod: s.limitFromPod,
		since: w.since, end: s.newest,
	})
	w.since = 0
	w.window.startEpoch(s)
}

// startLife empties the window and forgets what was before.
func (w *memoryWindow) startLife(s *stream) {
	w.since, w.previous = 0, Optional[memoryEpoch]{}
	w.window.startLife(s)
}

func (w *memoryWindow) judgeSeverity(s *stream, _ thresholds) Severity {
	return w.judgePressure(s).Level
}

func (w *memoryWindow) judgeWindow(s *stream, _ thresholds) windowFinding { return w.judgePressure(s) }

// judgePressure returns the figures of the window with the verdict.
func (w *memoryWindow) judgePressure(s *stream) MemoryPressure {
	f := w.measureFigures(s)
	f.Leak = w.findLeak(f.Limit, math.MaxInt64)
	f.Level, f.Reason = judgeMemory(&f, s.counters)
	return f
}

func (w *memoryWindow) pastBadness(s *stream, _ thresholds, d Demand, m *foldedWindows) badness {
	past := memoryWindow{window: w.foldPast(&m.memory)}
	f := past.judgePressure(s)
	return d.memoryBadness(&f)
}

func (w *memoryWindow) pastFinding(
	s *stream, _ thresholds, m *foldedWindows, r Report, _ windowFinding,
) windowFinding {
	past := memoryWindow{window: w.foldPast(&m.memory)}
	f := past.judgePressure(s)
	r.Level, r.Reason, r.Covered = f.Level, f.Reason, w.past.coverPast(s, s.counters, past.missingFields(s))
	f.Report = r
	return f
}

func (w *memoryWindow) pendingPast(closed bool, m *foldedWindows) sampleWindow {
	m.memoryPending = memoryWindow{window: w.pendingWindow(closed, &m.memory)}
	return &m.memoryPending
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

// addBuckets returns the total of the window. It adds in place, because the sums are large.
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

// measureFigures computes the figures from the sums of the window.
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

// limitBytes returns a limit of memory: whole bytes, which a float64 holds exactly up to 8 PiB.
func (s *stream) limitBytes() Optional[int64] { return bytesOf(s.limit) }

func bytesOf(limit Optional[float64]) Optional[int64] {
	return Optional[int64]{Value: int64(limit.Value), Known: limit.Known}
}

// memorySums are kept for each bucket of memory samples: sums of counters, and the largest of gauges.
type memorySums struct {
	sets        int64 // samples that carry the working set
	first, last point // the oldest of them, and the newest
	low, high   int64 // the smallest working set, and the largest

	used                           Optional[int64]
	share                          Optional[float64]
	some10, some60, full10, full60 Optional[float64]
	pageRate                       Optional[float64]
	faults, reclaims, hits, kills  Optional[int64]
	noFaults, noHits, noKills      int64           // samples that lack the figure
	rate                           Optional[int64] // the highest rate of major faults, in thousandths per second
	baseline                       point           // the rate of the oldest sample
	// Of folded buckets: major faults of the samples with a length that is still unknown, their number and their oldest
	// end.
	untimedFaults, untimed, untimedEnd int64
}

// point is a figure and its time; the zero point is none.
type point struct{ end, value int64 }

// olderOf returns the older of two points; of one time, the larger.
func (p point) olderOf(o point) point {
	if p.end == 0 || (o.end != 0 && cmp.Or(cmp.Compare(o.end, p.end), cmp.Compare(p.value, o.value)) < 0) {
		return o
	}
	return p
}

// newerOf returns the newer of two points; of one time, the larger.
func (p point) newerOf(o point) point {
	if cmp.Or(cmp.Compare(o.end, p.end), cmp.Compare(o.value, p.value)) > 0 {
		return o
	}
	return p
}

// largerOf returns the larger of two figures, as far as they are known.
func largerOf[T cmp.Ordered](a, b Optional[T]) Optional[T] {
	if !a.Known || (b.Known && b.Value > a.Value) {
		return b
	}
	return a
}

// addKnown adds two figures, as far as they are known.
func addKnown(a, b Optional[int64]) Optional[int64] {
	if !a.Known {
		return b
	}
	a.Value = addSat(a.Value, b.Value)
	return a
}

// oneIfMissing returns 1 for a figure that a sample lacks.
func oneIfMissing(n Optional[int64]) int64 {
	if n.Known {
		return 0
	}
	return 1
}

// unlessIncomplete returns the sum as absent when it is 0 and some samples lacked the field: "0 seen" is then not
// "0 happened".
func unlessIncomplete(sum Optional[int64], missing int64) Optional[int64] {
	if sum.Value == 0 && missing > 0 {
		return Optional[int64]{}
	}
	return sum
}

// memoryEntry returns the entry of one memory sample.
func memoryEntry(s *MemorySample, digest fingerprint) entry[memorySums] {
	end := s.Time.UnixNano()
	e := entry[memorySums]{stamp: stamp{end: end, period: s.Period, digest: digest}, sums: memorySums{
		used: s.UsedBytes, share: s.UsedShare,
		some10: s.SomeAvg10, some60: s.SomeAvg60, full10: s.FullAvg10, full60: s.FullAvg60,
		pageRate: s.PageFaultRate, faults: s.MajorFaults, reclaims: s.Reclaims, hits: s.LimitHits, kills: s.OOMKills,
	}}
	if set, ok := s.WorkingSet.Get(); ok {
		at := point{end, set}
		e.sums.sets, e.sums.first, e.sums.last, e.sums.low, e.sums.high = 1, at, at, set, set
	}
	e.sums.noFaults = oneIfMissing(s.MajorFaults)
	e.sums.noHits, e.sums.noKills = oneIfMissing(s.LimitHits), oneIfMissing(s.OOMKills)
	faults := s.MajorFaults
	rate := func(usec int64) memorySums { return faultRate(faults, end, usec) }
	if s.Period > 0 {
		e.sums = e.sums.merge(rate(s.Period.Microseconds()))
	} else {
		e.onceTimed = func(sum memorySums, usec int64) memorySums { return sum.merge(rate(usec)) }
	}
	return e
}

// faultRate returns the rate of major faults of one sample with that length; 0 is an unknown length.
func faultRate(faults Optional[int64], end, usec int64) memorySums {
	switch {
	case !faults.Known:
		return memorySums{}
	case usec <= 0:
		return memorySums{untimedFaults: faults.Value, untimed: 1, untimedEnd: end}
	}
	perSecond := mulSat(faults.Value, 1000*int64(time.Second/time.Microsecond)) / usec
	return memorySums{rate: Some(perSecond), baseline: point{end, perSecond}}
}

// merge implements sums.
func (m memorySums) merge(o memorySums) memorySums {
	m.add(&o)
	return m
}

func (m *memorySums) add(o *memorySums) {
	if o.sets > 0 {
		if m.sets == 0 {
			m.low, m.last = o.low, o.last
		}
		m.first, m.last = m.first.olderOf(o.first), m.last.newerOf(o.last)
		m.low, m.high = min(m.low, o.low), max(m.high, o.high)
		m.sets += o.sets
	}
	m.used, m.share, m.pageRate = largerOf(m.used, o.used), largerOf(m.share, o.share), largerOf(m.pageRate, o.pageRate)
	m.some10, m.some60 = largerOf(m.some10, o.some10), largerOf(m.some60, o.some60)
	m.full10, m.full60 = largerOf(m.full10, o.full10), largerOf(m.full60, o.full60)
	m.faults, m.reclaims = addKnown(m.faults, o.faults), addKnown(m.reclaims, o.reclaims)
	m.hits, m.kills = addKnown(m.hits, o.hits), addKnown(m.kills, o.kills)
	m.noFaults, m.noHits, m.noKills = m.noFaults+o.noFaults, m.noHits+o.noHits, m.noKills+o.noKills
	m.rate, m.baseline = largerOf(m.rate, o.rate), m.baseline.olderOf(o.baseline)
	if o.untimed > 0 {
		if m.untimed == 0 || o.untimedEnd < m.untimedEnd {
			m.untimedEnd = o.untimedEnd
		}
		m.untimedFaults, m.untimed = addSat(m.untimedFaults, o.untimedFaults), m.untimed+o.untimed
	}
}

// completeUntimed implements sums: the samples without a length share the time evenly.
func (m memorySums) completeUntimed(usec, untold int64) memorySums {
	if m.untimed == 0 {
		return m
	}
	late := faultRate(Some(m.untimedFaults), m.untimedEnd, usec/untold*m.untimed)
	m.untimedFaults, m.untimed, m.untimedEnd = 0, 0, 0
	return m.merge(late)
}

// cloneSums implements sums.
func (m memorySums) cloneSums() memorySums { return m }

// emptySums implements sums.
func (memorySums) emptySums() memorySums { return memorySums{} }
