package gossip_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// A bucket gets more samples than it remembers one by one, none of them with a period. The usage stays the same.
func TestFoldedBucketWithoutPeriodsKeepsTheUsage(t *testing.T) {
	var events []gossip.Event
	for i := range 900 { // five a second for three minutes
		events = append(events, sample(time.Duration(i)*200*time.Millisecond, 1, func(s *gossip.CPUSample) {
			s.Period, s.Periods.Value, s.UsageUsec.Value = 0, 2, 12_000
			s.ThrottledUsec.Value += int64(i) // no two the same
		}))
	}
	_, got := observe(t, events...)
	require.InDelta(t, 0.06, got.Usage.Value, 0.001)
	require.Equal(t, 900, got.Covered.Samples)
	slices.Reverse(events)
	_, reversed := observe(t, events...)
	reversed.History = got.History
	require.Empty(t, cmp.Diff(got, reversed))
}

// A figure that some samples lack is the mean of the others, and coverage names its field.
func TestPartlyMissingFigureIsTheMeanOfTheOthers(t *testing.T) {
	events := every5s(20, 10, func(s *gossip.CPUSample) { s.UsageUsec.Value, s.ThrottledUsec.Value = 475_000, 10*30_000 })
	lacking := sample(100*time.Second, 10, func(s *gossip.CPUSample) {
		s.UsageUsec, s.ThrottledUsec = gossip.Optional[int64]{}, gossip.Optional[int64]{}
		s.UsageCores = gossip.Some(0.01)
	})
	_, got := observe(t, append(events, lacking)...)
	require.InDelta(t, 0.95, got.UsedOfLimit.Value, 1e-9)
	require.Equal(t, 30*time.Millisecond, got.MeanWait.Value)
	require.False(t, got.ThrottledTime.Known, "a part is not the whole")
	require.Equal(t, []string{"throttled_usec", "usage_usec"}, got.Covered.Missing)
}

// The share that metrics report is used where counters do not give it: without a limit, or in one sample without a
// period.
func TestReportedShareServesWhereCountersLack(t *testing.T) {
	for name, change := range map[string]func(*gossip.CPUSample){
		"no limit known": func(s *gossip.CPUSample) { s.LimitCores = gossip.Optional[float64]{} },
		"no period":      func(s *gossip.CPUSample) { s.Period = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			_, got := observe(t, sample(0, 40, change, func(s *gossip.CPUSample) { s.ReportedShare = gossip.Some(0.33) }))
			require.Equal(t, gossip.Some(0.33), got.UsedOfLimit)
			require.Equal(t, gossip.ReasonThrottledWhileCPULow, got.Reason)
		})
	}
}

// The weight of a percentage without a period is its gap to the sample before.
func TestPercentagesWeighAsTheirGaps(t *testing.T) {
	var events []gossip.Event
	at := t0
	for range 40 { // 14 s at 0 %, then 1 s at 100 %
		for _, s := range []struct {
			gap   time.Duration
			share float64
		}{{14 * time.Second, 0}, {time.Second, 1}} {
			at = at.Add(s.gap)
			events = append(events, gossip.CPUSample{
				Origin:         gossip.Origin{Time: at, Namespace: "shop", Pod: "api-0", Container: "app"},
				ThrottledShare: gossip.Some(s.share), LimitCores: gossip.Some(0.1),
			})
		}
	}
	_, got := observe(t, events...)
	require.InDelta(t, 1.0/15, got.Throttled.Value, 0.002)
	require.Equal(t, gossip.SeverityNone, got.Level)
}

// The first sample of a new epoch reaches back to the last of the old one.
func TestFirstSampleOfAnEpochReachesBackToTheLastOne(t *testing.T) {
	untimed := func(s *gossip.CPUSample) { s.Period = 0 }
	raised := sample(20*time.Second, 1, untimed, func(s *gossip.CPUSample) { s.LimitCores.Value, s.Periods.Value = 1, 60 })
	_, got := observe(t, append(every5s(4, 40, untimed), raised)...)
	require.Equal(t, gossip.Some(1.0), got.Limit)
	require.Equal(t, 5*time.Second, got.Covered.Window)
	require.Equal(t, gossip.Some(0.03), got.Usage)
}

