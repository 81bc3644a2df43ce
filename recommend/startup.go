package recommend

import (
	"fmt"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// startupTime is how long after its start a container counts as starting, where it is not known when it was ready; and
// how long it must not have been throttled, if all that came before is to count as its start.
const startupTime = 60 * time.Second

// start is what is known of a container's start.
type start struct {
	at    time.Time // zero when unknown
	of    string    // "container", or "pod" where only its start is known
	ready time.Time // zero when unknown
}

// startOf is the start of the finding's container. A pod starts earlier: it waits for images and init containers.
func startOf(f gossip.CPUThrottling, p gossip.Pod) start {
	c, _ := p.Container(f.About.Container)
	if c.Started.IsZero() {
		return start{at: p.Started, of: "pod"}
	}
	s := start{at: c.Started, of: "container", ready: c.Ready}
	if !c.Ready.After(c.Started.Add(time.Second)) { // times of an API are whole seconds: no probe was waited for
		s.ready = time.Time{}
	}
	return s
}

// duringStart says whether the container was throttled only while it started: until it was ready, or within a minute
// where that is not known. However long it took, it was its start if it was throttled from the first minute on without
// a pause, and not for a minute since. False for an init container: it has nothing but a start, and the pod waits for
// it.
func duringStart(f gossip.CPUThrottling, p gossip.Pod) bool {
	s := startOf(f, p)
	if roleOf(f, p) == gossip.RoleInit || s.at.IsZero() || f.FirstThrottled.Before(s.at) {
		return false
	}
	soon := !f.LastThrottled.After(s.at.Add(startupTime))
	fromStart := !f.FirstThrottled.After(s.at.Add(startupTime)) && f.Paused <= startupTime
	switch {
	case s.ready.IsZero() && soon:
		return true
	case !s.ready.IsZero() && !f.LastThrottled.After(s.ready.Add(sampleLength(f.Covered))):
		return soon || fromStart
	}
	return fromStart && f.Calm >= startupTime
}

// sampleLength is how long a sample is on average: the last one of a start may end so much later.
func sampleLength(c gossip.Coverage) time.Duration {
	return c.Window / time.Duration(max(1, c.Expected))
}

// startupThrottling advises a boost while the container starts: a permanent limit would pay for the first minute all day.
func startupThrottling(f gossip.CPUThrottling, p gossip.Pod) (Recommendation, bool) {
	if f.Level < gossip.SeverityInfo || !duringStart(f, p) {
		return Recommendation{}, false
	}
	r := Recommendation{
		Priority: f.Level,
		Action: fmt.Sprintf("Give container %s more CPU while it starts, and leave its limit for steady work as it is: resize it "+
			"in place once it is ready, or let a start-up boost do it.", f.About.Container),
		Reason:   whileStarting(f, startOf(f, p)),
		Evidence: evidence(f),
		Risk:     "Whether it is throttled again under load is not known from a start: watch it.",
	}
	if f.Limit.Value > 0 {
		r.Current = quantity(f.Limit.Value)
	}
	if e, err := estimateLimit(f); err == nil {
		r.Reason += fmt.Sprintf(" The start would have needed about %s.", cores(e.target))
	}
	return r, true
}

// whileStarting says how long it was throttled, and not since.
func whileStarting(f gossip.CPUThrottling, s start) string {
	text := fmt.Sprintf("It was throttled only within %s of the %s's start", howLong(f.LastThrottled.Sub(s.at)), s.of)
	if !s.ready.IsZero() {
		text += fmt.Sprintf(", and was ready after %s", howLong(s.ready.Sub(s.at)))
	}
	if f.Calm >= startupTime {
		text += fmt.Sprintf("; in the %s since then it was not", howLong(f.Calm))
	}
	return text + "."
}

// howLong is a duration in a sentence: "95s", "4m10s".
func howLong(d time.Duration) string {
	if d < 2*time.Minute {
		return fmt.Sprintf("%.0fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}
