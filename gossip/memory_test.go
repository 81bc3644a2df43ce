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

const mebi = 1 << 20

// memorySample is synthetic: 10 s of a container with a limit of 512Mi and a given working set in MiB.
func memorySample(at time.Duration, set int64, change ...func(*gossip.MemorySample)) gossip.MemorySample {
	s := gossip.MemorySample{
		Origin: gossip.Origin{
			Time: t0.Add(at), Namespace: "shop", Pod: "api-0", PodUID: "u1", Container: "app", ContainerID: "c1",
			Source: "cgroup", Period: 10 * time.Second,
		},
		WorkingSet: gossip.Some(set * mebi), LimitBytes: gossip.Some[int64](512 * mebi),
	}
	for _, f := range change {
		f(&s)
	}
	return s
}

// seen returns the only finding about events. It observes them in several orders, which must not matter.
func seen[F gossip.Finding](t *testing.T, events ...gossip.Event) F {
	t.Helper()
	var first gossip.Finding
	for i := range 3 {
		a := gossip.New(gossip.Options{})
		shuffled := slices.Clone(events)
		if i > 0 {
			rand.New(rand.NewPCG(uint64(i), 7)).Shuffle(
				len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] },
			)
			slices.SortStableFunc(shuffled, func(a, b gossip.Event) int { return a.From().Time.Compare(b.From().Time) })
		}
		for _, e := range shuffled {
			a.Observe(e)
		}
		found := slices.Collect(a.Findings())
		found = slices.DeleteFunc(found, func(f gossip.Finding) bool { _, ok := f.(F); return !ok })
		require.Len(t, found, 1)
		if first == nil {
			first = found[0]
		}
		require.Empty(t, cmp.Diff(first, found[0]))
	}
	return first.(F)
}

