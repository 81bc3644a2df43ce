package gossip

// record is an event with what is computed from all of it once: before it is put in order, and before a birth is cut to
// size.
type record struct {
	event  Event
	digest fingerprint
	end    int64 // Unix nanoseconds
	uid    string
	marks

	longest Stage // of a birth
	omitted int   // steps of its timeline
}

// marks decide which stream and which epoch a sample belongs to.
type marks struct {
	source       string
	counters     bool              // the figures are not percentages
	container    string            // ID
	limit        Optional[float64] // cores or bytes
	limitFromPod bool              // limit is the pod's
}

// newRecord digests an event.
func newRecord(event Event) record {
	r := record{event: event}
	switch e := event.(type) {
	case CPUSample:
		r.digestCPU(&e)
	case MemorySample:
		r.setOrigin(&e.Origin)
		r.digest = fingerprintOf(event)
		r.counters, r.limit, r.limitFromPod = e.HasCounters(), bytesLimit(e.LimitBytes), e.LimitFilled
		if e.Container != "" {
			r.container = e.ContainerID
		}
	case OOMKill: // a kill ends its container, so the next kill is always of another one: that is no new epoch
		r.setOrigin(&e.Origin)
		r.digest = fingerprintOf(event)
		r.counters, r.limit, r.limitFromPod = true, bytesLimit(e.LimitBytes), e.LimitFilled
	case NetworkSample:
		r.setOrigin(&e.Origin)
		r.digest = fingerprintOf(event)
		r.counters = e.HasCounters()
	case PodCreation:
		r.digestBirth(e)
	}
	return r
}

// digestCPU digests a CPU sample.
func (r *record) digestCPU(s *CPUSample) {
	r.setOrigin(&s.Origin)
	r.digest.addCPU(s)
	r.counters, r.container = s.Periods.Known && s.ThrottledPeriods.Known, s.ContainerID
	r.limit, r.limitFromPod = s.LimitCores, s.LimitFilled
}

// digestBirth digests a birth, and cuts its timeline to the most informative steps.
func (r *record) digestBirth(c PodCreation) {
	r.event = c
	r.setOrigin(&c.Origin)
	r.digest.addBirth(&c)
	r.longest = longestStage(&c)
	if kept := informativeSteps(c.Timeline, maxSteps); len(kept) < len(c.Timeline) {
		r.omitted = len(c.Timeline) - len(kept)
		c.Timeline = kept
		r.event = c
	}
}

// detach copies the event out of the caller's slice before it is kept. A birth is fingerprinted only here because most births
// are discarded unread.
func (r *record) detach() {
	switch e := r.event.(type) {
	case *CPUSample:
		r.event = *e
	case *PodCreation:
		r.digestBirth(*e)
	case MemorySample, OOMKill, NetworkSample: // came by value
	}
}

// setOrigin sets what every event has.
func (r *record) setOrigin(o *Origin) { r.end, r.uid, r.source = o.Time.UnixNano(), o.PodUID, o.Source }

func bytesLimit(n Optional[int64]) Optional[float64] {
	return Optional[float64]{Value: float64(n.Value), Known: n.Known}
}

// isPossible reports whether the figures of an event can be true: counters that fell, and shares that are not numbers,
// cannot.
// The decoder refuses such records with a reason; this is for programs that make their events themselves.
func isPossible(e Event) bool {
	switch e := e.(type) {
	case CPUSample:
		return e.isPossible()
	case MemorySample:
		return e.isPossible()
	case OOMKill:
		return e.isPossible()
	case NetworkSample:
		return e.isPossible()
	case PodCreation:
		return e.isPossible()
	}
	return false
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
