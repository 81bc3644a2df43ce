package crd

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// throttlingSays returns the kernel's side in a few words.
func throttlingSays(f gossip.CPUThrottling) string {
	p := roundPercent(f.Throttled, 100)
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

// throttlingMetrics returns what a dashboard shows for the same time.
func throttlingMetrics(lie v1alpha1.CPULie) string {
	switch {
	case lie.PercentOfLimit != nil:
		return fmt.Sprintf("%d%% of the CPU limit", *lie.PercentOfLimit)
	case lie.Usage != nil:
		return formatCPU(lie.Usage) + " used"
	default:
		return "not measured"
	}
}

// formatCPU returns an amount of CPU with its unit, which Kubernetes leaves out of whole cores: "100m", "1 core".
func formatCPU(q *resource.Quantity) string {
	text := q.String()
	switch {
	case strings.TrimLeft(text, "0123456789.") != "":
		return text
	case text == "1":
		return "1 core"
	}
	return text + " cores"
}

// throttlingMessage returns the message of the condition, in whole sentences.
func throttlingMessage(f gossip.CPUThrottling, lie v1alpha1.CPULie) string {
	message := describeThrottling(f, lie)
	if f.Standing {
		message += " These figures are from before the container restarted or its limit or request changed; " +
			"since then there are too few periods for a verdict."
	}
	return message
}

func describeThrottling(f gossip.CPUThrottling, lie v1alpha1.CPULie) string {
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
	case roundPercent(f.Throttled, 100) == nil:
		return "Whether the kernel refused to run the container was not measured" + missingNote(f.Covered) + "." + used
	}
	message := "The kernel refused to run the container in " + throttledShare(f) + meanWaitNote(f) + usageNote(lie) + "."
	if f.LimitHidden() {
		message += " So it has a CPU limit, although the record or the pod shows none."
	}
	switch {
	case f.Reason == gossip.ReasonThrottledWhileCPULow:
		message += " Averaged metrics do not show it."
	case f.Reason == gossip.ReasonBelowThreshold && f.Throttled.Value > 0:
		message += " That is below the threshold."
	}
	if active := roundPercent(f.Active, 100); active != nil && *active < 5 && f.ThrottledPeriods.Value > 0 {
		message += fmt.Sprintf(" It was active in only %d%% of the window.", *active)
	}
	return message
}

// throttledShare returns how often the container was throttled: with counts, where they are known.
func throttledShare(f gossip.CPUThrottling) string {
	p := *roundPercent(f.Throttled, 100)
	switch {
	case !f.Periods.Known || !f.ThrottledPeriods.Known:
		return fmt.Sprintf("%d%% of its periods", p)
	case f.ThrottledPeriods.Value == 0:
		return fmt.Sprintf("none of %d periods", f.Periods.Value)
	default:
		return fmt.Sprintf("%d of %d periods (%d%%)", f.ThrottledPeriods.Value, f.Periods.Value, p)
	}
}

// meanWaitNote returns how long the container waited each time, where that was measured and it waited at all.
func meanWaitNote(f gossip.CPUThrottling) string {
	if !f.MeanWait.Known || f.MeanWait.Value <= 0 {
		return ""
	}
	return ", about " + formatDuration(f.MeanWait.Value) + " each time"
}

// usageNote returns what the container used at the same time.
func usageNote(lie v1alpha1.CPULie) string {
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

func missingNote(c gossip.Coverage) string {
	names := clipTexts(c.Missing, 16, maxField)
	if len(names) == 0 {
		return ""
	}
	return " (missing: " + strings.Join(names, ", ") + ")"
}
