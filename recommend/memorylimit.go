package recommend

import (
	"fmt"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// raiseMemoryLimit advises a limit above the largest use, where the limit is what hurts and memory does not leak.
func raiseMemoryLimit(f gossip.Finding, p gossip.Pod) (advice, bool) {
	n, ok := memoryNeedOf(f, p)
	if !ok || n.Level < gossip.SeverityWarning || n.leak.Known || n.isNodeShort() || n.isPodLimit() {
		return advice{}, false
	}
	if why := n.whyNoLimit(); why != "" {
		return n.refuseNumber("limit", why), true
	}
	c := limitChange{pod: p, subject: n.About, unit: memory, from: float64(n.limit.Value), to: n.targetBytes()}
	r := n.adviseChange(c, "limit")
	if r.Reason == "" {
		r.Reason = fmt.Sprintf(
			"It used %s at most; that and a fifth, and 100Mi at least, leaves room.", formatMebibytes(n.peak.Value),
		)
		if n.killed {
			r.Reason = fmt.Sprintf(
				"It was killed at its limit: %s were in use. That and a fifth, and 100Mi at least, leaves room.",
				formatMebibytes(n.peak.Value),
			)
		}
	}
	return r, true
}

// whyNoLimit returns why there can be no number for the limit; empty when there can.
func (n memoryNeed) whyNoLimit() string {
	switch {
	case n.standing:
		return waitReason
	case n.About.Container == "":
		return n.whyNoContainer()
	case n.role == gossip.RoleEphemeral:
		return ephemeralReason
	case !n.limit.Known:
		return "the current memory limit is not known"
	case n.culprit == limitAbove && n.limit.Value > 0:
		return fmt.Sprintf(
			"a limit killed it, and hardly its own (%s of %s were in use); look at memory.max of the pod's cgroup, of those "+
				"above and below, and whether the use was read after the kill",
			formatMebibytes(n.peak.Value), formatMebibytes(n.limit.Value),
		)
	case n.limit.Value == 0 && (n.limitHits > 0 || n.culprit == limitAbove):
		return "it ran into a memory limit that the record or the pod does not show; look at memory.max of the container's " +
			"cgroup and of the pod's above it"
	case n.limit.Value == 0:
		return "it has no memory limit, so memory is short on the node or in the pod: give it a request of what it needs"
	case !n.peak.Known:
		return "how much memory it used was not measured"
	case n.killed && n.isBelowLimit():
		return fmt.Sprintf(
			"the most that was measured is %s, and whether its own limit or one above it killed is not known",
			formatMebibytes(n.peak.Value),
		)
	case n.notOwnLimit:
		return fmt.Sprintf(
			"it used %s at most, less than 90%% of its limit of %s, so the limit is not what it waits for: look at the pod "+
				"and the node",
			formatMebibytes(n.peak.Value), formatMebibytes(n.limit.Value),
		)
	}
	return ""
}

// whyNoContainer returns why there can be no number where the finding names no container.
func (n memoryNeed) whyNoContainer() string {
	if n.About.Kind == gossip.KindOOMKill {
		return "which container of the pod it was is not known: the records have its ID only"
	}
	return "the records are about the pod as a whole, and limits belong to containers"
}
