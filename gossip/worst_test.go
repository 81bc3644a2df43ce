package gossip_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

var incident = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// cpuEvents returns samples of 10 s each, from a minute to another one, with that share of the periods throttled.
func cpuEvents(fromMinute, toMinute int, share float64, change func(*gossip.CPUSample)) []gossip.Event {
	var all []gossip.Event
	for at := incident.Add(time.Duration(fromMinute)*time.Minute + 10*time.Second); !at.After(incident.Add(
		time.Duration(toMinute) * time.Minute)); at = at.Add(10 * time.Second) {
		s := gossip.CPUSample{
			Origin: gossip.Origin{
				Time: at, Namespace: "shop", Pod: "api-0", Container: "app", ContainerID: "a", Period: 10 * time.Second,
			},
			Periods: gossip.Some(int64(100)), ThrottledPeriods: gossip.Some(int64(100 * share)),
			ThrottledUsec: gossip.Some(int64(100 * share * 60_000)),
			UsageUsec:     gossip.Some(int64(2_000_000)), LimitCores: gossip.Some(0.5),
		}
		if change != nil {
			change(&s)
		}
		all = append(all, s)
	}
	return all
}

func worstOf(t *testing.T, o gossip.Options, events ...[]gossip.Event) gossip.WorstWindow {
	t.Helper()
	a := gossip.New(o)
	var about gossip.Subject
	for _, list := range events {
		for _, e := range list {
			about = e.Subject()
			a.Observe(e)
		}
	}
	worst, ok := a.Worst(about)
	require.True(t, ok)
	return worst
}

var aWeek = gossip.Options{Horizon: 7 * 24 * time.Hour}

func TestAnIncidentThatEndedIsTheWorstWindow(t *testing.T) {
	worst := worstOf(t, aWeek,
		cpuEvents(0, 25, 0.02, nil), cpuEvents(25, 40, 0.62, nil), cpuEvents(40, 120, 0, nil))
	f := worst.Finding.(gossip.CPUThrottling)
	require.Equal(t, gossip.SeverityHigh, f.Level)
	require.InDelta(t, 0.62, f.Throttled.Value, 0.03)
	require.WithinDuration(t, incident.Add(40*time.Minute), worst.End, 90*time.Second)
	require.InDelta(t, 15, worst.End.Sub(worst.Start).Minutes(), 1)
	require.Equal(t, gossip.ConfidenceHigh, f.Covered.Confidence)
	require.Equal(t, worst.End, f.Time())
	require.Equal(t, []string{"threads"}, f.Covered.Missing)
}

// Records may come up to a window late, in any order.
func TestTheWorstWindowDoesNotDependOnTheOrderOfRecords(t *testing.T) {
	events := append(cpuEvents(0, 30, 0.3, nil), cpuEvents(30, 50, 0.55, nil)...)
	events = append(events, cpuEvents(50, 130, 0.01, nil)...)
	want := worstOf(t, aWeek, events)
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		const near = 40 // samples of 10 s: less than half a window, so that none is late
		got := worstOf(t, aWeek, blockShuffle(r, events, near))
		require.Empty(t, cmp.Diff(want, got, cmpopts.IgnoreFields(gossip.Report{}, "History")))
	}
}

// blockShuffle shuffles within blocks of n.
func blockShuffle(r *rand.Rand, events []gossip.Event, n int) []gossip.Event {
	out := append([]gossip.Event{}, events...)
	for from := 0; from < len(out); from += n {
		block := out[from:min(from+n, len(out))]
		r.Shuffle(len(block), func(i, j int) { block[i], block[j] = block[j], block[i] })
	}
	return out
}

func TestWithoutTroubleThePresentWindowIsTheWorst(t *testing.T) {
	events := cpuEvents(0, 60, 0.05, nil)
	worst := worstOf(t, aWeek, events)
	require.Equal(t, gossip.SeverityNone, worst.Finding.Severity())
	require.Equal(t, incident.Add(time.Hour), worst.End)
}

func TestWithoutAHorizonThePresentWindowIsTheWorst(t *testing.T) {
	worst := worstOf(t, gossip.Options{}, cpuEvents(0, 25, 0.9, nil), cpuEvents(25, 60, 0, nil))
	require.Equal(t, gossip.SeverityNone, worst.Finding.Severity())
	require.Equal(t, incident.Add(time.Hour), worst.End)
}

