package recommend

import (
	"fmt"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// raisePodMemoryLimit advises a higher limit for the pod as a whole (spec.resources), where that limit hurts or caused
// a kill.
func raisePodMemoryLimit(f gossip.Finding, p gossip.Pod) (advice, bool) {
	n, ok := memoryNeedOf(f, p)
	if !ok || n.leak.Known || !n.isPodLimit() {
		return advice{}, false
	}
	ownUse := "it has none of its own"
	if n.About.Container != "" {
		if n.limit.Value > 0 && n.limit != n.podLimit {
			ownUse = fmt.Sprintf("it used %s of %s", formatMebibytes(n.peak.Value), formatMebibytes(n.limit.Value))
		}
		n.peak = n.podLimit // the pod was at its limit; which container used most of it is not known
	}
	if !n.peak.Known {
		return n.refuseNumber("limit", "how much memory the pod used was not measured"), true
	}
	c := limitChange{
		pod: p, subject: n.About, unit: memory, wholePod: true, from: float64(n.podLimit.Value), to: n.targetBytes(),
	}
	if why := c.findObjection(); why != "" {
		return n.refuseNumber(
			"limit", fmt.Sprintf("%s (the estimate for the pod as a whole is %s)", why, memory.formatAmount(c.to)),
		), true
	}
	r := advice{Recommendation: Recommendation{
		Summary: c.summarizeChange(false), Priority: n.Level, Evidence: n.evidence, Current: memory.newQuantity(c.from),
		Target: memory.newQuantity(c.to),
		Action: fmt.Sprintf(
			"Raise the memory limit of the pod as a whole from %s to %s.", memory.formatAmount(c.from),
			memory.formatAmount(c.to),
		),
		Reason: fmt.Sprintf(
			"The pod as a whole used %s at most, and its limit is %s.", formatMebibytes(n.peak.Value),
			formatMebibytes(n.podLimit.Value),
		),
	}}
	if n.killed {
		r.Reason = fmt.Sprintf(
			"A limit killed it, and not its own (%s): the pod's limit of %s, which its containers share, was full. "+
				"That and a fifth, and 100Mi at least, leaves room.",
			ownUse, formatMebibytes(n.podLimit.Value),
		)
	}
	c.fillCommands(&r)
	return r, true
}

// isPodLimit reports whether the limit of the pod as a whole hurts or caused a kill: a cgroup was at its limit, but not
// the container's own; or the figures are about the pod as a whole.
func (n memoryNeed) isPodLimit() bool {
	switch {
	case n.podLimit.Value <= 0 || n.standing:
		return false
	case n.About.Container == "":
		return n.About.Kind == gossip.KindMemoryPressure && n.Level >= gossip.SeverityWarning && !n.notOwnLimit
	}
	return n.killed && n.culprit == limitAbove
}
