package gossip

import "time"

// Event is one thing that the kernel did, or one window of its counters: CPUSample, MemorySample, OOMKill,
// NetworkSample or PodCreation. The set is closed: no other package can add a type, so a switch over it can be checked
// for completeness.
// A source of your own fills the type that fits and leaves absent what it does not measure. A kind of trouble that none of
// them describes needs a change of this package.
//
// Events are values. The Analyzer also accepts a pointer to one and observes what it points to.
//
//sumtype:decl
type Event interface {
	// Subject returns what the event is about.
	Subject() Subject
	// From returns where and when the event was measured.
	From() Origin
	isEvent()
}

// Origin is the part that every event has: the pod, the container, the time and the source. Only Time, Namespace and Pod
// are required. An empty string or a zero Period means that the record does not have it.
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
}

// From returns the origin itself, so that every event that embeds an Origin has the method.
func (o Origin) From() Origin { return o }