func TestMemoryFindingSaysWhatTheSamplesAddUpTo(t *testing.T) {
	got := seen[gossip.MemoryPressure](t,
		memorySample(0, 100, func(s *gossip.MemorySample) {
			s.SomeAvg60, s.FullAvg10 = gossip.Some(0.01), gossip.Some(0.02)
			s.MajorFaults, s.LimitHits, s.OOMKills = gossip.Some[int64](20), gossip.Some[int64](0), gossip.Some[int64](0)
		}),
		memorySample(10*time.Second, 480, func(s *gossip.MemorySample) {
			s.SomeAvg60, s.FullAvg10 = gossip.Some(0.12), gossip.Some(0.01)
			s.MajorFaults, s.LimitHits, s.OOMKills = gossip.Some[int64](500), gossip.Some[int64](7), gossip.Some[int64](0)
		}),
		memorySample(
			20*time.Second, 460,
			func(s *gossip.MemorySample) { s.PageFaultRate, s.Reclaims = gossip.Some(12.5), gossip.Some[int64](3) },
		),
	)
	want := gossip.MemoryPressure{
		Report: gossip.Report{
			About:  gossip.Subject{Kind: gossip.KindMemoryPressure, Namespace: "shop", Pod: "api-0", Container: "app"},
			PodUID: "u1", At: t0.Add(20 * time.Second), Level: gossip.SeverityWarning, Reason: gossip.ReasonStalled,
			History: gossip.History{
				First: t0.Add(10 * time.Second), Last: t0.Add(20 * time.Second), Worst: gossip.SeverityWarning,
				Transition: t0.Add(10 * time.Second),
			},
			Covered: gossip.Coverage{
				Window: 30 * time.Second, Samples: 3, Expected: 3, Epochs: 1, Confidence: gossip.ConfidenceHigh, Source: "cgroup",
				Missing: []string{"major_faults", "limit_hits", "oom_kills"},
			},
		},
		WorkingSet: gossip.Some[int64](460 * mebi), Peak: gossip.Some[int64](480 * mebi),
		Limit: gossip.Some[int64](512 * mebi), UsedOfLimit: gossip.Some(0.9375),
		SomeAvg60: gossip.Some(0.12), FullAvg10: gossip.Some(0.02), MajorFaults: gossip.Some[int64](520),
		FaultRate: gossip.Some(50.0), FaultBaseline: gossip.Some(10.0),
		PageFaultRate: gossip.Some(12.5), Reclaims: gossip.Some[int64](3),
		LimitHits: gossip.Some[int64](7), // Kills stay absent: one sample lacks them, so 0 of two is not "none"
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestMemorySeverityFollowsItsThresholds(t *testing.T) {
	type change = func(*gossip.MemorySample)
	some := func(share float64) change { return func(s *gossip.MemorySample) { s.SomeAvg60 = gossip.Some(share) } }
	full := func(share float64) change { return func(s *gossip.MemorySample) { s.FullAvg10 = gossip.Some(share) } }
	faults := func(n int64) change { return func(s *gossip.MemorySample) { s.MajorFaults = gossip.Some(n) } }
	hits := func(s *gossip.MemorySample) { s.LimitHits = gossip.Some[int64](1) }
	kills := func(s *gossip.MemorySample) { s.OOMKills = gossip.Some[int64](1) }
	noLimit := func(s *gossip.MemorySample) { s.LimitBytes = gossip.Some[int64](0) }
	unknown := func(s *gossip.MemorySample) { s.LimitBytes = gossip.Optional[int64]{} }
	reported := func(share float64) change {
		return func(s *gossip.MemorySample) { s.WorkingSet, s.UsedShare = gossip.Optional[int64]{}, gossip.Some(share) }
	}
	tests := map[string]struct {
		set    int64 // of 512
		change []change
		want   gossip.Severity
		reason gossip.Reason
	}{
		"little used":     {set: 100, want: gossip.SeverityNone, reason: gossip.ReasonBelowThreshold},
		"just below 80 %": {set: 409, want: gossip.SeverityNone, reason: gossip.ReasonBelowThreshold},
		"80 %":            {set: 410, want: gossip.SeverityInfo, reason: gossip.ReasonNearLimit},
		"cache only":      {set: 512, want: gossip.SeverityInfo, reason: gossip.ReasonNearLimit},
		"below 90 % with hits": {
			set: 460, change: []change{hits}, want: gossip.SeverityInfo, reason: gossip.ReasonNearLimit,
		},
		"90 % with hits": {
			set: 461, change: []change{hits}, want: gossip.SeverityWarning, reason: gossip.ReasonLimitHit,
		},
		"PSI some below 2 %": {
			set: 100, change: []change{some(0.0199)}, want: gossip.SeverityNone, reason: gossip.ReasonBelowThreshold,
		},
		"PSI some 2 %": {
			set: 100, change: []change{some(0.02)}, want: gossip.SeverityInfo, reason: gossip.ReasonStalled,
		},
		"PSI some 10 %": {
			set: 100, change: []change{some(0.10)}, want: gossip.SeverityWarning, reason: gossip.ReasonStalled,
		},
		"PSI full below 5 %": {
			set: 100, change: []change{full(0.0499)}, want: gossip.SeverityNone, reason: gossip.ReasonBelowThreshold,
		},
		"PSI full 5 %": {
			set: 100, change: []change{full(0.05)}, want: gossip.SeverityHigh, reason: gossip.ReasonStalled,
		},
		"faults below ten times": {
			set: 500, change: []change{faults(999)}, want: gossip.SeverityInfo, reason: gossip.ReasonNearLimit,
		},
		"faults at ten times": {
			set: 500, change: []change{faults(1000)}, want: gossip.SeverityHigh, reason: gossip.ReasonThrashing,
		},
		"faults far below the limit": {
			set: 100, change: []change{faults(5000)}, want: gossip.SeverityNone, reason: gossip.ReasonBelowThreshold,
		},
		"a kill": {
			set: 100, change: []change{kills}, want: gossip.SeverityCritical, reason: gossip.ReasonOOMKilled,
		},
		"no limit: bytes say nothing": {
			set: 500, change: []change{noLimit}, want: gossip.SeverityUnknown, reason: gossip.ReasonNotMeasured,
		},
		"no limit: PSI says": {
			set: 500, change: []change{noLimit, some(0.1)}, want: gossip.SeverityWarning, reason: gossip.ReasonStalled,
		},
		"no limit: PSI says nothing": {
			set: 500, change: []change{noLimit, some(0)}, want: gossip.SeverityNone, reason: gossip.ReasonBelowThreshold,
		},
		"no limit, and a percentage": {
			change: []change{noLimit, reported(0.95)}, want: gossip.SeverityUnknown, reason: gossip.ReasonNotMeasured,
		},
		"no limit, and it was hit": {
			set: 500, change: []change{noLimit, hits}, want: gossip.SeverityInfo, reason: gossip.ReasonLimitHit,
		},
		"limit unknown, and it was hit": {
			set: 500, change: []change{unknown, hits}, want: gossip.SeverityInfo, reason: gossip.ReasonLimitHit,
		},
		"no limit, hit, and PSI": {
			set: 500, change: []change{noLimit, hits, some(0.1)}, want: gossip.SeverityWarning, reason: gossip.ReasonStalled,
		},
		"limit unknown": {
			set: 500, change: []change{unknown}, want: gossip.SeverityUnknown, reason: gossip.ReasonNotMeasured,
		},
		"limit unknown, with kills": {
			set: 500, change: []change{unknown, kills}, want: gossip.SeverityCritical, reason: gossip.ReasonOOMKilled,
		},
		"percentage alone, below 80": {
			change: []change{reported(0.79)}, want: gossip.SeverityNone, reason: gossip.ReasonBelowThreshold,
		},
		"percentage alone, below 90": {
			change: []change{reported(0.89)}, want: gossip.SeverityInfo, reason: gossip.ReasonNearLimit,
		},
		"percentage alone, 90": {
			change: []change{reported(0.90)}, want: gossip.SeverityWarning, reason: gossip.ReasonNearLimit,
		},
		"percentage and PSI: not alone": {
			change: []change{reported(0.95), some(0)}, want: gossip.SeverityInfo, reason: gossip.ReasonNearLimit,
		},
		"used MiB where nothing is better": {change: []change{some(0), func(s *gossip.MemorySample) {
			s.WorkingSet, s.UsedBytes = gossip.Optional[int64]{}, gossip.Some[int64](500*mebi)
		}}, want: gossip.SeverityInfo, reason: gossip.ReasonNearLimit},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			quiet := memorySample(0, min(test.set, 100), test.change...) // for the baseline
			quiet.MajorFaults = gossip.Some[int64](0)
			quiet.OOMKills, quiet.LimitHits = gossip.Optional[int64]{}, gossip.Optional[int64]{}
			got := seen[gossip.MemoryPressure](t, quiet, memorySample(10*time.Second, test.set, test.change...))
			require.Equal(t, fmt.Sprint(test.want, test.reason), fmt.Sprint(got.Level, got.Reason))
		})
	}
}

