package gossip_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

var t0 = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// sample is synthetic: 5 s of a container with a limit of 100m that is active all the time. It is throttled in the
// given number of 50 periods.
func sample(at time.Duration, throttled int64, change ...func(*gossip.CPUSample)) gossip.CPUSample {
	s := gossip.CPUSample{
		Origin: gossip.Origin{
			Time: t0.Add(at), Namespace: "shop", Pod: "api-0", PodUID: "u1", Container: "app", ContainerID: "c1",
			Source: "cgroup", Period: 5 * time.Second,
		},
		Periods: gossip.Some[int64](50), ThrottledPeriods: gossip.Some(throttled),
		ThrottledUsec: gossip.Some(throttled * 70_000), UsageUsec: gossip.Some[int64](150_000),
		LimitCores: gossip.Some(0.1), Threads: gossip.Some[int64](1), NodeCPUs: gossip.Some[int64](2),
	}
	for _, f := range change {
		f(&s)
	}
	return s
}

func observe(t *testing.T, events ...gossip.Event) (*gossip.Analyzer, gossip.CPUThrottling) {
	t.Helper()
	a := gossip.New(gossip.Options{})
	for _, e := range events {
		a.Observe(e)
	}
	found := slices.Collect(a.Findings())
	require.Len(t, found, 1)
	return a, found[0].(gossip.CPUThrottling)
}

func every5s(n int, throttled int64, change ...func(*gossip.CPUSample)) []gossip.Event {
	var events []gossip.Event
	for i := range n {
		events = append(events, sample(time.Duration(i)*5*time.Second, throttled, change...))
	}
	return events
}

