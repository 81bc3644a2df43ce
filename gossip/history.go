package gossip

import "time"

// History is the part of a finding that outlives its window. All times are event times.
type History struct {
	First      time.Time // first time at Info or above; zero if never
	Last       time.Time // last time at Info or above; zero if never
	Worst      Severity
	Transition time.Time // when it last changed between "trouble", "no trouble" and "not known"
	// Restored reports that the rest is from before a restart of a program ([RollUp]): less than a window has been
	// measured since, and shows less than the verdict from before, which still holds.
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
	settled condition // since Transition
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
