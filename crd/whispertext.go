package crd

import (
	"fmt"
	"strings"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// kernelSays is the kernel's side in a few words.
func kernelSays(f gossip.CPUThrottling) string {
	p := percent(f.Throttled, 100)
	switch {
	case f.Reason == gossip.ReasonNoLimit:
		return "no CPU limit"
	case f.Reason == gossip.ReasonTooFewPeriods && f.Periods.Known:
		return fmt.Sprintf("too few periods (%d of %d)", f.Periods.Value, gossip.MinPeriods)
	case f.Reason == gossip.ReasonTooFewPeriods:
		return "too few periods"
	case p == nil:
		return "not measured"
	default:
		return fmt.Sprintf("throttled in %d%% of periods", *p)
	}
}

// metricsSay is what a dashboard shows for the same time.
func metricsSay(lie v1alpha1.CPULie) string {
	switch {
	case lie.PercentOfLimit != nil:
		return fmt.Sprintf("%d%% of the CPU limit", *lie.PercentOfLimit)
	case lie.Usage != nil:
		return withUnit("cpu limit", lie.Usage) + " used"
	default:
		return "not measured"
	}
}

// throttlingMessage is the condition's message: whole sentences for whoever is on call.
func throttlingMessage(f gossip.CPUThrottling, lie v1alpha1.CPULie) string {
	message := verdict(f, lie)
	if f.Standing {
		message += " These figures are from before the container restarted or its limit changed; since then there are too few periods " +
			"for a verdict."
	}
	return message
}

func verdict(f gossip.CPUThrottling, lie v1alpha1.CPULie) string {
	used := ""
	if lie.Usage != nil {
		used = " It used " + lie.Usage.String() + " of CPU."
	}
	switch {
	case f.Reason == gossip.ReasonNoLimit:
		return "The container has no CPU limit, so the kernel has nothing to enforce." + used
	case f.Reason == gossip.ReasonTooFewPeriods && f.Periods.Known:
		return fmt.Sprintf("The kernel enforced the container's CPU limit in %d periods only; a verdict needs %d.%s",
			f.Periods.Value, gossip.MinPeriods, used)
	case f.Reason == gossip.ReasonTooFewPeriods:
		return "The kernel enforced the container's CPU limit in too few periods for a verdict." + used
	case percent(f.Throttled, 100) == nil:
		return "Whether the kernel refused to run the container was not measured" + missing(f.Covered) + "." + used
	}
	message := "The kernel refused to run the container in " + share(f) + wait(f) + meanwhile(lie) + "."
	if f.LimitHidden() {
		message += " So it has a CPU limit, although the record or the pod shows none."
	}
	switch {
	case f.Reason == gossip.ReasonThrottledWhileCPULow:
		message += " Averaged metrics do not show it."
	case f.Reason == gossip.ReasonBelowThreshold && f.Throttled.Value > 0:
		message += " That is below the threshold."
	}
	if active := percent(f.Active, 100); active != nil && *active < 5 && f.ThrottledPeriods.Value > 0 {
		message += fmt.Sprintf(" It was active in only %d%% of the window.", *active)
	}
	return message
}

// share is how often: counters where there are any.
func share(f gossip.CPUThrottling) string {
	p := *percent(f.Throttled, 100)
	switch {
	case !f.Periods.Known || !f.ThrottledPeriods.Known:
		return fmt.Sprintf("%d%% of its periods", p)
	case f.ThrottledPeriods.Value == 0:
		return fmt.Sprintf("none of %d periods", f.Periods.Value)
	default:
		return fmt.Sprintf("%d of %d periods (%d%%)", f.ThrottledPeriods.Value, f.Periods.Value, p)
	}
}

// wait is how long each time, where that was measured and there was a wait at all.
func wait(f gossip.CPUThrottling) string {
	if !f.MeanWait.Known || f.MeanWait.Value <= 0 {
		return ""
	}
	return ", about " + about(f.MeanWait.Value) + " each time"
}

// meanwhile is what the container used at the same time.
func meanwhile(lie v1alpha1.CPULie) string {
	limit := ""
	if lie.Limit != nil && !lie.Limit.IsZero() {
		limit = lie.Limit.String()
	}
	switch {
	case lie.PercentOfLimit != nil && limit != "":
		return fmt.Sprintf(", while it used %d%% of its CPU limit of %s", *lie.PercentOfLimit, limit)
	case lie.PercentOfLimit != nil:
		return fmt.Sprintf(", while it used %d%% of its CPU limit", *lie.PercentOfLimit)
	case lie.Usage != nil:
		return ", while it used " + lie.Usage.String() + " of CPU"
	case limit != "":
		return ", under a CPU limit of " + limit
	default:
		return ""
	}
}

func missing(c gossip.Coverage) string {
	names := clipAll(c.Missing, 16, maxField)
	if len(names) == 0 {
		return ""
	}
	return " (missing: " + strings.Join(names, ", ") + ")"
}
