package replay

import (
	"cmp"
	"slices"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// tableRow is one row of the table: a verdict, or two about the same event. If the kernel killed processes of a
// container that is short of memory, the row is the kill's, and also has the verdict on the memory. (The objects stay
// two.)
type tableRow struct {
	verdict
	memory *verdict // on the memory of the kill; usually nil
}

// makeRows makes a row of each verdict, and one row of a kill and its memory. Verdicts are in the order of subjects:
// the memory of a container comes before its kills.
func makeRows(verdicts []verdict) []tableRow {
	list := make([]tableRow, 0, len(verdicts))
	pressure := -1 // index of the newest row about memory
	for _, v := range verdicts {
		if pressure >= 0 && isSameKill(v, list[pressure].verdict) {
			memory := list[pressure].verdict
			list = append(slices.Delete(list, pressure, pressure+1), tableRow{v, &memory})
			pressure = -1
			continue
		}
		if v.About.Kind == gossip.KindMemoryPressure {
			pressure = len(list)
		}
		list = append(list, tableRow{verdict: v})
	}
	return list
}

// isSameKill reports whether a container was killed because of the pressure that the other verdict is about: in the
// same time.
func isSameKill(kill, pressure verdict) bool {
	k, isKill := kill.finding.(gossip.OOMKilled)
	if !isKill || k.Kills == 0 || pressure.Severity() < gossip.SeverityInfo {
		return false
	}
	about := pressure.About.Identity()
	about.Kind = gossip.KindOOMKill
	one, other := kill.worstWindow(), pressure.worstWindow()
	return about == kill.About.Identity() && kill.Worst.Pod == pressure.Worst.Pod &&
		!one.Start.After(other.End) && !other.Start.After(one.End)
}

// countsSameKills reports whether the verdict on the memory only counts the same kills.
func (s tableRow) countsSameKills() bool {
	m, ok := s.memory.finding.(gossip.MemoryPressure)
	return ok && m.Reason == gossip.ReasonOOMKilled
}

// sortWorstFirst sorts rows by their severity, then by their severity now.
func sortWorstFirst(list []tableRow) []tableRow {
	slices.SortStableFunc(list, func(a, b tableRow) int {
		return cmp.Or(
			cmp.Compare(b.Severity(), a.Severity()),
			cmp.Compare(b.severityNow(), a.severityNow()),
		)
	})
	return list
}

// chosenAdvice returns the advice of the kill, or of the memory if the kill's has no commands. Both together would
// contradict each other.
func (s tableRow) chosenAdvice() []recommend.Recommendation {
	if s.memory == nil || slices.ContainsFunc(s.report.Advice, hasCommand) {
		return s.report.Advice
	}
	return s.memory.report.Advice
}

// hasCommand reports whether a recommendation can be applied with kubectl.
func hasCommand(r recommend.Recommendation) bool { return len(r.Resize) > 0 || r.Patch != "" }
