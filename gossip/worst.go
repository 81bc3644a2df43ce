package gossip

import (
	"cmp"
	"slices"
	"time"
)

// WorstWindow is the worst window of a subject.
type WorstWindow struct {
	// Finding has the figures of that window, and its coverage. Its Time is the end of the window's newest sample, and
	// its History is the subject's.
	Finding Finding
	// Start is where the oldest sample of the window begins, and End is where the newest ends.
	Start, End time.Time
}

// worstParts is how many windows are kept of one horizon: the worst of each part, so that Tuesday's is there when
// Monday's is too old.
const worstParts = 7

// worstWindow is a past window that is kept.
type worstWindow struct {
	finding    windowFinding
	start, end int64 // Unix nanoseconds
	demand     float64
}

// worstWindows are kept of one subject: the worst of each part of the horizon, in their order.
type worstWindows []worstWindow

// isWorseThan orders windows: by severity, then by what the container needs, then by the ratio that the severity comes
// from. Of equal ones the earlier is worse, because it is where the trouble began.
func (w *worstWindow) isWorseThan(o *worstWindow) bool {
	return cmp.Or(
		cmp.Compare(w.finding.Severity(), o.finding.Severity()),
		cmp.Compare(w.demand, o.demand),
		cmp.Compare(mainFigure(w.finding), mainFigure(o.finding)),
		cmp.Compare(o.start, w.start),
		cmp.Compare(w.end, o.end), // more evidence
	) > 0
}

// mainFigure returns the figure that the severity of a finding comes from.
func mainFigure(f Finding) float64 {
	switch f := f.(type) {
	case CPUThrottling:
		return f.Throttled.Or(0)
	case MemoryPressure:
		return f.UsedOfLimit.Or(0)
	case OOMKilled:
		return float64(f.Kills)
	case NetworkIssue:
		return f.mainFigure()
	case PodBirth:
		return float64(f.Own)
	}
	return 0
}

// mainFigure returns the figure that the reason is about.
func (f *NetworkIssue) mainFigure() float64 {
	switch f.Reason {
	case ReasonRetransmits:
		return f.Retransmitted.Or(0)
	case ReasonDrops:
		return f.Dropped.Or(0)
	default:
		return f.FailedPerMinute.Or(0)
	}
}

// add keeps a window as the worst of its part of the horizon, which begins at a multiple of its length. It must be
// worse than the one that is kept (see findPart).
func (l *worstWindows) add(w worstWindow, horizon time.Duration) {
	i, found := l.placeOf(w.end, horizon)
	if found {
		(*l)[i] = w
		return
	}
	*l = slices.Insert(*l, i, w)
	l.dropBefore((*l)[len(*l)-1].end, horizon)
}

// findPart returns the window of the part in which a window ends; nil if there is none.
func (l *worstWindows) findPart(end int64, horizon time.Duration) *worstWindow {
	if i, found := l.placeOf(end, horizon); found {
		return &(*l)[i]
	}
	return nil
}

func (l *worstWindows) placeOf(end int64, horizon time.Duration) (i int, found bool) {
	part := partOf(end, horizon)
	return slices.BinarySearchFunc(*l, part, func(kept worstWindow, part int64) int {
		return cmp.Compare(partOf(kept.end, horizon), part)
	})
}

func partOf(end int64, horizon time.Duration) int64 {
	return floorDiv(end, max(1, int64(horizon)/worstParts))
}

// dropBefore drops the windows of parts that are older than the horizon before newest.
func (l *worstWindows) dropBefore(newest int64, horizon time.Duration) {
	oldest := partOf(newest, horizon) - worstParts
	*l = slices.DeleteFunc(*l, func(w worstWindow) bool { return partOf(w.end, horizon) < oldest })
}

