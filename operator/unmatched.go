package operator

import (
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// maxUnmatched is the number of events that wait for their pod.
const maxUnmatched = 4096

// unmatchedEvents are events with the UID of a pod that the cache does not have: the pod has not come yet, it is gone,
// or it belongs to another cluster. They wait for it here and not in the analyzer, where a record with a new UID
// replaces what is known of the pod: otherwise any sender could make the verdicts on an existing pod go away. When
// there are too many, the oldest are dropped.
type unmatchedEvents struct {
	mu      sync.Mutex
	waiting []gossip.Event
}

// add lets events wait.
func (u *unmatchedEvents) add(events []gossip.Event) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.waiting = append(u.waiting, events...)
	if more := len(u.waiting) - maxUnmatched; more > 0 {
		// A quarter more than needed, because each Delete moves all others.
		u.waiting = slices.Delete(u.waiting, 0, min(len(u.waiting), more+maxUnmatched/4))
	}
}

// removeFor removes the events that wait for a pod and returns them in the order in which they came.
func (u *unmatchedEvents) removeFor(pod *corev1.Pod) []gossip.Event {
	u.mu.Lock()
	defer u.mu.Unlock()
	var out []gossip.Event
	u.waiting = slices.DeleteFunc(u.waiting, func(e gossip.Event) bool {
		from := e.From()
		matches := from.PodUID == string(pod.UID) && from.Pod == pod.Name && from.Namespace == pod.Namespace
		if matches {
			out = append(out, e)
		}
		return matches
	})
	return out
}
