package recommend

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// Recommendation is one piece of advice about one finding. A refusal is a Recommendation without Target; its Reason
// begins with why there is no number.
type Recommendation struct {
	Rule     string          // kebab-case ID of the rule, unique in an object, never renamed
	Summary  string          // the advice in a few words, for tables: "cpu limit 100m → 1 core"
	Priority gossip.Severity // the finding's severity, or lower where the advice can wait
	Action   string          // what to do, in a sentence
	Reason   string          // why it helps, or why there is no number
	Evidence string          // the figures that it is based on

	// Current, Target, Lower and Upper are quantities of the resource that the rule is about (CPU in cores, memory in
	// bytes). Nil means "not known" for Current and "no number" for the others.
	Current, Target, Lower, Upper *resource.Quantity

	// MeasureAgain is true when Target is a first step, or the evidence is thin.
	MeasureAgain bool

	// Resize are kubectl commands that resize running pods in place, one for each pod; empty when none can be resized. Of
	// a workload they are for the pods in trouble, five at most.
	Resize []string
	Patch  string // kubectl command that changes the owner's template, so that it lasts
	// Rollback are kubectl commands that restore the values that the pods and the template had before Resize and Patch.
	// The template's is the last.
	Rollback []string
	Risk     string // what may go wrong
}

// String returns what to do and why, with the number, in plain sentences. It leaves out the evidence, the commands and
// the risk.
func (r Recommendation) String() string {
	said := r.Action
	if r.Target != nil && !hasWord(said, r.Target.String()) {
		said += " Target: " + r.Target.String() + "."
	}
	return strings.TrimSpace(said + " " + r.Reason)
}

// hasWord reports whether a sentence contains a word, ignoring the punctuation around it.
func hasWord(sentence, word string) bool {
	return slices.ContainsFunc(strings.Fields(sentence), func(s string) bool { return strings.Trim(s, ".,:;()") == word })
}
