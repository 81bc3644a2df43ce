package operator

import (
	"sync"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// ledger remembers when records about a subject last came, and which subjects have records that no write has taken into account yet:
// those that a stop must not lose, and whose number is bounded.
type ledger struct {
	max     int           // of waiting subjects
	keep    time.Duration // how long an arrival is worth remembering
	mu      sync.Mutex
	entries map[gossip.Subject]arrival
	waiting int
	since   time.Time // arrivals that are not remembered were before or at this time
}

// arrival is what is known of a subject's records. count tells whether more came while it was looked at.
type arrival struct {
	at      time.Time
	count   uint64
	waiting bool
}

func newLedger(limit int, keep time.Duration) *ledger {
	return &ledger{max: limit, keep: keep, entries: make(map[gossip.Subject]arrival), since: time.Now()}
}

// begin sets the time before which nothing could arrive.
func (l *ledger) begin(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.since = now
}

// room says whether the subjects may all be waiting.
func (l *ledger) room(subjects []gossip.Subject) bool {
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

// arrived notes records about subjects, and returns those that were not waiting before: the others are queued already, or looked at
// right now. It comes after the records were observed: whoever settles an arrival has seen its records.
func (l *ledger) arrived(subjects []gossip.Subject, now time.Time) []gossip.Subject {
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

// look returns what is known of a subject now.
func (l *ledger) look(about gossip.Subject) arrival {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, ok := l.entries[about]; ok {
		return e
	}
	return arrival{at: l.since}
}

// settle says that all records up to seen have been taken into account. False: more have come since.
func (l *ledger) settle(about gossip.Subject, seen arrival, now time.Time) bool {
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
	if now.Sub(e.at) >= l.keep {
		delete(l.entries, about)
	}
	return true
}

// forget lets go of a subject, whatever is waiting.
func (l *ledger) forget(about gossip.Subject) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.entries[about].waiting {
		l.waiting--
	}
	delete(l.entries, about)
}

// backlog is how many subjects are waiting.
func (l *ledger) backlog() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.waiting
}

// unwritten lists the subjects that are waiting.
func (l *ledger) unwritten() []gossip.Subject {
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
