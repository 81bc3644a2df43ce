package gossip

// record is an event with what is computed from all of it before it is cut to size.
type record struct {
	event   Event
	print   fingerprint
	longest Stage // of a birth
	omitted int   // steps of its timeline
}

// newRecord digests an event, and cuts a birth to the steps that tell most.
func newRecord(e Event) record {
	r := record{event: e, print: fingerprintOf(e)}
	if c, ok := e.(PodCreation); ok {
		r.longest = longestStage(c)
		kept := telling(c.Timeline, maxSteps)
		r.omitted = len(c.Timeline) - len(kept)
		c.Timeline = kept
		r.event = c
	}
	return r
}

// possible says whether the figures of an event can be: counters that fell, and shares that are no numbers, cannot. The decoder
// refuses such records with a reason; this is for programs that make their events themselves.
func possible(e Event) bool {
	switch e := e.(type) {
	case CPUSample:
		for _, o := range [...]Optional[int64]{e.Periods, e.ThrottledPeriods, e.ThrottledUsec, e.UsageUsec, e.Threads, e.NodeCPUs} {
			if o.Value < 0 {
				return false
			}
		}
		for _, o := range [...]Optional[float64]{e.ThrottledShare, e.UsageCores, e.ReportedShare, e.LimitCores} {
			if !(o.Value >= 0 && o.Value <= 1e9) {
				return false
			}
		}
		return e.Period >= 0
	case MemorySample:
		return e.possible()
	case OOMKill:
		return e.VictimPID.Value >= 0 && e.UsageBytes.Value >= 0 && e.LimitBytes.Value >= 0 && e.Period >= 0
	case NetworkSample:
		return e.possible()
	case PodCreation:
		return e.Duration >= 0 && e.ImagePull.Value >= 0 && e.Init.Value >= 0
	}
	return false
}
