package recommend

import (
	"fmt"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// raiseCPULimit advises the limit that lets the container's bursts finish without waiting, where the counters tell it.
func raiseCPULimit(f gossip.CPUThrottling, p gossip.Pod) (Recommendation, bool) {
	if !wantsLimit(f, p) {
		return Recommendation{}, false
	}
	e, err := estimateLimit(f)
	switch {
	case roleOf(f, p) == gossip.RoleEphemeral:
		return refuse(f, ephemeral), true
	case err != nil:
		return refuse(f, err.Error()), true
	}
	if e.step {
		return Recommendation{}, false
	}
	return limitAdvice(f, p, e), true
}

// cpuLimitStep advises a step up, where the demand cannot be known: at full use, or where only the ratio was measured.
func cpuLimitStep(f gossip.CPUThrottling, p gossip.Pod) (Recommendation, bool) {
	if !wantsLimit(f, p) || roleOf(f, p) == gossip.RoleEphemeral {
		return Recommendation{}, false
	}
	e, err := estimateLimit(f)
	if err != nil || !e.step {
		return Recommendation{}, false
	}
	return limitAdvice(f, p, e), true
}

// wantsLimit says whether a permanent change of the limit is what the finding calls for.
func wantsLimit(f gossip.CPUThrottling, p gossip.Pod) bool {
	return f.Level >= gossip.SeverityInfo && !duringStart(f, p)
}

// roleOf is what the container is in its pod; an ordinary one where nothing is known of it.
func roleOf(f gossip.CPUThrottling, p gossip.Pod) gossip.Role {
	c, _ := p.Container(f.About.Container)
	return c.Role
}

// limitAdvice turns an estimate into advice, unless something else in the cluster speaks against it.
func limitAdvice(f gossip.CPUThrottling, p gossip.Pod, e estimate) Recommendation {
	change := limitChange{pod: p, about: f.About, of: cpu, from: f.Limit.Value, to: e.target}
	if against := change.against(); against != "" {
		return refuse(f, fmt.Sprintf("%s (the estimate is %s)", against, cores(e.target)))
	}
	current, target := quantity(change.from), quantity(e.target)
	r := Recommendation{
		Priority: f.Level,
		Action:   fmt.Sprintf("Raise the CPU limit of container %s from %s to %s", f.About.Container, current, target),
		Reason:   e.basis,
		Evidence: evidence(f),
		Current:  current,
		Target:   target,
		Lower:    quantity(e.lower),

		MeasureAgain: e.again,
	}
	change.commands(&r)
	switch {
	case e.step:
		r.Action += ", as a first step, then measure again."
	case e.again:
		r.Action += ", then measure again: the evidence is thin."
	default:
		r.Action += "."
	}
	if e.upper > 0 {
		r.Upper = quantity(e.upper)
	}
	if roleOf(f, p) == gossip.RoleInit {
		r.Reason += " It is an init container: while it waits, its pod does not start."
	}
	return r
}

// refuse gives no number, and says first why.
func refuse(f gossip.CPUThrottling, why string) Recommendation {
	r := Recommendation{
		Priority: f.Level,
		Action:   fmt.Sprintf("No number for the CPU limit of container %s.", f.About.Container),
		Reason:   strings.ToUpper(why[:1]) + why[1:] + ".",
		Evidence: evidence(f),
	}
	if f.Limit.Value > 0 {
		r.Current = quantity(f.Limit.Value)
	}
	return r
}

// evidence is the figures in a line. A figure that nobody measured is left out.
func evidence(f gossip.CPUThrottling) string {
	var parts []string
	say := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	switch {
	case f.Periods.Known && f.Throttled.Known:
		say("%d of %d periods throttled (%.0f%%)", f.ThrottledPeriods.Value, f.Periods.Value, gossip.Percent(f.Throttled.Value))
	case f.Periods.Known:
		say("%d of %d periods throttled", f.ThrottledPeriods.Value, f.Periods.Value)
	case f.Throttled.Known:
		say("%.0f%% of periods throttled, as the source reported", gossip.Percent(f.Throttled.Value))
	}
	if f.MeanWait.Known {
		say("mean wait %dms", f.MeanWait.Value.Round(time.Millisecond).Milliseconds())
	}
	if f.Usage.Known {
		say("%s used", cores(f.Usage.Value))
	}
	if f.UsedOfLimit.Known {
		say("%.0f%% of the limit", gossip.Percent(f.UsedOfLimit.Value))
	}
	if f.Active.Known {
		say("active %.0f%% of the time", gossip.Percent(f.Active.Value))
	}
	c := f.Covered
	parts = append(parts, samples(c))
	return strings.Join(parts, ", ")
}
