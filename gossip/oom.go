package gossip

import (
	"cmp"
	"slices"
	"time"
)

// oomSums are what a bucket keeps of kills.
type oomSums struct {
	kills int64
	peak  Optional[int64] // bytes
	last  oomKill         // the newest
}

// oomKill is what is kept of one kill.
type oomKill struct {
	end       int64
	print     fingerprint // orders kills of one moment
	pid       Optional[int64]
	comm      string
	scope     Scope
	usage     Optional[int64]
	container string // ID
}

// merge implements sums.
func (o oomSums) merge(p oomSums) oomSums {
	if o.kills == 0 || (p.kills > 0 && cmp.Or(cmp.Compare(p.last.end, o.last.end), cmp.Compare(p.last.print, o.last.print)) > 0) {
		o.last = p.last
	}
	o.kills, o.peak = o.kills+p.kills, largerOf(o.peak, p.peak)
	return o
}

// completeUntimed implements sums. A kill is a moment: it has no length.
func (o oomSums) completeUntimed(int64, int64) oomSums { return o }

// oomWindow is the window of one source of kills.
type oomWindow struct{ window[oomSums] }

func (w *oomWindow) observe(e Event, digest fingerprint, newest int64) outcome {
	k := e.(OOMKill)
	end := k.Time.UnixNano()
	return w.add(&entry[oomSums]{
		stamp: stamp{end: end, digest: digest},
		sums: oomSums{kills: 1, peak: k.UsageBytes, last: oomKill{
			end: end, print: digest, pid: k.VictimPID, comm: k.VictimComm, scope: k.Scope, usage: k.UsageBytes, container: k.ContainerID,
		}},
	}, newest)
}

// judgeSeverity is always Critical: without a kill there is no record.
func (w *oomWindow) judgeSeverity(*stream, thresholds) Severity {
	if w.isEmpty() {
		return SeverityUnknown
	}
	return SeverityCritical
}

func (w *oomWindow) judgeWindow(s *stream, t thresholds) windowFinding {
	sum, _ := w.totalSums()
	k := sum.last
	f := OOMKilled{
		Kills: sum.kills, LastKill: time.Unix(0, k.end).UTC(), VictimPID: k.pid, VictimComm: k.comm, Scope: k.scope, ContainerID: k.container,
		Usage: k.usage, Peak: sum.peak, Limit: s.limitBytes(),
	}
	f.Level, f.Reason = w.judgeSeverity(s, t), ReasonOOMKilled
	if f.Level == SeverityUnknown {
		f.Reason = ReasonNotMeasured
	}
	return f
}

// missingFields names the fields that the advice lacks.
func (w *oomWindow) missingFields(s *stream) []string {
	sum, _ := w.totalSums()
	return missingNames([]field{{!sum.last.usage.Known, "usage_bytes"}, {!s.limit.Known, "limit_bytes"}, {sum.last.scope == "", "scope"}})
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
