package gossip

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"time"
)

// Coverage says what a finding stands on. It is part of every finding, because a verdict without it is a rumour.
type Coverage struct {
	Window     time.Duration // from the start of the oldest sample to the end of the newest
	Samples    int
	Expected   int // Window divided by the median period, rounded
	Gaps       int // holes between samples, longer than half a period
	Epochs     int // 1, and one more for each new container or changed limit
	Dropped    int // records that came too late, or were of an earlier pod or container
	Confidence Confidence
	Missing    []string // fields that were not measured, by their name in the payload
	Source     string   // who measured; empty when the records did not say
	Ignored    []string // other sources of the same subject, whose records did not count
}

// span is the stretch of time that one sample (or one full bucket) covers.
type span struct {
	start, end int64 // Unix nanoseconds
	samples    int64
	timed      bool // the record itself said how long it is
	bucket     int  // where it is in its window …
	sample     int  // … and in its bucket; of no use for a full one
}

// spanLists are lists that nobody needs any more: they are long, and each finding needs one for a moment.
var spanLists = sync.Pool{New: func() any { return &[]span{} }}

// listSpans lists the samples of the window, and where the samples ended that have left it. Those that did not tell their period have none
// yet: see inOrder.
func (w *window[S]) listSpans() (list []span, gone int64) {
	list = (*spanLists.Get().(*[]span))[:0]
	for i, b := range w.buckets {
		if b.isFolded() {
			list = append(list, span{b.overflow.firstStart, b.overflow.lastEnd, b.overflow.samples, b.overflow.untimed == 0, i, 0})
		}
		for j, s := range b.singleSamples() {
			list = append(list, span{s.end - int64(s.period), s.end, 1, b.onceTimedAt(j) == nil, i, j})
		}
	}
	return list, w.lastExpired
}

// sortSpans sorts samples by time. A sample that did not tell its period reaches back to the sample before it; the very first one, where
// nothing is known to be before it, is taken to be as long as the median of the others.
func sortSpans(list []span, gone int64) []span {
	order := func(a, b span) int { return cmp.Or(cmp.Compare(a.end, b.end), cmp.Compare(a.start, b.start)) }
	if !slices.IsSortedFunc(list, order) {
		slices.SortFunc(list, order)
	}
	orphans := 0 // samples without a period at the very beginning
	for i := range list {
		switch before := previousEnd(list, i, gone); {
		case list[i].timed:
		case before != 0:
			list[i].start = before
		default:
			orphans = i + 1
		}
	}
	if orphans == 0 {
		return list
	}
	typical := int64(medianPeriod(list))
	for i := range orphans {
		if !list[i].timed {
			list[i].start = min(list[i].start, list[i].end-typical)
		}
	}
	return list
}

// previousEnd is the newest end before that of list[i]; 0 when none is known.
func previousEnd(list []span, i int, gone int64) int64 {
	for j := i - 1; j >= 0; j-- {
		if list[j].end < list[i].end {
			return list[j].end
		}
	}
	return gone
}

// medianPeriod is the median length of the samples that have one; 0 when none has. Of two middle values it is the
// larger.
func medianPeriod(list []span) time.Duration {
	lengths := make([]int64, 0, 256) // so many are no garbage, and a window seldom has more
	for _, s := range list {
		if n := (s.end - s.start) / max(1, s.samples); n > 0 {
			lengths = append(lengths, n)
		}
	}
	if len(lengths) == 0 {
		return 0
	}
	slices.Sort(lengths)
	return time.Duration(lengths[len(lengths)/2])
}

// coverageOf says what the samples cover. Fields that depend on more than the samples are left to the caller.
func coverageOf(list []span) Coverage {
	if len(list) == 0 {
		return Coverage{}
	}
	c := Coverage{}
	oldest, covered := list[0].start, list[0].end
	typical := medianPeriod(list)
	for _, s := range list {
		c.Samples += int(s.samples)
		oldest = min(oldest, s.start)
		if typical > 0 && s.start-covered > int64(typical)/2 {
			c.Gaps++
		}
		covered = max(covered, s.end)
	}
	c.Window = time.Duration(covered - oldest)
	c.Expected = c.Samples
	if typical > 0 {
		c.Expected = int(math.Round(float64(c.Window) / float64(typical)))
	}
	return c
}

// rateConfidence is High with counters and at least 90 % of the expected samples, Medium from 50 %, else Low.
func (c Coverage) rateConfidence(counters bool) Confidence {
	switch share := float64(c.Samples) / float64(max(1, c.Expected)); {
	case !counters:
		return ConfidenceLow
	case share >= 0.9:
		return ConfidenceHigh
	case share >= 0.5:
		return ConfidenceMedium
	default:
		return ConfidenceLow
	}
}

// totalSums sums the window: counters, and the time in microseconds that its samples cover. Time stays 0 where no
// length is known.
func (w *window[S]) totalSums() (sum S, wall int64) {
	for _, b := range w.buckets {
		if b.countUntimed() > 0 {
			return w.totalWithUntimed()
		}
		wall = addSat(wall, b.timedUsec)
	}
	for _, b := range w.buckets { // buckets are seldom in a cache: a pass that does little, as the one above, has many fetched at once
		sum = sum.merge(b.sums)
	}
	return sum, wall
}

// totalWithUntimed is total where some samples did not tell their period.
func (w *window[S]) totalWithUntimed() (sum S, wall int64) {
	for _, s := range sortSpans(w.listSpans()) {
		if s.timed {
			continue
		}
		b := w.buckets[s.bucket]
		usec := (s.end - s.start) / int64(time.Microsecond)
		if !b.isFolded() {
			wall = addSat(wall, usec)
			sum = sum.merge(b.onceTimedAt(s.sample)(usec))
			continue
		}
		usec = max(0, usec-b.timedUsec)
		wall = addSat(wall, usec)
		sum = sum.merge(b.sums.completeUntimed(usec, b.overflow.untimed))
	}
	for _, b := range w.buckets {
		wall = addSat(wall, b.timedUsec)
		if !b.isFolded() || b.overflow.untimed == 0 { // the others are settled above
			sum = sum.merge(b.sums)
		}
	}
	return sum, wall
}
