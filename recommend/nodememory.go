package recommend

import (
	"fmt"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// nodeOutOfMemory advises a request where the node may have been out of memory. The kernel first kills the process that
// uses most of the node's memory. The kubelet adds a handicap (oom_score_adj): 1000 minus the share of the node's
// memory that the container requests, in thousandths. So the process that uses most above its request is killed first.
// A Guaranteed pod has -997, a pod without requests 1000 (pkg/kubelet/qos in kubernetes/kubernetes).
func nodeOutOfMemory(f gossip.Finding, p gossip.Pod) (advice, bool) {
	n, ok := memoryNeedOf(f, p)
	if !ok || n.leak.Known || !n.isNodeShort() {
		return advice{}, false
	}
	container, known := p.Container(n.About.Container)
	request := container.MemoryRequest.Or(0)
	to := n.requestTarget()
	if why := n.whyNoRequest(container, known, p.QoS); why != "" {
		r := n.refuseNumber("request", why)
		if request > 0 {
			r.Current = memoryQuantity(request)
		}
		return r, true
	}
	r := n.adviseChange(
		limitChange{pod: p, subject: n.About, unit: memory, requestOnly: true, from: float64(request), to: to}, "request",
	)
	if r.Reason != "" {
		return r, true
	}
	r.Reason = fmt.Sprintf(
		"Its limit is not the cause: %s. It used %s and requests ", n.describeShortage(), formatMebibytes(n.peak.Value),
	)
	if request > 0 {
		r.Reason += formatMebibytes(request) + "; what uses most above its request is killed first."
	} else {
		r.Reason += "nothing; what requests nothing is among the first to be killed."
	}
	return r, true
}

// requestTarget returns the request to set, which is never above the limits.
func (n memoryNeed) requestTarget() float64 {
	to := n.targetBytes()
	for _, limit := range []gossip.Optional[int64]{n.limit, n.podLimit} {
		if limit.Value > 0 {
			to = min(to, float64(limit.Value))
		}
	}
	return to
}

// whyNoRequest returns why there can be no number for the request; empty when there can.
func (n memoryNeed) whyNoRequest(container gossip.Container, known bool, qos gossip.QoS) string {
	request := container.MemoryRequest.Or(0)
	why := n.describeShortage() + "; raising its limit would not help, and "
	switch {
	case n.standing:
		return waitReason
	case n.About.Container == "":
		return n.whyNoContainer()
	case n.role == gossip.RoleEphemeral:
		return ephemeralReason
	case !known:
		return why + "what it requests is not known"
	case qos == gossip.QoSGuaranteed:
		return why + "its pod is Guaranteed and requests all that it may use, so others are killed before it. Look at what " +
			"uses the node " +
			"beside pods, and at what is reserved for that"
	case !n.peak.Known && request > 0:
		return fmt.Sprintf(
			"%show much it used was not measured, so whether it stayed within its request of %s is not known", why,
			formatMebibytes(request),
		)
	case !n.peak.Known:
		return why + "it requests nothing, so it is among the first to be killed: how much it used was not measured"
	case request > 0 && n.peak.Value <= request:
		return fmt.Sprintf(
			"it stayed within its request (%s of %s), and %s. The smaller a request is, the nearer its oom_score_adj is to "+
				"1000, and "+
				"the sooner it is killed. Look at what else uses the node",
			formatMebibytes(n.peak.Value), formatMebibytes(request), n.describeShortage(),
		)
	case float64(request) >= n.requestTarget():
		return fmt.Sprintf(
			"%sit requests %s already, as much as its limit admits. Look at what else uses the node", why,
			formatMebibytes(request),
		)
	}
	return ""
}

// describeShortage says what ran out of memory.
func (n memoryNeed) describeShortage() string {
	switch {
	case n.culprit == node:
		return "the node had no memory left"
	case n.limit.Value == 0:
		return "it has no limit of its own, so the node was short of memory, or a limit above it was reached"
	}
	return "it was killed below its own limit, so the node was short of memory, or a limit above it was reached"
}