func TestAChangedLimitEndsTheHorizon(t *testing.T) {
	raised := func(s *gossip.CPUSample) { s.LimitCores = gossip.Some(2.0) }
	worst := worstOf(t, aWeek, cpuEvents(0, 30, 0.9, nil), cpuEvents(30, 60, 0.12, raised))
	require.Equal(t, gossip.SeverityInfo, worst.Finding.Severity())
}

// One source shows the new limit an hour after the other one: what was measured under it by then stays, and what was
// measured under the old one does not.
func TestASecondSourceWithTheNewLimitEndsNoHorizon(t *testing.T) {
	raised := func(s *gossip.CPUSample) { s.LimitCores = gossip.Some(2.0) }
	percentages := func(limit float64) func(*gossip.CPUSample) {
		return func(s *gossip.CPUSample) {
			absent := gossip.Optional[int64]{}
			s.Periods, s.ThrottledPeriods, s.ThrottledUsec = absent, absent, absent
			s.ThrottledShare, s.LimitCores, s.Source = gossip.Some(0.99), gossip.Some(limit), "other"
		}
	}
	worst := worstOf(t, aWeek,
		cpuEvents(0, 20, 0, percentages(0.5)), cpuEvents(20, 40, 0.9, nil), cpuEvents(40, 70, 0.6, raised),
		cpuEvents(70, 100, 0, raised), cpuEvents(100, 101, 0, percentages(2)), cpuEvents(101, 120, 0, raised))
	require.Equal(t, gossip.SeverityHigh, worst.Finding.Severity())
	require.InDelta(t, 0.6, worst.Finding.(gossip.CPUThrottling).Throttled.Value, 0.01)
}

func TestANewContainerDoesNotEndTheHorizon(t *testing.T) {
	restarted := func(s *gossip.CPUSample) { s.ContainerID = "b" }
	worst := worstOf(t, aWeek, cpuEvents(0, 30, 0.9, nil), cpuEvents(30, 60, 0.12, restarted))
	require.Equal(t, gossip.SeverityCritical, worst.Finding.Severity())
	require.WithinDuration(t, incident.Add(15*time.Minute), worst.End, 90*time.Second, "the earliest of equal windows")
}

// A container that restarts every two minutes never has half a window.
func TestShortLivesCompeteAsAWhole(t *testing.T) {
	var events []gossip.Event
	for life := range 20 {
		share := 0.02
		if life == 7 {
			share = 0.7
		}
		events = append(events, cpuEvents(2*life, 2*life+2, share, func(s *gossip.CPUSample) {
			s.ContainerID = string(rune('a' + life))
		})...)
	}
	worst := worstOf(t, aWeek, events)
	require.Equal(t, gossip.SeverityHigh, worst.Finding.Severity())
	require.Equal(t, incident.Add(16*time.Minute), worst.End)
	require.Equal(t, 12, worst.Finding.Coverage().Samples)
}

// A part of an incident, shorter than half a window, does not compete.
func TestShortWindowsDoNotCompete(t *testing.T) {
	worst := worstOf(t, aWeek, cpuEvents(0, 5, 1, nil), cpuEvents(5, 20, 0, nil), cpuEvents(20, 60, 0, nil))
	require.InDelta(t, 5/7.5, worst.Finding.(gossip.CPUThrottling).Throttled.Value, 0.1, "of at least half a window")
}

func TestOneWindowIsKeptOfEachPartOfTheHorizon(t *testing.T) {
	o := gossip.Options{Horizon: 7 * time.Hour}
	monday := cpuEvents(0, 30, 0.9, nil)
	tuesday := cpuEvents(180, 210, 0.6, nil)
	worst := worstOf(t, o, monday, cpuEvents(30, 180, 0, nil), tuesday, cpuEvents(210, 7*60, 0, nil))
	require.Equal(t, gossip.SeverityCritical, worst.Finding.Severity())
	worst = worstOf(t, o, monday, cpuEvents(30, 180, 0, nil), tuesday, cpuEvents(210, 9*60, 0, nil))
	require.Equal(t, gossip.SeverityHigh, worst.Finding.Severity(), "the first is too old")
	worst = worstOf(t, o, monday, cpuEvents(30, 180, 0, nil), tuesday, cpuEvents(210, 13*60, 0, nil))
	require.Equal(t, gossip.SeverityNone, worst.Finding.Severity(), "both are")
}

