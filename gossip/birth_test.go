package gossip_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// born is synthetic: the birth of a pod with a given length, without image pull and init containers.
func born(at, took time.Duration, change ...func(*gossip.PodCreation)) gossip.PodCreation {
	c := gossip.PodCreation{
		Origin: gossip.Origin{
			Time: t0.Add(at), Namespace: "shop", Pod: "api-0", PodUID: "u1", Container: "app", Source: "bpftrace",
		},
		TotalSyscalls: gossip.Some[int64](14_000), NamespaceOps: gossip.Some[int64](5), CgroupWrites: gossip.Some[int64](500),
		Duration:  took,
		ImagePull: gossip.Some(time.Duration(0)), Init: gossip.Some(time.Duration(0)),
	}
	for _, f := range change {
		f(&c)
	}
	return c
}

func findBirth(t *testing.T, events ...gossip.Event) gossip.PodBirth {
	t.Helper()
	a := gossip.New(gossip.Options{})
	for _, e := range events {
		a.Observe(e)
	}
	found := slices.Collect(a.Findings())
	require.Len(t, found, 1)
	return found[0].(gossip.PodBirth)
}

func TestBirthSeverityFollowsTheObjective(t *testing.T) {
	pull := func(d time.Duration) func(*gossip.PodCreation) {
		return func(c *gossip.PodCreation) { c.ImagePull = gossip.Some(d) }
	}
	unknown := func(c *gossip.PodCreation) { c.ImagePull = gossip.Optional[time.Duration]{} }
	tests := map[string]struct {
		creation gossip.PodCreation
		want     gossip.Severity
		reason   gossip.Reason
		own      time.Duration
	}{
		"2 s": {
			creation: born(0, 2*time.Second), want: gossip.SeverityNone, reason: gossip.ReasonWithinObjective,
			own: 2 * time.Second,
		},
		"5 s": {
			creation: born(0, 5*time.Second), want: gossip.SeverityInfo, reason: gossip.ReasonWithinObjective,
			own: 5 * time.Second,
		},
		"above": {
			creation: born(0, 5*time.Second+1), want: gossip.SeverityWarning, reason: gossip.ReasonObjectiveMissed,
			own: 5*time.Second + 1,
		},
		"the pull is left out": {
			creation: born(0, 9*time.Second, pull(8*time.Second)), want: gossip.SeverityNone,
			reason: gossip.ReasonWithinObjective, own: time.Second,
		},
		"pull unknown, prompt": {
			creation: born(0, time.Second, unknown), want: gossip.SeverityNone, reason: gossip.ReasonWithinObjective,
			own: time.Second,
		},
		"pull unknown, slow": {
			creation: born(0, 9*time.Second, unknown), want: gossip.SeverityInfo, reason: gossip.ReasonNotMeasured,
			own: 9 * time.Second,
		},
		"pull longer than all": {
			creation: born(0, time.Second, pull(2*time.Second)), want: gossip.SeverityNone, reason: gossip.ReasonWithinObjective,
			own: time.Second,
		},
		"pull and init longer than all": {
			creation: born(
				0, 10*time.Second, pull(8*time.Second), func(c *gossip.PodCreation) { c.Init.Value = 8 * time.Second },
			),
			want: gossip.SeverityInfo, reason: gossip.ReasonNotMeasured, own: 10 * time.Second,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := findBirth(t, test.creation)
			require.Equal(t, test.want, got.Level)
			require.Equal(t, test.reason, got.Reason)
			require.Equal(t, test.own, got.Own)
		})
	}
	require.Equal(t, []string{"image_pull_ns"}, findBirth(t, born(0, time.Second, unknown)).Covered.Missing)
}

func TestLongestStageOfABirthIsFound(t *testing.T) {
	timeline := func(c *gossip.PodCreation) {
		c.Timeline = []gossip.Step{
			{Offset: 0, Actor: gossip.ActorKernel, Action: "cgroup made"},
			{Offset: 700 * time.Millisecond, Actor: gossip.ActorRuntime, Action: "runc starts"},
			{Offset: 900 * time.Millisecond, Actor: gossip.ActorKernel, Action: "command runs"},
		}
	}
	require.Equal(t, gossip.Stage{Name: "cgroup made → runc starts", Duration: 700 * time.Millisecond},
		findBirth(t, born(0, time.Second, timeline)).Longest)
	require.Equal(t, gossip.Stage{Name: "after command runs", Duration: 2100 * time.Millisecond},
		findBirth(t, born(0, 3*time.Second, timeline)).Longest)
	require.Equal(t, gossip.Stage{Name: "image pull", Duration: 8 * time.Second, LeftOut: true},
		findBirth(t, born(0, 9*time.Second, func(c *gossip.PodCreation) { c.ImagePull.Value = 8 * time.Second })).Longest)
	require.Empty(t, findBirth(t, born(0, time.Second)).Longest.Name, "the record has no stages")
}

func TestFirstBirthOfAPodStays(t *testing.T) {
	first, later := born(0, time.Second), born(time.Minute, 9*time.Second)
	twin := born(0, time.Second, func(c *gossip.PodCreation) { c.TotalSyscalls.Value++ })
	want := findBirth(t, first, twin, later)
	require.Equal(t, time.Second, want.Creation.Duration)
	for _, order := range [][]gossip.Event{{twin, first, later}, {later, first, twin}} {
		require.Equal(t, want.Creation, findBirth(t, order...).Creation)
	}
	reborn := findBirth(t, first, born(time.Minute, 9*time.Second, func(c *gossip.PodCreation) { c.PodUID = "u2" }))
	require.Equal(t, gossip.SeverityWarning, reborn.Level, "a new pod of that name has a birth of its own")
}
