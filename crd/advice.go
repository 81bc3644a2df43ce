package crd

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// An object has room for so many recommendations, and for so many bytes of them.
const (
	maxRecommendations = 8
	whisperRoom        = 8 << 10
	certificateRoom    = 2 << 10 // the timeline needs the rest
)

// recommendations takes the advice over in its order, and says how much of it had no room. A second recommendation of one rule, or
// one of no rule, would make the whole object invalid: neither is kept.
func recommendations(advice []recommend.Recommendation, room int) (list []v1alpha1.Recommendation, omitted int64) {
	for _, a := range advice {
		r := recommendation(a)
		if r.Rule == "" || slices.ContainsFunc(list, func(kept v1alpha1.Recommendation) bool { return kept.Rule == r.Rule }) {
			continue
		}
		size := sizeOf(&r)
		if len(list) == maxRecommendations || size > room {
			omitted++
			continue
		}
		room -= size
		list = append(list, r)
	}
	return list, omitted
}

func recommendation(r recommend.Recommendation) v1alpha1.Recommendation {
	return v1alpha1.Recommendation{
		Rule:       clip(r.Rule, maxLabel),
		Priority:   severity(r.Priority),
		Action:     clip(r.Action, maxSentence),
		Reason:     clip(r.Reason, maxProse),
		Evidence:   clip(r.Evidence, maxProse),
		Current:    quantity(r.Current),
		Target:     quantity(r.Target),
		LowerBound: quantity(r.Lower),
		UpperBound: quantity(r.Upper),
		Resize:     command(r.Resize),
		Patch:      command(r.Patch),
		Rollback:   command(r.Rollback),
		Risk:       clip(r.Risk, maxProse),
	}
}

func quantity(q *resource.Quantity) *resource.Quantity {
	if q == nil {
		return nil
	}
	return new(q.DeepCopy())
}

// sizeOf is how many bytes of JSON a recommendation takes, with the comma after it. It has a rule at least.
func sizeOf(r *v1alpha1.Recommendation) int {
	size := len("{}")
	for _, field := range [...]struct{ name, text string }{
		{"rule", r.Rule},
		{"priority", string(r.Priority)},
		{"action", r.Action},
		{"reason", r.Reason},
		{"evidence", r.Evidence},
		{"current", amount(r.Current)},
		{"target", amount(r.Target)},
		{"lowerBound", amount(r.LowerBound)},
		{"upperBound", amount(r.UpperBound)},
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

func amount(q *resource.Quantity) string {
	if q == nil {
		return ""
	}
	return q.String()
}

// settings are the rules whose number is a setting, and what it sets. Rules of others may be about anything.
var settings = map[string]string{
	"raise-cpu-limit":    "cpu limit",
	"cpu-limit-step":     "cpu limit",
	"raise-memory-limit": "memory limit",
	"node-out-of-memory": "memory request",

	"raise-pod-memory-limit": "pod memory limit",
}

// tasks are the rules that never have a number: what they say to do is the advice.
var tasks = []string{"memory-leak", "investigate-retransmits", "investigate-drops", "investigate-connects"}

// setting is the advice in a few words: the first number to set, else what to do, or why there is no number.
func setting(advice []recommend.Recommendation) string {
	for _, r := range advice {
		what, sets := settings[r.Rule]
		switch {
		case r.Target == nil:
			continue
		case !sets:
			return clip(clause(r.Action), maxAdvice)
		}
		s := what + " → " + withUnit(what, r.Target)
		if r.Current != nil {
			s = what + " " + withUnit(what, r.Current) + " → " + withUnit(what, r.Target)
		}
		if r.MeasureAgain {
			s += ", then measure again"
		}
		return clip(s, maxAdvice)
	}
	for _, r := range advice {
		s := clause(r.Reason)
		if slices.Contains(tasks, r.Rule) {
			s, _, _ = strings.Cut(clause(r.Action), ":")
		}
		if s != "" {
			return clip(s, maxAdvice)
		}
	}
	return ""
}

// withUnit is a quantity with its unit, where Kubernetes has none: "100m", "1 core", "2 cores", "160Mi".
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

// clause is the first part of a sentence that stands alone.
func clause(s string) string {
	s = printable(s)
	for _, end := range []string{". ", "; "} {
		s, _, _ = strings.Cut(s, end)
	}
	return strings.TrimRight(s, ".")
}
