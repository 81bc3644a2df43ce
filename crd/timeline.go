package crd

import (
	"cmp"
	"slices"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

const maxTimeline = 32

// timeline takes the steps of a birth over, and says how many had no room.
func timeline(steps []gossip.Step) (entries []v1alpha1.TimelineEntry, omitted int64) {
	kept := telling(steps, maxTimeline)
	for _, s := range kept {
		entries = append(entries, v1alpha1.TimelineEntry{
			OffsetMilliseconds: milliseconds(gossip.Some(s.Offset)),
			Actor:              actor(s.Actor),
			Action:             cmp.Or(clip(s.Action, maxAction), "unnamed step"),
			Details:            clip(s.Details, maxDetails),
		})
	}
	return entries, int64(len(steps) - len(kept))
}

// telling keeps the steps that tell most, in their order: the first, the last, and those on both sides of the longest gaps, where
// the time went.
func telling(steps []gossip.Step, most int) []gossip.Step {
	if len(steps) <= most {
		return steps
	}
	gaps := make([]int, len(steps)-1) // gap i is between steps i and i+1
	for i := range gaps {
		gaps[i] = i
	}
	length := func(i int) int64 { return int64(steps[i+1].Offset - steps[i].Offset) }
	slices.SortStableFunc(gaps, func(i, j int) int { return cmp.Compare(length(j), length(i)) })

	keep := []int{0, len(steps) - 1}
	for _, i := range gaps {
		for _, step := range []int{i, i + 1} {
			if len(keep) < most && !slices.Contains(keep, step) {
				keep = append(keep, step)
			}
		}
		if len(keep) == most {
			break
		}
	}
	slices.Sort(keep)
	kept := make([]gossip.Step, len(keep))
	for i, step := range keep {
		kept[i] = steps[step]
	}
	return kept
}

// actor is one of the API's four, or absent.
func actor(a gossip.Actor) v1alpha1.Actor {
	switch a {
	case gossip.ActorScheduler, gossip.ActorKubelet, gossip.ActorRuntime, gossip.ActorKernel:
		return v1alpha1.Actor(a)
	}
	return ""
}
