package tokenreview

import (
	"net/netip"
	"sync"
)

// maxReviews is the number of requests of one address that are reviewed at a time. Each may wait for the API server,
// and strangers must not make all others wait, here and there.
const maxReviews = 32

// turns counts the requests that are being reviewed.
type turns struct {
	mu sync.Mutex
	of map[netip.Prefix]int // by the address that they come from
}

// takeTurn reports whether one more request of an address may be reviewed. Each one that may ends with endTurn.
func (t *turns) takeTurn(from netip.Prefix) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.of[from] >= maxReviews {
		return false
	}
	t.of[from]++
	return true
}

func (t *turns) endTurn(from netip.Prefix) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.of[from]--; t.of[from] == 0 {
		delete(t.of, from)
	}
}