// judgePast judges a window of a stream that is over, and returns false if it does not compete. A window competes when
// it is in trouble and may be worse than the kept one, when it is at least half as long as the window, or holds all
// samples that there are, and when no source that is believed more was measuring then.
func (s *state) judgePast(t *stream, view sampleWindow, holdsAll bool, a *Analyzer) (worstWindow, bool) {
	w := worstWindow{}
	w.start, w.end = view.pastBounds()
	tooShort := !holdsAll && w.end-w.start < int64(a.window)/2 && s.about.Kind != KindOOMKill // kills are moments
	if tooShort || s.isCoveredBefore(t, w.start, w.end) {
		return w, false
	}
	kept, least := s.worst.findPart(w.end, a.horizon), SeverityInfo
	if kept != nil {
		least = kept.finding.Severity()
	}
	if view.judgeSeverity(t, a.thresholds) < least {
		return w, false
	}
	w.finding = view.judgeWindow(t, a.thresholds)
	if a.demand != nil {
		w.demand = a.demand(w.finding)
	}
	if kept != nil && !w.isWorseThan(kept) {
		return w, false
	}
	list := newSpanList()
	defer list.releaseSpans()
	view.appendSpans(list)
	covered := list.toCoverage()
	covered.Confidence, covered.Missing = covered.rateConfidence(t.usesCounters(w.finding)), view.missingFields(t)
	covered.Epochs, covered.Source = t.epochs, t.source
	w.finding = w.finding.withReport(Report{
		About: s.about, PodUID: s.uid, At: time.Unix(0, w.end).UTC(),
		Level: w.finding.Severity(), Reason: w.finding.wholeReport().Reason, Covered: covered,
	}, false)
	return w, true
}

// isCoveredBefore reports whether a source that is believed more than a stream has samples of that time.
func (s *state) isCoveredBefore(t *stream, start, end int64) bool {
	for _, better := range s.streams {
		if better == t {
			return false
		}
		if better.since < end && better.newest > start {
			return true
		}
	}
	return false
}

// keepEnded keeps the worst of a stream's windows that have ended.
func (s *state) keepEnded(t *stream, a *Analyzer) {
	if a.horizon == 0 {
		return
	}
	for _, view := range t.endedPast(s.newest) {
		if w, ok := s.judgePast(t, view, false, a); ok {
			s.worst.add(w, a.horizon)
		}
	}
}

// keepAll keeps the worst of all of a stream's windows, before its epoch ends or it is dropped.
func (s *state) keepAll(t *stream, a *Analyzer) {
	if a.horizon == 0 {
		return
	}
	s.keepEnded(t, a)
	views := t.pendingPast(true)
	for i, view := range views {
		holdsAll := i == len(views)-1 && s.newest-t.since <= int64(a.window)
		if w, ok := s.judgePast(t, view, holdsAll, a); ok {
			s.worst.add(w, a.horizon)
		}
	}
}

// findWorst returns the worst window of the horizon; the present one if none was worse.
func (s *state) findWorst(a *Analyzer) (WorstWindow, bool) {
	now, ok := s.makeFinding(a)
	if !ok {
		return WorstWindow{}, false
	}
	at := now.Time()
	found := WorstWindow{Finding: now, Start: at.Add(-now.Coverage().Window), End: at}
	f, judged := now.(windowFinding)
	if !judged || a.horizon == 0 {
		return found, true
	}
	worst := worstWindow{finding: f, start: found.Start.UnixNano(), end: found.End.UnixNano()}
	if a.demand != nil {
		worst.demand = a.demand(f)
	}
	present := worst
	consider := func(w worstWindow) {
		if w.isWorseThan(&worst) {
			worst = w
		}
	}
	s.worst.dropBefore(s.newest, a.horizon)
	for _, w := range s.worst {
		consider(w)
	}
	if best := s.believedStream(); best != nil {
		for _, view := range best.pendingPast(false) {
			if w, ok := s.judgePast(best, view, false, a); ok {
				consider(w)
			}
		}
	}
	if worst.start == present.start && worst.end == present.end {
		return found, true
	}
	report := worst.finding.wholeReport()
	report.History = now.Seen()
	return WorstWindow{
		Finding: worst.finding.withReport(report, false),
		Start:   time.Unix(0, worst.start).UTC(),
		End:     time.Unix(0, worst.end).UTC(),
	}, true
}

// Worst returns the worst window of a subject within the horizon ([Options.Horizon]), and false when nothing is known.
// Windows that end at every fifteenth of a window's length compete with the present one, if they are at least half as
// long as a window or hold all samples of their container and limit. The worst has the highest severity; of equal ones
// the largest demand ([Options.Demand]), then the largest ratio, then the earliest start. A changed limit ends the
// horizon; a new container does not.
func (a *Analyzer) Worst(about Subject) (WorstWindow, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := a.subjects.entries[about]
	if e == nil {
		return WorstWindow{}, false
	}
	return e.findWorst(a)
}
