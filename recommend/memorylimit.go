package recommend

import (
	"fmt"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// raiseMemoryLimit advises a limit above the most that was used, where it is the limit that hurts, and memory does not leak.
func raiseMemoryLimit(f gossip.Finding, p gossip.Pod) (Recommendation, bool) {
	n, ok := memoryNeedOf(f, p)
	if !ok || n.Level < gossip.SeverityWarning || n.leak.Known || n.ofNode() || n.ofPod() {
		return Recommendation{}, false
	}
	if why := n.noLimitNumber(); why != "" {
		return n.refuse("limit", why), true
	}
	c := limitChange{pod: p, about: n.About, of: memory, from: float64(n.limit.Value), to: n.target()}
	r := n.advise(c, "limit")
	if r.Reason == "" {
		r.Reason = fmt.Sprintf("It used %s at most; that and a fifth, and 100Mi at least, leaves room.", mebibytes(n.peak.Value))
		if n.killed {
			r.Reason = fmt.Sprintf("It was killed at its limit: %s were in use. That and a fifth, and 100Mi at least, leaves room.", mebibytes(n.peak.Value))
		}
	}
	return r, true
}

// noLimitNumber says why there can be no number for the limit; empty when there can.
func (n memoryNeed) noLimitNumber() string {
	switch {
	case n.standing:
		return wait
	case n.About.Container == "":
		return n.nameless()
	case n.role == gossip.RoleEphemeral:
		return ephemeral
	case !n.limit.Known:
		return "the current memory limit is not known"
	case n.culprit == limitAbove && n.limit.Value > 0:
		return fmt.Sprintf("a limit killed it, and hardly its own (%s of %s were in use); look at memory.max of the pod's cgroup, of those "+
			"above and below, and whether the use was read after the kill", mebibytes(n.peak.Value), mebibytes(n.limit.Value))
	case n.limit.Value == 0 && (n.hits > 0 || n.culprit == limitAbove):
		return "it ran into a memory limit that the record or the pod does not show; look at memory.max of the container's cgroup and of the pod's above it"
	case n.limit.Value == 0:
		return "it has no memory limit, so memory is short on the node or in the pod: give it a request of what it needs"
	case !n.peak.Known:
		return "how much memory it used was not measured"
	case n.killed && n.belowLimit():
		return fmt.Sprintf("the most that was measured is %s, and whether its own limit or one above it killed is not known", mebibytes(n.peak.Value))
	case n.outside:
		return fmt.Sprintf("it used %s at most, less than 90%% of its limit of %s, so the limit is not what it waits for: look at the pod and the node",
			mebibytes(n.peak.Value), mebibytes(n.limit.Value))
	}
	return ""
}

// nameless says why nothing can be said of a container that has no name.
func (n memoryNeed) nameless() string {
	if n.About.Kind == gossip.KindOOMKill {
		return "which container of the pod it was is not known: the records tell its ID only"
	}
	return "the records tell of the pod as a whole, and limits are those of containers"
}

// raisePodMemoryLimit advises a higher limit of the pod as a whole, where that one killed: it was reached, so all containers together
// used as much.
func raisePodMemoryLimit(f gossip.Finding, p gossip.Pod) (Recommendation, bool) {
	n, ok := memoryNeedOf(f, p)
	if !ok || n.leak.Known || !n.ofPod() {
		return Recommendation{}, false
	}
	limit := n.podLimit.Value
	to := targetFor(limit)
	own := "it has none of its own"
	if n.limit.Value > 0 {
		own = fmt.Sprintf("it used %s of %s", mebibytes(n.peak.Value), mebibytes(n.limit.Value))
	}
	return Recommendation{
		Priority: n.Level, Evidence: n.evidence,
		Action: fmt.Sprintf("Raise the memory limit of the pod as a whole from %s to %s.", memory.text(float64(limit)), memory.text(to)),
		Reason: fmt.Sprintf("A limit killed it, and not its own (%s): the pod's limit of %s, which its containers share, was full. "+
			"That and a fifth, and 100Mi at least, leaves room.", own, mebibytes(limit)),
		Current: bytes(limit), Target: memory.quantity(to),
		Risk: "Which of its containers uses most is not known here: look at them together first.",
	}, true
}