func TestFindingSaysWhatTheCountersAddUpTo(t *testing.T) {
	_, got := observe(t, every5s(3, 40)...)
	want := gossip.CPUThrottling{
		Report: gossip.Report{
			About:  gossip.Subject{Kind: gossip.KindCPUThrottling, Namespace: "shop", Pod: "api-0", Container: "app"},
			PodUID: "u1", At: t0.Add(10 * time.Second), Level: gossip.SeverityCritical,
			Reason:  gossip.ReasonThrottledWhileCPULow,
			History: gossip.History{First: t0, Last: t0.Add(10 * time.Second), Worst: gossip.SeverityCritical, Transition: t0},
			Covered: gossip.Coverage{
				Window: 15 * time.Second, Samples: 3, Expected: 3, Epochs: 1, Confidence: gossip.ConfidenceHigh, Source: "cgroup",
			},
		},
		Periods: gossip.Some[int64](150), ThrottledPeriods: gossip.Some[int64](120), Throttled: gossip.Some(0.8),
		ThrottledTime: gossip.Some(8400 * time.Millisecond), MeanWait: gossip.Some(70 * time.Millisecond),
		UsageTime: gossip.Some(450 * time.Millisecond), Active: gossip.Some(1.0), Usage: gossip.Some(0.03),
		UsedOfLimit: gossip.Some(0.3), Limit: gossip.Some(0.1),
		CFSPeriod: 100 * time.Millisecond, Threads: gossip.Some[int64](1), NodeCPUs: gossip.Some[int64](2),
		FirstThrottled: t0, LastThrottled: t0.Add(10 * time.Second),
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestCPUSeverityFollowsItsThresholds(t *testing.T) {
	none := gossip.Optional[int64]{}
	unlimited := func(s *gossip.CPUSample) { s.LimitCores = gossip.Some(0.0) }
	tests := map[string]struct {
		throttled int64
		change    func(*gossip.CPUSample)
		want      gossip.Severity
		reason    gossip.Reason
	}{
		"below 10 %": {throttled: 4, want: gossip.SeverityNone, reason: gossip.ReasonBelowThreshold},
		"10 %":       {throttled: 5, want: gossip.SeverityInfo, reason: gossip.ReasonThrottled},
		"below 25 %": {throttled: 12, want: gossip.SeverityInfo, reason: gossip.ReasonThrottled},
		"26 % and low use": {
			throttled: 13, want: gossip.SeverityWarning, reason: gossip.ReasonThrottledWhileCPULow,
		},
		"50 %": {throttled: 25, want: gossip.SeverityHigh, reason: gossip.ReasonThrottledWhileCPULow},
		"78 %": {throttled: 39, want: gossip.SeverityHigh, reason: gossip.ReasonThrottledWhileCPULow},
		"80 %": {
			throttled: 40, want: gossip.SeverityCritical, reason: gossip.ReasonThrottledWhileCPULow,
		},
		"short waits": {
			throttled: 40, change: func(s *gossip.CPUSample) { s.ThrottledUsec.Value = 40 * 49_999 }, want: gossip.SeverityHigh,
			reason: gossip.ReasonThrottledWhileCPULow,
		},
		"50 ms waits": {
			throttled: 40, change: func(s *gossip.CPUSample) { s.ThrottledUsec.Value = 40 * 50_000 },
			want: gossip.SeverityCritical, reason: gossip.ReasonThrottledWhileCPULow,
		},
		"unknown waits": {
			throttled: 40, change: func(s *gossip.CPUSample) { s.ThrottledUsec = none }, want: gossip.SeverityCritical,
			reason: gossip.ReasonThrottledWhileCPULow,
		},
		"80 % of the limit": {
			throttled: 40, change: func(s *gossip.CPUSample) { s.UsageUsec.Value = 400_000 }, want: gossip.SeverityCritical,
			reason: gossip.ReasonThrottled,
		},
		"unknown usage": {
			throttled: 40, change: func(s *gossip.CPUSample) { s.UsageUsec = none }, want: gossip.SeverityCritical,
			reason: gossip.ReasonThrottled,
		},
		"no limit": {
			change: func(s *gossip.CPUSample) { s.LimitCores = gossip.Some(0.0); s.Periods.Value = 0 },
			want:   gossip.SeverityNone, reason: gossip.ReasonNoLimit,
		},
		"no limit, throttled": { // koordinator-sh/koordinator#489
			throttled: 25, change: unlimited, want: gossip.SeverityHigh, reason: gossip.ReasonThrottled,
		},
		"no limit, hardly throttled": {
			throttled: 4, change: unlimited, want: gossip.SeverityNone, reason: gossip.ReasonBelowThreshold,
		},
		"no limit, periods": {
			change: unlimited, want: gossip.SeverityNone, reason: gossip.ReasonNoLimit,
		},
		"no limit, throttled too soon": {
			throttled: 5, change: func(s *gossip.CPUSample) { unlimited(s); s.Periods.Value = 5 }, want: gossip.SeverityUnknown,
			reason: gossip.ReasonTooFewPeriods,
		},
		"no limit, a percentage": {change: func(s *gossip.CPUSample) {
			unlimited(s)
			s.Periods, s.ThrottledPeriods, s.ThrottledShare = none, none, gossip.Some(0.6)
		}, want: gossip.SeverityHigh, reason: gossip.ReasonThrottled},
		"few periods": {
			throttled: 5, change: func(s *gossip.CPUSample) { s.Periods.Value = 5 }, want: gossip.SeverityUnknown,
			reason: gossip.ReasonTooFewPeriods,
		},
		"rarely active": {
			throttled: 40, change: func(s *gossip.CPUSample) {
				s.Period = 101 * time.Second
				s.Time = s.Time.Add(s.Time.Sub(t0) * 100)
			},
			want: gossip.SeverityInfo, reason: gossip.ReasonThrottledWhileCPULow,
		},
		"more throttled than periods": {
			throttled: 70, want: gossip.SeverityCritical, reason: gossip.ReasonThrottledWhileCPULow,
		},
		"nothing measured": {
			change: func(s *gossip.CPUSample) { s.Periods, s.ThrottledPeriods = none, none },
			want:   gossip.SeverityUnknown, reason: gossip.ReasonNotMeasured,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			change := test.change
			if change == nil {
				change = func(*gossip.CPUSample) {}
			}
			_, got := observe(t, sample(0, test.throttled, change), sample(5*time.Second, test.throttled, change))
			require.Equal(t, fmt.Sprint(test.want, test.reason), fmt.Sprint(got.Level, got.Reason))
		})
	}
}

// The times of throttling distinguish a container that is throttled only while it starts from one with a low limit.
func TestFindingSaysWhenItWasThrottledAndWhenNot(t *testing.T) {
	throttledAt := func(n int, which ...int) []gossip.Event {
		return every5s(n, 0, func(s *gossip.CPUSample) {
			if slices.Contains(which, int(s.Time.Sub(t0)/(5*time.Second))) {
				s.ThrottledPeriods.Value = 20
			}
		})
	}
	lacking := func(all []gossip.Event) []gossip.Event { return append(all[:5:5], all[20:]...) }
	untimed := func(all []gossip.Event) []gossip.Event {
		for i := range all {
			s := all[i].(gossip.CPUSample)
			s.Period = 0
			all[i] = s
		}
		return all
	}
	for name, test := range map[string]struct {
		events                    []gossip.Event
		first, last, calm, paused int // seconds, and the first to the precision of a bucket
	}{
		"never":                         {events: throttledAt(30)},
		"once":                          {events: throttledAt(30, 4), first: 20, last: 20, calm: 125},
		"at first":                      {events: throttledAt(30, 0, 1, 2, 3), last: 15, calm: 130},
		"again":                         {events: throttledAt(60, 1, 2, 40), first: 10, last: 200, calm: 95, paused: 174},
		"at last":                       {events: throttledAt(30, 28, 29), first: 145, last: 145},
		"nothing was measured since":    {events: lacking(throttledAt(21, 4)), first: 20, last: 20, calm: 5},
		"periods are not known":         {events: untimed(throttledAt(30, 4)), first: 20, last: 20, calm: 125},
		"out of the window":             {events: throttledAt(400, 1, 300), first: 1500, last: 1500, calm: 495},
		"long ago, and it still counts": {events: throttledAt(150, 1, 2), first: 10, last: 10, calm: 735},
	} {
		t.Run(name, func(t *testing.T) {
			seconds := func(n int) time.Duration { return time.Duration(n) * time.Second }
			at := func(n int) time.Time { return t0.Add(seconds(n)) }
			if name == "never" {
				at = func(int) time.Time { return time.Time{} }
			}
			_, got := observe(t, test.events...)
			require.Equal(t, []time.Time{at(test.first), at(test.last)}, []time.Time{got.FirstThrottled, got.LastThrottled})
			require.Equal(
				t, []time.Duration{seconds(test.calm), seconds(test.paused)},
				[]time.Duration{got.Calm, got.Paused.Truncate(time.Second)},
			)
			slices.Reverse(test.events)
			_, reversed := observe(t, test.events...)
			require.Equal(t, []time.Duration{got.Calm, got.Paused}, []time.Duration{reversed.Calm, reversed.Paused})
		})
	}
}

func TestUsersThresholdsReplaceTheDefaults(t *testing.T) {
	a := gossip.New(gossip.Options{ThrottleWarning: 0.6, ThrottleCritical: 0.9})
	for _, e := range every5s(2, 28) { // 56 %
		a.Observe(e)
	}
	f := slices.Collect(a.Findings())[0]
	require.Equal(t, gossip.SeverityInfo, f.Severity())
}

func TestPercentagesSufficeWithLowConfidence(t *testing.T) {
	share := func(at time.Duration, ratio float64, period time.Duration) gossip.Event {
		return gossip.CPUSample{
			Origin:         gossip.Origin{Time: t0.Add(at), Namespace: "shop", Pod: "api-0", Container: "app", Period: period},
			ThrottledShare: gossip.Some(ratio), UsageCores: gossip.Some(0.033), ReportedShare: gossip.Some(0.33),
		}
	}
	t.Run("one sample suffices, with low confidence", func(t *testing.T) {
		_, got := observe(t, share(0, 0.8, 0))
		require.Equal(t, gossip.SeverityCritical, got.Level)
		require.Equal(t, gossip.ReasonThrottledWhileCPULow, got.Reason)
		require.Equal(t, gossip.ConfidenceLow, got.Covered.Confidence)
		require.Equal(
			t, []string{"nr_periods", "throttled_usec", "limit_cores", "threads", "period_seconds"}, got.Covered.Missing,
		)
	})
	t.Run("weighted by period", func(t *testing.T) {
		_, got := observe(t, share(0, 0.9, 10*time.Second), share(30*time.Second, 0.1, 30*time.Second))
		require.InDelta(t, (0.9*10+0.1*30)/40, got.Throttled.Value, 1e-9)
	})
	t.Run("without a period: the gap to the sample before", func(t *testing.T) {
		_, got := observe(t, share(0, 0.9, 10*time.Second), share(30*time.Second, 0.1, 0))
		require.InDelta(t, (0.9*10+0.1*30)/40, got.Throttled.Value, 1e-9)
	})
	t.Run("counters win, percentages count in coverage", func(t *testing.T) {
		percent := share(12*time.Second, 0, 5*time.Second).(gossip.CPUSample)
		percent.Source, percent.PodUID = "cgroup", "u1"
		_, got := observe(t, append(every5s(2, 40), percent)...)
		require.Equal(t, gossip.Some(0.8), got.Throttled)
		require.Equal(t, 3, got.Covered.Samples)
	})
}

func TestSampleWithoutPeriodReachesBackToTheOneBefore(t *testing.T) {
	untimed := func(s *gossip.CPUSample) { s.Period = 0 }
	_, got := observe(t, every5s(4, 40, untimed)...)
	require.Equal(t, 20*time.Second, got.Covered.Window)
	require.InDelta(t, 0.3, got.UsedOfLimit.Value, 1e-9)
	require.Equal(t, []string{"period_seconds"}, got.Covered.Missing)

	_, got = observe(t, sample(0, 40, untimed, func(s *gossip.CPUSample) { s.Periods.Value = 60 }))
	require.False(t, got.Usage.Known, "one sample without a period covers no known time")
	require.False(t, got.Active.Known)
}

// Records of one instant give the same finding in any order. So do all records of a window.
func TestOrderDoesNotMatter(t *testing.T) {
	var events []gossip.Event
	for i := range 30 {
		at := time.Duration(i) * 10 * time.Second
		events = append(events,
			sample(at, int64(i%50), func(s *gossip.CPUSample) { s.UsageUsec.Value += int64(i) }),
			sample(at, int64(i%50), func(s *gossip.CPUSample) { s.Periods.Value++ }))
	}
	_, want := observe(t, events...)
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		shuffled := slices.Clone(events)
		for i := 0; i < len(shuffled); i += 2 {
			r.Shuffle(2, func(x, y int) { shuffled[i+x], shuffled[i+y] = shuffled[i+y], shuffled[i+x] })
		}
		_, got := observe(t, shuffled...)
		require.Empty(t, cmp.Diff(want, got), "lines of equal time")

		r.Shuffle(len(shuffled), func(x, y int) { shuffled[x], shuffled[y] = shuffled[y], shuffled[x] })
		_, got = observe(t, shuffled...)
		got.History = want.History // depends on the order of arrival
		require.Empty(t, cmp.Diff(want, got), "any order")
	}
}

