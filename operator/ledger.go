package operator

import (
	"sync"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// ledger remembers when records about a subject last came, and which subjects are waiting: those with records that no
// write has taken into account yet. A stop must not lose them, and their number is bounded. A subject that is not
// waiting is remembered only if it has an object that ages.
type ledger struct {
	max       int           // of waiting subjects
	retention time.Duration // of arrivals
	mu        sync.Mutex
	entries   map[gossip.WorkloadSubject]arrival
	count     uint64 // of all arrivals
	waiting   int
	busy      int       // subjects that are waiting, or about to
	startedAt time.Time // an arrival without an entry was at this time or before
}

// arrival is what is known of a subject's records. Its count shows whether more came while the subject was reconciled:
// no two arrivals have the same one.
type arrival struct {
	at       time.Time
	count    uint64
	waiting  bool
	reserved int  // places, for records that are about to come
	evicted  bool // the analyzer has forgotten the subject since an object was last written
}

func (e *arrival) isBusy() bool { return e.waiting || e.reserved > 0 }

func newLedger(limit int, retention time.Duration) *ledger {
	return &ledger{
		max: limit, retention: retention, entries: make(map[gossip.WorkloadSubject]arrival), startedAt: time.Now(),
	}
}

// setStart sets the time before which no record could arrive.
func (l *ledger) setStart(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.startedAt = now
}

// changeEntry changes the entry of a subject, and removes it if nothing is known any more.
func (l *ledger) changeEntry(about gossip.WorkloadSubject, how func(*arrival)) {
	e := l.entries[about]
	before := e
	how(&e)
	count := func(n *int, was, is bool) {
		switch {
		case is && !was:
			*n++
		case was && !is:
			*n--
		}
	}
	count(&l.waiting, before.waiting, e.waiting)
	count(&l.busy, before.isBusy(), e.isBusy())
	if e == (arrival{}) {
		delete(l.entries, about)
		return
	}
	l.entries[about] = e
}

// reservePlaces reserves a place for each of the subjects, or none and reports false: they may all be waiting, then.
// Either addArrivals or releasePlaces has to follow.
func (l *ledger) reservePlaces(subjects []gossip.WorkloadSubject) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	more := 0
	for _, about := range subjects {
		if e := l.entries[about]; !e.isBusy() {
			more++
		}
	}
	if more > 0 && l.busy+more > l.max {
		return false
	}
	for _, about := range subjects {
		l.changeEntry(about, func(e *arrival) { e.reserved++ })
	}
	return true
}

// addArrivals notes that records about subjects came, and returns the subjects that were not waiting before: the others
// are in the queue already, or are being reconciled. It is called after the analyzer observed the records: a reconciler
// that reads an arrival then reads a finding with its records. It takes the reserved places, if there are some.
func (l *ledger) addArrivals(subjects []gossip.WorkloadSubject, now time.Time) []gossip.WorkloadSubject {
	l.mu.Lock()
	defer l.mu.Unlock()
	var fresh []gossip.WorkloadSubject
	for _, about := range subjects {
		l.changeEntry(about, func(e *arrival) {
			if !e.waiting {
				fresh = append(fresh, about)
			}
			l.count++
			e.at, e.count, e.waiting, e.reserved = now, l.count, true, max(0, e.reserved-1)
		})
	}
	return fresh
}

// markEvicted notes that the analyzer has forgotten a subject. Its object has to say so.
func (l *ledger) markEvicted(about gossip.WorkloadSubject) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changeEntry(about, func(e *arrival) {
		if e.at.IsZero() {
			e.at = l.startedAt
		}
		l.count++
		e.evicted, e.count = true, l.count
	})
}

// arrivalOf returns when records about a subject last came, and how many did.
func (l *ledger) arrivalOf(about gossip.WorkloadSubject) arrival {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, ok := l.entries[about]; ok && !e.at.IsZero() {
		return e
	}
	return arrival{at: l.startedAt}
}

// markWritten notes that all records up to seen are taken into account. It reports false if more have come since and
// are waiting. The arrival is forgotten if the subject has no object that ages, or if it was long ago.
func (l *ledger) markWritten(about gossip.WorkloadSubject, seen arrival, ages bool, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.entries[about]
	switch {
	case !ok || e.at.IsZero():
		return true
	case e.count != seen.count:
		return !e.waiting
	}
	l.changeEntry(about, func(e *arrival) {
		e.waiting, e.evicted = false, false
		if !ages || now.Sub(e.at) >= l.retention {
			e.at, e.count = time.Time{}, 0
		}
	})
	return true
}

// forgetSubject removes a subject, even if it is waiting.
func (l *ledger) forgetSubject(about gossip.WorkloadSubject) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changeEntry(about, func(e *arrival) { *e = arrival{reserved: e.reserved} })
}

// waitingCount returns the number of waiting subjects.
func (l *ledger) waitingCount() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.waiting
}

// waitingSubjects returns the waiting subjects.
func (l *ledger) waitingSubjects() []gossip.WorkloadSubject {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []gossip.WorkloadSubject
	for about, e := range l.entries {
		if e.waiting {
			out = append(out, about)
		}
	}
	return out
}
