package replay

import (
	"fmt"
	"time"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// isPresent reports whether the worst window is the present one, or is part of it and of the same severity: the trouble
// goes on.
func (m measurement) isPresent() bool {
	switch f := m.worstWindow().Finding.(type) { // the verdict from before a restart is also the present one
	case gossip.CPUThrottling:
		if f.Standing {
			return true
		}
	case gossip.MemoryPressure:
		if f.Standing {
			return true
		}
	case gossip.OOMKilled:
		if f.Standing {
			return true
		}
	case gossip.NetworkIssue:
	case gossip.PodBirth:
		return true
	}
	end, began := m.worstWindow().End, m.presentFinding().Time().Add(-m.presentFinding().Coverage().Window)
	goesOn := m.severityNow() == m.Severity() && end.After(began)
	isSame := m.Worst.Pod == m.Now.Pod && end.Equal(m.presentFinding().Time())
	return goesOn || end.IsZero() || isSame
}

// formatWhen returns when the worst window was, and what the present one is like: "09:25–09:40, now 0%". It is empty if
// the worst window is the present one.
func (l layout) formatWhen(v verdict) string {
	if v.isPresent() {
		return ""
	}
	return l.formatSpan(v.worstWindow().Start, v.worstWindow().End) + ", now " + v.presentNote()
}

// formatSpan returns a stretch of time, in UTC and as precise as a minute.
func (l layout) formatSpan(start, end time.Time) string {
	const day, clock = "2006-01-02 ", "15:04"
	start, end = start.UTC(), end.UTC()
	text, until := start.Format(clock), end.Format(clock)
	if l.dates {
		text = start.Format(day) + text
		if start.Format(day) != end.Format(day) {
			until = end.Format(day) + until
		}
	}
	if start.Truncate(time.Minute).Equal(end.Truncate(time.Minute)) {
		return text
	}
	return text + "–" + until
}

// presentNote returns what the present window is like, in a few words.
func (v *verdict) presentNote() string {
	f, ok := v.presentFinding().(gossip.CPUThrottling)
	if ok && f.Throttled.Known && f.Severity() != gossip.SeverityUnknown {
		return fmt.Sprintf("%.0f%%", gossip.Percent(f.Throttled.Value))
	}
	if w, ok := v.object.(*v1alpha1.KernelWhisper); ok {
		return w.Status.Now.KernelSays
	}
	return v.severityNow().String()
}