// Of the records of one instant that begin a new epoch, arrival does not decide which one is the newest.
func TestOrderWithinAnInstantDoesNotDecideTheEpoch(t *testing.T) {
	other := func(id string) func(*gossip.CPUSample) { return func(s *gossip.CPUSample) { s.ContainerID = id } }
	uid := func(id string) func(*gossip.CPUSample) { return func(s *gossip.CPUSample) { s.PodUID = id } }
	for name, change := range map[string]func(string) func(*gossip.CPUSample){"container": other, "pod": uid} {
		t.Run(name, func(t *testing.T) {
			instant := []gossip.Event{
				sample(20*time.Second, 10), sample(20*time.Second, 20, change("a9")), sample(20*time.Second, 30, change("zz")),
			}
			var want *gossip.CPUThrottling
			for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
				events := every5s(3, 40)
				for _, i := range order {
					events = append(events, instant[i])
				}
				_, got := observe(t, append(events, sample(25*time.Second, 30, change("zz")))...)
				if want == nil {
					want = &got
				}
				require.Empty(t, cmp.Diff(*want, got))
				require.Equal(t, gossip.Some[int64](60), got.ThrottledPeriods, "only zz's samples are in the window")
			}
		})
	}
}

func TestIdenticalRecordsCountOnce(t *testing.T) {
	a, once := observe(t, every5s(4, 40)...)
	for _, e := range every5s(4, 40) {
		a.Observe(e)
	}
	f, _ := a.Finding(once.About)
	require.Empty(t, cmp.Diff(once, f.(gossip.CPUThrottling)))
	require.Equal(t, int64(4), a.Stats().Repeated)

	// Two different records of one time both count.
	a.Observe(sample(15*time.Second, 41))
	f, _ = a.Finding(once.About)
	require.Equal(t, gossip.Some[int64](201), f.(gossip.CPUThrottling).ThrottledPeriods)
}

