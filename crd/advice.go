package crd

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// The number of recommendations in an object, and their size in bytes, are bounded.
const (
	maxRecommendations = 8
	maxResizes         = 5
	maxRollbacks       = maxResizes + 1
	whisperRoom        = 8 << 10 // less where the names of pods need the room
	certificateRoom    = 2 << 10 // the timeline needs the rest
)

// fitRecommendations returns the advice that has room, in its order, the number of recommendations that have none, and
// the room that is left. A second recommendation of the same rule, or one without a rule, would make the whole object
// invalid, so it is dropped.
func fitRecommendations(
	advice []recommend.Recommendation, room int,
) (list []v1alpha1.Recommendation, omitted int64, left int) {
	for _, a := range advice {
		r := newRecommendation(a)
		if r.Rule == "" || slices.ContainsFunc(list, func(kept v1alpha1.Recommendation) bool { return kept.Rule == r.Rule }) {
			continue
		}
		dropCommands(&r, room)
		size := recommendationSize(&r)
		if len(list) == maxRecommendations || size > room {
			omitted++
			continue
		}
		room -= size
		list = append(list, r)
	}
	return list, omitted, room
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
		Resize:     wholeCommands(r.Resize, maxResizes),
		Patch:      wholeCommand(r.Patch),
		Rollback:   wholeCommands(r.Rollback, maxRollbacks),
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
		{"patch", r.Patch},
		{"risk", r.Risk},
	} {
		if field.text != "" {
			size += len(field.name) + jsonSize(field.text) + len(`"":"",`)
		}
	}
	return size + commandsSize("resize", r.Resize) + commandsSize("rollback", r.Rollback)
}

// commandsSize returns the length of a list of commands in JSON, with its name and the comma after it.
func commandsSize(name string, commands []string) int {
	if len(commands) == 0 {
		return 0
	}
	size := len(name) + len(`"":[],`) - len(`,`)
	for _, c := range commands {
		size += jsonSize(c) + len(`"",`)
	}
	return size
}

// wholeCommands returns the commands that fit as a whole, up to a number of them.
func wholeCommands(commands []string, most int) []string {
	var list []string
	for _, c := range commands {
		if c = wholeCommand(c); c != "" && len(list) < most {
			list = append(list, c)
		}
	}
	return list
}

// dropCommands drops commands for single pods, the last first, until a recommendation has room. One stays.
func dropCommands(r *v1alpha1.Recommendation, room int) {
	for n := len(r.Resize); n > 1 && recommendationSize(r) > room; n-- {
		r.Resize = r.Resize[:n-1]
		if undo := len(r.Rollback); r.Patch == "" && undo == n {
			r.Rollback = r.Rollback[:undo-1]
		} else if undo == n+1 {
			r.Rollback = slices.Delete(r.Rollback, undo-2, undo-1)
		}
	}
}

func formatQuantity(q *resource.Quantity) string {
	if q == nil {
		return ""
	}
	return q.String()
}

// shortAdvice returns the summary of the first recommendation that has one: rules are in order of their use.
func shortAdvice(advice []recommend.Recommendation) string {
	for _, r := range advice {
		if r.Summary != "" {
			return clipText(r.Summary, maxAdvice)
		}
	}
	return ""
}
