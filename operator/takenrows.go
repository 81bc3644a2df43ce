package operator

import (
	"hash/maphash"
	"maps"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// maxTakenRows is the number of rows of a script that are remembered. A run shows at most a tenth of it of a table.
const maxTakenRows = 100_000

// takenRows remembers the rows of a script that were taken: runs overlap, and a row that two of them show counts once.
// The analyzer drops identical records itself; but a later run may show a row a little differently, if data came to
// Pixie later than the script waits for it. The zero value remembers nothing yet.
type takenRows struct {
	seen   map[uint64]int64 // time of a row by the digest of its identity, Unix nanoseconds
	seed   maphash.Seed
	newest time.Time
}

// rowIdentity distinguishes rows: by subject, time, and what separates two rows of the same subject and time, such as
// the limits before and after a change within one window.
type rowIdentity struct {
	about            gossip.Subject
	uid, containerID string
	at               int64 // Unix nanoseconds
	variant          float64
}

// digestOf returns the digest of an identity. It takes a tenth of the memory, and two of 100,000 rows have the same one
// once in a billion runs.
func (r *takenRows) digestOf(e gossip.Event) uint64 {
	from := e.From()
	id := rowIdentity{about: e.Subject(), uid: from.PodUID, containerID: from.ContainerID, at: from.Time.UnixNano()}
	switch e := e.(type) {
	case gossip.CPUSample:
		id.variant = e.LimitCores.Value
	case gossip.MemorySample:
		id.variant = float64(e.LimitBytes.Value)
	case gossip.OOMKill:
		id.variant = float64(e.VictimPID.Value)
	case gossip.NetworkSample, gossip.PodCreation:
	}
	return maphash.Comparable(r.seed, id)
}

func (r *takenRows) hasRow(e gossip.Event) bool {
	if r.seen == nil {
		return false
	}
	_, ok := r.seen[r.digestOf(e)]
	return ok
}

// add remembers a row.
func (r *takenRows) add(e gossip.Event) {
	at := e.From().Time
	if at.After(r.newest) {
		r.newest = at
	}
	if r.seen == nil {
		r.seen, r.seed = map[uint64]int64{}, maphash.MakeSeed()
	}
	if len(r.seen) < maxTakenRows {
		r.seen[r.digestOf(e)] = at.UnixNano()
	}
}

// forgetOld forgets the rows that are older than the newest one by more than back, to which no run looks back any more.
// If the newest row is ahead of this clock, now takes its place: the clock of one node must not make the rows of all
// others forgotten.
func (r *takenRows) forgetOld(now time.Time, back time.Duration) {
	newest := r.newest
	if newest.After(now) {
		newest = now
	}
	oldest := newest.Add(-back).UnixNano()
	maps.DeleteFunc(r.seen, func(_ uint64, at int64) bool { return at < oldest })
}
