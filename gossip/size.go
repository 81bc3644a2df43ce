package gossip

import (
	"math/bits"
	"reflect"
)

// The sizes are estimates: what the allocator hands out for the structures, and the lengths of the texts.
const (
	// subjectOverhead is a subject's part of the map and of the queue.
	subjectOverhead = 160
	// onceTimedSize is a function that remembers a sample, and its place in a list.
	onceTimedSize = 64
	// verdictSize is a verdict of a previous epoch, with its lists.
	verdictSize = 1 << 10
	// syscallSize is a system call of a birth in a map, without its name.
	syscallSize = 48
)

// sizeOf returns what the allocator hands out for a value of a type: the next of four steps between powers of two.
func sizeOf[T any]() int64 { return roundSize(int64(reflect.TypeFor[T]().Size())) }

func roundSize(n int64) int64 {
	step := int64(1) << max(4, bits.Len64(uint64(n))-3)
	return (n + step - 1) &^ (step - 1)
}

// SizeOf returns about how many bytes of memory an event takes, its texts and lists included.
func SizeOf(e Event) int64 {
	switch e := e.(type) {
	case CPUSample:
		return sizeOf[CPUSample]() + e.textSize()
	case MemorySample:
		return sizeOf[MemorySample]() + e.textSize()
	case OOMKill:
		return sizeOf[OOMKill]() + e.textSize() + int64(len(e.VictimComm)+len(e.Scope))
	case NetworkSample:
		return sizeOf[NetworkSample]() + e.textSize()
	case PodCreation:
		return e.estimateSize()
	default:
		return pointedSize(e)
	}
}

func pointedSize(e Event) int64 {
	switch e := e.(type) {
	case *CPUSample:
		return SizeOf(*e)
	case *MemorySample:
		return SizeOf(*e)
	case *OOMKill:
		return SizeOf(*e)
	case *NetworkSample:
		return SizeOf(*e)
	case *PodCreation:
		return SizeOf(*e)
	}
	return 0
}

func (o *Origin) textSize() int64 {
	return int64(len(o.Namespace) + len(o.Pod) + len(o.PodUID) + len(o.Node) + len(o.Container) + len(o.ContainerID) +
		len(o.Source))
}

func (c *PodCreation) estimateSize() int64 {
	n := sizeOf[PodCreation]() + c.textSize() + int64(cap(c.Timeline))*sizeOf[Step]()
	for i := range c.Timeline {
		n += int64(len(c.Timeline[i].Action) + len(c.Timeline[i].Details))
	}
	for name := range c.Syscalls {
		n += syscallSize + int64(len(name))
	}
	return n
}

// estimateSize returns the estimated size of the subject with its entry in the index, bytes.
func (s *state) estimateSize() int64 {
	n := sizeOf[indexEntry]() + subjectOverhead + int64(len(s.uid)+len(s.previousUID)) +
		int64(len(s.about.Namespace)+len(s.about.Pod)+len(s.about.Container))
	for _, t := range s.streams {
		n += t.estimateSize()
	}
	for _, t := range s.former {
		n += t.estimateSize()
	}
	n += int64(len(s.worst)) * (sizeOf[worstWindow]() + verdictSize)
	n += int64(cap(s.instant.pending)) * sizeOf[record]()
	for i := range s.instant.pending {
		n += s.instant.pending[i].eventSize()
	}
	if s.birth != nil {
		n += sizeOf[record]() + s.birth.eventSize()
	}
	return n
}

// eventSize is the estimated size of the event that the record points to, bytes.
func (r *record) eventSize() int64 {
	e, _ := r.event.(Event) // each pointer to an event is one
	return pointedSize(e) + int64(len(r.longest.Name))
}

// estimateSize returns the estimated size of the stream with its window, bytes.
func (s *stream) estimateSize() int64 {
	n := sizeOf[stream]() + s.sampleWindow.estimateSize() +
		int64(len(s.source)+len(s.container)+len(s.previousContainer)+len(s.lasting.image))
	for _, f := range []windowFinding{s.previousVerdict, s.lastVerdict} {
		if f != nil {
			n += verdictSize
		}
	}
	n += s.change.estimateSize()
	return n
}

// bucketsSize returns the estimated size of the buckets, bytes. The sums of each of them point to some more.
func (w *window[S]) bucketsSize(more int64) int64 {
	n := int64(len(w.buckets))
	if w.unused != nil {
		n++
	}
	size := int64(cap(w.buckets))*8 + n*(sizeOf[bucket[S]]()+more) + w.overflowSize
	if w.past != nil {
		size += sizeOf[past[S]]() + int64(len(w.past.ring))*(sizeOf[group[S]]()+more)
	}
	return size
}

func (w *memoryWindow) estimateSize() int64 { return sizeOf[memoryWindow]() + w.bucketsSize(0) }

func (w *cpuWindow) estimateSize() int64 {
	var means int64
	if n := len(w.buckets); n > 0 && w.buckets[n-1].sums.means != nil { // a source has them always or never
		means = sizeOf[cpuMeans]()
	}
	return sizeOf[cpuWindow]() + w.bucketsSize(means)
}

func (w *networkWindow) estimateSize() int64 {
	return sizeOf[networkWindow]() + w.bucketsSize(sizeOf[networkMeans]())
}

func (w *oomWindow) estimateSize() int64 {
	n := sizeOf[oomWindow]() + w.bucketsSize(0)
	for _, b := range w.buckets {
		n += int64(len(b.sums.last.comm) + len(b.sums.last.scope) + len(b.sums.last.container))
	}
	return n
}
