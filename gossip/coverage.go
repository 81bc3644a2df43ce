package gossip

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"time"
)

// Coverage is what a finding is based on. It is part of every finding, because a verdict without it cannot be trusted.
type Coverage struct {
	Window     time.Duration // from the start of the oldest sample to the end of the newest
	Samples    int
	Expected   int // Window divided by the median period, rounded
	Gaps       int // holes between samples, longer than half a period
	Epochs     int // 1, and one more for each new container, limit, request or image
	Dropped    int // records that came too late, or were of an earlier pod or container
	Confidence Confidence
	Missing    []string // fields that were not measured, by their name in the payload
	Source     string   // the program that measured; empty when the records do not name it
	Ignored    []string // other sources of the same subject; their records did not count
	// Restarted reports that the window began again less than its length ago, after a restart of a program (RollUp).
	Restarted bool `json:",omitempty"`
}

// rateConfidence returns High with counters and at least 90 % of the expected samples, Medium from 50 %, else Low.
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

// measureCoverage returns the coverage of the believed source, its percentage-only samples included; other sources are
// only named. A verdict of the previous epoch keeps the coverage of its time.
func (s *state) measureCoverage(best *stream, f windowFinding) Coverage {
	c := f.Coverage()
	list := newSpanList()
	defer list.releaseSpans()
	var ignored []string
	c.Dropped = s.dropped
	for _, t := range s.streams {
		c.Dropped += t.dropped
		switch {
		case t.source == best.source:
			t.appendSpans(list)
		case !t.isEmpty():
			ignored = append(ignored, cmp.Or(t.source, "unnamed"))
		}
	}
	if !f.isPrevious() {
		dropped := c.Dropped
		c = list.toCoverage()
		c.Confidence, c.Missing = c.rateConfidence(best.usesCounters(f)), best.missingFields(best)
		c.Dropped = dropped
	}
	slices.Sort(ignored)
	c.Epochs, c.Source, c.Ignored = best.epochs, best.source, slices.Compact(ignored)
	return c
}

// span is the stretch of time that one sample (or one folded bucket) covers.
type span struct {
	start, end int64 // Unix nanoseconds
	samples    int64
	timed      bool // the record has its length
	bucket     int  // index in its window
	sample     int  // index in its bucket; of no use for a folded one
}

// spanList is a list of the samples of one source. It is long, and needed only for a moment: the function that gets it
// from newSpanList releases it before it returns.
type spanList struct {
	spans       []span
	lastExpired int64 // newest end of the samples that have left the windows, Unix nanoseconds; 0 when none has
}

var unusedSpanLists = sync.Pool{New: func() any { return &spanList{} }}

// newSpanList returns an empty list.
func newSpanList() *spanList { return unusedSpanLists.Get().(*spanList) }

// releaseSpans makes the list available to newSpanList. It must not be used afterwards.
func (l *spanList) releaseSpans() {
	l.spans, l.lastExpired = l.spans[:0], 0
	unusedSpanLists.Put(l)
}

// appendSpans appends the samples of the window. Those without a period have no length yet: see sort.
func (w *window[S]) appendSpans(to *spanList) {
	to.lastExpired = max(to.lastExpired, w.lastExpired)
	for i, b := range w.buckets {
		if b.isFolded() {
			o := b.overflow
			to.spans = append(to.spans, span{
				start: o.firstStart, end: o.newestEnd, samples: o.samples, timed: o.untimed == 0, bucket: i,
			})
		}
		for j, s := range b.singleSamples() {
			to.spans = append(to.spans, span{
				start: s.end - int64(s.period), end: s.end, samples: 1, timed: b.onceTimedAt(j) == nil, bucket: i, sample: j,
			})
		}
	}
}

// sort puts the samples in order of time, and gives those without a period a length: such a sample reaches back to the
// sample before it. The very first one, where no sample is known before it, is assumed to be as long as the median of
// the others.
func (l *spanList) sort() {
	order := func(a, b span) int { return cmp.Or(cmp.Compare(a.end, b.end), cmp.Compare(a.start, b.start)) }
	if !slices.IsSortedFunc(l.spans, order) {
		slices.SortFunc(l.spans, order)
	}
	orphans := 0 // samples without a period at the very beginning
	for i := range l.spans {
		if l.spans[i].timed {
			continue
		}
		if before := l.endBefore(i); before != 0 {
			l.spans[i].start = before
		} else {
			orphans = i + 1
		}
	}
	if orphans == 0 {
		return
	}
	typical := int64(l.medianPeriod())
	for i := range orphans {
		if s := &l.spans[i]; !s.timed {
			s.start = min(s.start, s.end-typical)
		}
	}
}

// endBefore returns the newest end before the end of sample i; 0 when none is known.
func (l *spanList) endBefore(i int) int64 {
	for j := i - 1; j >= 0; j-- {
		if l.spans[j].end < l.spans[i].end {
			return l.spans[j].end
		}
	}
	return l.lastExpired
}

// medianPeriod returns the median length of the samples that have one; 0 when none has. Of two middle values it is the
// larger.
func (l *spanList) medianPeriod() time.Duration {
	lengths := make([]int64, 0, 256) // on the stack, and a window seldom has more
	for _, s := range l.spans {
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

// toCoverage sorts the list and returns what the samples cover. The caller fills in what depends on more than the
// samples.
func (l *spanList) toCoverage() Coverage {
	if len(l.spans) == 0 {
		return Coverage{}
	}
	l.sort()
	c := Coverage{}
	oldest, covered := l.spans[0].start, l.spans[0].end
	typical := l.medianPeriod()
	for _, s := range l.spans {
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
