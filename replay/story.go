package replay

import (
	"cmp"
	"slices"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// story is what has one row in the table: a verdict, or two that are about the same event. Where the kernel killed
// processes of a container that is short of memory, the row is the kill's, and has what is known of the memory. (The
// objects stay two.)
type story struct {
	verdict
	memory *verdict // of the kill; usually nil
}

// stories are verdicts, with one story for each kill. Verdicts are in the order of subjects: the memory of a container
// comes before its kills.
func stories(verdicts []verdict) []story {
	list := make([]story, 0, len(verdicts))
	pressure := -1 // the newest about memory
	for _, v := range verdicts {
		if pressure >= 0 && sameKill(v.finding, list[pressure].finding) {
			memory := list[pressure].verdict
			list = append(slices.Delete(list, pressure, pressure+1), story{v, &memory})
			pressure = -1
			continue
		}
		if v.finding.Subject().Kind == gossip.KindMemoryPressure {
			pressure = len(list)
		}
		list = append(list, story{verdict: v})
	}
	return list
}

// sameKill reports whether a container was killed because of the pressure that the other finding is about.
func sameKill(kill, pressure gossip.Finding) bool {
	k, isKill := kill.(gossip.OOMKilled)
	if !isKill || k.Kills == 0 || pressure.Severity() < gossip.SeverityInfo {
		return false
	}
	about := pressure.Subject()
	about.Kind = gossip.KindOOMKill
	return about == k.About
}

// sameCount reports whether the memory's verdict does no more than count the same kills.
func (s story) sameCount() bool {
	m, ok := s.memory.finding.(gossip.MemoryPressure)
	return ok && m.Reason == gossip.ReasonOOMKilled
}

// worstFirst sorts stories by their severity now, then by their worst.
func worstFirst(list []story) []story {
	slices.SortStableFunc(list, func(a, b story) int {
		return cmp.Or(
			cmp.Compare(b.finding.Severity(), a.finding.Severity()),
			cmp.Compare(b.finding.Seen().Worst, a.finding.Seen().Worst),
		)
	})
	return list
}

// recommended is the advice of a story: the kill's, or the pressure's where the kill has no commands. Both would
// contradict each other.
func (s story) recommended() []recommend.Recommendation {
	if s.memory == nil || slices.ContainsFunc(s.advice, commanded) {
		return s.advice
	}
	return s.memory.advice
}

func commanded(r recommend.Recommendation) bool { return r.Resize+r.Patch != "" }