// The baseline is the rate of the window's first sample, and at least 10 a second. A sample without a period reaches
// back to the one before it.
func TestFaultBaselineIsTheFirstRateOrTen(t *testing.T) {
	rising := func(first, then int64, period time.Duration) gossip.MemoryPressure {
		return seen[gossip.MemoryPressure](t,
			memorySample(0, 500, func(s *gossip.MemorySample) { s.MajorFaults, s.Period = gossip.Some(first), period }),
			memorySample(
				10*time.Second, 500, func(s *gossip.MemorySample) { s.MajorFaults, s.Period = gossip.Some(then), period },
			),
			memorySample(
				20*time.Second, 500, func(s *gossip.MemorySample) { s.MajorFaults, s.Period = gossip.Some[int64](0), period },
			),
		)
	}
	for name, test := range map[string]struct {
		first, then    int64
		period         time.Duration
		want           gossip.Severity
		rate, baseline float64
	}{
		"ten times the first": {
			first: 200, then: 2000, period: 10 * time.Second, want: gossip.SeverityHigh, rate: 200, baseline: 20,
		},
		"a little less": {
			first: 200, then: 1999, period: 10 * time.Second, want: gossip.SeverityInfo, rate: 199.9, baseline: 20,
		},
		"ten times ten": {
			first: 1, then: 1000, period: 10 * time.Second, want: gossip.SeverityHigh, rate: 100, baseline: 10,
		},
		"lengths are known by the gaps": {
			first: 200, then: 2000, period: 0, want: gossip.SeverityHigh, rate: 200, baseline: 20,
		},
	} {
		got := rising(test.first, test.then, test.period)
		require.Equal(t, test.want, got.Level, name)
		require.Equal(t, gossip.Some(test.rate), got.FaultRate, name)
		require.Equal(t, gossip.Some(test.baseline), got.FaultBaseline, name)
	}
	alone := seen[gossip.MemoryPressure](
		t, memorySample(0, 500, func(s *gossip.MemorySample) { s.MajorFaults, s.Period = gossip.Some[int64](1e6), 0 }),
	)
	require.False(t, alone.FaultRate.Known, "no length, no rate")
}

