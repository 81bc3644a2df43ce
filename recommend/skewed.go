package recommend

import (
	"fmt"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// skewedPod names a pod that needs far more than most pods of its workload. Its number stays the one to set, because
// one template has one limit, but what is special about this pod comes first.
func skewedPod(f gossip.WorkloadFinding, p gossip.Pod) (Recommendation, bool) {
	number, needs, median := f.Number, f.Pods.LargestTarget, f.Pods.MedianTarget
	if !f.Skewed || number == nil || !isSamePod(*number, decidingPod(f)) {
		return Recommendation{}, false
	}
	of := memory
	if f.About.Kind == gossip.KindCPUThrottling {
		of = cpu
	}
	node := number.Node
	if node == "" {
		node = p.Node
	}
	where := ""
	if node != "" {
		where = " on node " + node
	}
	return Recommendation{
		Summary: fmt.Sprintf("look at one pod's traffic and node: %s needs %s, the median is %s", number.Pod,
			of.formatNeed(needs.Value), of.formatNeed(median.Value)),
		Priority: f.Severity(),
		Action: fmt.Sprintf(
			"Look at what differs for pod %s%s: how many requests reach it (a hot key, uneven load balancing, connections "+
				"that stay open), and what else runs on its node.",
			number.Pod, where,
		),
		Reason: fmt.Sprintf(
			"It needs %s, and the median of the workload's pods is %s: its traffic or its node is the cause more likely than "+
				"the limit. A limit in the template is for all pods.",
			of.formatNeed(needs.Value), of.formatNeed(median.Value),
		),
		Evidence: evidenceOf(number.Window.Finding),
		Risk:     "Looking changes nothing.",
	}, true
}

// formatNeed returns an amount with its unit, with memory rounded to Mi.
func (u unit) formatNeed(n float64) string {
	if u == cpu {
		return u.formatWithUnit(n)
	}
	return formatMebibytes(int64(n))
}

// evidenceOf returns the figures of a finding that a limit can be set for, in one line.
func evidenceOf(f gossip.Finding) string {
	switch f := valueOf(f).(type) {
	case gossip.CPUThrottling:
		return cpuEvidence(f)
	case gossip.MemoryPressure:
		return memoryEvidence(f)
	case gossip.OOMKilled:
		return killEvidence(f)
	case gossip.NetworkIssue, gossip.PodBirth:
	}
	return ""
}
