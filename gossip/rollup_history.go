package gossip

import "time"

// setHistory sets the history of the present finding: the workload's, from all of its pods and from what was stored.
func (r *rollUp) setHistory(f *WorkloadFinding, all, present []*podPart, kept *WorkloadFinding) {
	now, ok := f.Now.Window.Finding.(windowFinding)
	if !ok {
		return
	}
	report := now.wholeReport()
	report.History = rollHistory(all, present, conditionOf(report.Level))
	if kept != nil && isValue(kept.Now.Window.Finding) {
		had := kept.Now.Window.Finding
		report.History.continueFrom(had.Seen(), conditionOf(report.Level) == conditionOf(had.Severity()))
		if kept.Restarted && r.measuredTime(present) < r.window {
			f.Restarted, report.Covered.Restarted = true, true
			report.History.Restored = report.Level < had.Severity()
		}
	}
	f.Now.Window.Finding = now.withReport(report, now.isPrevious())
}

// rollHistory returns the history of a workload from its pods. It is in trouble from when the first of the pods was
// that are in trouble now, and healthy from when the last of the pods was that had been in trouble. Where none had, and
// where nothing is known, that is so from the first record on.
func rollHistory(all, present []*podPart, now condition) History {
	var h History
	for _, p := range all {
		seen := p.Now.Seen()
		h.First, h.Last = firstOf(h.First, seen.First), laterOf(h.Last, seen.Last)
		h.Worst = max(h.Worst, seen.Worst)
	}
	var recovered time.Time
	for _, p := range present {
		seen := p.Now.Seen()
		if conditionOf(p.Now.Severity()) != now {
			continue
		}
		h.Transition = firstOf(h.Transition, seen.Transition)
		if now != trouble && !seen.Last.IsZero() {
			recovered = laterOf(recovered, seen.Transition)
		}
	}
	h.Transition = laterOf(h.Transition, recovered)
	return h
}

// continueFrom continues a history that was stored, in whole seconds. A state that has not changed has lasted since
// then.
func (h *History) continueFrom(had History, sameState bool) {
	h.First, h.Last = firstOf(had.First, h.First), laterOf(had.Last, h.Last)
	h.Worst = max(h.Worst, had.Worst)
	if sameState {
		h.Transition = firstOf(had.Transition, h.Transition)
	}
}

// firstOf returns the earlier of two times, where zero is not known.
func firstOf(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

func laterOf(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// measuredTime returns how long pods that report have been measured.
func (r *rollUp) measuredTime(present []*podPart) time.Duration {
	since, until := present[0].since, present[0].Now.Time()
	for _, p := range present {
		since, until = earlierOf(since, p.since), laterOf(until, p.Now.Time())
	}
	return until.Sub(since)
}
