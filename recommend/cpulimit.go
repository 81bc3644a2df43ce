package recommend

import (
	"fmt"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// raiseCPULimit advises the limit that lets the container's bursts finish without waiting, where the counters show it.
func raiseCPULimit(f gossip.CPUThrottling, p gossip.Pod) (advice, bool) {
	if !wantsLimit(f, p) {
		return advice{}, false
	}
	e, err := estimateLimit(f)
	switch {
	case roleOf(f, p) == gossip.RoleEphemeral:
		return refuseCPULimit(f, ephemeralReason), true
	case err != nil:
		return refuseCPULimit(f, err.Error()), true
	}
	if e.isStep {
		return advice{}, false
	}
	return limitAdvice(f, p, e), true
}

// cpuLimitStep advises a step up where the demand cannot be known: at full use, or where only the ratio was measured.
func cpuLimitStep(f gossip.CPUThrottling, p gossip.Pod) (advice, bool) {
	if !wantsLimit(f, p) || roleOf(f, p) == gossip.RoleEphemeral {
		return advice{}, false
	}
	e, err := estimateLimit(f)
	if err != nil || !e.isStep {
		return advice{}, false
	}
	return limitAdvice(f, p, e), true
}

// wantsLimit reports whether the finding calls for a permanent change of the limit.
func wantsLimit(f gossip.CPUThrottling, p gossip.Pod) bool {
	return f.Level >= gossip.SeverityInfo && !isOnlyDuringStart(f, p)
}

// roleOf returns the container's role in its pod; RoleMain where the container is not known.
func roleOf(f gossip.CPUThrottling, p gossip.Pod) gossip.Role {
	c, _ := p.Container(f.About.Container)
	return c.Role
}

// limitAdvice turns an estimate into advice, or into a refusal where something in the cluster speaks against it.
func limitAdvice(f gossip.CPUThrottling, p gossip.Pod, e estimate) advice {
	change := limitChange{pod: p, subject: f.About, unit: cpu, from: f.Limit.Value, to: e.target}
	if against := change.findObjection(); against != "" {
		return refuseCPULimit(f, fmt.Sprintf("%s (the estimate is %s)", against, formatCores(e.target)))
	}
	current, target := cpuQuantity(change.from), cpuQuantity(e.target)
	r := advice{Recommendation: Recommendation{
		Summary:  change.summarizeChange(e.measureAgain),
		Priority: f.Level,
		Action:   fmt.Sprintf("Raise the CPU limit of container %s from %s to %s", f.About.Container, current, target),
		Reason:   e.explainBasis(),
		Evidence: cpuEvidence(f),
		Current:  current,
		Target:   target,
		Lower:    cpuQuantity(e.lower),

		MeasureAgain: e.measureAgain,
	}}
	change.fillCommands(&r)
	switch {
	case e.isStep:
		r.Action += ", as a first step, then measure again."
	case e.measureAgain:
		r.Action += ", then measure again: the evidence is thin."
	default:
		r.Action += "."
	}
	if e.upper > 0 {
		r.Upper = cpuQuantity(e.upper)
	}
	if roleOf(f, p) == gossip.RoleInit {
		r.Reason += " It is an init container: while it waits, its pod does not start."
	}
	return r
}

// refuseCPULimit returns a recommendation without a number. Its Reason begins with why.
func refuseCPULimit(f gossip.CPUThrottling, why string) advice {
	r := advice{isAgainstNumber: true, Recommendation: Recommendation{
		Priority: f.Level,
		Action:   fmt.Sprintf("No number for the CPU limit of container %s.", f.About.Container),
		Reason:   startSentence(why) + ".",
		Evidence: cpuEvidence(f),
	}}
	r.Summary = firstClause(r.Reason)
	if f.Limit.Value > 0 {
		r.Current = cpuQuantity(f.Limit.Value)
	}
	return r
}

// cpuEvidence returns the figures in one line. A figure that was not measured is left out.
func cpuEvidence(f gossip.CPUThrottling) string {
	var parts []string
	say := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	switch {
	case f.Periods.Known && f.Throttled.Known:
		say(
			"%d of %d periods throttled (%.0f%%)", f.ThrottledPeriods.Value, f.Periods.Value, gossip.Percent(f.Throttled.Value),
		)
	case f.Periods.Known:
		say("%d of %d periods throttled", f.ThrottledPeriods.Value, f.Periods.Value)
	case f.Throttled.Known:
		say("%.0f%% of periods throttled, as the source reported", gossip.Percent(f.Throttled.Value))
	}
	if f.MeanWait.Known {
		say("mean wait %dms", f.MeanWait.Value.Round(time.Millisecond).Milliseconds())
	}
	if f.Usage.Known {
		say("%s used", formatCores(f.Usage.Value))
	}
	if f.UsedOfLimit.Known {
		say("%.0f%% of the limit", gossip.Percent(f.UsedOfLimit.Value))
	}
	if f.Active.Known {
		say("active %.0f%% of the time", gossip.Percent(f.Active.Value))
	}
	c := f.Covered
	parts = append(parts, formatSamples(c))
	return strings.Join(parts, ", ")
}
