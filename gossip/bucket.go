package gossip

import (
	"math"
	"time"
)

// entry is one sample on its way into a window.
type entry[S any] struct {
	stamp
	sums      S                  // what it adds, as far as that does not depend on a period that it did not tell
	onceTimed func(usec int64) S // what it adds besides once its period is known; 0 is "never". Nil: the record told it, or is of a moment
}

// stamp is what is remembered of a single sample: when it was, and what it said, as a fingerprint.
type stamp struct {
	end    int64         // Unix nanoseconds
	period time.Duration // 0: the record did not say, or is of a moment
	digest fingerprint
}

// bucket is a slice of the window. All its figures are commutative, so that the order of arrival never matters. A window has many of
// them, so they are small: what few buckets have stands apart.
type bucket[S sums[S]] struct {
	slot      int64
	timedUsec int64 // sum of the periods that were told, microseconds
	sums      S
	inline    [2]stamp     // the first …
	n         int          // … and how many of them there are; none once full
	overflow  *overflow[S] // or nil
}

// overflow is what a bucket has that got a record twice, a sample without a period, or more samples than it remembers
// one by one.
type overflow[S sums[S]] struct {
	stamps    []stamp              // all of them, where they are more than few
	onceTimed []func(usec int64) S // of stamps, by index; it may be shorter
	untimed   int64                // number of samples that did not tell their period
	// again is what repeated records would have added. It joins sums when the bucket is full, because from then on repeated
	// records cannot be told any more, and how many of them came before must not depend on the order of arrival.
	duplicates *bucket[S]

	folded     bool // of a full bucket, instead of stamps:
	samples    int64
	firstStart int64 // oldest start, Unix nanoseconds
	lastEnd    int64 // newest end
}

// ensureOverflow is for what few buckets have.
func (b *bucket[S]) ensureOverflow() *overflow[S] {
	if b.overflow == nil {
		b.overflow = &overflow[S]{}
	}
	return b.overflow
}

// isFolded says whether samples are no longer remembered one by one.
func (b *bucket[S]) isFolded() bool { return b.overflow != nil && b.overflow.folded }

// countUntimed is the number of samples that did not tell their period.
func (b *bucket[S]) countUntimed() int64 {
	if b.overflow == nil {
		return 0
	}
	return b.overflow.untimed
}

// singleSamples are what is remembered of single samples.
func (b *bucket[S]) singleSamples() []stamp {
	if b.overflow != nil && b.overflow.stamps != nil {
		return b.overflow.stamps
	}
	return b.inline[:b.n]
}

// rememberSample remembers a sample.
func (b *bucket[S]) rememberSample(s stamp) {
	if b.n < len(b.inline) {
		b.inline[b.n] = s
		b.n++
		return
	}
	r := b.ensureOverflow()
	if r.stamps == nil {
		r.stamps = append(make([]stamp, 0, 2*len(b.inline)), b.inline[:]...)
	}
	r.stamps = append(r.stamps, s)
}

// lastEnd is the newest end.
func (b *bucket[S]) lastEnd() int64 {
	if b.isFolded() {
		return b.overflow.lastEnd
	}
	last := int64(math.MinInt64)
	for _, s := range b.singleSamples() {
		last = max(last, s.end)
	}
	return last
}

// onceTimedAt is what a sample of that index adds once its period is known; nil if it told it.
func (b *bucket[S]) onceTimedAt(i int) func(usec int64) S {
	if b.overflow == nil || i >= len(b.overflow.onceTimed) {
		return nil
	}
	return b.overflow.onceTimed[i]
}

// add counts one sample.
func (b *bucket[S]) add(e *entry[S]) {
	if b.n == 0 && b.overflow == nil { // the first: it does not cost an addition
		b.sums = e.sums
	} else {
		b.sums = b.sums.merge(e.sums)
	}
	if e.onceTimed == nil {
		b.timedUsec = addSat(b.timedUsec, e.period.Microseconds())
	} else {
		b.ensureOverflow().untimed++
	}
	if b.isFolded() {
		if e.onceTimed != nil {
			b.sums = b.sums.merge(e.onceTimed(0))
		}
		b.overflow.foldSample(e.stamp)
		return
	}
	if e.onceTimed != nil {
		for len(b.overflow.onceTimed) < len(b.singleSamples()) {
			b.overflow.onceTimed = append(b.overflow.onceTimed, nil)
		}
		b.overflow.onceTimed = append(b.overflow.onceTimed, e.onceTimed)
	}
	b.rememberSample(e.stamp)
}

// foldSample counts a sample of a full bucket.
func (r *overflow[S]) foldSample(s stamp) {
	start := s.end - int64(s.period)
	if r.samples == 0 {
		r.firstStart, r.lastEnd = start, s.end
	}
	r.samples++
	r.firstStart, r.lastEnd = min(r.firstStart, start), max(r.lastEnd, s.end)
}

// foldSamples makes sums of what was remembered one by one.
func (b *bucket[S]) foldSamples() {
	r := b.ensureOverflow()
	for i, s := range b.singleSamples() {
		if loose := b.onceTimedAt(i); loose != nil {
			b.sums = b.sums.merge(loose(0))
		}
		r.foldSample(s)
	}
	b.n, r.stamps, r.onceTimed, r.folded = 0, nil, nil, true
	if o := r.duplicates; o != nil {
		r.samples += o.overflow.samples
		r.firstStart, r.lastEnd = min(r.firstStart, o.overflow.firstStart), max(r.lastEnd, o.overflow.lastEnd)
		r.untimed += o.overflow.untimed
		b.timedUsec = addSat(b.timedUsec, o.timedUsec)
		b.sums = b.sums.merge(o.sums)
		r.duplicates = nil
	}
}
