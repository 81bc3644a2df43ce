package recommend

import (
	"fmt"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// startupTime is how long after the pod's start throttling counts as start-up throttling.
const startupTime = 60 * time.Second

// duringStart says whether all throttled samples end within a minute of the pod's start. False when the start is not known, or
// is a later one.
func duringStart(f gossip.CPUThrottling, p gossip.Pod) bool {
	return !p.Started.IsZero() && !f.LastThrottled.Before(p.Started) && !f.LastThrottled.After(p.Started.Add(startupTime))
}

// startupThrottling advises a boost while the container starts: a permanent limit would pay for the first minute all day.
func startupThrottling(f gossip.CPUThrottling, p gossip.Pod) (Recommendation, bool) {
	c, _ := p.Container(f.About.Container)
	if f.Level < gossip.SeverityInfo || c.Role == gossip.RoleInit || !duringStart(f, p) {
		return Recommendation{}, false
	}
	r := Recommendation{
		Priority: f.Level,
		Action: fmt.Sprintf("Give container %s more CPU while it starts, and leave its limit for steady work as it is: resize it "+
			"in place once it is ready, or let a start-up boost do it.", f.About.Container),
		Reason: fmt.Sprintf("It was throttled only within %.0fs of the pod's start.",
			f.LastThrottled.Sub(p.Started).Seconds()),
		Evidence: evidence(f),
		Risk:     "Whether it is throttled again under load is not known from a start: watch it.",
	}
	if f.Limit.Known {
		r.Current = quantity(f.Limit.Value)
	}
	if e, err := estimateLimit(f); err == nil {
		r.Reason += fmt.Sprintf(" The start would have needed about %s.", cores(e.target))
	}
	return r, true
}
