package gossip

import "time"

// History is the part of a finding that outlives its window. All times are event times.
type History struct {
	First      time.Time // first time at Info or above; zero if never
	Last       time.Time // last time at Info or above; zero if never
	Worst      Severity
	Transition time.Time // when it last changed between "trouble", "no trouble" and "not known"
	// Restored reports that the rest is from before a restart (Analyzer.Restore): less than a window has been measured
	// since, and shows less than the verdict from before, which still holds.
	Restored bool
}

// condition is the coarse form of a severity: a transition is a change of it.
type condition int

const (
	notKnown condition = iota
	fine
	trouble
)

func conditionOf(s Severity) condition {
	switch {
	case s >= SeverityInfo:
		return trouble
	case s == SeverityUnknown:
		return notKnown
	}
	return fine
}

// history is a History that is being kept.
type history struct {
	History
	restarted bool      // by a restart, less than a window ago
	restored  Severity  // the verdict from before it; Unknown without a restart
	settled   condition // since Transition
	since     int64     // time of the subject's first record, Unix nanoseconds
}

// instantVerdict is the verdict at one instant.
type instantVerdict struct {
	at       int64 // Unix nanoseconds
	level    Severity
	previous bool // it is the verdict of the previous epoch
	ofKills  bool
}

// advanceTo records the verdict of the newest instant. A verdict of the previous epoch does not refresh Last.
func (h *history) advanceTo(v instantVerdict, window time.Duration) {
	now := conditionOf(v.level)
	if v.at-h.since >= int64(window) {
		h.restarted, h.restored = false, SeverityUnknown
	}
	if h.Restored = v.level < h.restored; h.Restored {
		return
	}
	at := time.Unix(0, v.at).UTC()
	// A kill that comes a window or more after the last one is a new trouble: there was none in between.
	again := v.ofKills && !h.Last.IsZero() && at.Sub(h.Last) >= window
	if now == trouble && !v.previous {
		if h.First.IsZero() {
			h.First = at
		}
		h.Last = at
	}
	h.Worst = max(h.Worst, v.level)
	if h.Transition.IsZero() || now != h.settled || again {
		h.Transition = at
	}
	h.settled = now
}

// Restore gives a subject back what outlives its window, as an earlier process had it: the history, the last severity,
// and its windows ([Analyzer.Windows]). It is for programs that store findings and start again. A subject that is known
// already is not changed, because its records are newer.
//
// A restored window competes like any other of its part of the horizon. It needs the severity and what [Options.Demand]
// asks for; its figures may be rounded. Windows of another subject, without a verdict, or of a birth are ignored.
//
// A restored subject has no finding until its first record. From then on its verdict may be better only because the
// window begins again, without the samples from before. For the length of one window no better verdict counts
// ([History.Restored]): the verdict from before still holds.
func (a *Analyzer) Restore(about Subject, uid string, h History, last Severity, windows ...WorstWindow) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.subjects.get(about) != nil {
		return
	}
	s := a.subjects.add(about, owner{podExists: true, namespace: about.Namespace}, lowestRank)
	h.Restored = false
	s.uid, s.history = uid, history{History: h, restarted: true, restored: last, settled: conditionOf(last)}
	s.restoreWindows(windows, a)
	a.evictExcess()
}
