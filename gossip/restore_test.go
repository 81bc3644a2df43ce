package gossip_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// critical is the history that was written before a restart, an hour before the records of the tests.
var critical = gossip.History{
	First: t0.Add(-3 * time.Hour), Last: t0.Add(-time.Hour), Worst: gossip.SeverityCritical,
	Transition: t0.Add(-2 * time.Hour),
}

func restored(t *testing.T, stood gossip.Severity, events ...gossip.Event) gossip.CPUThrottling {
	t.Helper()
	a := gossip.New(gossip.Options{})
	about := sample(0, 0).Subject()
	a.Restore(about, "u1", critical, stood)
	_, ok := a.Finding(about)
	require.False(t, ok, "a restored subject says nothing before its first record")
	for _, e := range events {
		a.Observe(e)
	}
	f, ok := a.Finding(about)
	require.True(t, ok)
	return f.(gossip.CPUThrottling)
}

func TestRestoredHistoryGoesOn(t *testing.T) {
	few := func(s *gossip.CPUSample) {
		s.Periods, s.ThrottledPeriods = gossip.Some[int64](2), gossip.Some[int64](2)
	}
	for name, tc := range map[string]struct {
		stood  gossip.Severity
		events []gossip.Event
		want   gossip.History
	}{
		"too little yet: the verdict from before holds": {
			stood: gossip.SeverityCritical, events: every5s(3, 2, few),
			want: gossip.History{
				First: critical.First, Last: critical.Last, Worst: critical.Worst, Transition: critical.Transition, Restored: true,
			},
		},
		"still too little after a window": {
			stood:  gossip.SeverityCritical,
			events: []gossip.Event{sample(0, 2, few), sample(14*time.Minute, 2, few), sample(15*time.Minute, 2, few)},
			want: gossip.History{
				First: critical.First, Last: critical.Last, Worst: critical.Worst, Transition: t0.Add(15 * time.Minute),
			},
		},
		"goes on": {
			stood: gossip.SeverityCritical, events: every5s(3, 40),
			want: gossip.History{
				First: critical.First, Last: t0.Add(10 * time.Second), Worst: critical.Worst, Transition: critical.Transition,
			},
		},
		"goes on after too little": {
			stood: gossip.SeverityCritical, events: append(every5s(3, 2, few), sample(15*time.Second, 50)),
			want: gossip.History{
				First: critical.First, Last: t0.Add(15 * time.Second), Worst: critical.Worst, Transition: critical.Transition,
			},
		},
		"better, but for less than a window": {
			stood: gossip.SeverityHigh, events: every5s(3, 0),
			want: gossip.History{
				First: critical.First, Last: critical.Last, Worst: critical.Worst, Transition: critical.Transition, Restored: true,
			},
		},
		"worse, and then better, for less than a window": {
			stood:  gossip.SeverityHigh,
			events: append(every5s(1, 50), sample(14*time.Minute, 0), sample(14*time.Minute+5*time.Second, 0)),
			want: gossip.History{
				First: critical.First, Last: t0.Add(14 * time.Minute), Worst: critical.Worst, Transition: critical.Transition,
				Restored: true,
			},
		},
		"better for a window": {
			stood:  gossip.SeverityHigh,
			events: []gossip.Event{sample(0, 0), sample(14*time.Minute, 0), sample(15*time.Minute, 0)},
			want: gossip.History{
				First: critical.First, Last: critical.Last, Worst: critical.Worst, Transition: t0.Add(15 * time.Minute),
			},
		},
		"was not known, still is not": {
			stood: gossip.SeverityUnknown, events: every5s(2, 2, few),
			want: gossip.History{
				First: critical.First, Last: critical.Last, Worst: critical.Worst, Transition: critical.Transition,
			},
		},
		"another pod of that name": {
			stood: gossip.SeverityCritical, events: every5s(2, 0, func(s *gossip.CPUSample) { s.PodUID = "u2" }),
			want: gossip.History{Worst: gossip.SeverityNone, Transition: t0},
		},
	} {
		got := restored(t, tc.stood, tc.events...)
		require.Empty(t, cmp.Diff(tc.want, got.History), name)
	}
}

func TestCoverageSaysThatTheWindowBeganAgain(t *testing.T) {
	require.True(t, restored(t, gossip.SeverityHigh, every5s(3, 50)...).Covered.Restarted)
	full := restored(t, gossip.SeverityHigh, sample(0, 50), sample(14*time.Minute, 50), sample(15*time.Minute, 50))
	require.False(t, full.Covered.Restarted)
	_, never := observe(t, every5s(3, 50)...)
	require.False(t, never.Covered.Restarted)
}

func TestRestoreLeavesRecordsAlone(t *testing.T) {
	a, want := observe(t, every5s(3, 40)...)
	a.Restore(want.About, "u0", critical, gossip.SeverityNone)
	got, _ := a.Finding(want.About)
	require.Empty(t, cmp.Diff(gossip.Finding(want), got))
}

func TestForgetAndDropRemoveSubjects(t *testing.T) {
	a, f := observe(t, every5s(2, 40)...)
	a.Forget("shop", "api-0", "u0")
	_, ok := a.Finding(f.About)
	require.True(t, ok, "the records are of another pod of that name")

	a.Observe(sample(20*time.Second, 40, func(s *gossip.CPUSample) { s.PodUID = "u2" }))
	a.Forget("shop", "api-0", "u1")
	_, ok = a.Finding(f.About)
	require.True(t, ok, "a record of the next pod came before the news of the deletion")
	a.Forget("shop", "api-0", "u2")
	_, ok = a.Finding(f.About)
	require.False(t, ok)

	a.Observe(sample(0, 1))
	a.Drop(f.About)
	a.Drop(f.About)
	require.Zero(t, a.Stats().Subjects)
}
