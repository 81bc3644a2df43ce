package gossip

import (
	"slices"
	"time"
)

const (
	// buckets is the largest number of buckets of a window: the cost of a subject does not grow with the number of its
	// samples.
	buckets = 60
	// maxListed is how many samples of one bucket are remembered one by one (four a second with the default window). Above
	// it the bucket keeps only their sums, so that a repeated record looks like a second one.
	maxListed = 64
)

// sums are kept of the samples of one kind: integers and largest values, so that neither order nor grouping matters.
type sums[S any] interface {
	// merge adds other sums to these and may change what these point to. The others stay as they are.
	merge(S) S
	// completeUntimed returns the complete sums of a folded bucket, once it is known how many microseconds its samples
	// without a period were long together. untimed is the number of these samples. It changes nothing that the sums point
	// to.
	completeUntimed(usec, untimed int64) S
	// cloneSums returns the same sums, which point to nothing that these point to.
	cloneSums() S
	// emptySums returns no sums, in the memory that these point to.
	emptySums() S
}

// window folds samples into at most 60 buckets of event time. It ends at its newest sample.
type window[S sums[S]] struct {
	width   int64 // of a bucket, nanoseconds
	buckets []*bucket[S]
	// No bucket has a slot before firstSlot, and the last bucket has lastSlot. They save a look at buckets that are seldom
	// in the CPU's cache.
	firstSlot, lastSlot int64
	lastExpired         int64      // newest end of the samples that have left, Unix nanoseconds; 0 when none has
	unused              *bucket[S] // has left the window and is used again
	overflowSize        int64      // of all buckets, estimated bytes
	past                *past[S]   // what has left; nil if past windows do not count
}

// bucketWidth divides by 59, not 60: the newest bucket has only begun, and nothing younger than the window may be lost.
func bucketWidth(length time.Duration) int64 {
	return max(1, (int64(length)+buckets-2)/(buckets-1))
}

// outcome is what happened to a record.
type outcome int

const (
	counted outcome = iota
	repeated
	tooLate
)

// add counts a sample, unless the window that ends at newest begins after it, or it is there already. isExact reports
// whether the total of the window has changed by the sums of the entry and by nothing else.
func (w *window[S]) add(e *entry[S], newest int64) (got outcome, isExact bool) {
	slot := floorDiv(e.end, w.width)
	if w.expire(newest) >= slot {
		return tooLate, false
	}
	b := w.bucketAt(slot)
	before := b.overflowSize()
	known := b.singleSamples()
	switch {
	case slices.ContainsFunc(known, func(t stamp) bool { return t.digest == e.digest }):
		b.addDuplicate(e)
		got = repeated
	case len(known) == maxListed:
		b.foldSamples()
		b.add(e)
	default:
		isExact = e.onceTimed == nil
		b.add(e)
	}
	w.overflowSize += b.overflowSize() - before
	return got, isExact
}

// bucketAt finds or makes the bucket of a slot. Most samples come in order of time, so it begins with the newest.
func (w *window[S]) bucketAt(slot int64) *bucket[S] {
	i := len(w.buckets)
	for i > 0 && slot <= w.lastSlot {
		b := w.buckets[i-1]
		if b.slot == slot {
			return b
		}
		if b.slot < slot {
			break
		}
		i--
	}
	b := w.unused
	if b == nil {
		b = &bucket[S]{slot: slot}
	} else {
		*b, w.unused = bucket[S]{slot: slot}, nil
	}
	if len(w.buckets) == 0 {
		w.firstSlot, w.lastSlot = slot, slot
	}
	w.firstSlot, w.lastSlot = min(w.firstSlot, slot), max(w.lastSlot, slot)
	w.buckets = slices.Insert(w.buckets, i, b)
	return b
}

// expire drops the buckets before the window that ends at newest, and returns the last slot before that window.
func (w *window[S]) expire(newest int64) int64 {
	last := w.slotBefore(newest)
	w.dropUntil(last)
	return last
}

// slotBefore returns the last slot before the window that ends at newest.
func (w *window[S]) slotBefore(newest int64) int64 { return floorDiv(newest, w.width) - buckets }

// bucketsUntil returns the buckets up to a slot.
func (w *window[S]) bucketsUntil(last int64) []*bucket[S] {
	n := 0
	if last >= w.firstSlot {
		for n < len(w.buckets) && w.buckets[n].slot <= last {
			n++
		}
	}
	return w.buckets[:n]
}

// dropUntil drops the buckets up to a slot. It keeps the time of their newest sample, which the first sample that is
// left may reach back to.
func (w *window[S]) dropUntil(last int64) {
	if last < w.firstSlot {
		return
	}
	old := w.bucketsUntil(last)
	w.firstSlot = last + 1
	if w.past != nil {
		w.past.addBuckets(w, old)
	}
	for _, b := range old {
		w.lastExpired = max(w.lastExpired, b.lastEnd())
		w.overflowSize -= b.overflowSize()
		w.unused = b
	}
	if len(old) > 0 {
		w.buckets = slices.Delete(w.buckets, 0, len(old))
	}
}

// isEmpty reports whether no sample is in the window.
func (w *window[S]) isEmpty() bool { return len(w.buckets) == 0 }

// hasUntimed reports whether some sample has no period.
func (w *window[S]) hasUntimed() bool {
	return slices.ContainsFunc(w.buckets, func(b *bucket[S]) bool { return b.countUntimed() > 0 })
}

// startEpoch empties the window: its samples are of an epoch that has ended.
func (w *window[S]) startEpoch(s *stream) {
	w.buckets, w.lastExpired, w.overflowSize = nil, s.newest, 0
	if w.past != nil {
		w.past = newPast[S]()
	}
}

// startLife empties the window and forgets what was before.
func (w *window[S]) startLife(s *stream) {
	w.startEpoch(s)
	w.lastExpired, w.unused = 0, nil
}

// totalSums adds up the window: counters, and the time in microseconds that its samples cover. The time is 0 where no
// length is known.
func (w *window[S]) totalSums() (sum S, usec int64) {
	for _, b := range w.buckets {
		if b.countUntimed() > 0 {
			return w.totalWithUntimed()
		}
		usec = addSat(usec, b.timedUsec)
	}
	// Buckets are seldom in the CPU's cache. A loop that does little, as the one above, fetches many of them at once.
	for _, b := range w.buckets {
		sum = sum.merge(b.sums)
	}
	return sum, usec
}

// totalWithUntimed is totalSums where some samples have no period.
func (w *window[S]) totalWithUntimed() (sum S, total int64) {
	list := newSpanList()
	defer list.releaseSpans()
	w.appendSpans(list)
	list.sort()
	for _, s := range list.spans {
		if s.timed {
			continue
		}
		b := w.buckets[s.bucket]
		usec := (s.end - s.start) / int64(time.Microsecond)
		if !b.isFolded() {
			total = addSat(total, usec)
			sum = b.onceTimedAt(s.sample)(sum, usec)
			continue
		}
		usec = max(0, usec-b.timedUsec)
		total = addSat(total, usec)
		sum = sum.merge(b.sums.completeUntimed(usec, b.overflow.untimed))
	}
	for _, b := range w.buckets {
		total = addSat(total, b.timedUsec)
		if !b.isFolded() || b.overflow.untimed == 0 { // the others are complete since the loop above
			sum = sum.merge(b.sums)
		}
	}
	return sum, total
}
