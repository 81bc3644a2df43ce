package gossip

import (
	"cmp"
	"container/heap"
	"iter"
	"slices"
)

// subjectIndex holds the state of each subject. It finds a subject in three ways: by the order in which senders go
// through their subjects, by a map, and by age when there are too many.
type subjectIndex struct {
	entries map[Subject]*indexEntry
	last    *indexEntry   // was found or added last
	oldest  evictionQueue // the entries and some that were removed
	limit   int           // number of subjects above which evictOldest removes some
}

// indexEntry is the place of one subject. The fields that every record needs are side by side at its beginning.
type indexEntry struct {
	next    *indexEntry // followed this one the last time
	removed bool        // is still in the eviction queue, or the next of another entry
	state
	rank int64 // newest, as the eviction queue last saw it
}

// maxSkipped is how many subjects may be missing from their usual order before the map is asked.
const maxSkipped = 3

func newSubjectIndex(limit int) subjectIndex {
	return subjectIndex{entries: make(map[Subject]*indexEntry), limit: limit}
}

// getInOrder returns the state of a subject, or nil if there is none. Senders go through their subjects in the same
// order again and again, so it looks first at the subjects that followed the last one before.
func (x *subjectIndex) getInOrder(about Subject) *state {
	if e := x.last; e != nil {
		for range 1 + maxSkipped {
			if e = e.next; e == nil {
				break
			}
			if e.about.Pod == about.Pod && e.about == about && !e.removed {
				x.last = e
				return &e.state
			}
		}
	}
	e, ok := x.entries[about]
	if !ok {
		return nil
	}
	x.setLast(e)
	return &e.state
}

// get returns the state of a subject, or nil if there is none. It leaves the order of subjects alone.
func (x *subjectIndex) get(about Subject) *state {
	if e, ok := x.entries[about]; ok {
		return &e.state
	}
	return nil
}

// add returns the empty state of a new subject. newest is the time of its first record.
func (x *subjectIndex) add(about Subject, newest int64) *state {
	e := &indexEntry{state: state{about: about, newest: noRecord}, rank: newest}
	x.entries[about] = e
	x.setLast(e)
	heap.Push(&x.oldest, e)
	return &e.state
}

// setLast notes that a subject has followed the one before.
func (x *subjectIndex) setLast(e *indexEntry) {
	if x.last != nil {
		x.last.next = e
	}
	x.last = e
}

// remove removes a subject, if it is there.
func (x *subjectIndex) remove(about Subject) {
	e, ok := x.entries[about]
	if !ok {
		return
	}
	x.clear(e)
	if len(x.oldest) > 2*len(x.entries)+64 {
		x.oldest = slices.DeleteFunc(x.oldest, func(e *indexEntry) bool { return e.removed })
		heap.Init(&x.oldest)
	}
}

// clear removes an entry from the map. The queue and the entry before may point to it for long, so it keeps only its
// rank.
func (x *subjectIndex) clear(e *indexEntry) {
	delete(x.entries, e.about)
	*e = indexEntry{removed: true, state: state{about: e.about, newest: e.newest}, rank: e.rank}
	if x.last == e {
		x.last = nil
	}
}

// evictOldest removes the subjects with the oldest event until there are no more than the limit, and returns how many
// it removed. Of equally old subjects the first in the order of subjects is removed.
func (x *subjectIndex) evictOldest() (evicted int64) {
	for len(x.entries) > x.limit {
		e := x.oldest[0]
		switch {
		case e.removed:
			heap.Pop(&x.oldest)
		case e.rank != e.newest: // has had records since it was ranked
			e.rank = e.newest
			heap.Fix(&x.oldest, 0)
		default:
			heap.Pop(&x.oldest)
			x.clear(e)
			evicted++
		}
	}
	return evicted
}

func (x *subjectIndex) len() int { return len(x.entries) }

// all yields the subjects in no order. They may be removed meanwhile.
func (x *subjectIndex) all() iter.Seq2[Subject, *state] {
	return func(yield func(Subject, *state) bool) {
		for about, e := range x.entries {
			if !yield(about, &e.state) {
				return
			}
		}
	}
}

// evictionQueue is a heap with the oldest subject first. A subject that has had records since it was ranked is ranked
// again only when it comes to the top, so that Observe does not pay for it.
type evictionQueue []*indexEntry

func (q evictionQueue) Len() int      { return len(q) }
func (q evictionQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q evictionQueue) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(q[i].rank, q[j].rank), q[i].about.Compare(q[j].about)) < 0
}

// Push implements heap.Interface.
func (q *evictionQueue) Push(x any) { *q = append(*q, x.(*indexEntry)) }

// Pop implements heap.Interface.
func (q *evictionQueue) Pop() any {
	old := *q
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return last
}