// Of two windows of one severity, the one with the larger demand is worse.
func TestDemandDecidesBetweenWindowsOfOneSeverity(t *testing.T) {
	o := aWeek
	o.Demand.CPU = func(f gossip.CPUThrottling) float64 { return f.Usage.Value }
	busier := func(s *gossip.CPUSample) { s.UsageUsec = gossip.Some(int64(4_000_000)) }
	worst := worstOf(t, o, cpuEvents(0, 20, 0.7, nil), cpuEvents(20, 40, 0, nil),
		cpuEvents(40, 60, 0.6, busier), cpuEvents(60, 90, 0, nil))
	require.InDelta(t, 0.6, worst.Finding.(gossip.CPUThrottling).Throttled.Value, 0.05)
}

// What a past window says is what the analyzer said when that window was the present one.
func TestAPastWindowSaysWhatWasSaidThen(t *testing.T) {
	events := append(cpuEvents(0, 47, 0.4, nil), cpuEvents(47, 62, 0.85, nil)...)
	a := gossip.New(gossip.Options{})
	for _, e := range events {
		a.Observe(e)
	}
	then, ok := a.Finding(events[0].Subject())
	require.True(t, ok)
	worst := worstOf(t, aWeek, events, cpuEvents(62, 100, 0, nil))
	got, want := worst.Finding.(gossip.CPUThrottling), then.(gossip.CPUThrottling)
	require.Equal(t, want.Level, got.Level)
	require.InDelta(t, want.Throttled.Value, got.Throttled.Value, 0.06, "as precise as a group of buckets")
	require.InDelta(t, want.Usage.Value, got.Usage.Value, 0.01)
	require.Equal(t, want.MeanWait, got.MeanWait)
	require.Equal(t, want.Limit, got.Limit)
}

// Samples without a period reach back to the sample before, also after they have left the window.
func TestSamplesWithoutAPeriodHaveTheirLengthInPastWindows(t *testing.T) {
	untimed := func(s *gossip.CPUSample) { s.Period = 0 }
	timed := worstOf(t, aWeek, cpuEvents(0, 30, 0.6, nil), cpuEvents(30, 90, 0, nil)).Finding.(gossip.CPUThrottling)
	got := worstOf(t, aWeek, cpuEvents(0, 30, 0.6, untimed), cpuEvents(30, 90, 0, untimed)).Finding.(gossip.CPUThrottling)
	require.Equal(t, timed.Throttled, got.Throttled)
	require.InDelta(t, timed.Usage.Value, got.Usage.Value, 0.02)
}

// Counters are believed before percentages, in past windows too.
func TestAPastWindowIsOfTheSourceThatWasBelieved(t *testing.T) {
	percentages := func(s *gossip.CPUSample) {
		absent := gossip.Optional[int64]{}
		s.Periods, s.ThrottledPeriods, s.ThrottledUsec = absent, absent, absent
		s.ThrottledShare, s.Source = gossip.Some(0.99), "other"
	}
	counters, others := cpuEvents(0, 60, 0.3, nil), cpuEvents(0, 60, 0, percentages)
	var both []gossip.Event
	for i := range counters {
		both = append(both, counters[i], others[i])
	}
	worst := worstOf(t, aWeek, both)
	require.Equal(t, gossip.SeverityWarning, worst.Finding.Severity())
}

