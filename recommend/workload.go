package recommend

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// maxResizes is how many pods of a workload get a command of their own.
const maxResizes = 5

// NeedOf returns the number that a finding about one pod supports: what the first recommendation with a Target says, in
// cores or bytes. Without one it has only the limit in force, as far as the finding or the pod shows it. It is what
// [gossip.RollUp] asks for. The pod may be the zero Pod.
func (rs Rules) NeedOf(f gossip.Finding, p gossip.Pod) gossip.Need {
	f = valueOf(f)
	if f != nil && f.Severity() >= gossip.SeverityInfo {
		for r := range rs.eachAdvice(func(r Rule) (advice, bool) { return r.askRule(f, p) }) {
			if r.Target != nil {
				return gossip.Need{
					Target: amountOf(r.Target), LowerBound: amountOf(r.Lower), UpperBound: amountOf(r.Upper),
					Current: amountOf(r.Current),
				}
			}
		}
	}
	return gossip.Need{Current: limitInForce(f, p)}
}

// amountOf returns a quantity in cores or bytes; absent for nil.
func amountOf(q *resource.Quantity) gossip.Optional[float64] {
	if q == nil {
		return gossip.Optional[float64]{}
	}
	return gossip.Some(q.AsApproximateFloat64())
}

// limitInForce returns the limit of the container that a finding is about; absent where it has none, or that is not
// known.
func limitInForce(f gossip.Finding, p gossip.Pod) gossip.Optional[float64] {
	var limit gossip.Optional[float64]
	var of unit
	switch f := f.(type) {
	case gossip.CPUThrottling:
		of, limit = cpu, f.Limit
	case gossip.MemoryPressure:
		of, limit = memory, optionalFloat(f.Limit)
	case gossip.OOMKilled:
		of, limit = memory, optionalFloat(f.Limit)
	case gossip.NetworkIssue, gossip.PodBirth:
	}
	if of != "" && limit.Value <= 0 {
		container, _ := p.Container(f.Subject().Container)
		limit = of.limitOf(container)
	}
	return limit
}

// ForWorkload returns the advice of every rule about the worst window of a workload, in the order of the rules. The pod
// with the number to set decides ([gossip.WorkloadFinding.Number]). A rule without advice about that pod is asked about
// the worst one, but there is only one number. Without a number the worst pod decides, and it also does if its memory
// leaks. Resize has a command for each pod in trouble that can be resized, the deciding one first, five at most.
//
// podOf returns what is known about a pod; the zero Pod if nothing is. For a pod that is gone it may return another pod
// of the workload. If nothing is known about the deciding pod, which may be gone, what another pod of the workload has
// in common with it counts.
func (rs Rules) ForWorkload(
	f gossip.WorkloadFinding, podOf func(gossip.PodEvidence) gossip.Pod,
) []Recommendation {
	w := newWorkloadPods(f, podOf)
	decides := decidingPod(f)
	decidingFinding, pod := valueOf(decides.Window.Finding), w.describePod(decides)
	worst, worstPod := valueOf(f.Worst.Window.Finding), w.describePod(f.Worst)
	return slices.Collect(rs.eachAdvice(func(r Rule) (advice, bool) {
		if r.adviseWorkload != nil {
			a, ok := r.askAboutWorkload(f, pod)
			nameEvidence(&a, f, decides)
			cleanAdvice(&a.Recommendation)
			return a, ok
		}
		a, ok := r.askRule(decidingFinding, pod)
		of := decides
		if !ok && !isSamePod(decides, f.Worst) {
			a, ok = r.askRule(worst, worstPod)
			of, ok = f.Worst, ok && a.Target == nil && !a.isAgainstNumber
		}
		if a.Target != nil && a.Priority == decidingFinding.Severity() {
			a.Priority = f.Severity()
		}
		if a.change != nil {
			w.fillCommands(&a)
		}
		nameEvidence(&a, f, of)
		cleanAdvice(&a.Recommendation)
		return a, ok
	}))
}

// nameEvidence says which pod the evidence is about, if a workload has several, and its revision if there are several.
func nameEvidence(a *advice, f gossip.WorkloadFinding, of gossip.PodEvidence) {
	isMixed := len(f.Revisions) > 1 && of.Revision != ""
	if f.Pods.Seen < 2 && !isMixed {
		return
	}
	text := "pod " + of.Pod
	if isMixed {
		text += " of revision " + of.Revision
	}
	if a.Evidence != "" {
		text += ": " + a.Evidence
	}
	a.Evidence = text
}

// decidingPod returns the pod that gives the advice about its workload. More memory only delays the end of a leak, so
// another pod's number is no advice about one.
func decidingPod(f gossip.WorkloadFinding) gossip.PodEvidence {
	worst := valueOf(f.Worst.Window.Finding)
	if n, ok := memoryNeedOf(worst, gossip.Pod{}); f.Number == nil || (ok && n.leak.Known) {
		return f.Worst
	}
	return *f.Number
}

func isSamePod(a, b gossip.PodEvidence) bool { return a.Pod == b.Pod && a.UID == b.UID }

// workloadPods are the pods that a finding about a workload names, the deciding one first, and what is known of them.
type workloadPods struct {
	listed   []listedPod
	affected int
}

