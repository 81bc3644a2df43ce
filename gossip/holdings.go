package gossip

import (
	"cmp"
	"container/heap"
	"slices"
	"strings"
	"time"
)

// Provenance is what a program knows about an event besides the event itself. It decides nothing but which subject is
// evicted when there are too many, and it keeps one sender from evicting the subjects of all others.
type Provenance struct {
	// Sender is who sent the event, by a name that it cannot choose. Events without a name have one sender.
	Sender string
	// PodExists reports that the cluster has the pod of the event.
	PodExists bool
	// Now is the time of the program's clock. A record of a later time does not keep its subject longer than one of this
	// time. The zero time is no clock: the time of each record counts.
	Now time.Time
}

// owner is what a share is of. Events without a Provenance have one owner, so that the oldest of all subjects goes.
type owner struct {
	podExists         bool
	sender, namespace string
}

// ownerOf returns the owner of a subject with a newest record of this provenance. A known subject stays with the
// sender that it has: another one cannot take it over, and cannot pay for it.
func (p *Provenance) ownerOf(about *Subject, e *indexEntry) owner {
	if e == nil || e.newest == noRecord {
		return owner{p.PodExists, p.Sender, about.Namespace}
	}
	return owner{p.PodExists, e.share.of.sender, about.Namespace}
}

// rankOf returns the rank of a record: its time, or the time of the clock if it is earlier.
func (p *Provenance) rankOf(end int64) int64 {
	if p.Now.IsZero() {
		return end
	}
	return min(end, p.Now.UnixNano())
}

// holdings say which subject is evicted next. Subjects without a pod go first. Of the senders the one that holds most
// loses one, of its namespaces the one that holds most, and in it the subject with the lowest rank. Equal ones go in
// the order of their names, so that the same records leave the same subjects.
type holdings struct{ withoutPod, withPod holder }

// holder is a sender, or all senders together: it holds what its parts hold. A part without parts is a share.
type holder struct {
	name   string
	bytes  int64
	index  int // in the heap of its parent
	byName map[string]*holder
	parts  holderHeap
	share  *share // nil unless it is a namespace
}

// share is what one sender holds in one namespace.
type share struct {
	of       owner
	path     [3]*holder // all senders, the sender, the namespace
	subjects int
	queue    evictionQueue // the subjects, and some that have left
}

func (h *holdings) totalBytes() int64 { return h.withoutPod.bytes + h.withPod.bytes }

func (h *holdings) rootOf(podExists bool) *holder {
	if podExists {
		return &h.withPod
	}
	return &h.withoutPod
}

// add gives a subject to its owner.
func (h *holdings) add(e *indexEntry, o owner) {
	root := h.rootOf(o.podExists)
	sender := root.partNamed(o.sender)
	namespace := sender.partNamed(o.namespace)
	if namespace.share == nil {
		o.sender, o.namespace = sender.name, namespace.name
		namespace.share = &share{of: o, path: [3]*holder{root, sender, namespace}}
	}
	e.share = namespace.share
	e.share.subjects++
	e.share.growBy(e.size)
	heap.Push(&e.share.queue, ranked{e, e.seen})
}

// remove takes a subject from its owner. Its queue forgets it later.
func (h *holdings) remove(e *indexEntry) {
	s := e.share
	s.growBy(-e.size)
	if s.subjects--; s.subjects > 0 {
		s.compactQueue(e)
		return
	}
	root, sender, namespace := s.path[0], s.path[1], s.path[2]
	sender.removePart(namespace)
	if len(sender.parts) == 0 {
		root.removePart(sender)
	}
}

func (h *holdings) moveEntry(e *indexEntry, o owner) {
	h.remove(e)
	h.add(e, o)
}

// resizeEntry sets the size of a subject.
func (h *holdings) resizeEntry(e *indexEntry, size int64) {
	if size != e.size {
		e.share.growBy(size - e.size)
		e.size = size
	}
}

// takeNext removes the subject that is evicted next, and returns it. There must be one.
func (h *holdings) takeNext() *indexEntry {
	root := &h.withoutPod
	if len(root.parts) == 0 {
		root = &h.withPod
	}
	s := root.parts[0].parts[0].share
	for {
		top := &s.queue[0]
		switch {
		case top.entry.removed || top.entry.share != s:
			heap.Pop(&s.queue)
		case top.rank != top.entry.seen: // has had records since it was ranked
			top.rank = top.entry.seen
			heap.Fix(&s.queue, 0)
		default:
			e := top.entry
			heap.Pop(&s.queue)
			h.remove(e)
			return e
		}
	}
}

// partNamed finds or makes a part.
func (h *holder) partNamed(name string) *holder {
	part := h.byName[name]
	if part == nil {
		part = &holder{name: strings.Clone(name)}
		if h.byName == nil {
			h.byName = map[string]*holder{}
		}
		h.byName[part.name] = part
		heap.Push(&h.parts, part)
	}
	return part
}

func (h *holder) removePart(part *holder) {
	heap.Remove(&h.parts, part.index)
	delete(h.byName, part.name)
}

// growBy adds to what the share holds, and puts its sender and its namespace in their places.
func (s *share) growBy(bytes int64) {
	for i, h := range s.path {
		h.bytes += bytes
		if i > 0 {
			heap.Fix(&s.path[i-1].parts, h.index)
		}
	}
}

// compactQueue removes what has left from a queue that has more of it than subjects. leaves is the entry that leaves
// now.
func (s *share) compactQueue(leaves *indexEntry) {
	if len(s.queue) <= 2*s.subjects+16 {
		return
	}
	kept := map[*indexEntry]bool{leaves: true}
	s.queue = slices.DeleteFunc(s.queue, func(r ranked) bool {
		gone := r.entry.removed || r.entry.share != s || kept[r.entry] // an entry may have left and come back
		kept[r.entry] = true
		return gone
	})
	heap.Init(&s.queue)
}

// holderHeap is a heap with the holder of most bytes first.
type holderHeap []*holder

func (q holderHeap) Len() int { return len(q) }
func (q holderHeap) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(q[j].bytes, q[i].bytes), cmp.Compare(q[i].name, q[j].name)) < 0
}

func (q holderHeap) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}

// Push implements heap.Interface.
func (q *holderHeap) Push(x any) {
	h := x.(*holder)
	h.index = len(*q)
	*q = append(*q, h)
}

// Pop implements heap.Interface.
func (q *holderHeap) Pop() any { return popLast((*[]*holder)(q)) }

// ranked is a subject in a queue, with the rank that it had when it was put there.
type ranked struct {
	entry *indexEntry
	rank  int64
}

// evictionQueue is a heap with the lowest rank first. A subject that has had records since it was ranked is ranked
// again only when it comes to the top, so that Observe does not pay for it.
type evictionQueue []ranked

func (q evictionQueue) Len() int      { return len(q) }
func (q evictionQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q evictionQueue) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(q[i].rank, q[j].rank), q[i].entry.about.Compare(q[j].entry.about)) < 0
}

// Push implements heap.Interface.
func (q *evictionQueue) Push(x any) { *q = append(*q, x.(ranked)) }

// Pop implements heap.Interface.
func (q *evictionQueue) Pop() any { return popLast((*[]ranked)(q)) }

// popLast removes the last element and returns it.
func popLast[E any](list *[]E) E {
	old := *list
	last := old[len(old)-1]
	old[len(old)-1] = *new(E)
	*list = old[:len(old)-1]
	return last
}
