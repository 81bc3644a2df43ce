package gossip

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// WorstWindow is a window of a subject that may decide about it: the worst of a part of the horizon.
type WorstWindow struct {
	// Finding has the figures of that window, and its coverage. Its Time is the end of the window's newest sample, and
	// its History is the subject's.
	Finding Finding
	// Start is where the oldest sample of the window begins, and End is where the newest ends. Of a birth they are its
	// own.
	Start, End time.Time
}

// WholeHorizon is the horizon of programs that look at everything they are given ([Options.Horizon]). Its parts are
// days (of UTC), like the parts of a horizon of seven days. Where there are more than eight, the least bad one is
// dropped, not the oldest. So a capture of up to a week has the same windows as with a horizon of seven days.
const WholeHorizon time.Duration = math.MaxInt64

const (
	// horizonParts is how many parts a horizon has. One window is kept of each, so that Tuesday's is there when Monday's
	// is too old.
	horizonParts = 7
	// maxWindows is how many windows are kept: seven parts before the one that has begun.
	maxWindows = horizonParts + 1
	// wholePart is the length of a part of WholeHorizon.
	wholePart = 24 * time.Hour
)

// horizon is the time in which windows compete.
type horizon struct {
	part    int64 // length of a part, nanoseconds; 0 keeps no past window
	isWhole bool  // no part is too old
}

func newHorizon(length time.Duration) horizon {
	switch {
	case length <= 0:
		return horizon{}
	case length == WholeHorizon:
		return horizon{part: int64(wholePart), isWhole: true}
	}
	return horizon{part: max(1, int64(length)/horizonParts)}
}

// partOf returns the number of the part in which a window ends. Parts begin at multiples of their length.
func (h horizon) partOf(end int64) int64 { return floorDiv(end, h.part) }

// isOver reports whether a window that ended then is of a part that is too old.
func (h horizon) isOver(end, newest int64) bool {
	return !h.isWhole && h.partOf(end) < h.partOf(newest)-horizonParts
}

// worstWindow is a window that is kept, or competes.
type worstWindow struct {
	badness
	finding    windowFinding
	start, end int64   // Unix nanoseconds
	setting    setting // as its source had it
	isPresent  bool    // it is the present window, and its finding has the history
}

// worstWindows are kept of one subject: the worst of each part of the horizon, the oldest first.
type worstWindows []worstWindow

// isHealthy reports whether a window shows no trouble, or nothing.
func (w *worstWindow) isHealthy() bool { return w.level <= SeverityNone }

// withHistory returns the window for users, with the history of its subject.
func (w *worstWindow) withHistory(h History) WorstWindow {
	f := w.finding
	if !w.isPresent {
		report := f.wholeReport()
		report.History = h
		f = f.withReport(report, f.isPrevious())
	}
	return WorstWindow{Finding: f, Start: time.Unix(0, w.start).UTC(), End: time.Unix(0, w.end).UTC()}
}

// isWorseThan orders windows by their trouble. Of equal ones the earlier is worse, because it is where the trouble
// began.
func (w *worstWindow) isWorseThan(o *worstWindow) bool {
	return cmp.Or(
		w.compare(o.badness),
		cmp.Compare(o.start, w.start),
		cmp.Compare(w.end, o.end), // more evidence
	) > 0
}

// add keeps a window if it is the worst of its part of the horizon. Of windows without trouble one is kept, of the
// newest part that has one: the rest would say nothing more.
func (l *worstWindows) add(w worstWindow, h horizon) {
	i, found := l.placeOf(w.end, h)
	switch {
	case found && w.isWorseThan(&(*l)[i]):
		(*l)[i] = w
	case found || w.isHealthy() && slices.ContainsFunc((*l)[i:], func(o worstWindow) bool { return o.isHealthy() }):
		return
	default:
		*l = slices.Insert(*l, i, w)
	}
	if w.isHealthy() {
		*l = slices.DeleteFunc(*l, func(o worstWindow) bool { return o.isHealthy() && o.end != w.end })
	}
	l.dropBefore((*l)[len(*l)-1].end, h)
	if len(*l) > maxWindows {
		l.dropLeast()
	}
}

// findPart returns the window of the part in which a window ends; nil if there is none.
func (l *worstWindows) findPart(end int64, h horizon) *worstWindow {
	if i, found := l.placeOf(end, h); found {
		return &(*l)[i]
	}
	return nil
}

func (l *worstWindows) placeOf(end int64, h horizon) (i int, found bool) {
	return slices.BinarySearchFunc(*l, h.partOf(end), func(kept worstWindow, part int64) int {
		return cmp.Compare(h.partOf(kept.end), part)
	})
}

