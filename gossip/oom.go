package gossip

import (
	"slices"
	"time"
)

// OOMKill is one process that the kernel killed because memory ran out (tracepoint oom:mark_victim).
type OOMKill struct {
	Origin
	VictimPID   Optional[int64] // as the node numbers processes
	VictimComm  string          // name of its main thread; the kernel keeps 15 bytes
	UsageBytes  Optional[int64] // of the container's cgroup at that moment
	LimitBytes  Optional[int64] // of the container; 0 is "no limit", absent is "not known"
	LimitFilled bool            // LimitBytes is the pod's (see Enrich): the record did not say
	Scope       Scope
}

// Scope is whose memory ran out when a process was killed. Empty when the record does not say.
type Scope string

// The two scopes, as the kernel's log calls them (oom-kill:constraint).
const (
	ScopeMemcg  Scope = "memcg"  // a cgroup was at its limit: the container's, or one above it
	ScopeGlobal Scope = "global" // the node had no memory left
)

// Subject is the container under KindOOMKill; Container is empty while only its ID is known (see Enrich).
func (k OOMKill) Subject() Subject {
	return Subject{Kind: KindOOMKill, Namespace: k.Namespace, Pod: k.Pod, Container: k.Container}
}

func (OOMKill) isEvent() {}

// isPossible reports whether the figures can be true.
func (k *OOMKill) isPossible() bool { return areCounts(k.VictimPID, k.UsageBytes, k.LimitBytes) }

// OOMKilled says that the kernel killed processes of a container because memory ran out.
type OOMKilled struct {
	Report
	// Kills is how many processes were killed in the window. 0 is measured: a window has passed without one.
	Kills int64
	// LastKill is when the newest kill was; what follows is about that one.
	LastKill    time.Time
	VictimPID   Optional[int64]
	VictimComm  string
	Scope       Scope
	ContainerID string
	// Usage is the memory of the container at that moment, in bytes; Peak is the largest of all kills in the window.
	Usage, Peak Optional[int64]
	// Limit is in bytes; 0 is "no limit". Where no record of a kill has it, it is the limit of the container's memory
	// samples.
	Limit Optional[int64]
	// Leak is known where the container's memory samples before the kill climbed steadily towards the limit.
	Leak Optional[Leak]
	// Standing says that the limit has changed and the figures are of before.
	Standing bool
}

func (OOMKilled) isFinding()         {}
func (f OOMKilled) isPrevious() bool { return f.Standing }

func (f OOMKilled) withReport(r Report, standing bool) windowFinding {
	f.Report, f.Standing = r, standing
	return f
}

// Outside says whether it was not the container's own limit that killed: the node had no memory left, or less than 90 % of the limit was
// in use, or there is none. False where that is not known.
func (f OOMKilled) Outside() bool {
	limit, known := f.Limit.Get()
	return f.Scope == ScopeGlobal || (known && (limit == 0 || (f.Usage.Known && belowNearLimit(f.Usage.Value, limit))))
}

// completeFromMemory completes a finding about kills with what the same container's memory samples say: the limit, whether
// its memory climbed steadily before, and whether a window has passed without a kill. Only samples that counted kills
// can say that. What was in use at the kill they do not say: they are of before, when it was less.
func (s *state) completeFromMemory(f OOMKilled, r Report, a *Analyzer) (OOMKilled, Report) {
	about := s.about
	about.Kind = KindMemoryPressure
	m, ok := a.subjects[about]
	if !ok {
		return f, r
	}
	m.applyPending(a)
	if !sameUID(m.uid, s.uid) {
		return f, r
	}
	f.Leak = m.leakBefore(f.LastKill.UnixNano(), a.window)
	if limit, filled := m.memoryLimitAt(f.LastKill.UnixNano()); limit.Known && (!f.Limit.Known || (!filled && s.hasFilledLimit())) {
		f.Limit = limit
		r.Covered.Missing = slices.DeleteFunc(slices.Clone(r.Covered.Missing), func(field string) bool { return field == "limit_bytes" })
	}
	last := max(s.newest, m.lastWithKill)
	if m.lastWithoutKill-last < int64(a.window) {
		return f, r
	}
	f.Kills = 0
	r.Level, r.Reason, r.At = SeverityNone, ReasonNoKillInWindow, time.Unix(0, m.lastWithoutKill).UTC()
	r.History.Transition = time.Unix(0, last).Add(a.window).UTC()
	if best := m.believedStream(); best != nil {
		r.Covered = m.measureCoverage(best, best.currentVerdict(a.thresholds))
	}
	return f, r
}

// leakBefore is the leak that the memory samples show up to a kill: in this epoch, or in the last one where this one begins after it.
func (s *state) leakBefore(kill int64, window time.Duration) Optional[Leak] {
	best := s.believedStream()
	if best == nil {
		return Optional[Leak]{}
	}
	w, ok := best.sampleWindow.(*memoryWindow)
	if !ok {
		return Optional[Leak]{}
	}
	near := func(end int64) bool { return time.Duration(max(kill-end, end-kill)) <= window }
	if old, known := w.previous.Get(); known && old.leak.Known && near(old.end) && w.firstMeasured() > kill {
		return old.leak
	}
	if !near(best.newest) && best.newest < kill {
		return Optional[Leak]{}
	}
	return w.findLeak(best.limitBytes(), kill)
}

// memoryLimitAt is the memory limit at a time, as the memory samples show it: that of the epoch which had begun by
// then. Samples that began later, with none known before, are taken to be of the same limit. Filled says that it is the
// pod's.
func (s *state) memoryLimitAt(at int64) (limit Optional[int64], filled bool) {
	best := s.believedStream()
	if best == nil {
		return limit, false
	}
	w, ok := best.sampleWindow.(*memoryWindow)
	if !ok {
		return limit, false
	}
	old, known := w.previous.Get()
	switch {
	case !known || w.since <= at:
		return best.limitBytes(), best.limitFromPod
	case old.since <= at:
		return bytesOf(old.limit), old.limitFromPod
	}
	return limit, false
}

// hasFilledLimit reports whether the limit came from the pod, because no record of the source in use has one.
func (s *state) hasFilledLimit() bool {
	best := s.believedStream()
	return best != nil && best.limitFromPod
}