type listedPod struct {
	gossip.PodEvidence
	pod        gossip.Pod // zero if nothing is known
	isAffected bool
}

func newWorkloadPods(f gossip.WorkloadFinding, podOf func(gossip.PodEvidence) gossip.Pod) *workloadPods {
	w := &workloadPods{affected: f.Pods.Affected}
	add := func(e gossip.PodEvidence, isAffected bool) {
		same := func(l listedPod) bool { return isSamePod(l.PodEvidence, e) }
		if !slices.ContainsFunc(w.listed, same) {
			w.listed = append(w.listed, listedPod{e, podOrStandIn(podOf(e), e), isAffected})
		}
	}
	add(decidingPod(f), true)
	for _, e := range f.Affected {
		add(e, true)
	}
	add(f.Worst, true)
	add(f.Now, false)
	return w
}

// describePod returns what is known about a pod. If that is nothing, but something is known about another pod, the pod
// is gone: what it had in common with the other one is returned. A pod of its own revision comes first.
func (w *workloadPods) describePod(e gossip.PodEvidence) gossip.Pod {
	var standIn *listedPod
	for i := range w.listed {
		l := &w.listed[i]
		switch {
		case isSamePod(l.PodEvidence, e) && l.pod.Known():
			return l.pod
		case l.pod.Known() && (standIn == nil || (l.Revision == e.Revision && standIn.Revision != e.Revision)):
			standIn = l
		}
	}
	if standIn == nil {
		return gossip.Pod{}
	}
	return withoutLife(standIn.pod, e)
}

// podOrStandIn returns what is known about a pod, by itself or by another pod of its workload.
func podOrStandIn(p gossip.Pod, e gossip.PodEvidence) gossip.Pod {
	if p.Known() && p.Name != e.Pod {
		return withoutLife(p, e)
	}
	return p
}

// withoutLife returns a pod that is gone, with what the template gave to another pod of its workload, and nothing of
// what happened to that.
func withoutLife(p gossip.Pod, e gossip.PodEvidence) gossip.Pod {
	p.Name, p.UID, p.StaticUID, p.Node, p.Revision = e.Pod, e.UID, "", e.Node, e.Revision
	p.Started, p.Ended, p.Replaced, p.Resize = time.Time{}, true, false, nil
	p.Containers = slices.Clone(p.Containers)
	for i := range p.Containers {
		c := &p.Containers[i]
		c.ID, c.LastID, c.Started, c.Ready, c.Asked = "", "", time.Time{}, time.Time{}, nil
		c.ShowsOOMKill = gossip.Optional[bool]{}
		if p.Template != nil {
			restoreAmounts(c, *p.Template)
		}
	}
	return p
}

// restoreAmounts gives a container the requests and limits that the template has: an autoscaler or a resize may have
// changed them.
func restoreAmounts(c *gossip.Container, t gossip.Template) {
	has, _ := t.Container(c.Name)
	for _, amount := range []struct{ from, to *gossip.Optional[float64] }{
		{from: &has.CPURequest, to: &c.CPURequest}, {from: &has.CPULimit, to: &c.CPULimit},
	} {
		if amount.from.Known {
			*amount.to = *amount.from
		}
	}
	for _, amount := range []struct{ from, to *gossip.Optional[int64] }{
		{from: &has.MemoryRequest, to: &c.MemoryRequest}, {from: &has.MemoryLimit, to: &c.MemoryLimit},
	} {
		if amount.from.Known {
			*amount.to = *amount.from
		}
	}
}

// fillCommands fills in the commands that change the pods in trouble, and how to take them back. The owner's stay as
// they are.
func (w *workloadPods) fillCommands(r *advice) {
	first, changes := r.change, w.listChanges(*r.change)
	r.Resize, r.Rollback = nil, nil
	for _, c := range changes {
		do, undo := c.resizeCommands()
		if do == "" || len(r.Resize) == maxResizes {
			continue
		}
		if len(r.Resize) == 0 {
			first = &c
		}
		r.Resize, r.Rollback = append(r.Resize, do), appendCommand(r.Rollback, undo)
	}
	_, undo := r.change.patchCommands()
	r.Rollback = appendCommand(r.Rollback, undo)
	r.Risk = first.describeRisk()
	if n := len(r.Resize); n > 0 && n < w.affected {
		r.Risk += fmt.Sprintf(" Of %d pods in trouble, %d can be resized by these commands.", w.affected, n)
	}
}

// listChanges returns the same change of each pod in trouble that exists and does not have the target already, and that
// nothing in the cluster speaks against.
func (w *workloadPods) listChanges(c limitChange) []limitChange {
	anyKnown := slices.ContainsFunc(w.listed, func(l listedPod) bool { return l.pod.Known() })
	var list []limitChange
	for _, l := range w.listed {
		if !l.isAffected || l.pod.Known() != anyKnown {
			continue
		}
		of := c
		of.pod, of.subject.Pod = l.pod, l.Pod
		current, _ := of.currentAmounts()
		present := current.limit
		if of.requestOnly {
			present = current.request
		}
		if !present.Known && !c.requestOnly && !c.wholePod {
			present = limitInForce(valueOf(l.Window.Finding), l.pod)
		}
		of.from = present.Or(c.from)
		if of.from < of.to && of.findObjection() == "" {
			list = append(list, of)
		}
	}
	return list
}
