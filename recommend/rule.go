package recommend

import (
	"reflect"
	"slices"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// Rule gives at most one piece of advice about a finding. RuleFor makes one.
type Rule struct {
	id     string
	advise func(gossip.Finding, gossip.Pod) (Recommendation, bool)
}

// RuleFor makes a rule about findings of type F, or about findings of all types where F is gossip.Finding. The id is
// kebab-case, unique among the rules of a program, and never renamed: it is the key of the recommendation in an object.
// fn is pure; it returns false where it has no advice. A refusal is a Recommendation without Target; its Reason begins
// with why there is no number.
func RuleFor[F gossip.Finding](id string, fn func(F, gossip.Pod) (Recommendation, bool)) Rule {
	return Rule{id: id, advise: func(f gossip.Finding, p gossip.Pod) (Recommendation, bool) {
		finding, ok := f.(F)
		if !ok {
			return Recommendation{}, false
		}
		return fn(finding, p)
	}}
}

// ID returns the rule's kebab-case name.
func (r Rule) ID() string { return r.id }

// For returns this rule's advice about a finding, and false where the rule has none. The pod may be the zero Pod, which
// means that nothing is known about it. Where the rule left the Summary empty, it is the first clause of the Action if
// there is a Target, and of the Reason if there is none. Texts are cleaned ([gossip.CleanText]), and a command that
// would change by that is left out.
func (r Rule) For(f gossip.Finding, p gossip.Pod) (Recommendation, bool) {
	a, ok := r.advise(valueOf(f), p)
	if !ok {
		return Recommendation{}, false
	}
	a.Rule = r.id
	if a.Summary == "" {
		a.Summary = defaultSummary(a)
	}
	cleanAdvice(&a)
	return a, true
}

// cleanAdvice makes each text one line that is safe to show, and drops commands that are not, because a command must
// not be changed. Their names and quotes are the rule's to check.
func cleanAdvice(a *Recommendation) {
	for _, s := range []*string{&a.Summary, &a.Action, &a.Reason, &a.Evidence, &a.Risk} {
		*s = gossip.CleanText(*s)
	}
	for _, s := range []*string{&a.Resize, &a.Patch, &a.Rollback} {
		if gossip.CleanText(*s) != *s {
			*s = ""
		}
	}
}

// valueOf returns the finding that a pointer points to, and any other finding as it is: pointers have the methods
// of a Finding, but rules are about values.
func valueOf(f gossip.Finding) gossip.Finding {
	if v := reflect.ValueOf(f); v.Kind() == reflect.Pointer && !v.IsNil() {
		if value, ok := reflect.TypeAssert[gossip.Finding](v.Elem()); ok {
			return value
		}
	}
	return f
}

// Rules are a list of rules, the most useful first.
type Rules []Rule

// Default returns the rules that both programs use. The slice is new at each call: append rules of your own, or leave
// some out.
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

// For returns the advice of every rule about the finding, in the order of the rules. The pod may be the zero Pod, which
// means that nothing is known about it. If several rules with the same ID have advice, only the first counts, because
// an object holds one recommendation for each ID.
func (rs Rules) For(f gossip.Finding, p gossip.Pod) []Recommendation {
	f = valueOf(f)
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
