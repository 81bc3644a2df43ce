package gossip

import (
	"math"
	"time"
)

// entry is one sample on its way into a window.
type entry[S any] struct {
	stamp
	sums S // what it adds, as far as that does not depend on an unknown period
	// onceTimed adds the part of the sums that depends on the sample's length in microseconds. Like merge it may change
	// what the sums point to. It is called with 0 if the length never becomes known. It is nil if the length is known or
	// irrelevant (OOM kills).
	onceTimed func(sum S, usec int64) S
}

// stamp is what is remembered of a single sample: its time, and a digest by which a repeated one is recognised.
type stamp struct {
	end    int64         // Unix nanoseconds
	period time.Duration // 0: the record has none, or is of a moment
	digest fingerprint
}

// bucket is a slice of the window. All its figures are commutative, so that the order of arrival never matters. It is
// in one of three states:
//
//   - inline: up to two samples are remembered one by one, in the bucket itself;
//   - listed: up to 64 samples are remembered one by one, in a list;
//   - folded: there are more, and only their sums are kept.
//
// singleSamples hides which: it returns the samples that are remembered one by one. A window has many buckets, most of
// them inline, so a bucket is small: everything else is in its overflow.
type bucket[S sums[S]] struct {
	slot      int64
	timedUsec int64 // sum of the known periods, microseconds
	sums      S
	inline    [2]stamp
	inlined   int          // number of samples in inline; 0 when folded
	overflow  *overflow[S] // nil in most buckets
}

// overflow holds what most buckets do not need, so that a bucket of CPU samples stays at 176 bytes: duplicates, samples
// without a period, and the samples beyond the two kept inline.
type overflow[S sums[S]] struct {
	listed    []stamp                     // all samples of a listed bucket; else nil
	onceTimed []func(sum S, usec int64) S // of the single samples, by index; may be shorter
	untimed   int64                       // number of samples without a period
	// duplicates is what repeated records would have added. It joins the sums when the bucket is folded, because from then
	// on repeated records are not recognised, and how many of them came earlier must not depend on the order of arrival.
	duplicates *bucket[S]

	// Of a folded bucket:
	folded     bool
	samples    int64
	firstStart int64 // oldest start, Unix nanoseconds
	newestEnd  int64
}

// overflowSize is the estimated size of the overflow, bytes.
func (b *bucket[S]) overflowSize() int64 {
	if b.overflow == nil {
		return 0
	}
	return b.overflow.estimateSize()
}

// estimateSize returns the estimated size, bytes.
func (o *overflow[S]) estimateSize() int64 {
	n := sizeOf[overflow[S]]() + int64(cap(o.listed))*sizeOf[stamp]() + int64(len(o.onceTimed))*onceTimedSize
	if o.duplicates != nil {
		n += sizeOf[bucket[S]]() + o.duplicates.overflowSize()
	}
	return n
}

// ensureOverflow returns the bucket's overflow, and makes it if necessary.
func (b *bucket[S]) ensureOverflow() *overflow[S] {
	if b.overflow == nil {
		b.overflow = &overflow[S]{}
	}
	return b.overflow
}

// isFolded reports whether samples are no longer remembered one by one.
func (b *bucket[S]) isFolded() bool { return b.overflow != nil && b.overflow.folded }

// countUntimed returns the number of samples without a period.
func (b *bucket[S]) countUntimed() int64 {
	if b.overflow == nil {
		return 0
	}
	return b.overflow.untimed
}

// singleSamples returns the samples that are remembered one by one: all, or none when the bucket is folded.
func (b *bucket[S]) singleSamples() []stamp {
	if b.overflow != nil && b.overflow.listed != nil {
		return b.overflow.listed
	}
	return b.inline[:b.inlined]
}

// rememberSample adds to the single samples.
func (b *bucket[S]) rememberSample(s stamp) {
	if b.inlined < len(b.inline) {
		b.inline[b.inlined] = s
		b.inlined++
		return
	}
	o := b.ensureOverflow()
	if o.listed == nil {
		o.listed = append(make([]stamp, 0, 2*len(b.inline)), b.inline[:]...)
	}
	o.listed = append(o.listed, s)
}

// lastEnd returns the newest end of the samples.
func (b *bucket[S]) lastEnd() int64 {
	if b.isFolded() {
		return b.overflow.newestEnd
	}
	last := int64(math.MinInt64)
	for _, s := range b.singleSamples() {
		last = max(last, s.end)
	}
	return last
}

// onceTimedAt returns the function of a single sample without a period; nil for one with a period.
func (b *bucket[S]) onceTimedAt(i int) func(sum S, usec int64) S {
	if b.overflow == nil || i >= len(b.overflow.onceTimed) {
		return nil
	}
	return b.overflow.onceTimed[i]
}

// add counts one sample.
func (b *bucket[S]) add(e *entry[S]) {
	if b.inlined == 0 && b.overflow == nil { // the first one does not need an addition
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
			b.sums = e.onceTimed(b.sums, 0)
		}
		b.overflow.foldSample(e.stamp)
		return
	}
	if e.onceTimed != nil {
		o := b.overflow
		for len(o.onceTimed) < len(b.singleSamples()) {
			o.onceTimed = append(o.onceTimed, nil)
		}
		o.onceTimed = append(o.onceTimed, e.onceTimed)
	}
	b.rememberSample(e.stamp)
}

// addDuplicate keeps a repeated sample until the bucket is folded.
func (b *bucket[S]) addDuplicate(e *entry[S]) {
	o := b.ensureOverflow()
	if o.duplicates == nil {
		o.duplicates = &bucket[S]{overflow: &overflow[S]{folded: true}}
	}
	o.duplicates.add(e)
}

// foldSample counts a sample of a folded bucket.
func (o *overflow[S]) foldSample(s stamp) {
	start := s.end - int64(s.period)
	if o.samples == 0 {
		o.firstStart, o.newestEnd = start, s.end
	}
	o.samples++
	o.firstStart, o.newestEnd = min(o.firstStart, start), max(o.newestEnd, s.end)
}

// foldSamples makes the bucket a folded one: the single samples and the duplicates become sums.
func (b *bucket[S]) foldSamples() {
	o := b.ensureOverflow()
	for i, s := range b.singleSamples() {
		if onceTimed := b.onceTimedAt(i); onceTimed != nil {
			b.sums = onceTimed(b.sums, 0)
		}
		o.foldSample(s)
	}
	b.inlined, o.listed, o.onceTimed, o.folded = 0, nil, nil, true
	if d := o.duplicates; d != nil {
		o.samples += d.overflow.samples
		o.firstStart, o.newestEnd = min(o.firstStart, d.overflow.firstStart), max(o.newestEnd, d.overflow.newestEnd)
		o.untimed += d.overflow.untimed
		b.timedUsec = addSat(b.timedUsec, d.timedUsec)
		b.sums = b.sums.merge(d.sums)
		o.duplicates = nil
	}
}
