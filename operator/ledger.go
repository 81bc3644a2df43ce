package operator

import (
	"sync"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// ledger remembers when records about a subject last came, and which subjects are waiting: those with records that no
// write has taken into account yet. A stop must not lose them, and their number is bounded.
type ledger struct {
	max       int           // of waiting subjects
	retention time.Duration // of arrivals
	mu        sync.Mutex
	entries   map[gossip.Subject]arrival
	waiting   int
	startedAt time.Time // an arrival without an entry was at this time or before
}

// arrival is what is known of a subject's records. Its count shows whether more came while the subject was reconciled.
type arrival struct {
	at      time.Time
	count   uint64
	waiting bool
}

func newLedger(limit int, retention time.Duration) *ledger {
	return &ledger{max: limit, retention: retention, entries: make(map[gossip.Subject]arrival), startedAt: time.Now()}
}

// setStart sets the time before which no record could arrive.
func (l *ledger) setStart(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.startedAt = now
}

// hasRoom reports whether the subjects may all be waiting.
func (l *ledger) hasRoom(subjects []gossip.Subject) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	more := 0
	for _, about := range subjects {
		if !l.entries[about].waiting {
			more++
		}
	}
	return more == 0 || l.waiting+more <= l.max
}

// addArrivals notes that records about subjects came, and returns the subjects that were not waiting before: the others
// are in the queue already, or are being reconciled. It is called after the analyzer observed the records: a reconciler
// that reads an arrival then reads a finding with its records.
func (l *ledger) addArrivals(subjects []gossip.Subject, now time.Time) []gossip.Subject {
	l.mu.Lock()
	defer l.mu.Unlock()
	var fresh []gossip.Subject
	for _, about := range subjects {
		e := l.entries[about]
		if !e.waiting {
			l.waiting++
			fresh = append(fresh, about)
		}
		l.entries[about] = arrival{at: now, count: e.count + 1, waiting: true}
	}
	return fresh
}

// arrivalOf returns when records about a subject last came, and how many did.
func (l *ledger) arrivalOf(about gossip.Subject) arrival {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, ok := l.entries[about]; ok {
		return e
	}
	return arrival{at: l.startedAt}
}

// markWritten notes that all records up to seen are taken into account. It reports false if more have come since and
// are waiting.
func (l *ledger) markWritten(about gossip.Subject, seen arrival, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.entries[about]
	switch {
	case !ok:
		return true
	case e.count != seen.count:
		return !e.waiting
	case e.waiting:
		e.waiting = false
		l.waiting--
		l.entries[about] = e
	}
	if now.Sub(e.at) >= l.retention {
		delete(l.entries, about)
	}
	return true
}

// forgetSubject removes a subject, even if it is waiting.
func (l *ledger) forgetSubject(about gossip.Subject) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.entries[about].waiting {
		l.waiting--
	}
	delete(l.entries, about)
}

// waitingCount returns the number of waiting subjects.
func (l *ledger) waitingCount() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.waiting
}

// waitingSubjects returns the waiting subjects.
func (l *ledger) waitingSubjects() []gossip.Subject {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []gossip.Subject
	for about, e := range l.entries {
		if e.waiting {
			out = append(out, about)
		}
	}
	return out
}
