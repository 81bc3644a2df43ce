package crd

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// The number of recommendations in an object, and their size in bytes, are bounded.
const (
	maxRecommendations = 8
	whisperRoom        = 8 << 10
	certificateRoom    = 2 << 10 // the timeline needs the rest
)

// fitRecommendations returns the advice that has room, in its order, and the number of recommendations that have none.
// A second recommendation of the same rule, or one without a rule, would make the whole object invalid, so it is
// dropped.
func fitRecommendations(advice []recommend.Recommendation, room int) (list []v1alpha1.Recommendation, omitted int64) {
	for _, a := range advice {
		r := newRecommendation(a)
		if r.Rule == "" || slices.ContainsFunc(list, func(kept v1alpha1.Recommendation) bool { return kept.Rule == r.Rule }) {
			continue
		}
		size := recommendationSize(&r)
		if len(list) == maxRecommendations || size > room {
			omitted++
			continue
		}
		room -= size
		list = append(list, r)
	}
	return list, omitted
}

func newRecommendation(r recommend.Recommendation) v1alpha1.Recommendation {
	return v1alpha1.Recommendation{
		Rule:       clipText(r.Rule, maxLabel),
		Priority:   apiSeverity(r.Priority),
		Action:     clipText(r.Action, maxSentence),
		Reason:     clipText(r.Reason, maxProse),
		Evidence:   clipText(r.Evidence, maxProse),
		Current:    copyQuantity(r.Current),
		Target:     copyQuantity(r.Target),
		LowerBound: copyQuantity(r.Lower),
		UpperBound: copyQuantity(r.Upper),
		Resize:     wholeCommand(r.Resize),
		Patch:      wholeCommand(r.Patch),
		Rollback:   wholeCommand(r.Rollback),
		Risk:       clipText(r.Risk, maxProse),
	}
}

func copyQuantity(q *resource.Quantity) *resource.Quantity {
	if q == nil {
		return nil
	}
	return new(q.DeepCopy())
}

// recommendationSize returns the length of a recommendation in JSON, with the comma after it. The recommendation has at
// least a rule.
func recommendationSize(r *v1alpha1.Recommendation) int {
	size := len("{}")
	for _, field := range [...]struct{ name, text string }{
		{"rule", r.Rule},
		{"priority", string(r.Priority)},
		{"action", r.Action},
		{"reason", r.Reason},
		{"evidence", r.Evidence},
		{"current", formatQuantity(r.Current)},
		{"target", formatQuantity(r.Target)},
		{"lowerBound", formatQuantity(r.LowerBound)},
		{"upperBound", formatQuantity(r.UpperBound)},
		{"resize", r.Resize},
		{"patch", r.Patch},
		{"rollback", r.Rollback},
		{"risk", r.Risk},
	} {
		if field.text != "" {
			size += len(field.name) + jsonSize(field.text) + len(`"":"",`)
		}
	}
	return size
}

func formatQuantity(q *resource.Quantity) string {
	if q == nil {
		return ""
	}
	return q.String()
}

// settingOf are the rules whose number is a setting, and what it sets. Rules of others may be about anything.
var settingOf = map[string]string{
	"raise-cpu-limit":    "cpu limit",
	"cpu-limit-step":     "cpu limit",
	"raise-memory-limit": "memory limit",
	"node-out-of-memory": "memory request",

	"raise-pod-memory-limit": "pod memory limit",
}

// tasks are the rules that never have a number: what they say to do is the advice.
var tasks = []string{"memory-leak", "investigate-retransmits", "investigate-drops", "investigate-connects"}

// shortAdvice is the advice in a few words: the first number to set, else what to do, or why there is no number.
func shortAdvice(advice []recommend.Recommendation) string {
	for _, r := range advice {
		what, sets := settingOf[r.Rule]
		switch {
		case r.Target == nil:
			continue
		case !sets:
			return clipText(firstClause(r.Action), maxAdvice)
		}
		s := what + " → " + withUnit(what, r.Target)
		if r.Current != nil {
			s = what + " " + withUnit(what, r.Current) + " → " + withUnit(what, r.Target)
		}
		if r.MeasureAgain {
			s += ", then measure again"
		}
		return clipText(s, maxAdvice)
	}
	for _, r := range advice {
		s := firstClause(r.Reason)
		if slices.Contains(tasks, r.Rule) {
			s, _, _ = strings.Cut(firstClause(r.Action), ":")
		}
		if s != "" {
			return clipText(s, maxAdvice)
		}
	}
	return ""
}

// withUnit returns a quantity with its unit, where Kubernetes has none: "100m", "1 core", "2 cores", "160Mi".
func withUnit(what string, q *resource.Quantity) string {
	text := q.String()
	switch {
	case what != "cpu limit" || strings.TrimLeft(text, "0123456789.") != "":
		return text
	case text == "1":
		return "1 core"
	}
	return text + " cores"
}

// firstClause returns the first part of a text that is complete by itself.
func firstClause(s string) string {
	s = printableText(s)
	for _, end := range []string{". ", "; "} {
		s, _, _ = strings.Cut(s, end)
	}
	return strings.TrimRight(s, ".")
}
