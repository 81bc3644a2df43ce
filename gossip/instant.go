package gossip

import (
	"cmp"
	"slices"
)

// maxPending is how many records of one instant are put in order before they are applied. Further ones are applied as
// they arrive. Sums do not depend on the order; only which of several containers of one instant is the newest may.
const maxPending = 32

// instant is the records of a subject's newest instant that may begin a new pod, container or limit. They wait until
// time moves on or a finding is made, and are then applied together, in an order that does not depend on arrival.
type instant struct{ pending []record }

// add adds a copy of a record, and reports whether there are now as many as can wait.
func (i *instant) add(r *record) (full bool) {
	r.detach()
	i.pending = append(i.pending, *r)
	return len(i.pending) >= maxPending
}

// drainSorted applies the records and leaves none: first those that continue the epoch, then those that start a new
// one, each group by UID, container and digest.
func (i *instant) drainSorted(startsEpoch func(*record) bool, apply func(*record)) {
	if len(i.pending) > 1 {
		for k := range i.pending {
			if r := &i.pending[k]; startsEpoch(r) {
				r.group = 1
			}
		}
		slices.SortFunc(i.pending, func(x, y record) int {
			return cmp.Or(
				cmp.Compare(x.group, y.group),
				cmp.Compare(x.uid, y.uid),
				cmp.Compare(x.container, y.container),
				cmp.Compare(x.digest, y.digest),
			)
		})
	}
	for k := range i.pending {
		apply(&i.pending[k])
	}
	clear(i.pending)
	i.pending = i.pending[:0]
}