// dropBefore drops the windows of parts that are older than the horizon before newest.
func (l *worstWindows) dropBefore(newest int64, h horizon) {
	*l = slices.DeleteFunc(*l, func(w worstWindow) bool { return h.isOver(w.end, newest) })
}

// dropOtherLimits drops the windows that were measured under another limit. It is for windows of an earlier pod.
func (l *worstWindows) dropOtherLimits(limit Optional[float64]) {
	*l = slices.DeleteFunc(*l, func(w worstWindow) bool { return !isSameLimit(limitOf(w.finding), limit) })
}

// isSameLimit reports whether a limit that was stored can be the present one. It may be rounded, so one that differs by
// less than a hundredth is the same, and one that is not known differs from nothing.
func isSameLimit(had, limit Optional[float64]) bool {
	return !limit.Known || !had.Known || math.Abs(had.Value-limit.Value) <= 0.01*limit.Value
}

// dropOtherSettings drops the windows that were measured under another setting than a new one. Those under the new one
// are of another source, which has shown it earlier.
func (l *worstWindows) dropOtherSettings(to *setting) {
	*l = slices.DeleteFunc(*l, func(w worstWindow) bool { return !w.setting.hasAllOf(to) })
}

// limitOf returns the limit of a finding, in cores or bytes.
func limitOf(f Finding) Optional[float64] {
	switch f := f.(type) {
	case CPUThrottling:
		return f.Limit
	case *CPUThrottling: // see pastFinding
		return f.Limit
	case MemoryPressure:
		return floatBytes(f.Limit)
	case OOMKilled:
		return floatBytes(f.Limit)
	case NetworkIssue, PodBirth:
	}
	return Optional[float64]{}
}

// dropLeast drops the least bad window.
func (l *worstWindows) dropLeast() {
	least := 0
	for i := range *l {
		if (*l)[least].isWorseThan(&(*l)[i]) {
			least = i
		}
	}
	*l = slices.Delete(*l, least, least+1)
}

// judgePast judges the past window of a stream that is its turn in a window of that stream, and adds it to a list if it
// competes. A window competes when it may be worse than the one of its part, when it is at least half as long as the
// window, or holds all samples that there are, and when no source that is believed more was measuring then.
func (s *state) judgePast(t *stream, w sampleWindow, list *worstWindows, a *Analyzer) {
	most := w.pastBadness(t, a.thresholds, a.demand, a.folded)
	kept := list.findPart(w.endOfPast(), a.horizon)
	if most.level == SeverityUnknown || (kept != nil && !kept.mayBeExceeded(most, w.startOfPast())) {
		return
	}
	start, end, holdsAll := w.pastBounds()
	tooShort := !holdsAll && end-start < int64(a.window)/2 && s.about.Kind != KindOOMKill // kills are moments
	if tooShort || s.isCoveredBefore(t, start, end) {
		return
	}
	worst := worstWindow{badness: most, start: start, end: end, setting: t.lasting}
	if kept != nil && !worst.isWorseThan(kept) {
		return
	}
	var unused windowFinding // of the window that loses its place
	switch {
	case list != &s.worst:
		unused = a.folded.nextShown()
	case kept != nil:
		unused = kept.finding
	}
	worst.finding = w.pastFinding(t, a.thresholds, a.folded, s.reportOfPast(w), unused)
	if k, ok := worst.finding.(OOMKilled); ok {
		k, k.Covered.Missing = s.completeKill(k, k.Covered.Missing, s.memoryState(a), a)
		worst.finding, worst.badness = k, a.demand.killsBadness(&k)
		if kept != nil && !worst.isWorseThan(kept) {
			return
		}
	}
	list.add(worst, a.horizon)
}

// reportOfPast returns the part of a report that is not about the figures of the past window.
func (s *state) reportOfPast(w sampleWindow) Report {
	return Report{About: s.about, PodUID: s.uid, At: time.Unix(0, w.endOfPast()).UTC()}
}

// mayBeExceeded reports whether a window with at most that trouble may be worse. Nothing of it begins before start.
func (w *worstWindow) mayBeExceeded(most badness, start int64) bool {
	order := most.compare(w.badness)
	return order > 0 || (order == 0 && most.level > SeverityNone && start <= w.start)
}

// isCoveredBefore reports whether a source that is believed more than a stream was measuring at that time.
func (s *state) isCoveredBefore(t *stream, start, end int64) bool {
	for _, better := range s.streams {
		if better == t {
			break
		}
		if better.since < end && better.newest > start {
			return true
		}
	}
	return t.betterSince < end && t.betterUntil > start
}

