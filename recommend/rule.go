package recommend

import (
	"iter"
	"reflect"
	"slices"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// Rule gives at most one piece of advice about a finding. RuleFor and RuleForWorkload make one.
type Rule struct {
	id string
	// One of the two is nil.
	advise         func(gossip.Finding, gossip.Pod) (advice, bool)
	adviseWorkload func(gossip.WorkloadFinding, gossip.Pod) (Recommendation, bool)
}

// advice is a recommendation with what the advice about a workload needs besides.
type advice struct {
	Recommendation
	change          *limitChange // what the commands do; nil if they are not by a rule of this package
	isAgainstNumber bool         // it says why there is no number, or why none is to be set
}

// RuleFor makes a rule about findings of type F, or about findings of all types where F is gossip.Finding. The id is
// kebab-case, unique among the rules of a program, and never renamed: it is the key of the recommendation in an object.
// fn is pure; it returns false where it has no advice. A refusal is a Recommendation without Target; its Reason begins
// with why there is no number.
func RuleFor[F gossip.Finding](id string, fn func(F, gossip.Pod) (Recommendation, bool)) Rule {
	return ruleFor(id, func(f F, p gossip.Pod) (advice, bool) {
		r, ok := fn(f, p)
		return advice{Recommendation: r}, ok
	})
}

// RuleForWorkload makes a rule that compares the pods of a workload. Only [Rules.ForWorkload] asks it. The pod is the
// one that gives the number, or the worst one; it may be the zero Pod. For id and fn see RuleFor.
func RuleForWorkload(id string, fn func(gossip.WorkloadFinding, gossip.Pod) (Recommendation, bool)) Rule {
	return Rule{id: id, adviseWorkload: fn}
}

func ruleFor[F gossip.Finding](id string, fn func(F, gossip.Pod) (advice, bool)) Rule {
	return Rule{id: id, advise: func(f gossip.Finding, p gossip.Pod) (advice, bool) {
		finding, ok := f.(F)
		if !ok {
			return advice{}, false
		}
		return fn(finding, p)
	}}
}

// ID returns the rule's kebab-case name.
func (r Rule) ID() string { return r.id }

// For returns this rule's advice about a finding of one pod, and false where the rule has none. The pod may be the zero
// Pod, which means that nothing is known about it. Where the rule left the Summary empty, it is the first clause of the
// Action if there is a Target, and of the Reason if there is none. Texts are cleaned ([gossip.CleanText]), and a
// command that would change by that is left out.
func (r Rule) For(f gossip.Finding, p gossip.Pod) (Recommendation, bool) {
	a, ok := r.askRule(valueOf(f), p)
	return a.Recommendation, ok
}

// askRule returns what For does, about a finding that is no pointer.
func (r Rule) askRule(f gossip.Finding, p gossip.Pod) (advice, bool) {
	if r.advise == nil {
		return advice{}, false
	}
	a, ok := r.advise(f, p)
	if !ok {
		return advice{}, false
	}
	r.completeAdvice(&a.Recommendation)
	return a, true
}

// askAboutWorkload returns the advice of a rule that compares pods.
func (r Rule) askAboutWorkload(f gossip.WorkloadFinding, p gossip.Pod) (advice, bool) {
	a, ok := r.adviseWorkload(f, p)
	if !ok {
		return advice{}, false
	}
	r.completeAdvice(&a)
	return advice{Recommendation: a}, true
}

// completeAdvice fills in what a rule leaves out, and cleans the rest.
func (r Rule) completeAdvice(a *Recommendation) {
	a.Rule = r.id
	if a.Summary == "" {
		a.Summary = defaultSummary(*a)
	}
	cleanAdvice(a)
}

// cleanAdvice makes each text one line that is safe to show, and drops commands that are not, because a command must
// not be changed. Their names and quotes are the rule's to check.
func cleanAdvice(a *Recommendation) {
	for _, s := range []*string{&a.Summary, &a.Action, &a.Reason, &a.Evidence, &a.Risk} {
		*s = gossip.CleanText(*s)
	}
	isUnsafe := func(command string) bool { return command == "" || gossip.CleanText(command) != command }
	if isUnsafe(a.Patch) {
		a.Patch = ""
	}
	a.Resize = slices.DeleteFunc(slices.Clone(a.Resize), isUnsafe)
	a.Rollback = slices.DeleteFunc(slices.Clone(a.Rollback), isUnsafe)
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
		RuleForWorkload("skewed-pod", skewedPod),
		ruleFor("raise-cpu-limit", raiseCPULimit),
		ruleFor("cpu-limit-step", cpuLimitStep),
		ruleFor("startup-throttling", startupThrottling),
		RuleFor("match-threads-to-limit", matchThreads),
		RuleFor("memory-leak", memoryLeak),
		ruleFor("node-out-of-memory", nodeOutOfMemory),
		ruleFor("raise-pod-memory-limit", raisePodMemoryLimit),
		ruleFor("raise-memory-limit", raiseMemoryLimit),
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
	return slices.Collect(rs.eachAdvice(func(r Rule) (advice, bool) { return r.askRule(f, p) }))
}

// eachAdvice returns the advice of rules, the first of each ID.
func (rs Rules) eachAdvice(ask func(Rule) (advice, bool)) iter.Seq[Recommendation] {
	return func(yield func(Recommendation) bool) {
		given := make([]string, 0, len(rs))
		for _, r := range rs {
			if slices.Contains(given, r.id) {
				continue
			}
			a, ok := ask(r)
			if !ok {
				continue
			}
			given = append(given, r.id)
			if !yield(a.Recommendation) {
				return
			}
		}
	}
}
