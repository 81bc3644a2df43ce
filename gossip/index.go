package gossip

import "iter"

// subjectIndex holds the state of each subject. It finds a subject in two ways: by the order in which senders go
// through their subjects, and by a map. Which subject is evicted when there are too many is up to the holdings.
type subjectIndex struct {
	entries  map[Subject]*indexEntry
	last     *indexEntry // was found or added last
	holdings holdings
	limit    int   // number of subjects above which evictExcess removes some
	maxBytes int64 // estimated bytes above which it removes some; 0 is no bound, and the sizes are not kept up to date
}

// indexEntry is the place of one subject. The fields that every record needs are side by side at its beginning.
type indexEntry struct {
	next    *indexEntry // followed this one the last time
	removed bool        // is still in an eviction queue, or the next of another entry
	seen    int64       // its rank: the newest time of its records, or of the clock if that was earlier; Unix nanoseconds
	state
	share *share // holds it
	size  int64  // as the share counts it, estimated bytes
}

// maxSkipped is how many subjects may be missing from their usual order before the map is asked.
const maxSkipped = 3

func newSubjectIndex(limit int, maxBytes int64) subjectIndex {
	return subjectIndex{entries: make(map[Subject]*indexEntry), limit: limit, maxBytes: maxBytes}
}

// getInOrder returns the entry of a subject, or nil if there is none. Senders go through their subjects in the same
// order again and again, so it looks first at the subjects that followed the last one before.
func (x *subjectIndex) getInOrder(about Subject) *indexEntry {
	if e := x.last; e != nil {
		for range 1 + maxSkipped {
			if e = e.next; e == nil {
				break
			}
			if e.about.Pod == about.Pod && e.about == about && !e.removed {
				x.last = e
				return e
			}
		}
	}
	e, ok := x.entries[about]
	if !ok {
		return nil
	}
	x.setLast(e)
	return e
}

// get returns the state of a subject, or nil if there is none. It leaves the order of subjects alone.
func (x *subjectIndex) get(about Subject) *state {
	if e, ok := x.entries[about]; ok {
		return &e.state
	}
	return nil
}

// add returns the entry of a new subject, which has no state yet. seen is its rank.
func (x *subjectIndex) add(about Subject, o owner, seen int64) *indexEntry {
	if x.maxBytes > 0 {
		about = about.cloneTexts() // a decoder may have cut them out of a longer text
	}
	e := &indexEntry{state: state{about: about, newest: noRecord}, seen: seen}
	e.size = e.estimateSize()
	x.entries[about] = e
	x.setLast(e)
	x.holdings.add(e, o)
	return e
}

// resizeEntry notes how large a subject is after a record.
func (x *subjectIndex) resizeEntry(e *indexEntry) {
	if x.maxBytes > 0 {
		x.holdings.resizeEntry(e, e.estimateSize())
	}
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
	x.holdings.remove(e)
	x.clear(e)
}

// clear removes an entry from the map. A queue and the entry before may point to it for long, so it keeps only its
// name.
func (x *subjectIndex) clear(e *indexEntry) {
	delete(x.entries, e.about)
	*e = indexEntry{removed: true, state: state{about: e.about}}
	if x.last == e {
		x.last = nil
	}
}

// isFull reports whether there are too many subjects, or too large ones.
func (x *subjectIndex) isFull() bool {
	return len(x.entries) > x.limit || x.maxBytes > 0 && x.holdings.totalBytes() > x.maxBytes
}

// evictExcess removes subjects until there are no more than the limits allow. It calls evicted with each of them.
func (x *subjectIndex) evictExcess(evicted func(about Subject, podExists bool)) {
	for x.isFull() && len(x.entries) > 0 {
		e := x.holdings.takeNext()
		about, podExists := e.about, e.share.of.podExists
		x.clear(e)
		evicted(about, podExists)
	}
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
