package operator

import (
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// Bounds of the events that wait for their pod.
const (
	maxUnmatched      = 4096
	maxUnmatchedBytes = 4 << 20
)

// unmatchedEvents are events that contradict what the cache knows of their pod. It has another UID: the pod has not
// come yet, it is gone, or it belongs to another cluster. Or it has no such container: its status is not up to date, or
// the record is wrong. They wait here and not in the analyzer, where a record with a new UID or a new container ID
// begins anew what is known of the pod: otherwise any sender could make the verdicts on an existing pod go away. When
// there are too many, the oldest are dropped; those about containers are dropped after statusLag, too.
type unmatchedEvents struct {
	mu      sync.Mutex
	waiting []waitingEvent
	count   int // of waiting
	bytes   int // of waiting, about
}

// waitingEvent is an event that waits.
type waitingEvent struct {
	gossip.Event

	bytes int       // about
	until time.Time // zero: until there are too many
}

// add lets an event wait.
func (u *unmatchedEvents) add(e gossip.Event, why mismatch, now time.Time) {
	one := waitingEvent{Event: e, bytes: bytesOf(e)}
	if why.mayPass() {
		one.until = now.Add(statusLag)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.waiting, u.count, u.bytes = append(u.waiting, one), u.count+1, u.bytes+one.bytes
	if u.hasRoom(1) {
		return
	}
	u.deleteWhere(func(e *waitingEvent) bool { return e.isOver(now) })
	if u.hasRoom(1) {
		return
	}
	// A quarter more than needed, because each deletion moves all others.
	u.deleteWhere(func(*waitingEvent) bool { return !u.hasRoom(0.75) })
}

// hasRoom reports whether the waiting events take no more than a share of the room.
func (u *unmatchedEvents) hasRoom(share float64) bool {
	return float64(u.count) <= share*maxUnmatched && float64(u.bytes) <= share*maxUnmatchedBytes
}

// removeFor removes the events that wait for a pod, and match it now, and returns them in the order in which they came.
func (u *unmatchedEvents) removeFor(pod *corev1.Pod, now time.Time) []gossip.Event {
	u.mu.Lock()
	defer u.mu.Unlock()
	var out []gossip.Event
	u.deleteWhere(func(e *waitingEvent) bool {
		from := e.From()
		switch {
		case from.Pod != pod.Name || from.Namespace != pod.Namespace:
			return false
		case e.isOver(now):
			return true
		case mismatchOf(pod, e.Event) != matches:
			return false
		}
		out = append(out, e.Event)
		return true
	})
	return out
}

func (e *waitingEvent) isOver(now time.Time) bool { return !e.until.IsZero() && now.After(e.until) }

// deleteWhere deletes the waiting events that meet a condition.
func (u *unmatchedEvents) deleteWhere(holds func(*waitingEvent) bool) {
	u.waiting = slices.DeleteFunc(u.waiting, func(e waitingEvent) bool {
		if !holds(&e) {
			return false
		}
		u.count, u.bytes = u.count-1, u.bytes-e.bytes
		return true
	})
}

// bytesOf returns about how many bytes of memory an event takes.
func bytesOf(e gossip.Event) int {
	const fixed = 512 // a sample and its place in the list
	from := e.From()
	n := fixed + len(from.Namespace) + len(from.Pod) + len(from.PodUID) + len(from.Node) + len(from.Container) +
		len(from.ContainerID) + len(from.Source)
	birth, ok := e.(gossip.PodCreation)
	if !ok {
		return n
	}
	for i := range birth.Timeline {
		n += 64 + len(birth.Timeline[i].Action) + len(birth.Timeline[i].Details)
	}
	for call := range birth.Syscalls {
		n += 64 + len(call)
	}
	return n
}
