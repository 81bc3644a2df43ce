package operator

import (
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// maxRepeats is how many rows of a script are remembered. A run shows at most a tenth of that of a table.
const maxRepeats = 100_000

// repeats remembers the rows of a script that were taken: runs overlap, and what two of them show counts once. The analysis knows
// identical records itself; but a later run may say a row a little differently, when what it sums up came to Pixie later than the script
// waits for. The zero value remembers nothing yet.
type repeats struct {
	seen   map[identity]struct{}
	newest time.Time
}

// identity is what makes a row another: whom it is about, and when. One window has two rows when the limit changed in it.
type identity struct {
	about            gossip.Subject
	uid, containerID string
	at               int64 // Unix nanoseconds
	apart            float64
}

func identify(e gossip.Event) identity {
	from := e.From()
	id := identity{about: e.Subject(), uid: from.PodUID, containerID: from.ContainerID, at: from.Time.UnixNano()}
	switch e := e.(type) {
	case gossip.CPUSample:
		id.apart = e.LimitCores.Value
	case gossip.MemorySample:
		id.apart = float64(e.LimitBytes.Value)
	case gossip.OOMKill:
		id.apart = float64(e.VictimPID.Value)
	case gossip.NetworkSample, gossip.PodCreation:
	}
	return id
}

func (r *repeats) has(e gossip.Event) bool {
	_, ok := r.seen[identify(e)]
	return ok
}

// add remembers a row.
func (r *repeats) add(e gossip.Event) {
	if at := e.From().Time; at.After(r.newest) {
		r.newest = at
	}
	if r.seen == nil {
		r.seen = map[identity]struct{}{}
	}
	if len(r.seen) < maxRepeats {
		r.seen[identify(e)] = struct{}{}
	}
}

// prune forgets the rows that are so much older than the newest that no run looks back to them. A newest that is ahead of this clock counts
// as now: the clock of one node must not make all others' rows forgotten.
func (r *repeats) prune(now time.Time, back time.Duration) {
	newest := r.newest
	if newest.After(now) {
		newest = now
	}
	oldest := newest.Add(-back).UnixNano()
	for id := range r.seen {
		if id.at < oldest {
			delete(r.seen, id)
		}
	}
}
