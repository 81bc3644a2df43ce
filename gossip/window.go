package gossip

import (
	"cmp"
	"slices"
	"time"
)

const (
	// buckets is how many buckets a window has at most: what a subject costs does not grow with the number of its samples.
	buckets = 60
	// maxStamps is how many samples of one bucket are remembered one by one (four a second with the default window). Beyond it
	// the bucket keeps its sums only: a repeated record is then no longer told from a second one.
	maxStamps = 64
)

// stamp is what is remembered of a single sample: when it was, and what it said, as a fingerprint.
type stamp struct {
	end    int64         // Unix nanoseconds
	period time.Duration // 0: the record did not say
	print  fingerprint
	loose  *averages // of a sample that did not tell its period: they are weighted once its length is known
}

// averages are what a source reports as finished averages of a sample.
type averages struct {
	usage                    bool // usage_usec was there too
	ratio, cores, ofTheLimit Optional[float64]
}

func averagesOf(s CPUSample) averages {
	return averages{s.UsageUsec.Known, s.ThrottledShare, s.UsageCores, s.ReportedShare}
}

// bucket is a slice of the window. All its figures are commutative, so that the order of arrival never matters.
type bucket struct {
	slot   int64
	stamps []stamp // nil once full
	full   bool
	count  int64
	first  int64 // oldest start, Unix nanoseconds
	last   int64 // newest end
	spent  int64 // sum of the periods that were told, microseconds
	told   int64 // number of samples that told their period
	sums   cpuSums
	// again is what repeated records would have added. It joins sums when the bucket is full, because from then on repeated
	// records cannot be told any more, and how many of them came before must not depend on the order of arrival.
	again *bucket
}

// window folds samples into at most 60 buckets of event time. It ends at its newest sample.
type window struct {
	width   int64 // of a bucket, nanoseconds
	buckets []bucket
	gone    int64 // newest end that has left the window, Unix nanoseconds; 0 when none has
}

// newWindow divides by 59, not 60: the newest bucket is only begun, and nothing younger than the window may be lost.
func newWindow(length time.Duration) window {
	return window{width: max(1, (int64(length)+buckets-2)/(buckets-1))}
}

// outcome is what became of a record.
type outcome int

const (
	counted outcome = iota
	repeated
	tooLate
)

// add counts a sample, unless it is older than the window that ends at newest, or is there already.
func (w *window) add(s CPUSample, digest fingerprint, newest int64) outcome {
	end := s.Time.UnixNano()
	if w.slid(newest) >= floorDiv(end, w.width) {
		return tooLate
	}
	b := w.bucket(floorDiv(end, w.width))
	if !b.full && slices.ContainsFunc(b.stamps, func(t stamp) bool { return t.print == digest }) {
		if b.again == nil {
			b.again = &bucket{full: true}
		}
		b.again.count1(s, end, digest)
		return repeated
	}
	if !b.full && len(b.stamps) == maxStamps {
		b.fill()
	}
	b.count1(s, end, digest)
	return counted
}

// fill makes sums of what was remembered one by one.
func (b *bucket) fill() {
	for _, s := range b.stamps {
		if s.loose != nil {
			b.sums.average(*s.loose, 0)
		}
	}
	b.full, b.stamps = true, nil
	if o := b.again; o != nil {
		b.count += o.count
		b.first, b.last = min(b.first, o.first), max(b.last, o.last)
		b.told += o.told
		b.spent = addSat(b.spent, o.spent)
		b.sums.add(&o.sums)
		b.again = nil
	}
}

// bucket finds or makes the bucket of a slot.
func (w *window) bucket(slot int64) *bucket {
	i, found := slices.BinarySearchFunc(w.buckets, slot, func(b bucket, s int64) int { return cmp.Compare(b.slot, s) })
	if !found {
		w.buckets = slices.Insert(w.buckets, i, bucket{slot: slot})
	}
	return &w.buckets[i]
}

// slid lets go of the buckets that are too old for a window that ends at newest, and returns the newest slot that is. It remembers
// where they ended: the first sample that is left may need it.
func (w *window) slid(newest int64) int64 {
	last := floorDiv(newest, w.width) - buckets
	n := 0
	for ; n < len(w.buckets) && w.buckets[n].slot <= last; n++ {
		w.gone = max(w.gone, w.buckets[n].last)
	}
	w.buckets = slices.Delete(w.buckets, 0, n)
	return last
}

// count1 counts one sample.
func (b *bucket) count1(s CPUSample, end int64, digest fingerprint) {
	start := end - int64(s.Period)
	if b.count == 0 {
		b.first, b.last = start, end
	}
	b.count++
	b.first, b.last = min(b.first, start), max(b.last, end)
	b.sums.count(s, end)
	at := stamp{end: end, period: s.Period, print: digest}
	switch {
	case s.Period > 0:
		b.told++
		b.spent = addSat(b.spent, s.Period.Microseconds())
		b.sums.average(averagesOf(s), s.Period.Microseconds())
	case b.full:
		b.sums.average(averagesOf(s), 0)
	default:
		at.loose = new(averagesOf(s))
	}
	if !b.full {
		b.stamps = append(b.stamps, at)
	}
}

// floorDiv rounds towards the past, before 1970 too.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// addSat adds two numbers that are not negative and stops at the largest int64: sums of absurd figures stay absurd, and never wrap
// into something plausible. Like addition it does not depend on order.
func addSat(a, b int64) int64 {
	if c := a + b; c >= 0 {
		return c
	}
	return 1<<63 - 1
}