// The previous epoch's verdict holds for one window at most, with the coverage of its time. An old one does not hold at
// all.
func TestPreviousVerdictHoldsForAWindowAtMost(t *testing.T) {
	after := func(at time.Duration) gossip.Event {
		return sample(at, 0, func(s *gossip.CPUSample) { s.ContainerID, s.Periods.Value = "c2", 2 })
	}
	_, got := observe(t, append(every5s(4, 40), after(20*time.Second))...)
	require.True(t, got.Standing)
	require.Equal(t, 4, got.Covered.Samples)
	require.Equal(t, 2, got.Covered.Epochs)

	_, got = observe(t, append(every5s(4, 40), after(20*time.Second), after(20*time.Minute))...)
	require.Equal(t, gossip.ReasonTooFewPeriods, got.Reason)
	require.Equal(t, gossip.SeverityCritical, got.History.Worst)

	_, got = observe(t, append(every5s(4, 40), after(2*time.Hour))...)
	require.False(t, got.Standing, "two hours of silence")
}

// Limits that were filled in from the pod start no epoch where the records have limits of their own.
func TestLimitsOfThePodStartNoEpoch(t *testing.T) {
	pod := gossip.Pod{Name: "api-0", Containers: []gossip.Container{{Name: "app", CPULimit: gossip.Some(0.2)}}}
	var events []gossip.Event
	for i := range 10 {
		s := sample(time.Duration(i)*5*time.Second, 40)
		s.LimitCores.Known = i%2 == 1
		s.LimitCores.Value = 0.1 * float64(i%2)
		events = append(events, gossip.Enrich(s, pod))
	}
	_, got := observe(t, events...)
	require.Equal(t, gossip.Some(0.1), got.Limit)
	require.Equal(t, 1, got.Covered.Epochs)
	require.Equal(t, 10, got.Covered.Samples)
}

// Records of a source that is not believed do not refresh the history's last time.
func TestIgnoredSourceDoesNotMoveLastSeen(t *testing.T) {
	percent := gossip.CPUSample{
		Origin: gossip.Origin{
			Time: t0.Add(5 * time.Minute), Namespace: "shop", Pod: "api-0", PodUID: "u1", Container: "app", Source: "other",
		},
		ThrottledShare: gossip.Some(0.1),
	}
	_, got := observe(t, append(every5s(4, 40), percent)...)
	require.Equal(t, t0.Add(15*time.Second), got.History.Last)
	require.Equal(t, t0.Add(5*time.Minute), got.At)
}

// The history of a birth is the moment of the birth, whatever comes before or after it.
func TestHistoryOfABirthIsItsOwnMoment(t *testing.T) {
	births := []gossip.Event{
		born(50*time.Second, time.Second), born(100*time.Second, 8*time.Second), born(101*time.Second, time.Second),
	}
	want := findBirth(t, births...)
	require.Equal(t, gossip.SeverityNone, want.History.Worst)
	want.At = time.Time{}
	for _, order := range [][]int{{1, 2, 0}, {2, 1, 0}, {1, 0, 2}} {
		got := findBirth(t, births[order[0]], births[order[1]], births[order[2]])
		got.At = time.Time{}
		require.Empty(t, cmp.Diff(want, got))
	}
}

// A long timeline keeps the first step, the last, and those on both sides of the longest gaps.
func TestLongTimelineKeepsTheStepsAroundLongGaps(t *testing.T) {
	got := findBirth(t, born(0, 2*time.Second, func(c *gossip.PodCreation) {
		for i := range 100 { // 1 ms apart, but for one long gap
			offset := time.Duration(i) * time.Millisecond
			if i > 60 {
				offset += time.Second
			}
			c.Timeline = append(c.Timeline, gossip.Step{Offset: offset, Action: fmt.Sprint(i)})
		}
	}))
	var kept []string
	for _, s := range got.Creation.Timeline {
		kept = append(kept, s.Action)
	}
	require.Len(t, kept, 32)
	require.Equal(t, 68, got.Omitted)
	for _, step := range []string{"0", "60", "61", "99"} {
		require.Contains(t, kept, step)
	}
	require.Equal(t, "60 → 61", got.Longest.Name)
}

// Sources cannot fill the memory: only the eight that would be believed first are kept.
func TestEightSourcesAreKept(t *testing.T) {
	var events []gossip.Event
	for i := range 100 {
		events = append(
			events,
			sample(time.Duration(i)*time.Second, 40, func(s *gossip.CPUSample) { s.Source = fmt.Sprintf("s%02d", (i*37)%100) }),
		)
	}
	_, got := observe(t, events...)
	require.Equal(t, "s00", got.Covered.Source)
	require.Len(t, got.Covered.Ignored, 7)
	require.Positive(t, got.Covered.Dropped)
}
