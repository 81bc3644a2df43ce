package gossip

import (
	"cmp"
	"container/heap"
	"slices"
)

// maxSkipped is how many subjects may be left out of their usual order before a subject is looked up.
const maxSkipped = 3

// findState finds what is kept of a subject. Senders go through their subjects in one order again and again, so it is mostly behind the one
// that was observed last.
func (a *Analyzer) findState(about Subject) (*state, bool) {
	if s := a.last; s != nil {
		for range 1 + maxSkipped {
			if s = s.next; s == nil {
				break
			}
			if s.about.Pod == about.Pod && s.about == about && !s.gone {
				a.last = s
				return s, true
			}
		}
	}
	s, ok := a.subjects[about]
	if ok {
		a.linkSuccessor(s)
	}
	return s, ok
}

// linkSuccessor notes that the subject has followed the one that was observed last.
func (a *Analyzer) linkSuccessor(s *state) {
	if a.last != nil {
		a.last.next = s
	}
	a.last = s
}

// evictOldest lets the subjects with the oldest event go until there are no more than MaxSubjects; ties go by the order
// of subjects.
func (a *Analyzer) evictOldest() {
	for len(a.subjects) > a.maxSubjects {
		s := a.oldest[0]
		switch {
		case s.gone:
			heap.Pop(&a.oldest)
		case s.ranked != s.newest: // has had events since it was ranked
			s.ranked = s.newest
			heap.Fix(&a.oldest, 0)
		default:
			heap.Pop(&a.oldest)
			a.removeState(s)
			a.stats.Evicted++
		}
	}
}

func (a *Analyzer) dropState(s *state) {
	a.removeState(s)
	if len(a.oldest) > 2*len(a.subjects)+64 {
		a.oldest = slices.DeleteFunc(a.oldest, func(s *state) bool { return s.gone })
		heap.Init(&a.oldest)
	}
}

// removeState forgets a subject. The one before it may point to it for long, so nothing of it is kept, and it points to
// none.
func (a *Analyzer) removeState(s *state) {
	delete(a.subjects, s.about)
	*s = state{about: s.about, gone: true, ranked: s.ranked, newest: s.newest}
	if a.last == s {
		a.last = nil
	}
}

// evictionQueue is a heap: the subject with the oldest event first. A subject that has had events since it was ranked is ranked
// again only when it comes to the top, so that Observe does not pay for it.
type evictionQueue []*state

func (q evictionQueue) Len() int      { return len(q) }
func (q evictionQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q evictionQueue) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(q[i].ranked, q[j].ranked), q[i].about.Compare(q[j].about)) < 0
}

// Push is for container/heap.
func (q *evictionQueue) Push(x any) { *q = append(*q, x.(*state)) }

// Pop is for container/heap.
func (q *evictionQueue) Pop() any {
	old := *q
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return last
}
