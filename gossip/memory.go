package gossip

// MemorySample is one window of the memory of a container, or of the whole pod where Container is empty. Gauges
// (working set, PSI) have the value at its end, counters are deltas.
type MemorySample struct {
	Origin
	WorkingSet    Optional[int64]   // bytes in use that cannot be reclaimed at once: usage less inactive file cache
	UsedBytes     Optional[int64]   // bytes in use as metrics show them; may include page cache
	UsedShare     Optional[float64] // share 0–1 of the limit, from a source without bytes
	LimitBytes    Optional[int64]   // 0 is "no limit", absent is "not known"
	LimitFilled   bool              // LimitBytes is the pod's (see Enrich): the record has none
	SomeAvg10     Optional[float64] // PSI: share 0–1 of the last 10 s in which some task waited for memory
	SomeAvg60     Optional[float64] // the same of the last 60 s
	FullAvg10     Optional[float64] // PSI: share 0–1 of the last 10 s in which all non-idle tasks waited for memory
	FullAvg60     Optional[float64] // the same of the last 60 s
	MajorFaults   Optional[int64]   // page faults that had to wait for a disk
	PageFaultRate Optional[float64] // page faults of both kinds per second
	Reclaims      Optional[int64]   // reclaimed pages or runs of reclaim, as the source counts them
	LimitHits     Optional[int64]   // memory.events max, or memory.failcnt of cgroup v1: usage was about to pass the limit
	OOMKills      Optional[int64]   // memory.events oom_kill: processes that the kernel killed here
}

// Subject returns the container, or the pod where the sample names no container, under KindMemoryPressure.
func (s MemorySample) Subject() Subject {
	return s.containerSubject(KindMemoryPressure)
}

func (MemorySample) isEvent() {}

// HasCounters reports whether the sample has the kernel's own figures, bytes or PSI, rather than percentages.
func (s MemorySample) HasCounters() bool {
	return s.WorkingSet.Known || s.SomeAvg60.Known || s.SomeAvg10.Known || s.FullAvg10.Known || s.FullAvg60.Known
}

// isPossible reports whether the figures can be true.
func (s *MemorySample) isPossible() bool {
	return s.Period >= 0 &&
		areCounts(s.WorkingSet, s.UsedBytes, s.LimitBytes, s.MajorFaults, s.Reclaims, s.LimitHits, s.OOMKills) &&
		areWithin(1, s.UsedShare, s.SomeAvg10, s.SomeAvg60, s.FullAvg10, s.FullAvg60) && areWithin(1e15, s.PageFaultRate)
}

// MemoryPressure is the finding about how short of memory a container or a pod is. A gauge is its largest value in the
// window, except WorkingSet, which is the newest. Counters are sums over the window.
type MemoryPressure struct {
	Report
	// WorkingSet is the newest, Peak the largest in the window, in bytes.
	WorkingSet Optional[int64]
	Peak       Optional[int64]
	// Used is what metrics showed as used, in bytes; it may include page cache.
	Used Optional[int64]
	// Limit is in bytes; 0 is "no limit".
	Limit Optional[int64]
	// UsedOfLimit is Peak as a share of the limit (1 is the limit); without it the share that the source reported.
	UsedOfLimit Optional[float64]
	// SomeAvg10 and the like are PSI: shares 0–1 of the last 10 or 60 s in which some or all tasks waited for memory.
	SomeAvg10, SomeAvg60, FullAvg10, FullAvg60 Optional[float64]
	// MajorFaults are page faults that waited for a disk. FaultRate is the highest rate of a sample, per second. It is
	// compared with FaultBaseline: the rate of the window's first sample, and at least 10.
	MajorFaults              Optional[int64]
	FaultRate, FaultBaseline Optional[float64]
	// PageFaultRate is the highest rate of page faults of both kinds, per second. Reclaims is a sum of what the source
	// counts.
	PageFaultRate Optional[float64]
	Reclaims      Optional[int64]
	// LimitHits is how often usage was about to go over the limit, Kills the number of processes that the kernel killed.
	LimitHits, Kills Optional[int64]
	// Leak is known when the working set climbs steadily towards the limit.
	Leak Optional[Leak]
	// Standing reports that a new container or another setting began a new epoch, about which nothing has been measured
	// yet. All figures are then the previous epoch's, and advice must wait.
	Standing bool
}

