package gossip_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// throttledAs returns a finding about a container with a hundred periods, and the number of those that are throttled.
func throttledAs(pod string, minute int, throttled int64, usage, limit float64) gossip.CPUThrottling {
	level := gossip.SeverityNone
	if throttled >= 50 {
		level = gossip.SeverityHigh
	}
	return gossip.CPUThrottling{
		Report: gossip.Report{
			About: gossip.Subject{Kind: gossip.KindCPUThrottling, Namespace: "shop", Pod: pod, Container: "app"},
			At:    incident.Add(time.Duration(minute) * time.Minute), Level: level,
			Covered: gossip.Coverage{Window: 15 * time.Minute},
		},
		Periods: gossip.Some(int64(100)), ThrottledPeriods: gossip.Some(throttled),
		Throttled: gossip.Some(float64(throttled) / 100), Usage: gossip.Some(usage), Limit: gossip.Some(limit),
	}
}

// changedPod returns a pod with a limit that was raised in place at a minute, and with that share of throttled periods
// before and after, in percent.
func changedPod(name string, minute int, before, after int64, change ...func(*gossip.Change)) gossip.PodFinding {
	c := gossip.Change{
		Time: incident.Add(time.Duration(minute) * time.Minute), Complete: true,
		From: gossip.Setting{Limit: gossip.Some(0.1)}, To: gossip.Setting{Limit: gossip.Some(1.0)},
		Before: throttledAs(name, minute, before, 0.1, 0.1), After: throttledAs(name, minute+15, after, 0.1, 1),
	}
	for _, f := range change {
		f(&c)
	}
	return gossip.PodFinding{Now: throttledAs(name, 100, after, 0.1, 1), Change: &c}
}