func TestKillsMemoryAndNetworksHaveAWorstWindow(t *testing.T) {
	at := func(minute int) gossip.Origin {
		return gossip.Origin{
			Time: incident.Add(time.Duration(minute) * time.Minute), Namespace: "shop", Pod: "api-0", Container: "app",
			Period: time.Minute,
		}
	}
	var memory, network []gossip.Event
	for minute := range 120 {
		used, failed := int64(50<<20), int64(0)
		if minute >= 20 && minute < 40 {
			used, failed = 92<<20, 30
		}
		memory = append(memory, gossip.MemorySample{
			Origin: at(minute), WorkingSet: gossip.Some(used), LimitBytes: gossip.Some(int64(100 << 20)),
		})
		network = append(network, gossip.NetworkSample{Origin: at(minute), FailedConnects: gossip.Some(failed)})
	}
	require.GreaterOrEqual(t, worstOf(t, aWeek, memory).Finding.Severity(), gossip.SeverityInfo)
	require.Equal(t, gossip.SeverityHigh, worstOf(t, aWeek, network).Finding.Severity())

	kill := func(minute int) gossip.Event {
		o := at(minute)
		o.Period = 0
		return gossip.OOMKill{Origin: o, LimitBytes: gossip.Some(int64(100 << 20))}
	}
	worst := worstOf(t, aWeek, []gossip.Event{kill(0), kill(1), kill(2), kill(90)})
	require.Equal(t, int64(3), worst.Finding.(gossip.OOMKilled).Kills)
	require.Equal(t, incident.Add(2*time.Minute), worst.End)
}

// windowsOf observes events and returns the windows of their subject.
func windowsOf(t *testing.T, o gossip.Options, events ...[]gossip.Event) []gossip.WorstWindow {
	t.Helper()
	a := gossip.New(o)
	for _, list := range events {
		for _, e := range list {
			a.Observe(e)
		}
	}
	return a.Windows(cpuEvents(0, 1, 0, nil)[0].Subject())
}

// severitiesOf returns the severities of windows, in their order.
func severitiesOf(windows []gossip.WorstWindow) []gossip.Severity {
	var all []gossip.Severity
	for _, w := range windows {
		all = append(all, w.Finding.Severity())
	}
	return all
}

func TestWindowsAreTheWorstOfEachPartOfTheHorizon(t *testing.T) {
	o := gossip.Options{Horizon: 7 * time.Hour}
	monday, tuesday := cpuEvents(0, 30, 0.9, nil), cpuEvents(180, 210, 0.6, nil)
	windows := windowsOf(t, o, monday, cpuEvents(30, 180, 0, nil), tuesday, cpuEvents(210, 7*60, 0, nil))
	require.Equal(t,
		[]gossip.Severity{gossip.SeverityCritical, gossip.SeverityHigh, gossip.SeverityNone}, severitiesOf(windows))
	require.Equal(t, incident.Add(7*time.Hour), windows[2].End, "the present one")
	windows = windowsOf(t, o, monday, cpuEvents(30, 600, 0.3, nil))
	require.Len(t, windows, 8)
	for i := range windows[1:] {
		require.Positive(t, windows[i+1].End.Sub(windows[i].End))
	}
}

// A capture of up to a week has the same windows with a horizon of seven days. A longer one keeps its worst.
func TestTheWholeHorizonDropsTheLeastBadWindow(t *testing.T) {
	day := func(n int, share float64) []gossip.Event { return cpuEvents(n*24*60, n*24*60+40, share, nil) }
	var capture [][]gossip.Event
	for n, share := range []float64{0.9, 0.3, 0.6, 0.12, 0.7, 0.4, 0.2, 0.5} {
		capture = append(capture, day(n, share))
	}
	whole := gossip.Options{Horizon: gossip.WholeHorizon}
	require.Empty(t, cmp.Diff(windowsOf(t, aWeek, capture...), windowsOf(t, whole, capture...)))
	capture = append(capture, day(8, 0.3), day(9, 0.13))
	require.Equal(t, []gossip.Severity{
		gossip.SeverityCritical, gossip.SeverityWarning, gossip.SeverityHigh, gossip.SeverityHigh,
		gossip.SeverityWarning, gossip.SeverityInfo, gossip.SeverityHigh, gossip.SeverityWarning,
	}, severitiesOf(windowsOf(t, whole, capture...)))
}

// The present window has too few periods for a verdict; an earlier one had enough.
func TestAMeasuredWindowIsWorseThanAnUnknownOne(t *testing.T) {
	idle := func(s *gossip.CPUSample) {
		s.Periods, s.ThrottledPeriods = gossip.Some[int64](0), gossip.Some[int64](0)
	}
	windows := windowsOf(t, aWeek, cpuEvents(0, 60, 0.05, nil), cpuEvents(60, 120, 0, idle))
	require.Equal(t, []gossip.Severity{gossip.SeverityNone}, severitiesOf(windows))
	require.InDelta(t, 0.05, windows[0].Finding.(gossip.CPUThrottling).Throttled.Value, 0.001)
}