// A bucket gets more records than it remembers one by one. All of them count, in whatever order the repeated ones
// arrive.
func TestAllRecordsOfAFoldedBucketCount(t *testing.T) {
	var events []gossip.Event
	for i := range 100 {
		events = append(
			events,
			sample(time.Duration(i)*time.Millisecond, int64(i%50), func(s *gossip.CPUSample) { s.Period = time.Millisecond }),
		)
	}
	events = append(events, events[:30]...)
	_, want := observe(t, events...)
	require.Equal(t, 130, want.Covered.Samples)
	require.Equal(t, int64(130*50), want.Periods.Value)
	slices.Reverse(events)
	_, got := observe(t, events...)
	got.History = want.History
	require.Empty(t, cmp.Diff(want, got))
}

func TestSamplesLeaveTheWindow(t *testing.T) {
	a, f := observe(t, sample(0, 50), sample(14*time.Minute+59*time.Second, 0), sample(15*time.Minute+30*time.Second, 0))
	require.Equal(t, gossip.Some[int64](0), f.ThrottledPeriods, "the first sample has left the window")
	require.Equal(t, gossip.SeverityCritical, f.History.Worst, "and is remembered")
	require.Equal(t, gossip.SeverityNone, f.Level)

	a.Observe(sample(time.Second, 50))
	require.Equal(t, int64(1), a.Stats().Dropped)
	got, _ := a.Finding(f.About)
	require.Equal(t, 1, got.Coverage().Dropped)
	require.Equal(t, f.Throttled, got.(gossip.CPUThrottling).Throttled)

	_, f = observe(t, sample(0, 50), sample(14*time.Minute+59*time.Second, 0))
	require.Equal(t, gossip.Some[int64](50), f.ThrottledPeriods, "nothing younger than the window is lost")
}

