package crd

import (
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// Report is what an object is made of.
type Report struct {
	// Now is the finding about the present window, or about a birth. It may be a pointer to a finding.
	Now gossip.Finding
	// Worst is the worst window within the horizon, as gossip.Analyzer.Worst returns it. Its zero value is the present
	// window. A birth has none.
	Worst gossip.WorstWindow
	// Windows are the windows that are kept of the horizon, as gossip.Analyzer.Windows returns them. The worst one may be
	// among them. A birth has none.
	Windows []gossip.WorstWindow
	// Change is the newest change of the setting, as gossip.SumChanges returns it; nil if there was none. A birth has
	// none.
	Change *gossip.WorkloadChange
	// Pod gives the UID where the events have none. It may be the zero Pod.
	Pod gossip.Pod
	// Advice is about the worst window, the most useful first: see Advised. It may be empty. Only the first recommendation
	// of each rule counts, and none without a rule. The first Summary is the object's short advice.
	Advice []recommend.Recommendation
}

// Advised returns the report with the advice of some rules about its worst window.
func (r Report) Advised(rules recommend.Rules) Report {
	if worst := r.worstWindow().Finding; worst != nil {
		r.Advice = rules.For(worst, r.Pod)
	}
	return r
}

// worstWindow returns the window that decides, with a finding that is no pointer; the zero window if there is no
// finding. A window about another subject does not count.
func (r Report) worstWindow() gossip.WorstWindow {
	now, worst := valueOf(r.Now), r.Worst
	worst.Finding = valueOf(worst.Finding)
	switch {
	case now == nil:
		return gossip.WorstWindow{}
	case worst.Finding == nil || worst.Finding.Subject() != now.Subject():
		worst = gossip.WorstWindow{Finding: now}
		if end := now.Time(); !end.IsZero() {
			worst.Start, worst.End = end.Add(-now.Coverage().Window), end
		}
	}
	return worst
}

// troubleWindows returns the kept windows of severity Info or above, but for the worst one.
func (r Report) troubleWindows(worst gossip.WorstWindow) []gossip.WorstWindow {
	var list []gossip.WorstWindow
	for _, w := range r.Windows {
		w.Finding = valueOf(w.Finding)
		isWorst := w.Start.Equal(worst.Start) && w.End.Equal(worst.End)
		if w.Finding != nil && !isWorst && w.Finding.Subject() == worst.Finding.Subject() &&
			w.Finding.Severity() >= gossip.SeverityInfo {
			list = append(list, w)
		}
	}
	return list
}