// A bucket with many samples keeps only their sums. The figures stay the same.
func TestFoldedMemoryBucketKeepsItsFigures(t *testing.T) {
	var events []gossip.Event
	for i := range 200 {
		at := time.Duration(i) * 50 * time.Millisecond
		events = append(events, memorySample(at, int64(300+i), func(s *gossip.MemorySample) {
			s.Period, s.MajorFaults, s.LimitHits = 0, gossip.Some[int64](1), gossip.Some[int64](1)
		}))
	}
	got := seen[gossip.MemoryPressure](t, events...)
	require.Equal(t, gossip.Some[int64](499*mebi), got.Peak)
	require.Equal(t, gossip.Some[int64](499*mebi), got.WorkingSet)
	require.Equal(t, gossip.Some[int64](200), got.LimitHits)
	require.Equal(t, 200, got.Covered.Samples)
	require.InDelta(t, 20, got.FaultRate.Value, 1)
	require.Equal(t, gossip.ReasonLimitHit, got.Reason)
}

func TestNewContainerOrLimitBeginsAMemoryEpoch(t *testing.T) {
	hot := func(s *gossip.MemorySample) { s.LimitHits = gossip.Some[int64](5) }
	restarted := func(s *gossip.MemorySample) { s.ContainerID = "c2" }
	raised := func(s *gossip.MemorySample) { s.LimitBytes = gossip.Some[int64](1024 * mebi) }

	got := seen[gossip.MemoryPressure](t, memorySample(0, 500, hot), memorySample(10*time.Second, 100, restarted))
	require.Equal(t, gossip.SeverityNone, got.Level, "a new container begins anew")
	require.Equal(t, gossip.Some[int64](100*mebi), got.Peak)
	require.Equal(t, 2, got.Covered.Epochs)
	require.Equal(t, gossip.SeverityWarning, got.History.Worst)

	got = seen[gossip.MemoryPressure](t, memorySample(0, 500, hot), memorySample(10*time.Second, 500, raised))
	require.Equal(t, gossip.SeverityNone, got.Level, "so does another limit")

	unmeasured := func(s *gossip.MemorySample) {
		s.WorkingSet, s.OOMKills, s.UsedBytes = gossip.Optional[int64]{}, gossip.Some[int64](0), gossip.Some[int64](1)
		s.SomeAvg10, s.LimitBytes = gossip.Some(0.0), gossip.Optional[int64]{}
	}
	got = seen[gossip.MemoryPressure](
		t, memorySample(0, 500, hot), memorySample(10*time.Second, 500, restarted, unmeasured),
	)
	require.True(t, got.Standing, "until something is measured, the old verdict still holds")
	require.Equal(t, gossip.SeverityWarning, got.Level)

	got = seen[gossip.MemoryPressure](
		t, memorySample(0, 500, hot), memorySample(10*time.Second, 100, func(s *gossip.MemorySample) { s.PodUID = "u2" }),
	)
	require.Equal(t, gossip.SeverityNone, got.History.Worst, "another pod has no history")
}

func TestBytesAreBelievedBeforePercentages(t *testing.T) {
	percent := memorySample(0, 0, func(s *gossip.MemorySample) {
		s.Source, s.WorkingSet, s.UsedShare = "a", gossip.Optional[int64]{}, gossip.Some(0.95)
	})
	got := seen[gossip.MemoryPressure](t, percent, memorySample(10*time.Second, 100))
	require.Equal(t, gossip.SeverityNone, got.Level, "bytes before percentages, whatever their names")
	require.Equal(t, []string{"a"}, got.Covered.Ignored)
	require.Equal(t, gossip.ConfidenceHigh, got.Covered.Confidence)

	got = seen[gossip.MemoryPressure](t, percent)
	require.Equal(t, gossip.ConfidenceLow, got.Covered.Confidence)
	require.Contains(t, got.Covered.Missing, "working_set_bytes")

	a := gossip.New(gossip.Options{})
	for range 3 {
		a.Observe(memorySample(0, 100, func(s *gossip.MemorySample) { s.LimitHits = gossip.Some[int64](1) }))
	}
	f, _ := a.Finding(percent.Subject())
	require.EqualValues(t, 2, a.Stats().Repeated)
	require.Equal(t, gossip.Some[int64](1), f.(gossip.MemoryPressure).LimitHits)
}