func TestOtherSubjectsNeverMoveTheWindow(t *testing.T) {
	a := gossip.New(gossip.Options{})
	a.Observe(sample(0, 40))
	a.Observe(sample(100*365*24*time.Hour, 40, func(s *gossip.CPUSample) { s.Pod = "api-1" }))
	a.Observe(sample(5*time.Second, 40))
	f, ok := a.Finding(sample(0, 0).Subject())
	require.True(t, ok)
	require.Equal(t, 2, f.Coverage().Samples)
}

func TestNewPodStartsTheSubjectAfresh(t *testing.T) {
	reborn := func(s *gossip.CPUSample) { s.PodUID = "u2" }
	a, f := observe(t, append(every5s(4, 50), sample(30*time.Second, 0, reborn), sample(35*time.Second, 0, reborn))...)
	require.Equal(t, "u2", f.PodUID)
	require.Equal(t, gossip.SeverityNone, f.Level)
	require.Equal(t, gossip.SeverityNone, f.History.Worst, "the old pod's history is not the new one's")

	for _, at := range []time.Duration{25 * time.Second, 40 * time.Second} { // late, and late with a clock ahead
		a.Observe(sample(at, 50))
	}
	got, _ := a.Finding(f.About)
	require.Equal(t, 2, got.Coverage().Dropped)
	require.Equal(t, f.Throttled, got.(gossip.CPUThrottling).Throttled)
}

