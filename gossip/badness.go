package gossip

import "cmp"

// Demand has a function for each kind of finding that shows what a container needs, in cores or bytes; 0 is not known.
// Nil is the same for all findings of the kind.
type Demand struct {
	CPU    func(CPUThrottling) float64
	Memory func(MemoryPressure) float64
	Kills  func(OOMKilled) float64
}

// badness is what windows are ordered by: severity, then what the container needs, then the figure that the severity
// comes from.
type badness struct {
	level  Severity
	demand float64 // see Demand; 0 without trouble
	figure float64
}

func (b badness) compare(o badness) int {
	return cmp.Or(
		cmp.Compare(b.level, o.level),
		cmp.Compare(b.demand, o.demand),
		cmp.Compare(b.figure, o.figure),
	)
}

// badnessOf returns how bad a finding is.
func (d Demand) badnessOf(f Finding) badness {
	switch f := f.(type) {
	case CPUThrottling:
		return d.cpuBadness(&f)
	case MemoryPressure:
		return d.memoryBadness(&f)
	case OOMKilled:
		return d.killsBadness(&f)
	case NetworkIssue:
		return networkBadness(&f)
	case PodBirth:
		return badness{level: f.Level, figure: float64(f.Own)}
	}
	return badness{}
}

func (d Demand) cpuBadness(f *CPUThrottling) badness {
	b := badness{level: f.Level, figure: f.Throttled.Or(0)}
	if d.CPU != nil && b.level > SeverityNone {
		b.demand = d.CPU(*f)
	}
	return b
}

func (d Demand) memoryBadness(f *MemoryPressure) badness {
	b := badness{level: f.Level, figure: f.UsedOfLimit.Or(0)}
	if d.Memory != nil && b.level > SeverityNone {
		b.demand = d.Memory(*f)
	}
	return b
}

func (d Demand) killsBadness(f *OOMKilled) badness {
	b := badness{level: f.Level, figure: float64(f.Kills)}
	if d.Kills != nil && b.level > SeverityNone {
		b.demand = d.Kills(*f)
	}
	return b
}

// networkBadness takes the figure that the reason is about.
func networkBadness(f *NetworkIssue) badness {
	switch f.Reason {
	case ReasonRetransmits:
		return badness{level: f.Level, figure: f.Retransmitted.Or(0)}
	case ReasonDrops:
		return badness{level: f.Level, figure: f.Dropped.Or(0)}
	default:
		return badness{level: f.Level, figure: f.FailedPerMinute.Or(0)}
	}
}
