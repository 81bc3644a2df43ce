package crd

import (
	"cmp"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

const maxTimeline = 32

// timeline takes the steps of a birth over, and says how many are left out. A finding of an Analyzer has no more steps than there is
// room for.
func timeline(f gossip.PodBirth) (entries []v1alpha1.TimelineEntry, omitted int64) {
	steps := f.Creation.Timeline
	for _, s := range steps[:min(len(steps), maxTimeline)] {
		entries = append(entries, v1alpha1.TimelineEntry{
			OffsetMilliseconds: milliseconds(gossip.Some(s.Offset)),
			Actor:              actor(s.Actor),
			Action:             cmp.Or(clip(s.Action, maxAction), "unnamed step"),
			Details:            clip(s.Details, maxDetails),
		})
	}
	return entries, int64(f.Omitted + len(steps) - len(entries))
}

// actor is one of the API's four, or absent.
func actor(a gossip.Actor) v1alpha1.Actor {
	switch a {
	case gossip.ActorScheduler, gossip.ActorKubelet, gossip.ActorRuntime, gossip.ActorKernel:
		return v1alpha1.Actor(a)
	}
	return ""
}