func TestNewEpochKeepsTheOldVerdictUntilItHasItsOwn(t *testing.T) {
	raised := func(s *gossip.CPUSample) { s.LimitCores = gossip.Some(1.0); s.Periods.Value = 30 }
	before := append(every5s(4, 40), sample(20*time.Second, 0, raised))
	_, f := observe(t, before...)
	require.True(t, f.Standing)
	require.Equal(t, gossip.SeverityCritical, f.Level, "the old verdict still holds")
	require.Equal(t, gossip.Some(0.1), f.Limit, "with the old figures")
	require.Equal(t, 2, f.Covered.Epochs)
	require.Equal(t, t0.Add(15*time.Second), f.History.Last)

	_, f = observe(t, append(before, sample(25*time.Second, 0, raised))...)
	require.False(t, f.Standing)
	require.Equal(t, gossip.SeverityNone, f.Level)
	require.Equal(t, gossip.Some(1.0), f.Limit)
	require.Equal(t, gossip.Some[int64](60), f.Periods)
	require.Equal(t, t0.Add(25*time.Second), f.History.Transition)
	require.Equal(t, gossip.SeverityCritical, f.History.Worst)

	restarted := func(s *gossip.CPUSample) { s.ContainerID = "c2" }
	_, f = observe(t, append(every5s(4, 40), sample(20*time.Second, 10, restarted), sample(25*time.Second, 50))...)
	require.Equal(t, gossip.Some[int64](10), f.ThrottledPeriods, "a late record of the old container is dropped")
	require.Equal(t, 1, f.Covered.Dropped)
}

func TestCountersAreBelievedBeforePercentages(t *testing.T) {
	pixie := func(s *gossip.CPUSample) { s.Source = "pixie" }
	percent := func(s *gossip.CPUSample) {
		s.Source = "aaa"
		s.Periods, s.ThrottledPeriods = gossip.Optional[int64]{}, gossip.Optional[int64]{}
		s.ThrottledShare = gossip.Some(0.99)
	}
	events := slices.Concat(every5s(3, 5, pixie), every5s(3, 40), every5s(3, 0, percent))
	_, f := observe(t, events...)
	require.Equal(t, "cgroup", f.Covered.Source)
	require.Equal(t, []string{"aaa", "pixie"}, f.Covered.Ignored)
	require.Equal(t, gossip.Some(0.8), f.Throttled)
	require.Equal(t, 3, f.Covered.Samples)
}

func TestCoverageCountsGapsAndExpectedSamples(t *testing.T) {
	_, f := observe(t, sample(0, 1), sample(5*time.Second, 1), sample(45*time.Second, 1), sample(50*time.Second, 1))
	require.Equal(t, 55*time.Second, f.Covered.Window)
	require.Equal(t, 11, f.Covered.Expected)
	require.Equal(t, 1, f.Covered.Gaps)
	require.Equal(t, gossip.ConfidenceLow, f.Covered.Confidence)
}

func TestImpossibleFiguresAreDropped(t *testing.T) {
	a, _ := observe(
		t, sample(0, 40), sample(5*time.Second, -1),
		sample(5*time.Second, 1, func(s *gossip.CPUSample) { s.UsageUsec.Value = -5 }),
	)
	require.Equal(t, gossip.Stats{Observed: 3, Dropped: 2, Subjects: 1}, a.Stats())
}