func TestABirthIsItsOwnWindow(t *testing.T) {
	a := gossip.New(aWeek)
	birth := gossip.PodCreation{
		Origin: gossip.Origin{Time: incident, Namespace: "shop", Pod: "api-0"}, Duration: 7 * time.Second,
	}
	a.Observe(birth)
	windows := a.Windows(birth.Subject())
	require.Len(t, windows, 1)
	require.Equal(t, incident, windows[0].End)
	require.Equal(t, incident.Add(-7*time.Second), windows[0].Start)
	require.Equal(t, gossip.SeverityInfo, windows[0].Finding.Severity())
}

// One record of a node with a wrong clock neither costs time nor hides what a capture has shown.
func TestAJumpOfTheClockKeepsTheWindowsOfACapture(t *testing.T) {
	const aYear = 365 * 24 * 60
	jump := cpuEvents(aYear, aYear+1, 0, nil)[:1]
	whole := gossip.Options{Horizon: gossip.WholeHorizon}
	before, late := cpuEvents(0, 30, 0.6, nil), cpuEvents(30, 60, 0.9, nil)
	windows := windowsOf(t, whole, before, jump, late)
	require.Equal(t, []gossip.Severity{gossip.SeverityHigh, gossip.SeverityNone}, severitiesOf(windows))
	require.Len(t, windowsOf(t, aWeek, before, jump, late), 1, "a year is more than the horizon")
}

// A pod that is scaled away between two peaks has short runs of samples: each holds all samples that there are.
func TestShortRunsOfSamplesCompete(t *testing.T) {
	windows := windowsOf(t, gossip.Options{Horizon: 7 * time.Hour},
		cpuEvents(0, 4, 0.6, nil), cpuEvents(61, 64, 0.3, nil), cpuEvents(122, 126, 0.9, nil), cpuEvents(183, 186, 0.1, nil))
	require.Equal(t, []gossip.Severity{
		gossip.SeverityHigh, gossip.SeverityWarning, gossip.SeverityCritical, gossip.SeverityInfo,
	}, severitiesOf(windows))
	require.Equal(t, incident.Add(4*time.Minute), windows[0].End)
	require.Equal(t, 4*time.Minute, windows[0].End.Sub(windows[0].Start))
}

// What was measured under another limit is no window any more, and later windows are kept.
func TestALimitChangeEndsTheWindowsBeforeIt(t *testing.T) {
	raised := func(s *gossip.CPUSample) { s.LimitCores = gossip.Some(2.0) }
	windows := windowsOf(t, gossip.Options{Horizon: 7 * time.Hour},
		cpuEvents(0, 90, 0.9, nil), cpuEvents(90, 115, 0.3, raised), cpuEvents(115, 240, 0.02, raised))
	require.Equal(t, gossip.SeverityWarning, severitiesOf(windows)[0])
	for _, w := range windows {
		require.Less(t, w.Finding.Severity(), gossip.SeverityHigh)
		require.False(t, w.Start.Before(incident.Add(90*time.Minute)))
	}
}

// Percentages decide until counters begin, and from then on no longer, not even after the counters have stopped.
func TestWindowsAreOfTheSourceThatWasBelievedThen(t *testing.T) {
	percentages := func(s *gossip.CPUSample) {
		absent := gossip.Optional[int64]{}
		s.Periods, s.ThrottledPeriods, s.ThrottledUsec = absent, absent, absent
		s.ThrottledShare, s.Source = gossip.Some(0.9), "other"
	}
	mild := func(s *gossip.CPUSample) { percentages(s); s.ThrottledShare = gossip.Some(0.3) }
	byTime := func(a, b gossip.Event) int { return a.From().Time.Compare(b.From().Time) }
	merge := func(lists ...[]gossip.Event) (all []gossip.Event) {
		for _, l := range lists {
			all = append(all, l...)
		}
		slices.SortStableFunc(all, byTime)
		return all
	}
	o := gossip.Options{Horizon: 7 * time.Hour}
	later := windowsOf(t, o,
		merge(cpuEvents(0, 60, 0, mild), cpuEvents(60, 180, 0, percentages), cpuEvents(60, 180, 0.1, nil)))
	require.Equal(t, gossip.SeverityWarning, severitiesOf(later)[0])
	require.NotContains(t, severitiesOf(later), gossip.SeverityCritical)
	stopped := windowsOf(t, o,
		merge(cpuEvents(0, 100, 0, percentages), cpuEvents(100, 240, 0, mild), cpuEvents(0, 100, 0.1, nil)))
	require.NotContains(t, severitiesOf(stopped), gossip.SeverityCritical)
	require.Contains(t, severitiesOf(stopped), gossip.SeverityWarning)
}