// A pod and its containers are subjects of their own.
func TestPodAndContainersAreSubjectsOfTheirOwn(t *testing.T) {
	a := gossip.New(gossip.Options{})
	a.Observe(memorySample(0, 100))
	a.Observe(memorySample(0, 500, func(s *gossip.MemorySample) { s.Container = "" }))
	found := slices.Collect(a.Findings())
	require.Len(t, found, 2)
	require.Equal(t, gossip.Subject{Kind: gossip.KindMemoryPressure, Namespace: "shop", Pod: "api-0"}, found[0].Subject())
}

// climbing returns samples of a working set that grows from 100 MiB by step MiB every 30 s.
func climbing(n int, step int64, change ...func(int, *gossip.MemorySample)) []gossip.Event {
	var events []gossip.Event
	for i := range n {
		at, set := time.Duration(i)*30*time.Second, 100+int64(i)*step
		events = append(events, memorySample(at, set, func(s *gossip.MemorySample) {
			s.Period = 30 * time.Second
			for _, f := range change {
				f(i, s)
			}
		}))
	}
	return events
}

func TestLeakIsASteadyClimbTowardsTheLimit(t *testing.T) {
	set := func(at int, value int64) func(int, *gossip.MemorySample) {
		return func(i int, s *gossip.MemorySample) {
			if i == at {
				s.WorkingSet = gossip.Some(value * mebi)
			}
		}
	}
	for name, test := range map[string]struct {
		events []gossip.Event
		leak   bool
	}{
		"steady":                {climbing(21, 10), true},
		"under 10 minutes":      {climbing(20, 10), false},
		"few samples":           {append(climbing(9, 10), memorySample(time.Minute, 130)), false},
		"down by more than 5 %": {climbing(25, 10, set(20, 275)), false},
		"down by less":          {climbing(25, 10, set(20, 285)), true},
		"flat":                  {climbing(25, 0), false},
		"falling":               {climbing(25, -1), false},
		"limit too far":         {climbing(25, 0, set(24, 101)), false},
		"a step is no line": {
			climbing(25, 0, func(i int, s *gossip.MemorySample) { s.WorkingSet.Value += int64(i/20) * 200 * mebi }), false,
		},
		"no limit": {
			climbing(25, 10, func(_ int, s *gossip.MemorySample) { s.LimitBytes.Value = 0 }), false,
		},
		"limit unknown": {
			climbing(25, 10, func(_ int, s *gossip.MemorySample) { s.LimitBytes.Known = false }), false,
		},
		"a restart in between": {
			climbing(25, 10, func(i int, s *gossip.MemorySample) { s.ContainerID = fmt.Sprint(i / 15) }), false,
		},
		"more than one a bucket":    {every5sClimb(181), true},
		"five seconds under 10 min": {every5sClimb(120), false},
	} {
		got := seen[gossip.MemoryPressure](t, test.events...)
		require.Equal(t, test.leak, got.Leak.Known, name)
	}
	leak := seen[gossip.MemoryPressure](t, climbing(21, 10)...).Leak.Value
	require.InDelta(t, 10.0*mebi/30, leak.BytesPerSecond, 1)
	require.InDelta(t, 1, leak.R2, 1e-9)
	require.InDelta(t, (212.0 * 3), leak.Until.Seconds(), 0.01) // 300 of 512, 10 in 30 s
}

