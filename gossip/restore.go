package gossip

import (
	"container/heap"
	"time"
)

// Restore gives back to a subject what outlives its window, as an earlier process had it: the history, and the severity
// that stood. It is for programs that keep findings somewhere and start again. A subject that is known already stays as
// it is: records say more.
//
// A restored subject has no finding until its first record. From then on its verdict may be Unknown only because the
// window is still short; for the length of one window that is no transition ([History.Restored]): the verdict before
// stands.
func (a *Analyzer) Restore(about Subject, uid string, h History, stood Severity) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, known := a.subjects[about]; known {
		return
	}
	s := newState(about)
	s.uid, s.history, s.settled, s.restored = uid, h, conditionOf(stood), true
	s.ranked = s.newest
	a.subjects[about] = s
	heap.Push(&a.oldest, s)
	a.evictOldest()
}

// keepsRestored says whether the verdict from before the restart still stands while nothing is known yet.
func (s *state) keepsRestored(at int64, window time.Duration) bool {
	return s.restored && s.settled != notKnown && at-s.since < int64(window)
}
