package recommend

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// Recommendation is one piece of advice about one finding. A refusal is a Recommendation too: it has no Target, and its Reason
// says first why there is no number.
type Recommendation struct {
	Rule     string          // kebab-case ID of the rule, unique in an object, never renamed
	Priority gossip.Severity // the finding's severity, or lower where the advice can wait
	Action   string          // what to do, in a sentence
	Reason   string          // why it helps, or why there is no number
	Evidence string          // the figures it stands on

	// Current, Target, Lower and Upper are quantities of the resource that the rule is about (CPU in cores, memory in bytes). Nil is
	// "not known" for Current and "no number" for the others.
	Current, Target, Lower, Upper *resource.Quantity

	// MeasureAgain says that Target is a first step, or stands on thin evidence.
	MeasureAgain bool

	Resize   string // kubectl command that resizes the running pod in place; empty when there is none
	Patch    string // kubectl command that changes the owner's template, so that it lasts
	Rollback string // kubectl commands that take back what Resize and Patch did, to what the pod and the template had
	Risk     string // what may go wrong
}

// String returns what to do and why, with the number, in plain sentences. The evidence, the commands and the risk are
// in the fields.
func (r Recommendation) String() string {
	said := r.Action
	if r.Target != nil && !hasWord(said, r.Target.String()) {
		said += " Target: " + r.Target.String() + "."
	}
	return strings.TrimSpace(said + " " + r.Reason)
}

// hasWord reports whether a sentence has a word, whatever punctuation is around it.
func hasWord(sentence, word string) bool {
	return slices.ContainsFunc(strings.Fields(sentence), func(s string) bool { return strings.Trim(s, ".,:;()") == word })
}
