package recommend

import (
	"fmt"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// raisePodMemoryLimit advises a higher limit for the pod as a whole (spec.resources), where it is that limit that hurts
// or killed.
func raisePodMemoryLimit(f gossip.Finding, p gossip.Pod) (Recommendation, bool) {
	n, ok := memoryNeedOf(f, p)
	if !ok || n.leak.Known || !n.ofPod() {
		return Recommendation{}, false
	}
	own := "it has none of its own"
	if n.About.Container != "" {
		if n.limit.Value > 0 && n.limit != n.podLimit {
			own = fmt.Sprintf("it used %s of %s", mebibytes(n.peak.Value), mebibytes(n.limit.Value))
		}
		n.peak = n.podLimit // that it was full is known, and not which container used most of it
	}
	if !n.peak.Known {
		return n.refuse("limit", "how much memory the pod used was not measured"), true
	}
	c := limitChange{pod: p, about: n.About, of: memory, whole: true, from: float64(n.podLimit.Value), to: n.target()}
	if why := c.against(); why != "" {
		return n.refuse("limit", fmt.Sprintf("%s (the estimate for the pod as a whole is %s)", why, memory.text(c.to))), true
	}
	r := Recommendation{
		Priority: n.Level, Evidence: n.evidence, Current: memory.quantity(c.from), Target: memory.quantity(c.to),
		Action: fmt.Sprintf("Raise the memory limit of the pod as a whole from %s to %s.", memory.text(c.from), memory.text(c.to)),
		Reason: fmt.Sprintf("The pod as a whole used %s at most, and its limit is %s.", mebibytes(n.peak.Value), mebibytes(n.podLimit.Value)),
	}
	if n.killed {
		r.Reason = fmt.Sprintf("A limit killed it, and not its own (%s): the pod's limit of %s, which its containers share, was full. "+
			"That and a fifth, and 100Mi at least, leaves room.", own, mebibytes(n.podLimit.Value))
	}
	c.commands(&r)
	return r, true
}

// ofPod reports whether it is the limit of the pod as a whole that killed or hurts: a cgroup was at its limit, and the
// container's own was not; or the figures are of the pod as a whole.
func (n memoryNeed) ofPod() bool {
	switch {
	case n.podLimit.Value <= 0 || n.standing:
		return false
	case n.About.Container == "":
		return n.About.Kind == gossip.KindMemoryPressure && n.Level >= gossip.SeverityWarning && !n.outside
	}
	return n.killed && n.culprit == limitAbove
}