func (MemoryPressure) isFinding()         {}
func (f MemoryPressure) isPrevious() bool { return f.Standing }

func (f MemoryPressure) withReport(r Report, standing bool) windowFinding {
	f.Report, f.Standing = r, standing
	return f
}

// The thresholds of memory pressure. 2 % is what Coroot calls a stall, and the shape (short averages for the severe
// cases, long ones for the rest) is KEP-5394's. No other bounds are published, so the rest is ours.
const (
	infoStall    = 0.02 // PSI some, 60 s
	warningStall = 0.10
	highStall    = 0.05 // PSI full, 10 s
	infoUsed     = 0.80 // of the limit
	warningUsed  = 0.90 // of the limit, where only a percentage is known

	faultFactor   = 10     // times the baseline
	leastBaseline = 10_000 // major faults, thousandths per second
)

// belowNearLimit reports whether less than 90 % of the limit is in use.
func belowNearLimit(used, limit int64) bool { return mulSat(used, 10) < mulSat(limit, 9) }

// judgeMemory returns the worst verdict. A leak counts only where nothing as bad happens already.
func judgeMemory(f *MemoryPressure, counters bool) (Severity, Reason) {
	level, reason := f.judgePresent(counters)
	if leak, ok := f.Leak.Get(); ok {
		if will := leak.Severity(); will > level || (will == level && reason == ReasonNearLimit) {
			return will, ReasonMemoryLeak
		}
	}
	return level, reason
}

// judgePresent judges by the present state, without the leak.
func (f *MemoryPressure) judgePresent(counters bool) (Severity, Reason) {
	level, reason := f.judgeUsage(counters)
	switch {
	case f.Kills.Value > 0:
		return SeverityCritical, ReasonOOMKilled
	case f.FullAvg10.Value >= highStall:
		return SeverityHigh, ReasonStalled
	case level >= SeverityHigh:
		return level, reason
	case f.SomeAvg60.Value >= warningStall:
		return SeverityWarning, ReasonStalled
	case level >= SeverityWarning:
		return level, reason
	case f.SomeAvg60.Value >= infoStall:
		return SeverityInfo, ReasonStalled
	case level == SeverityUnknown && (f.SomeAvg60.Known || f.FullAvg10.Known):
		return SeverityNone, ReasonBelowThreshold
	}
	return level, reason
}

// judgeUsage judges by the share of the limit that is in use, without PSI and kills.
func (f *MemoryPressure) judgeUsage(counters bool) (Severity, Reason) {
	near := f.Peak.Known && f.Limit.Value > 0 && !belowNearLimit(f.Peak.Value, f.Limit.Value)
	switch {
	case !f.UsedOfLimit.Known && f.LimitHits.Value > 0: // there is a limit, but how near it is was not measured
		return SeverityInfo, ReasonLimitHit
	case !f.UsedOfLimit.Known:
		return SeverityUnknown, ReasonNotMeasured
	case near && f.FaultRate.Known && f.FaultRate.Value >= faultFactor*f.FaultBaseline.Value:
		return SeverityHigh, ReasonThrashing
	case near && f.LimitHits.Value > 0:
		return SeverityWarning, ReasonLimitHit
	case !counters && f.UsedOfLimit.Value >= warningUsed:
		return SeverityWarning, ReasonNearLimit
	case f.UsedOfLimit.Value >= infoUsed:
		return SeverityInfo, ReasonNearLimit
	}
	return SeverityNone, ReasonBelowThreshold
}
