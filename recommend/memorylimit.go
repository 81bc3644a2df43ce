package recommend

import (
	"fmt"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// raiseMemoryLimit advises a limit above the most that was used, where it is the limit that hurts, and memory does not leak.
func raiseMemoryLimit(f gossip.Finding, p gossip.Pod) (Recommendation, bool) {
	n, ok := memoryNeedOf(f, p)
	if !ok || n.Level < gossip.SeverityWarning || n.leak.Known || (n.killed && n.outside) {
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
		return "the container or its limit is new, and what was measured is of the old one: wait for new samples"
	case n.About.Container == "" && n.About.Kind == gossip.KindOOMKill:
		return "which container of the pod it was is not known: the records tell its ID only"
	case n.About.Container == "":
		return "the records tell of the pod as a whole, and limits are those of containers"
	case !n.limit.Known:
		return "the current memory limit is not known"
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

// nodeOutOfMemory advises a request where it was not the container's own limit that killed: who uses less than its request is killed
// last, and the scheduler keeps the room free.
func nodeOutOfMemory(f gossip.Finding, p gossip.Pod) (Recommendation, bool) {
	n, ok := memoryNeedOf(f, p)
	if !ok || n.leak.Known || !n.killed || !n.outside {
		return Recommendation{}, false
	}
	own, known := p.Container(n.About.Container)
	request := own.MemoryRequest.Or(0)
	why := "the node had no memory left"
	if k, isKill := f.(gossip.OOMKilled); !isKill || k.Scope != gossip.ScopeGlobal {
		why = "it was killed below its own limit, so a limit above it or the node was short of memory"
	}
	to := n.target()
	if n.limit.Value > 0 {
		to = min(to, float64(n.limit.Value))
	}
	switch {
	case !n.peak.Known:
		return n.refuse("request", why+": raising its limit would not help, and how much it used was not measured"), true
	case n.standing || n.About.Container == "" || !known:
		return n.refuse("request", why+": raising its limit would not help; what it requests is not known"), true
	case float64(request) >= to:
		return n.refuse("request", fmt.Sprintf("%s, although it requests %s, which is enough: look at what else runs there, and at the pod's limit",
			why, bytes(request))), true
	}
	c := limitChange{pod: p, about: n.About, of: memory, request: true, from: float64(request), to: to}
	r := n.advise(c, "request")
	if r.Reason == "" {
		r.Reason = fmt.Sprintf("Its limit is not the cause: %s. It used %s; what uses more than its request is killed first.", why, mebibytes(n.peak.Value))
	}
	return r, true
}

// memoryLeak says when memory will run out: a higher limit would only put it off.
func memoryLeak(f gossip.Finding, p gossip.Pod) (Recommendation, bool) {
	n, ok := memoryNeedOf(f, p)
	if !ok || !n.leak.Known || n.standing {
		return Recommendation{}, false
	}
	leak := n.leak.Value
	r := Recommendation{
		Priority: n.Level,
		Action:   fmt.Sprintf("Find the leak in %s: do not raise its memory limit.", n.whose()),
		Reason: fmt.Sprintf("Its working set climbs by %s an hour without coming back (R² %.2f); at this rate it reaches its limit of %s in %s.",
			mebibytes(int64(leak.BytesPerSecond*3600)), leak.R2, mebibytes(n.limit.Value), leak.Remaining()),
		Evidence: n.evidence,
		Risk:     "A cache that still fills looks the same: compare over a day, or look at a heap profile.",
	}
	if n.killed {
		r.Reason = fmt.Sprintf("Its working set climbed by %s an hour without coming back (R² %.2f), until it was killed: a higher limit would only put that off.",
			mebibytes(int64(leak.BytesPerSecond*3600)), leak.R2)
	}
	if n.limit.Known {
		r.Current = bytes(n.limit.Value)
	}
	return r, true
}
