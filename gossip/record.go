package gossip

import "strings"

// eventPointer points to an event: an event is large, so it is not copied until it is kept. The events are the caller's
// until record.detach.
//
//sumtype:decl
type eventPointer interface{ isEventPointer() }

func (*CPUSample) isEventPointer()     {}
func (*MemorySample) isEventPointer()  {}
func (*OOMKill) isEventPointer()       {}
func (*NetworkSample) isEventPointer() {}
func (*PodCreation) isEventPointer()   {}

// record is an event with what is computed from all of it once: before it is put in order, and before a birth is cut to
// size.
type record struct {
	event    eventPointer
	detached bool // event is the record's own
	cloning  bool // texts that are kept are cloned
	digest   fingerprint
	end      int64 // Unix nanoseconds
	uid      string
	marks

	group   int   // in the order of an instant: 1 if it starts an epoch, else 0
	longest Stage // of a birth
	omitted int   // steps of its timeline
}

// marks decide which stream and which epoch a sample belongs to.
type marks struct {
	source    string
	counters  bool   // the figures are not percentages
	container string // ID
	setting
}

func (r *record) setCPU(s *CPUSample) {
	r.setOrigin(s, &s.Origin)
	r.digest.addCPU(s)
	r.counters, r.container = s.Periods.Known && s.ThrottledPeriods.Known, s.ContainerID
	r.limit, r.limitFromPod = s.LimitCores, s.LimitFilled
	if s.Spec != nil {
		r.setSpec(s.Spec.CPURequest, s.Spec.Image)
	}
}

func (r *record) setMemory(s *MemorySample) {
	r.setOrigin(s, &s.Origin)
	r.digest.addMemory(s)
	r.counters, r.limit, r.limitFromPod = s.HasCounters(), floatBytes(s.LimitBytes), s.LimitFilled
	if s.Container != "" {
		r.container = s.ContainerID
	}
	r.setMemorySpec(s.Spec)
}

// setKill leaves the container out: a kill ends its container, so the next kill is always of another one, and that is
// no new epoch.
func (r *record) setKill(k *OOMKill) {
	r.setOrigin(k, &k.Origin)
	r.digest.addKill(k)
	r.counters, r.limit, r.limitFromPod = true, floatBytes(k.LimitBytes), k.LimitFilled
	r.setMemorySpec(k.Spec)
}

func (r *record) setMemorySpec(c *Container) {
	if c != nil {
		r.setSpec(floatBytes(c.MemoryRequest), c.Image)
	}
}

func (r *record) setNetwork(s *NetworkSample) {
	r.setOrigin(s, &s.Origin)
	r.digest.addNetwork(s)
	r.counters = s.HasCounters()
}

// setBirth leaves the digest to detach, because most births are discarded unread.
func (r *record) setBirth(c *PodCreation) { r.setOrigin(c, &c.Origin) }

// setOrigin sets what every event has.
func (r *record) setOrigin(event eventPointer, o *Origin) {
	r.event, r.end, r.uid, r.source = event, o.Time.UnixNano(), o.PodUID, o.Source
}

// keptText returns a text of the record to keep. A decoder may have cut it out of a longer text, which would then stay
// in memory too, so it is cloned where memory is bounded.
func (r *record) keptText(text string) string {
	if r.cloning {
		return strings.Clone(text)
	}
	return text
}

// detach copies the event out of the caller's memory before it is kept.
func (r *record) detach() {
	if r.detached {
		return
	}
	r.detached = true
	switch e := r.event.(type) {
	case *CPUSample:
		r.event = copyOf(e)
	case *MemorySample:
		r.event = copyOf(e)
	case *OOMKill:
		r.event = copyOf(e)
	case *NetworkSample:
		r.event = copyOf(e)
	case *PodCreation:
		r.detachBirth(copyOf(e))
	}
}

// detachBirth digests a birth, and cuts its timeline to the most informative steps, its system calls to the most
// frequent ones, and the texts of the steps.
func (r *record) detachBirth(c *PodCreation) {
	r.event = c
	r.digest.addBirth(c)
	r.longest = longestStage(c)
	r.longest.Name = clipText(r.longest.Name, 2*maxStepText)
	kept := informativeSteps(c.Timeline, maxSteps)
	r.omitted = len(c.Timeline) - len(kept)
	c.Timeline = clipSteps(kept, r.cloning)
	c.Syscalls = frequentSyscalls(c.Syscalls, maxSyscalls)
}

func copyOf[E any](e *E) *E {
	c := *e
	return &c
}

// floatBytes returns a figure in bytes as a number that limits of any resource are.
func floatBytes(n Optional[int64]) Optional[float64] {
	return Optional[float64]{Value: float64(n.Value), Known: n.Known}
}

// areCounts reports whether none of the figures is negative.
func areCounts(all ...Optional[int64]) bool {
	for _, o := range all {
		if o.Value < 0 {
			return false
		}
	}
	return true
}

// areWithin reports whether all figures are numbers from 0 to a bound.
func areWithin(most float64, all ...Optional[float64]) bool {
	for _, o := range all {
		if !(o.Value >= 0 && o.Value <= most) {
			return false
		}
	}
	return true
}
