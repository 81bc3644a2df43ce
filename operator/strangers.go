package operator

import (
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// maxStrangers is how many records wait for their pod.
const maxStrangers = 4096

// strangers are records with the UID of a pod that the cache does not have: it has not come yet, it is gone, or it is
// another cluster's. They wait for it here and not in the analyzer, where a record with a new UID replaces what is
// known of the pod: otherwise any sender could make the verdicts on a pod that exists go away. When there are too many,
// the oldest are dropped.
type strangers struct {
	mu      sync.Mutex
	waiting []gossip.Event
}

// add lets records wait.
func (s *strangers) add(events []gossip.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = append(s.waiting, events...)
	if more := len(s.waiting) - maxStrangers; more > 0 {
		s.waiting = slices.Delete(s.waiting, 0, min(len(s.waiting), more+maxStrangers/4)) // not one at a time: it moves all others
	}
}

// leave returns the records that have waited for a pod, in the order in which they came. They wait no more.
func (s *strangers) leave(pod *corev1.Pod) []gossip.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []gossip.Event
	s.waiting = slices.DeleteFunc(s.waiting, func(e gossip.Event) bool {
		from := e.From()
		its := from.PodUID == string(pod.UID) && from.Pod == pod.Name && from.Namespace == pod.Namespace
		if its {
			out = append(out, e)
		}
		return its
	})
	return out
}
