package gossip

import (
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

// sums are what a window keeps of samples of one kind: integers and largest values, for which neither order nor
// grouping matters.
type sums[S any] interface {
	// plus adds other sums to these, and may change what these point to; the others stay as they are.
	merge(S) S
	// settle completes the sums of a full bucket, of which so many samples did not tell their period, once it is known how many
	// microseconds long they were together. It changes nothing that these point to.
	completeUntimed(usec, untold int64) S
}

// window folds samples into at most 60 buckets of event time. It ends at its newest sample.
type window[S sums[S]] struct {
	width       int64 // of a bucket, nanoseconds
	buckets     []*bucket[S]
	firstSlot   int64      // no bucket is of a slot before this one …
	lastSlot    int64      // … and the last is of this one. Buckets that are not needed are not touched: they are seldom in a cache
	lastExpired int64      // newest end that has left the window, Unix nanoseconds; 0 when none has
	spare       *bucket[S] // has left the window, and is used again
	fills       int        // how often a bucket was filled: that may add more than the sample at hand
}

// bucketWidth divides by 59, not 60: the newest bucket is only begun, and nothing younger than the window may be lost.
func bucketWidth(length time.Duration) int64 {
	return max(1, (int64(length)+buckets-2)/(buckets-1))
}

// outcome is what became of a record.
type outcome int

const (
	counted outcome = iota
	repeated
	tooLate
)

// add counts a sample, unless it is older than the window that ends at newest, or is there already.
func (w *window[S]) add(e *entry[S], newest int64) outcome {
	slot := floorDiv(e.end, w.width)
	if w.expire(newest) >= slot {
		return tooLate
	}
	b := w.bucketAt(slot)
	if slices.ContainsFunc(b.singleSamples(), func(t stamp) bool { return t.digest == e.digest }) {
		r := b.ensureOverflow()
		if r.duplicates == nil {
			r.duplicates = &bucket[S]{overflow: &overflow[S]{folded: true}}
		}
		r.duplicates.add(e)
		return repeated
	}
	if len(b.singleSamples()) == maxStamps {
		b.foldSamples()
		w.fills++
	}
	b.add(e)
	return counted
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
	b := w.spare
	if b == nil {
		b = &bucket[S]{slot: slot}
	} else {
		*b, w.spare = bucket[S]{slot: slot}, nil
	}
	if len(w.buckets) == 0 {
		w.firstSlot, w.lastSlot = slot, slot
	}
	w.firstSlot, w.lastSlot = min(w.firstSlot, slot), max(w.lastSlot, slot)
	w.buckets = slices.Insert(w.buckets, i, b)
	return b
}

// expire lets go of the buckets that are too old for a window that ends at newest, and returns the newest slot that is.
func (w *window[S]) expire(newest int64) int64 { return w.expireBuckets(newest, nil) }

// expireBuckets is slid; each bucket is shown to leaves, if there is one. Where they ended is remembered: the first
// sample that is left may need it.
func (w *window[S]) expireBuckets(newest int64, leaves func(*bucket[S])) int64 {
	last := floorDiv(newest, w.width) - buckets
	if last < w.firstSlot {
		return last
	}
	w.firstSlot = last + 1
	n := 0
	for ; n < len(w.buckets) && w.buckets[n].slot <= last; n++ {
		b := w.buckets[n]
		w.lastExpired = max(w.lastExpired, b.lastEnd())
		if leaves != nil {
			leaves(b)
		}
		w.spare = b
	}
	if n > 0 {
		w.buckets = slices.Delete(w.buckets, 0, n)
	}
	return last
}

// isEmpty says whether no sample is in the window.
func (w *window[S]) isEmpty() bool { return len(w.buckets) == 0 }

// hasUntimed says whether some sample did not tell its period.
func (w *window[S]) hasUntimed() bool {
	return slices.ContainsFunc(w.buckets, func(b *bucket[S]) bool { return b.countUntimed() > 0 })
}

// startEpoch empties the window: its samples are of an epoch that has ended.
func (w *window[S]) startEpoch(s *stream) { w.buckets, w.lastExpired = nil, s.newest }