func TestAbsurdSumsDoNotWrap(t *testing.T) {
	huge := func(s *gossip.CPUSample) {
		s.Periods.Value, s.ThrottledPeriods.Value, s.UsageUsec.Value, s.ThrottledUsec.Value = 1<<62, 1<<62, 1<<62, 1<<62
	}
	_, f := observe(t, every5s(10, 1, huge)...)
	require.Equal(t, gossip.Some(1.0), f.Throttled)
	require.Positive(t, f.Usage.Value)
	require.Positive(t, f.ThrottledTime.Value)
}

func TestSubjectWithTheOldestEventIsEvicted(t *testing.T) {
	a := gossip.New(gossip.Options{MaxSubjects: 3})
	pod := func(name string) func(*gossip.CPUSample) { return func(s *gossip.CPUSample) { s.Pod = name } }
	for i, name := range []string{"a", "b", "c"} {
		a.Observe(sample(time.Duration(i)*time.Second, 1, pod(name)))
	}
	a.Observe(sample(time.Minute, 1, pod("a"))) // now b has the oldest event
	a.Observe(sample(time.Minute, 1, pod("d")))
	var left []string
	for f := range a.Findings() {
		left = append(left, f.Subject().Pod)
	}
	require.Equal(t, []string{"a", "c", "d"}, left)
	require.Equal(t, int64(1), a.Stats().Evicted)

	a.Forget("shop", "a", "")
	_, ok := a.Finding(sample(0, 0, pod("a")).Subject())
	require.False(t, ok)
}

// Objects belong to pods of the API, which has another UID for a static pod than the kubelet.
func TestEnrichReplacesTheUIDOfAStaticPod(t *testing.T) {
	pod := gossip.Pod{Name: "api-0", UID: "api", StaticUID: "kubelet"}
	origin := gossip.Origin{Pod: "api-0", PodUID: "kubelet"}
	var events gossip.Events
	for _, e := range []gossip.Event{
		gossip.CPUSample{Origin: origin},
		gossip.MemorySample{Origin: origin},
		gossip.OOMKill{Origin: origin},
		gossip.NetworkSample{Origin: origin},
		gossip.PodCreation{Origin: origin},
	} {
		require.Equal(t, "api", gossip.Enrich(e, pod).From().PodUID)
		require.Equal(t, "kubelet", gossip.Enrich(e, gossip.Pod{Name: "api-0", UID: "api"}).From().PodUID)
		events.Add(e)
	}
	events.Enrich(func(gossip.Subject, string) gossip.Pod { return pod })
	for e := range events.All() {
		require.Equal(t, "api", e.From().PodUID)
	}
}

func TestEnrichFillsTheCPULimitOfThePod(t *testing.T) {
	pod := gossip.Pod{Name: "api-0", UID: "u1", Containers: []gossip.Container{
		{Name: "app", CPULimit: gossip.Some(0.2)}, {Name: "free"},
	}}
	lacking := func(s *gossip.CPUSample) { s.LimitCores = gossip.Optional[float64]{} }
	limit := func(e gossip.Event) gossip.Optional[float64] {
		return gossip.Enrich(e, pod).(gossip.CPUSample).LimitCores
	}
	require.Equal(t, gossip.Some(0.1), limit(sample(0, 1)), "the record's own limit wins")
	require.Equal(t, gossip.Some(0.2), limit(sample(0, 1, lacking)))
	require.Equal(
		t, gossip.Some(0.0), limit(sample(0, 1, lacking, func(s *gossip.CPUSample) { s.Container = "free" })),
		"no limit is known to be none",
	)
	pod.CPULimit = gossip.Some(0.3)
	require.Equal(
		t, gossip.Some(0.3), limit(sample(0, 1, lacking, func(s *gossip.CPUSample) { s.Container = "free" })),
		"the pod's limit is shared",
	)
	require.False(t, limit(sample(0, 1, lacking, func(s *gossip.CPUSample) { s.Container = "other" })).Known)
	require.False(
		t, limit(sample(0, 1, lacking, func(s *gossip.CPUSample) { s.PodUID = "u0" })).Known, "another pod of that name",
	)
}
