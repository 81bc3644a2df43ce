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
	LimitFilled bool            // LimitBytes is the pod's (see Enrich): the record has none
	Scope       Scope
}

// Scope is the memory that ran out when a process was killed; empty when the record does not have it.
type Scope string

// The two scopes, as the kernel's log calls them (oom-kill:constraint).
const (
	ScopeMemcg  Scope = "memcg"  // a cgroup was at its limit: the container's, or one above it
	ScopeGlobal Scope = "global" // the node had no memory left
)

// Subject returns the container, under KindOOMKill. Its Container is empty while only the ID is known (see Enrich).
func (k OOMKill) Subject() Subject {
	return k.containerSubject(KindOOMKill)
}

func (OOMKill) isEvent() {}

// isPossible reports whether the figures can be true.
func (k *OOMKill) isPossible() bool { return areCounts(k.VictimPID, k.UsageBytes, k.LimitBytes) }

// OOMKilled is the finding about processes of a container that the kernel killed because memory ran out.
type OOMKilled struct {
	Report
	// Kills is the number of processes killed in the window. 0 is measured: a window has passed without a kill.
	Kills int64
	// LastKill is the time of the newest kill. The next four fields are about that kill.
	LastKill    time.Time
	VictimPID   Optional[int64]
	VictimComm  string
	Scope       Scope
	ContainerID string
	// Usage is the memory of the container at the newest kill, in bytes; Peak is the largest of all kills in the window.
	Usage, Peak Optional[int64]
	// Limit is in bytes; 0 is "no limit". Where no record of a kill has it, it comes from the container's memory samples.
	Limit Optional[int64]
	// Leak is known when the container's memory samples before the kill climbed steadily towards the limit.
	Leak Optional[Leak]
	// Standing reports that the setting has changed and the figures are from before the change.
	Standing bool
}

func (OOMKilled) isFinding()         {}
func (f OOMKilled) isPrevious() bool { return f.Standing }

func (f OOMKilled) withReport(r Report, standing bool) windowFinding {
	f.Report, f.Standing = r, standing
	return f
}

// Outside reports whether something other than the container's own limit led to the kill: the node had no memory left,
// or less than 90 % of the limit was in use, or there is no limit. It is false where that is not known.
func (f OOMKilled) Outside() bool {
	limit, known := f.Limit.Get()
	return f.Scope == ScopeGlobal || (known && (limit == 0 || (f.Usage.Known && belowNearLimit(f.Usage.Value, limit))))
}

// completeFromMemory completes a finding about kills with the memory samples of the same container: the limit, whether
// its memory climbed steadily before, whether the setting has changed since, and whether a window has passed without a
// kill, which only samples that count kills can show. They do not give the usage at the kill: they were measured
// earlier, when it was less.
func (s *state) completeFromMemory(f OOMKilled, r Report, a *Analyzer) (OOMKilled, Report) {
	m := s.memoryState(a)
	if m == nil {
		return f, r
	}
	f, r.Covered.Missing = s.completeKill(f, r.Covered.Missing, m, a)
	if c := m.shownChange(a); c != nil && f.LastKill.Before(c.Time) {
		f.Standing = true
	}
	last := max(s.newest, m.lastWithKill)
	if m.lastWithoutKill-last < int64(a.window) {
		return f, r
	}
	f.Kills, f.Standing = 0, false
	r.Level, r.Reason, r.At = SeverityNone, ReasonNoKillInWindow, time.Unix(0, m.lastWithoutKill).UTC()
	r.History.Transition = time.Unix(0, last).Add(a.window).UTC()
	if best := m.believedStream(); best != nil {
		r.Covered = m.measureCoverage(best, best.currentVerdict(a.thresholds))
	}
	return f, r
}

// memoryState returns what is known about the memory of the same container; nil if nothing is.
func (s *state) memoryState(a *Analyzer) *state {
	about := s.about
	about.Kind = KindMemoryPressure
	m := a.subjects.get(about)
	if m == nil {
		return nil
	}
	m.applyPending(a)
	if !sameUID(m.uid, s.uid) {
		return nil
	}
	return m
}

// completeKill completes a finding about kills with the limit and the leak that the memory of the same container shows,
// if it is known (m is not nil). missing are the fields that the finding lacks; it returns those that it still lacks.
func (s *state) completeKill(
	f OOMKilled, missing []string, m *state, a *Analyzer,
) (completed OOMKilled, stillMissing []string) {
	if m == nil {
		return f, missing
	}
	f.Leak = m.leakBefore(f.LastKill.UnixNano(), a.window)
	limit, fromPod := m.memoryLimitAt(f.LastKill.UnixNano())
	if limit.Known && (!f.Limit.Known || (!fromPod && s.hasFilledLimit())) {
		f.Limit = limit
		isLimit := func(field string) bool { return field == "limit_bytes" }
		missing = slices.DeleteFunc(slices.Clone(missing), isLimit)
	}
	return f, missing
}

// leakBefore returns the leak that the memory samples show up to a kill: in this epoch, or in the previous one where
// this one begins after the kill.
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

// memoryLimitAt returns the memory limit at a time, as the memory samples show it: the limit of the epoch that had
// begun by then. Samples that begin later, with none known before, are assumed to have the same limit. fromPod reports
// that it is the pod's.
func (s *state) memoryLimitAt(at int64) (limit Optional[int64], fromPod bool) {
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