// keepEnded keeps the worst of a stream's windows that have ended.
func (s *state) keepEnded(t *stream, a *Analyzer) {
	for t.nextEnded() {
		s.judgePast(t, t.sampleWindow, &s.worst, a)
		s.noteAfter(t, t.sampleWindow, a)
	}
}

// keepAll keeps the worst of all of a stream's windows, and the verdict on the last one, before its epoch ends or it is
// dropped.
func (s *state) keepAll(t *stream, a *Analyzer) {
	s.keepEnded(t, a)
	w, ended := t.pendingPast(true, a.folded), false
	for w.nextEnded() {
		s.judgePast(t, w, &s.worst, a)
		s.noteAfter(t, w, a)
		ended = true
	}
	if ended {
		s.noteLast(t, w, a)
	}
}

// presentWindow returns the present window, and its finding. The window is nil for a birth, which has none.
func (s *state) presentWindow(a *Analyzer) (*worstWindow, Finding) {
	now, ok := s.makeFinding(a)
	if !ok {
		return nil, nil
	}
	f, judged := now.(windowFinding)
	if !judged {
		return nil, now
	}
	end := now.Time().UnixNano()
	if best := s.believedStream(); f.isPrevious() && best != nil && best.previousVerdict != nil {
		end = best.previousVerdict.Time().UnixNano()
	}
	return &worstWindow{
		badness: a.demand.badnessOf(f), finding: f, start: end - int64(now.Coverage().Window), end: end, isPresent: true,
	}, now
}

// listWindows returns the windows that are kept or compete, the oldest first, and the present one, which may be one of
// them. There is no present one for a birth. change is the newest one; nil if there is none.
func (s *state) listWindows(a *Analyzer) (list worstWindows, now Finding, change *Change) {
	present, now := s.presentWindow(a)
	if present == nil {
		return nil, now, nil
	}
	if a.horizon.part == 0 {
		return worstWindows{*present}, now, nil
	}
	s.worst.dropBefore(s.newest, a.horizon)
	best := s.believedStream()
	if best != nil {
		s.keepEnded(best, a)
	}
	list = slices.Clone(s.worst)
	a.folded.shown = 0
	if best != nil {
		// The newest of these ends where the present window does, unless the present one is about the time after the kills.
		k, ok := now.(OOMKilled)
		for w := best.pendingPast(ok && k.Kills == 0, a.folded); w.nextEnded(); {
			s.judgePast(best, w, &list, a)
		}
	}
	change = s.newestChange(now, list, a)
	if change != nil && s.about.Kind == KindOOMKill { // no kill may have shown that the horizon has ended
		list = slices.DeleteFunc(list, func(w worstWindow) bool { return w.end < change.Time.UnixNano() })
	}
	level := present.finding.Severity()
	if level > SeverityUnknown { // news about a healthy subject, not what was measured earlier
		list = slices.DeleteFunc(list, func(w worstWindow) bool { return w.isHealthy() })
	}
	if level > SeverityUnknown || len(list) == 0 {
		list.add(*present, a.horizon)
	}
	return list, now, change
}

// Windows returns the windows of a subject that decide about it, the oldest first; none when nothing is known. There is
// one for each part of the horizon ([Options.Horizon]) that has one, eight at most: the worst of those that are over
// and of the present one. A past window without trouble is among them only where nothing is known about the present. A
// birth is its own window. Without a horizon the present window is the only one.
func (a *Analyzer) Windows(about Subject) []WorstWindow {
	p, _ := a.PodFinding(about)
	return p.Windows
}

// Worst returns the worst of Windows, and false when nothing is known. The worst has the highest severity; of equal
// ones the largest demand ([Options.Demand]), then the largest ratio, then the earliest start.
func (a *Analyzer) Worst(about Subject) (WorstWindow, bool) {
	p, ok := a.PodFinding(about)
	return p.Worst, ok
}

// showWindows returns windows for users, and the worst of them.
func (s *state) showWindows(kept worstWindows, now Finding) (list []WorstWindow, worst WorstWindow) {
	if len(kept) == 0 {
		worst = s.birthWindow(now)
		return []WorstWindow{worst}, worst
	}
	list = make([]WorstWindow, len(kept))
	at := 0
	for i := range kept {
		list[i] = kept[i].withHistory(now.Seen())
		if kept[i].isWorseThan(&kept[at]) {
			at = i
		}
	}
	return list, list[at]
}

// birthWindow returns the window of a birth.
func (s *state) birthWindow(f Finding) WorstWindow {
	return WorstWindow{
		Finding: f, Start: time.Unix(0, s.birth.end-int64(f.Coverage().Window)).UTC(), End: time.Unix(0, s.birth.end).UTC(),
	}
}
