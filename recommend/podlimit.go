package recommend

import (
	"fmt"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// raisePodMemoryLimit advises a higher limit for the pod as a whole (spec.resources), where it is that limit that hurts or killed.
func raisePodMemoryLimit(f gossip.Finding, p gossip.Pod) (Recommendation, bool) {
	n, ok := memoryNeedOf(f, p)
	if !ok || n.leak.Known || !n.podLimited {
		return Recommendation{}, false
	}
	limit := p.MemoryLimit.Value
	if n.About.Container != "" { // what all containers used together is not known, but that it was the limit is
		n.peak = p.MemoryLimit
	}
	if n.standing {
		return n.refuse("limit", "the container or its limit is new, and what was measured is of the old one: wait for new samples"), true
	}
	if !n.peak.Known {
		return n.refuse("limit", "how much memory the pod used was not measured"), true
	}
	c := limitChange{pod: p, about: n.About, of: memory, whole: true, from: float64(limit), to: n.target()}
	why := c.against()
	if why != "" {
		return n.refuse("limit", fmt.Sprintf("%s (the estimate for the pod as a whole is %s)", why, memory.text(c.to))), true
	}
	r := Recommendation{
		Priority: n.Level, Evidence: n.evidence, Current: memory.quantity(c.from), Target: memory.quantity(c.to),
		Action: fmt.Sprintf("Raise the memory limit of the pod as a whole from %s to %s.", memory.text(c.from), memory.text(c.to)),
		Reason: fmt.Sprintf("The pod as a whole used %s at most, and its limit is %s.", mebibytes(n.peak.Value), memory.text(c.from)),
	}
	if n.killed {
		r.Reason = fmt.Sprintf("Not the limit of the container was reached but the pod's of %s, which all its containers share. "+
			"That and a fifth, and 100Mi at least, leaves room.", memory.text(c.from))
	}
	c.commands(&r)
	return r, true
}

// limitedByPod reports whether the limit of the pod as a whole is what hurts: a cgroup was at its limit, and the container's own was not;
// or the figures are of the pod as a whole.
func (n memoryNeed) limitedByPod(f gossip.Finding, p gossip.Pod) bool {
	if !p.MemoryLimit.Known {
		return false
	}
	if n.About.Container == "" {
		return n.About.Kind == gossip.KindMemoryPressure && n.Level >= gossip.SeverityWarning && !n.outside
	}
	own, known := p.Container(n.About.Container)
	kill, isKill := f.(gossip.OOMKilled)
	return isKill && kill.Scope == gossip.ScopeMemcg && known && (!own.MemoryLimit.Known || n.outside)
}
