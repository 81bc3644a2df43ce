package recommend

import (
	"slices"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// Rule gives at most one piece of advice about a finding. Make one with RuleFor.
type Rule struct {
	id     string
	advise func(gossip.Finding, gossip.Pod) (Recommendation, bool)
}

// RuleFor makes a rule about findings of type F, or of any type where F is gossip.Finding. The id is kebab-case, unique
// among the rules of a program, and never renamed: it is the key of the recommendation in an object. fn is pure; false
// means that it has nothing to say. A refusal is a Recommendation without Target whose Reason says first why there is
// no number.
func RuleFor[F gossip.Finding](id string, fn func(F, gossip.Pod) (Recommendation, bool)) Rule {
	return Rule{id: id, advise: func(f gossip.Finding, p gossip.Pod) (Recommendation, bool) {
		own, ok := f.(F)
		if !ok {
			return Recommendation{}, false
		}
		return fn(own, p)
	}}
}

// ID is the rule's kebab-case name.
func (r Rule) ID() string { return r.id }

// For asks this rule alone about a finding. What is known of the pod may be the zero Pod. False means that the rule has
// nothing to say.
func (r Rule) For(f gossip.Finding, p gossip.Pod) (Recommendation, bool) {
	a, ok := r.advise(f, p)
	if !ok {
		return Recommendation{}, false
	}
	a.Rule = r.id
	return a, true
}

// Rules are asked in order.
type Rules []Rule

// Default is the advice that both programs give. The slice is fresh: append rules of your own, or leave some out.
func Default() Rules {
	return Rules{
		RuleFor("raise-cpu-limit", raiseCPULimit),
		RuleFor("cpu-limit-step", cpuLimitStep),
		RuleFor("startup-throttling", startupThrottling),
		RuleFor("match-threads-to-limit", matchThreads),
		RuleFor("memory-leak", memoryLeak),
		RuleFor("node-out-of-memory", nodeOutOfMemory),
		RuleFor("raise-pod-memory-limit", raisePodMemoryLimit),
		RuleFor("raise-memory-limit", raiseMemoryLimit),
		RuleFor("investigate-retransmits", investigateRetransmits),
		RuleFor("investigate-drops", investigateDrops),
		RuleFor("investigate-connects", investigateConnects),
		RuleFor("slow-birth", slowBirth),
	}
}

// For asks every rule about the finding. What is known of the pod may be the zero Pod. Of two rules with one ID only the first that
// has something to say is heard, because an object holds one recommendation for each ID.
func (rs Rules) For(f gossip.Finding, p gossip.Pod) []Recommendation {
	var advice []Recommendation
	for _, r := range rs {
		if slices.ContainsFunc(advice, func(a Recommendation) bool { return a.Rule == r.id }) {
			continue
		}
		if a, ok := r.For(f, p); ok {
			advice = append(advice, a)
		}
	}
	return advice
}
