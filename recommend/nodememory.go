package recommend

import (
	"fmt"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// nodeOutOfMemory advises a request where the node may have been out of memory. The kernel kills first what uses most
// of the node's memory, and the kubelet adds to that a handicap (oom_score_adj) of 1000 less the share of the node that
// the container requests: so what uses most above its request goes first. A Guaranteed pod has -997, one without
// requests 1000 (pkg/kubelet/qos in kubernetes/kubernetes).
func nodeOutOfMemory(f gossip.Finding, p gossip.Pod) (Recommendation, bool) {
	n, ok := memoryNeedOf(f, p)
	if !ok || n.leak.Known || !n.ofNode() {
		return Recommendation{}, false
	}
	own, known := p.Container(n.About.Container)
	request := own.MemoryRequest.Or(0)
	to := n.requestTarget()
	if why := n.noRequestNumber(own, known, p.QoS); why != "" {
		r := n.refuse("request", why)
		if request > 0 {
			r.Current = bytes(request)
		}
		return r, true
	}
	r := n.advise(limitChange{pod: p, about: n.About, of: memory, request: true, from: float64(request), to: to}, "request")
	if r.Reason != "" {
		return r, true
	}
	r.Reason = fmt.Sprintf("Its limit is not the cause: %s. It used %s and requests ", n.shortage(), mebibytes(n.peak.Value))
	if request > 0 {
		r.Reason += mebibytes(request) + "; what uses most above its request is killed first."
	} else {
		r.Reason += "nothing; what requests nothing is among the first to be killed."
	}
	return r, true
}

// requestTarget is what to request: never more than the limits admit.
func (n memoryNeed) requestTarget() float64 {
	to := n.target()
	for _, limit := range []gossip.Optional[int64]{n.limit, n.podLimit} {
		if limit.Value > 0 {
			to = min(to, float64(limit.Value))
		}
	}
	return to
}

// noRequestNumber says why there can be no number for the request; empty when there can.
func (n memoryNeed) noRequestNumber(own gossip.Container, known bool, qos gossip.QoS) string {
	request := own.MemoryRequest.Or(0)
	why := n.shortage() + "; raising its limit would not help, and "
	switch {
	case n.standing:
		return wait
	case n.About.Container == "":
		return n.nameless()
	case n.role == gossip.RoleEphemeral:
		return ephemeral
	case !known:
		return why + "what it requests is not known"
	case qos == gossip.QoSGuaranteed:
		return why + "its pod is Guaranteed and requests all that it may use, so others are killed before it. Look at what uses the node " +
			"beside pods, and at what is reserved for that"
	case !n.peak.Known && request > 0:
		return fmt.Sprintf("%show much it used was not measured, so whether it stayed within its request of %s is not known", why, mebibytes(request))
	case !n.peak.Known:
		return why + "it requests nothing, so it is among the first to be killed: how much it used was not measured"
	case request > 0 && n.peak.Value <= request:
		return fmt.Sprintf("it stayed within its request (%s of %s), and %s. The smaller a request is, the nearer its oom_score_adj is to 1000, and "+
			"the sooner it is killed. Look at what else uses the node", mebibytes(n.peak.Value), mebibytes(request), n.shortage())
	case float64(request) >= n.requestTarget():
		return fmt.Sprintf("%sit requests %s already, as much as its limit admits. Look at what else uses the node", why, mebibytes(request))
	}
	return ""
}

// shortage says what ran out of memory.
func (n memoryNeed) shortage() string {
	switch {
	case n.culprit == node:
		return "the node had no memory left"
	case n.limit.Value == 0:
		return "it has no limit of its own, so the node was short of memory, or a limit above it was reached"
	}
	return "it was killed below its own limit, so the node was short of memory, or a limit above it was reached"
}