// All windows are the same in any order of the records, with restarts, gaps, and samples without a period.
func TestWindowsDoNotDependOnTheOrderOfRecords(t *testing.T) {
	o := gossip.Options{Horizon: 7 * time.Hour}
	o.Demand.CPU = func(f gossip.CPUThrottling) float64 { return f.Usage.Or(0) }
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 3))
		untimed := func(s *gossip.CPUSample) {
			s.UsageUsec = gossip.Some(r.Int64N(5_000_000))
			if seed%3 == 1 {
				s.Period = 0
			}
			if seed%3 == 2 {
				s.Periods.Known, s.ThrottledPeriods.Known = false, false
				s.ThrottledShare = gossip.Some(r.Float64() * 0.8)
			}
		}
		runs := [][]gossip.Event{nil}
		for minute := 0; minute < 400; {
			length := 5 + r.IntN(40)
			last := &runs[len(runs)-1]
			*last = append(*last, cpuEvents(minute, minute+length, r.Float64()*0.8, untimed)...)
			minute += length
			if r.IntN(4) == 0 { // records from before it are too late when those after it have come
				minute += 20
				runs = append(runs, nil)
			}
		}
		about := cpuEvents(0, 1, 0, nil)[0].Subject()
		observe := func(list []gossip.Event) []gossip.WorstWindow {
			a := gossip.New(o)
			for _, e := range list {
				a.Observe(e)
			}
			return a.Windows(about)
		}
		want := observe(slices.Concat(runs...))
		require.NotEmpty(t, want)
		for range 4 {
			var shuffled []gossip.Event
			for _, run := range runs {
				shuffled = append(shuffled, blockShuffle(r, run, 30)...)
			}
			got := observe(shuffled)
			require.Empty(t, cmp.Diff(want, got, cmpopts.IgnoreFields(gossip.Report{}, "History")), "seed %d", seed)
		}
	}
}

// The windows of kills have the limit and the leak that the memory of the container shows.
func TestAPastWindowOfKillsIsCompletedFromMemory(t *testing.T) {
	at := func(minute int, id string) gossip.Origin {
		return gossip.Origin{
			Time: incident.Add(time.Duration(minute) * time.Minute), Namespace: "shop", Pod: "api-0", Container: "app",
			ContainerID: id, Period: time.Minute,
		}
	}
	a := gossip.New(aWeek)
	var about gossip.Subject
	for minute := range 180 {
		id, used := "a", int64(minute)*(5<<20)
		if minute > 19 {
			id, used = "b", 10<<20
		}
		a.Observe(gossip.MemorySample{
			Origin: at(minute, id), WorkingSet: gossip.Some(used), LimitBytes: gossip.Some(int64(100 << 20)),
			OOMKills: gossip.Some(int64(0)),
		})
		if minute == 19 {
			kill := gossip.OOMKill{Origin: at(minute, id)}
			about = kill.Subject()
			a.Observe(kill)
		}
	}
	now, ok := a.Finding(about)
	require.True(t, ok)
	require.Equal(t, gossip.SeverityNone, now.Severity(), "a window without a kill has passed")
	worst, ok := a.Worst(about)
	require.True(t, ok)
	f := worst.Finding.(gossip.OOMKilled)
	require.Equal(t, gossip.SeverityCritical, f.Level)
	require.Equal(t, int64(1), f.Kills)
	require.Equal(t, gossip.Some(int64(100<<20)), f.Limit)
	require.True(t, f.Leak.Known)
	require.NotContains(t, f.Covered.Missing, "limit_bytes")
	require.Equal(t, incident.Add(19*time.Minute), worst.End)
}