func TestAChangeIsSummedOverThePodsThatChanged(t *testing.T) {
	unchanged := gossip.PodFinding{Now: throttledAs("web-2", 100, 70, 0.1, 0.1)}
	left := gossip.PodFinding{Now: throttledAs("web-9", 10, 70, 0.1, 0.1)}
	other := changedPod("web-3", 30, 99, 99, func(c *gossip.Change) { c.To.Limit = gossip.Some(3.0) })
	pods := []gossip.PodFinding{
		changedPod("web-0", 41, 80, 0), changedPod("web-1", 40, 60, 10), unchanged, other, left,
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 10 {
		r.Shuffle(len(pods), func(i, j int) { pods[i], pods[j] = pods[j], pods[i] })
		c := gossip.SumChanges(pods, gossip.Options{})
		require.NotNil(t, c)
		require.Equal(t, incident.Add(40*time.Minute), c.Time, "the first")
		require.Equal(t, 2, c.Changed)
		require.Equal(t, 4, c.Seen)
		require.Equal(t, gossip.Some(0.7), c.Before.Share)
		require.Equal(t, gossip.Some(0.05), c.After.Share)
		require.Equal(t, "web-0", c.Before.Worst.Subject().Pod)
		require.Equal(t, "web-1", c.After.Worst.Subject().Pod)
		require.Equal(t, gossip.Some(1.0), c.To.Limit)
		require.True(t, c.Comparable)
		require.True(t, c.Complete)
	}
	require.Nil(t, gossip.SumChanges([]gossip.PodFinding{unchanged, {}}, gossip.Options{}))
	require.Nil(t, gossip.SumChanges(nil, gossip.Options{}))
}

func TestAChangeIsCompleteWhenAllPodsWereMeasured(t *testing.T) {
	early := func(c *gossip.Change) { c.Complete = false }
	silent := func(c *gossip.Change) { c.After, c.Complete = nil, false }
	for what, tc := range map[string]struct {
		other    gossip.PodFinding
		complete bool
	}{
		"both":          {other: changedPod("web-1", 40, 80, 0), complete: true},
		"one is early":  {other: changedPod("web-1", 40, 80, 0, early)},
		"one is silent": {other: changedPod("web-1", 40, 80, 0, silent), complete: true},
	} {
		c := gossip.SumChanges([]gossip.PodFinding{changedPod("web-0", 40, 80, 0), tc.other}, gossip.Options{})
		require.Equal(t, tc.complete, c.Complete, what)
		require.NotNil(t, c.After.Worst, what)
	}
	c := gossip.SumChanges([]gossip.PodFinding{changedPod("web-0", 40, 80, 0, silent)}, gossip.Options{})
	require.False(t, c.Complete)
	require.Nil(t, c.After.Worst)
}

// Half of the load may be why there is half of the trouble. More load with less trouble is no excuse.
func TestALoadThatExplainsTheDifferenceIsNotComparable(t *testing.T) {
	for what, tc := range map[string]struct {
		before, after int64
		usage         float64 // 0.1 before
		want          bool
	}{
		"the same load":           {before: 80, after: 0, usage: 0.1, want: true},
		"a little less":           {before: 80, after: 0, usage: 0.05, want: true},
		"far less":                {before: 80, after: 0, usage: 0.04},
		"far less, and worse":     {before: 60, after: 80, usage: 0.04, want: true},
		"far more, and better":    {before: 80, after: 0, usage: 0.6, want: true},
		"far more, and worse":     {before: 60, after: 80, usage: 0.6},
		"far more, and no better": {before: 60, after: 60, usage: 0.6},
	} {
		c := gossip.SumChanges([]gossip.PodFinding{
			changedPod("web-0", 40, tc.before, tc.after, func(c *gossip.Change) {
				c.After = throttledAs("web-0", 55, tc.after, tc.usage, 1)
			}),
		}, gossip.Options{})
		require.Equal(t, tc.want, c.Comparable, what)
	}
}

// podOfRevision returns a pod that was measured from one minute to another.
func podOfRevision(name, revision string, from, to int, throttled int64, limit float64) gossip.PodFinding {
	return gossip.PodFinding{
		Now: throttledAs(name, to, throttled, 0.1, limit), Revision: revision,
		Since: incident.Add(time.Duration(from) * time.Minute),
	}
}

func TestPodsOfTheNextRevisionAreComparedWithTheOnesBefore(t *testing.T) {
	old := []gossip.PodFinding{
		podOfRevision("web-a-0", "a", 0, 60, 80, 0.1), podOfRevision("web-a-1", "a", 0, 61, 60, 0.1),
	}
	raised := []gossip.PodFinding{
		podOfRevision("web-b-0", "b", 60, 90, 0, 1), podOfRevision("web-b-1", "b", 61, 90, 10, 1),
	}
	c := gossip.SumChanges(slices.Concat(raised, old), gossip.Options{})
	require.NotNil(t, c)
	require.Equal(t, incident.Add(time.Hour), c.Time)
	require.Equal(t, gossip.Some(0.1), c.From.Limit)
	require.Equal(t, gossip.Some(1.0), c.To.Limit)
	require.Equal(t, gossip.Some(0.7), c.Before.Share)
	require.Equal(t, gossip.Some(0.05), c.After.Share)
	require.Equal(t, 2, c.Changed)
	require.True(t, c.Complete)

	early := []gossip.PodFinding{podOfRevision("web-b-0", "b", 60, 70, 0, 1)}
	require.False(t, gossip.SumChanges(slices.Concat(old, early), gossip.Options{}).Complete)

	same := []gossip.PodFinding{podOfRevision("web-b-0", "b", 60, 90, 0, 0.1)}
	require.Nil(t, gossip.SumChanges(slices.Concat(old, same), gossip.Options{}), "a restart changes no setting")

	unknown := []gossip.PodFinding{podOfRevision("web-0", "", 60, 90, 0, 1)}
	require.Nil(t, gossip.SumChanges(slices.Concat(old, unknown), gossip.Options{}), "no revision is known")

	aborted := []gossip.PodFinding{podOfRevision("web-c-0", "c", 70, 72, 0, 3)}
	c = gossip.SumChanges(slices.Concat(old, raised, aborted), gossip.Options{})
	require.Equal(t, gossip.Some(1.0), c.To.Limit, "its pods are gone")

	resized := changedPod("web-b-9", 80, 90, 0)
	resized.Revision = "b"
	resized.Since = incident.Add(time.Hour)
	c = gossip.SumChanges(slices.Concat(old, raised, []gossip.PodFinding{resized}), gossip.Options{})
	require.Equal(t, incident.Add(80*time.Minute), c.Time, "the newest of both")
}

func TestAChangedImageComparesRevisions(t *testing.T) {
	older, newer := podOfRevision("web-a-0", "a", 0, 60, 0, 1), podOfRevision("web-b-0", "b", 60, 90, 80, 1)
	older.Image, newer.Image = "shop/web:1", "shop/web:2"
	c := gossip.SumChanges([]gossip.PodFinding{older, newer}, gossip.Options{})
	require.True(t, c.From.HasOtherImage(c.To))
	require.False(t, c.From.HasOtherLimit(c.To))
	require.Equal(t, gossip.Some(0.8), c.After.Share)
}

func TestAChangeOfMemoryHasTheLargestShareAndTheKills(t *testing.T) {
	finding := func(share float64, kills int64) gossip.MemoryPressure {
		return gossip.MemoryPressure{UsedOfLimit: gossip.Some(share), Kills: gossip.Some(kills)}
	}
	pod := func(name string, before, after gossip.MemoryPressure) gossip.PodFinding {
		now := after
		now.About.Pod = name
		return gossip.PodFinding{Now: now, Change: &gossip.Change{
			Before: before, After: after, To: gossip.Setting{Limit: gossip.Some(2.0)},
		}}
	}
	c := gossip.SumChanges([]gossip.PodFinding{
		pod("web-0", finding(0.9, 1), finding(0.4, 0)), pod("web-1", finding(0.7, 2), finding(0.5, 0)),
	}, gossip.Options{})
	require.Equal(t, gossip.Some(0.9), c.Before.Share)
	require.Equal(t, int64(3), c.Before.Kills)
	require.Equal(t, gossip.Some(0.5), c.After.Share)
	require.Equal(t, int64(0), c.After.Kills)
}
