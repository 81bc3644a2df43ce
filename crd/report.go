package crd

import (
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// Report is what an object is made of.
type Report struct {
	// Finding is what the pods of a workload show together, or the birth of a pod, as gossip.RollUp returns it.
	Finding gossip.WorkloadFinding
	// PodOf returns what Kubernetes knows of a pod that the finding names. It may return the zero Pod, and may be nil.
	PodOf func(gossip.PodEvidence) gossip.Pod
	// Advice is about the worst window, the most useful first: see Advised. It may be empty. Only the first recommendation
	// of each rule counts, and none without a rule. The first Summary is the object's short advice.
	Advice []recommend.Recommendation
}

// Advised returns the report with the advice of some rules about its worst window.
func (r Report) Advised(rules recommend.Rules) Report {
	r.Advice = rules.ForWorkload(r.Finding, r.podOf)
	return r
}

func (r *Report) podOf(e gossip.PodEvidence) gossip.Pod {
	if r.PodOf == nil {
		return gossip.Pod{}
	}
	return r.PodOf(e)
}
