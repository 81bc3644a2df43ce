package recommend

import (
	"fmt"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// startupTime is how long after its start a container counts as starting if it is not known when it was ready. It is
// also how long a container must go without throttling for everything before to count as its start.
const startupTime = 60 * time.Second

// start holds what is known about a container's start.
type start struct {
	time   time.Time // zero when unknown
	object string    // "container", or "pod" where only the pod's start is known
	ready  time.Time // zero when unknown
}

// startOf returns the start of the finding's container. A pod starts earlier: it waits for images and init containers.
func startOf(f gossip.CPUThrottling, p gossip.Pod) start {
	c, _ := p.Container(f.About.Container)
	if c.Started.IsZero() {
		return start{time: p.Started, object: "pod"}
	}
	s := start{time: c.Started, object: "container", ready: c.Ready}
	if !c.Ready.After(c.Started.Add(time.Second)) { // the API has whole seconds: the container had no probe to wait for
		s.ready = time.Time{}
	}
	return s
}

// isOnlyDuringStart reports whether the container was throttled only while it started: until it was ready, or within
// startupTime where that is not known. A longer time counts as its start too if the container was throttled from the
// first minute on without a pause, and not in the minute after. It is false for an init container, for which the pod
// waits, and for a Job's: their whole life is their work.
func isOnlyDuringStart(f gossip.CPUThrottling, p gossip.Pod) bool {
	s := startOf(f, p)
	if roleOf(f, p) == gossip.RoleInit || isOfJob(p.Workload) || s.time.IsZero() || f.FirstThrottled.Before(s.time) {
		return false
	}
	soon := !f.LastThrottled.After(s.time.Add(startupTime))
	fromStart := !f.FirstThrottled.After(s.time.Add(startupTime)) && f.Paused <= startupTime
	switch {
	case s.ready.IsZero() && soon:
		return true
	case !s.ready.IsZero() && !f.LastThrottled.After(s.ready.Add(meanSampleLength(f.Covered))):
		return soon || fromStart
	}
	return fromStart && f.Calm >= startupTime
}

// isOfJob reports whether a workload is a Job or a CronJob.
func isOfJob(w gossip.Workload) bool { return w.Kind == "Job" || w.Kind == "CronJob" }

// meanSampleLength returns the average length of a sample. The last sample of a start may end that much after it.
func meanSampleLength(c gossip.Coverage) time.Duration {
	return c.Window / time.Duration(max(1, c.Expected))
}

// startupThrottling advises a boost while the container starts: a permanently higher limit would be needed for the
// first minute only.
func startupThrottling(f gossip.CPUThrottling, p gossip.Pod) (advice, bool) {
	if f.Level < gossip.SeverityInfo || !isOnlyDuringStart(f, p) {
		return advice{}, false
	}
	r := advice{isAgainstNumber: true, Recommendation: Recommendation{
		Priority: f.Level,
		Action: fmt.Sprintf(
			"Give container %s more CPU while it starts, and leave its limit for steady work as it is: resize it "+
				"in place once it is ready, or let a start-up boost do it.",
			f.About.Container,
		),
		Reason:   explainStart(f, startOf(f, p)),
		Evidence: cpuEvidence(f),
		Risk:     "Whether it is throttled again under load is not known from a start: watch it.",
	}}
	if f.Limit.Value > 0 {
		r.Current = cpuQuantity(f.Limit.Value)
	}
	r.Summary = firstClause(r.Reason)
	if e, err := estimateLimit(f); err == nil {
		r.Reason += fmt.Sprintf(" The start would have needed about %s.", formatCores(e.target))
	}
	return r, true
}

// explainStart says how long the container was throttled, and since when it has not been.
func explainStart(f gossip.CPUThrottling, s start) string {
	text := fmt.Sprintf(
		"It was throttled only within %s of the %s's start", formatDuration(f.LastThrottled.Sub(s.time)), s.object,
	)
	if !s.ready.IsZero() {
		text += fmt.Sprintf(", and was ready after %s", formatDuration(s.ready.Sub(s.time)))
	}
	if f.Calm >= startupTime {
		text += fmt.Sprintf("; in the %s since then it was not", formatDuration(f.Calm))
	}
	return text + "."
}

// formatDuration returns a duration for a sentence: "95s", "4m10s".
func formatDuration(d time.Duration) string {
	if d < 2*time.Minute {
		return fmt.Sprintf("%.0fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}