// The time until a leak reaches the limit decides the severity, unless something as bad happens already.
func TestLeakDecidesUnlessAsMuchHurtsAlready(t *testing.T) {
	limit := func(mib int64) func(int, *gossip.MemorySample) {
		return func(_ int, s *gossip.MemorySample) { s.LimitBytes = gossip.Some(mib * mebi) }
	}
	const used, anHour = 300, 1200 // MiB after ten minutes, at 20 MiB a minute
	for name, test := range map[string]struct {
		events []gossip.Event
		want   gossip.Severity
		reason gossip.Reason
		left   string
	}{
		"in half a minute": {
			events: climbing(21, 10, limit(used+10)), want: gossip.SeverityHigh, reason: gossip.ReasonMemoryLeak, left: "30s",
		},
		"at the limit": {
			events: climbing(21, 10, limit(used)), want: gossip.SeverityHigh, reason: gossip.ReasonMemoryLeak, left: "0s",
		},
		"in less than an hour": {
			events: climbing(21, 10, limit(used+anHour-20)), want: gossip.SeverityHigh, reason: gossip.ReasonMemoryLeak,
			left: "59m",
		},
		"in an hour": {
			events: climbing(21, 10, limit(used+anHour)), want: gossip.SeverityWarning, reason: gossip.ReasonMemoryLeak,
			left: "1h",
		},
		"in less than six": {
			events: climbing(21, 10, limit(used+6*anHour-20)), want: gossip.SeverityWarning, reason: gossip.ReasonMemoryLeak,
			left: "5h59m",
		},
		"in six": {
			events: climbing(21, 10, limit(used+6*anHour)), want: gossip.SeverityInfo, reason: gossip.ReasonMemoryLeak,
			left: "6h",
		},
		"hurts as much already": {
			events: climbing(21, 10, limit(used+10), stalledAll(0.05)), want: gossip.SeverityHigh, reason: gossip.ReasonStalled,
			left: "30s",
		},
		"hurts less so far": {
			events: climbing(21, 10, limit(used+10), hit), want: gossip.SeverityHigh, reason: gossip.ReasonMemoryLeak,
			left: "30s",
		},
		"hurts more than it will": {
			events: climbing(21, 10, limit(used+6*anHour), stalledAll(0.05)), want: gossip.SeverityHigh,
			reason: gossip.ReasonStalled, left: "6h",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := seen[gossip.MemoryPressure](t, test.events...)
			require.Equal(t, fmt.Sprint(test.want, test.reason), fmt.Sprint(got.Level, got.Reason))
			require.Equal(t, test.left, got.Leak.Value.TimeLeft())
			require.GreaterOrEqual(t, got.History.Worst, test.want)
		})
	}
}

func stalledAll(share float64) func(int, *gossip.MemorySample) {
	return func(_ int, s *gossip.MemorySample) { s.FullAvg10 = gossip.Some(share) }
}

func hit(_ int, s *gossip.MemorySample) { s.LimitHits = gossip.Some[int64](1) }

// History is kept at each instant without making a finding, and equals the history of the findings of all instants. A
// leak is part of both.
func TestHistoryOfALeakEqualsItsFindings(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 11))
		asked, silent := gossip.New(gossip.Options{}), gossip.New(gossip.Options{})
		var worst gossip.Severity
		var last gossip.MemorySample
		set := int64(50)
		for i := range 120 {
			if set += r.Int64N(8); r.IntN(50) == 0 {
				set = 40 + r.Int64N(200)
			}
			last = memorySample(
				time.Duration(i)*20*time.Second, set, func(s *gossip.MemorySample) { s.Period = 20 * time.Second },
			)
			asked.Observe(last)
			silent.Observe(last)
			f, ok := asked.Finding(last.Subject())
			require.True(t, ok)
			worst = max(worst, f.Severity())
		}
		f, ok := silent.Finding(last.Subject())
		require.True(t, ok)
		require.Equal(t, worst, f.Seen().Worst, seed)
		g, _ := asked.Finding(last.Subject())
		require.Empty(t, cmp.Diff(g, f))
	}
}

func every5sClimb(n int) []gossip.Event {
	var events []gossip.Event
	for i := range n {
		events = append(
			events,
			memorySample(
				time.Duration(i)*5*time.Second, 100+2*int64(i), func(s *gossip.MemorySample) { s.Period = 5 * time.Second },
			),
		)
	}
	return events
}
