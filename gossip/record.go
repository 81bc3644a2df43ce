package gossip

// record is an event with what is computed from all of it once, before it is put in order, and before a birth is cut to size.
type record struct {
	event Event
	print fingerprint
	end   int64 // Unix nanoseconds
	uid   string
	marks

	longest Stage // of a birth
	omitted int   // steps of its timeline
}

// marks are what decides which stream and which epoch a sample belongs to.
type marks struct {
	source    string
	counters  bool              // not somebody's percentages
	container string            // ID
	limit     Optional[float64] // cores or bytes
	filled    bool              // limit is the pod's
}

// newRecord digests an event. An event is large: it is looked at through pointers.
func newRecord(event Event) record {
	r := record{event: event}
	switch e := event.(type) {
	case CPUSample:
		r.cpu(&e)
	case MemorySample:
		r.of(&e.Origin)
		r.print = fingerprintOf(event)
		r.counters, r.limit, r.filled = e.HasCounters(), bytesLimit(e.LimitBytes), e.LimitFilled
		if e.Container != "" {
			r.container = e.ContainerID
		}
	case OOMKill: // a kill is what ends a container, so the next one is of another: that is no new epoch
		r.of(&e.Origin)
		r.print = fingerprintOf(event)
		r.counters, r.limit, r.filled = true, bytesLimit(e.LimitBytes), e.LimitFilled
	case NetworkSample:
		r.of(&e.Origin)
		r.print = fingerprintOf(event)
		r.counters = e.HasCounters()
	case PodCreation:
		r.birth(e)
	}
	return r
}

// cpu digests a CPU sample.
func (r *record) cpu(s *CPUSample) {
	r.of(&s.Origin)
	r.print.cpu(s)
	r.counters, r.container = s.Periods.Known && s.ThrottledPeriods.Known, s.ContainerID
	r.limit, r.filled = s.LimitCores, s.LimitFilled
}

// birth digests a birth, and cuts it to the steps that tell most.
func (r *record) birth(c PodCreation) {
	r.event = c
	r.of(&c.Origin)
	r.print.birth(&c)
	r.longest = longestStage(&c)
	if kept := telling(c.Timeline, maxSteps); len(kept) < len(c.Timeline) {
		r.omitted = len(c.Timeline) - len(kept)
		c.Timeline = kept
		r.event = c
	}
}

// own makes the event the record's own, if it is still the caller's. A birth is digested only now: most are not the first of their pod.
func (r *record) own() {
	switch e := r.event.(type) {
	case *CPUSample:
		r.event = *e
	case *PodCreation:
		r.birth(*e)
	case MemorySample, OOMKill, NetworkSample: // came by value
	}
}

// of notes what every event tells.
func (r *record) of(o *Origin) { r.end, r.uid, r.source = o.Time.UnixNano(), o.PodUID, o.Source }

func bytesLimit(n Optional[int64]) Optional[float64] {
	return Optional[float64]{Value: float64(n.Value), Known: n.Known}
}

// possible says whether the figures of an event can be: counters that fell, and shares that are no numbers, cannot. The decoder
// refuses such records with a reason; this is for programs that make their events themselves.
func possible(e Event) bool {
	switch e := e.(type) {
	case CPUSample:
		return e.possible()
	case MemorySample:
		return e.Period >= 0 && counts(e.WorkingSet, e.UsedBytes, e.LimitBytes, e.MajorFaults, e.Reclaims, e.LimitHits, e.OOMKills) &&
			within(1, e.UsedShare, e.SomeAvg10, e.SomeAvg60, e.FullAvg10, e.FullAvg60) && within(1e15, e.PageFaultRate)
	case OOMKill:
		return counts(e.VictimPID, e.UsageBytes, e.LimitBytes)
	case NetworkSample:
		return e.possible()
	case PodCreation:
		return e.possible()
	}
	return false
}

func (c *PodCreation) possible() bool {
	return c.Duration >= 0 && c.ImagePull.Value >= 0 && c.Init.Value >= 0
}

func (s *CPUSample) possible() bool {
	negative := (int64(s.Period) | s.Periods.Value | s.ThrottledPeriods.Value | s.ThrottledUsec.Value | s.UsageUsec.Value |
		s.Threads.Value | s.NodeCPUs.Value) < 0
	return !negative && within(1e9, s.ThrottledShare, s.UsageCores, s.ReportedShare, s.LimitCores)
}

func (s NetworkSample) possible() bool {
	return s.Period >= 0 && s.Latency.Value >= 0 && s.LatencyP50.Value >= 0 && s.LatencyP99.Value >= 0 &&
		counts(s.Segments, s.Retransmits, s.RxPackets, s.TxPackets, s.RxDrops, s.TxDrops, s.RxErrors, s.TxErrors, s.FailedConnects) &&
		within(1, s.RetransmitShare, s.DropShare)
}

// counts says whether none of the figures is negative.
func counts(all ...Optional[int64]) bool {
	for _, o := range all {
		if o.Value < 0 {
			return false
		}
	}
	return true
}

// within says whether all figures are numbers from 0 to most.
func within(most float64, all ...Optional[float64]) bool {
	for _, o := range all {
		if !(o.Value >= 0 && o.Value <= most) {
			return false
		}
	}
	return true
}
