package crd

import (
	"cmp"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

const maxTimeline = 32

// newTimeline returns the steps of a birth, and the number of steps that are left out. A finding of an Analyzer never
// has more steps than fit.
func newTimeline(f gossip.PodBirth) (entries []v1alpha1.TimelineEntry, omitted int64) {
	steps := f.Creation.Timeline
	for _, s := range steps[:min(len(steps), maxTimeline)] {
		entries = append(entries, v1alpha1.TimelineEntry{
			OffsetMilliseconds: roundMilliseconds(gossip.Some(s.Offset)),
			Actor:              apiActor(s.Actor),
			Action:             cmp.Or(clipText(s.Action, maxAction), "unnamed step"),
			Details:            clipText(s.Details, maxDetails),
		})
	}
	return entries, int64(f.Omitted + len(steps) - len(entries))
}

// apiActor returns one of the API's four actors; empty for any other.
func apiActor(a gossip.Actor) v1alpha1.Actor {
	switch a {
	case gossip.ActorScheduler, gossip.ActorKubelet, gossip.ActorRuntime, gossip.ActorKernel:
		return v1alpha1.Actor(a)
	}
	return ""
}
