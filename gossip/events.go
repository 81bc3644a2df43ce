package gossip

import (
	"iter"
	"time"
)

// Event is one thing that the kernel did, or one window of its counters: CPUSample, MemorySample, OOMKill,
// NetworkSample or PodCreation. The set is closed: no other package can add a type, so a switch over it can be checked
// for completeness. A source of your own fills the type that fits and leaves absent what it does not measure. A kind of
// trouble that none of them describes needs a change of this package.
//
// An event is a value. Where one is accepted, a pointer to one is too, and means what it points to.
//
//sumtype:decl
type Event interface {
	// Subject returns what the event is about.
	Subject() Subject
	// From returns where and when the event was measured.
	From() Origin
	isEvent()
}

// Origin is the part that every event has: the pod, the container, the time and the source. Only Time, Namespace and
// Pod are required. An empty string or a zero Period means that the record does not have it.
type Origin struct {
	Time        time.Time // the end of the window, or the exec of the last container for a birth
	Namespace   string
	Pod         string
	PodUID      string
	Node        string
	Container   string
	ContainerID string
	Source      string        // the program that measured
	Period      time.Duration // length of the window that ends at Time; 0: the gap to the subject's previous sample
	// Spec is what Kubernetes knew of the container when the record came: its request, image and start. [Enrich] sets it;
	// nil when nothing is known. It is no part of the record, and must not be changed.
	Spec *Container `json:"-"`
}

// From returns the origin itself, so that every event that embeds an Origin has the method.
func (o Origin) From() Origin { return o }

// containerSubject returns the container, or the pod where none is named.
func (o *Origin) containerSubject(kind Kind) Subject {
	return Subject{Kind: kind, Namespace: o.Namespace, Pod: o.Pod, Container: o.Container}
}

// podSubject returns the pod, whatever container is named.
func (o *Origin) podSubject(kind Kind) Subject {
	return Subject{Kind: kind, Namespace: o.Namespace, Pod: o.Pod}
}

// Events are many events, in one list for each kind. They are for programs that read large captures: an Event is
// allocated, an element of a list need not be. The zero value is empty. A program may append to the lists itself.
//
// An element is valid until Reset, or until the owner of the lists says: a decoder may use their memory again for the
// next events. Copies of elements, and what [Events.All] yields, stay valid.
type Events struct {
	CPU     []CPUSample
	Memory  []MemorySample
	Kills   []OOMKill
	Network []NetworkSample
	Births  []PodCreation
}

// Add appends a copy of an event, or of the event that a pointer points to. It returns false for nil and for types that
// are not in this package, which embed an event.
func (e *Events) Add(event Event) bool {
	switch event := event.(type) {
	case CPUSample:
		e.CPU = append(e.CPU, event)
	case MemorySample:
		e.Memory = append(e.Memory, event)
	case OOMKill:
		e.Kills = append(e.Kills, event)
	case NetworkSample:
		e.Network = append(e.Network, event)
	case PodCreation:
		e.Births = append(e.Births, event)
	default:
		return e.addPointer(event)
	}
	return true
}

// addPointer appends a copy of what a pointer points to, if it is an event.
func (e *Events) addPointer(event Event) bool {
	switch event := event.(type) {
	case *CPUSample:
		return appendPointed(&e.CPU, event)
	case *MemorySample:
		return appendPointed(&e.Memory, event)
	case *OOMKill:
		return appendPointed(&e.Kills, event)
	case *NetworkSample:
		return appendPointed(&e.Network, event)
	case *PodCreation:
		return appendPointed(&e.Births, event)
	}
	return false
}

func appendPointed[E any](to *[]E, event *E) bool {
	if event != nil {
		*to = append(*to, *event)
	}
	return event != nil
}

// Len returns the number of events.
func (e *Events) Len() int {
	return len(e.CPU) + len(e.Memory) + len(e.Kills) + len(e.Network) + len(e.Births)
}

// All yields copies of the events, one kind after the other, each kind in its order. Each one is allocated.
func (e *Events) All() iter.Seq[Event] {
	return func(yield func(Event) bool) {
		_ = yieldAll(e.CPU, yield) && yieldAll(e.Memory, yield) && yieldAll(e.Kills, yield) &&
			yieldAll(e.Network, yield) && yieldAll(e.Births, yield)
	}
}

func yieldAll[E Event](list []E, yield func(Event) bool) bool {
	for _, event := range list {
		if !yield(event) {
			return false
		}
	}
	return true
}

// Reset removes all events and keeps the memory of the lists, for further ones. The texts of old events stay in memory
// until their places are used again; timelines and system calls of births, which may be large, do not.
func (e *Events) Reset() {
	for i := range e.Births {
		if b := &e.Births[i]; b.Timeline != nil || b.Syscalls != nil {
			*b = PodCreation{}
		}
	}
	e.CPU, e.Memory, e.Kills, e.Network, e.Births = e.CPU[:0], e.Memory[:0], e.Kills[:0], e.Network[:0], e.Births[:0]
}

// Enrich fills in from pods what the events lack, like the function [Enrich]. pod returns what is known about the pod
// of a subject; uid is the record's and may be empty.
func (e *Events) Enrich(pod func(about Subject, uid string) Pod) {
	for i := range e.CPU {
		s := &e.CPU[i]
		p := pod(s.containerSubject(KindCPUThrottling), s.PodUID)
		s.fillFrom(&p)
	}
	for i := range e.Memory {
		s := &e.Memory[i]
		p := pod(s.containerSubject(KindMemoryPressure), s.PodUID)
		s.fillFrom(&p)
	}
	for i := range e.Kills {
		k := &e.Kills[i]
		p := pod(k.containerSubject(KindOOMKill), k.PodUID)
		k.fillFrom(&p)
	}
	for i := range e.Network {
		s := &e.Network[i]
		p := pod(s.podSubject(KindNetworkIssue), s.PodUID)
		p.replaceStaticUID(&s.Origin)
	}
	for i := range e.Births {
		c := &e.Births[i]
		p := pod(c.podSubject(KindPodBirth), c.PodUID)
		p.replaceStaticUID(&c.Origin)
	}
}
