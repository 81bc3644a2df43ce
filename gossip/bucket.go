package gossip

import (
	"math"
	"time"
)

// entry is one sample on its way into a window.
type entry[S any] struct {
	stamp
	sums  S                  // what it adds, as far as that does not depend on a period that it did not tell
	loose func(usec int64) S // what it adds besides once its period is known; 0 is "never". Nil: the record told it, or is of a moment
}

// stamp is what is remembered of a single sample: when it was, and what it said, as a fingerprint.
type stamp struct {
	end    int64         // Unix nanoseconds
	period time.Duration // 0: the record did not say, or is of a moment
	print  fingerprint
}

// bucket is a slice of the window. All its figures are commutative, so that the order of arrival never matters. A window has many of
// them, so they are small: what few buckets have stands apart.
type bucket[S sums[S]] struct {
	slot  int64
	spent int64 // sum of the periods that were told, microseconds
	sums  S
	few   [2]stamp // the first …
	n     int      // … and how many of them there are; none once full
	rare  *rare[S] // or nil
}

// rare is what a bucket has that got a record twice, a sample without a period, or more samples than it remembers one by one.
type rare[S sums[S]] struct {
	stamps []stamp              // all of them, where they are more than few
	loose  []func(usec int64) S // of stamps, by index; it may be shorter
	untold int64                // number of samples that did not tell their period
	// again is what repeated records would have added. It joins sums when the bucket is full, because from then on repeated
	// records cannot be told any more, and how many of them came before must not depend on the order of arrival.
	again *bucket[S]

	full  bool // of a full bucket, instead of stamps:
	count int64
	first int64 // oldest start, Unix nanoseconds
	last  int64 // newest end
}

// more is for what few buckets have.
func (b *bucket[S]) more() *rare[S] {
	if b.rare == nil {
		b.rare = &rare[S]{}
	}
	return b.rare
}

// isFull says whether samples are no longer remembered one by one.
func (b *bucket[S]) isFull() bool { return b.rare != nil && b.rare.full }

// untold is the number of samples that did not tell their period.
func (b *bucket[S]) untold() int64 {
	if b.rare == nil {
		return 0
	}
	return b.rare.untold
}

// stamps are what is remembered of single samples.
func (b *bucket[S]) stamps() []stamp {
	if b.rare != nil && b.rare.stamps != nil {
		return b.rare.stamps
	}
	return b.few[:b.n]
}

// remember remembers a sample.
func (b *bucket[S]) remember(s stamp) {
	if b.n < len(b.few) {
		b.few[b.n] = s
		b.n++
		return
	}
	r := b.more()
	if r.stamps == nil {
		r.stamps = append(make([]stamp, 0, 2*len(b.few)), b.few[:]...)
	}
	r.stamps = append(r.stamps, s)
}

// last is the newest end.
func (b *bucket[S]) last() int64 {
	if b.isFull() {
		return b.rare.last
	}
	last := int64(math.MinInt64)
	for _, s := range b.stamps() {
		last = max(last, s.end)
	}
	return last
}

// looseOf is what a sample of that index adds once its period is known; nil if it told it.
func (b *bucket[S]) looseOf(i int) func(usec int64) S {
	if b.rare == nil || i >= len(b.rare.loose) {
		return nil
	}
	return b.rare.loose[i]
}

// add counts one sample.
func (b *bucket[S]) add(e *entry[S]) {
	if b.n == 0 && b.rare == nil { // the first: it does not cost an addition
		b.sums = e.sums
	} else {
		b.sums = b.sums.plus(e.sums)
	}
	if e.loose == nil {
		b.spent = addSat(b.spent, e.period.Microseconds())
	} else {
		b.more().untold++
	}
	if b.isFull() {
		if e.loose != nil {
			b.sums = b.sums.plus(e.loose(0))
		}
		b.rare.count1(e.stamp)
		return
	}
	if e.loose != nil {
		for len(b.rare.loose) < len(b.stamps()) {
			b.rare.loose = append(b.rare.loose, nil)
		}
		b.rare.loose = append(b.rare.loose, e.loose)
	}
	b.remember(e.stamp)
}

// count1 counts a sample of a full bucket.
func (r *rare[S]) count1(s stamp) {
	start := s.end - int64(s.period)
	if r.count == 0 {
		r.first, r.last = start, s.end
	}
	r.count++
	r.first, r.last = min(r.first, start), max(r.last, s.end)
}

// fill makes sums of what was remembered one by one.
func (b *bucket[S]) fill() {
	r := b.more()
	for i, s := range b.stamps() {
		if loose := b.looseOf(i); loose != nil {
			b.sums = b.sums.plus(loose(0))
		}
		r.count1(s)
	}
	b.n, r.stamps, r.loose, r.full = 0, nil, nil, true
	if o := r.again; o != nil {
		r.count += o.rare.count
		r.first, r.last = min(r.first, o.rare.first), max(r.last, o.rare.last)
		r.untold += o.rare.untold
		b.spent = addSat(b.spent, o.spent)
		b.sums = b.sums.plus(o.sums)
		r.again = nil
	}
}
