package gossip_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// changeOf returns the change that events show; nil if they show none.
func changeOf(t *testing.T, events ...[]gossip.Event) *gossip.Change {
	t.Helper()
	a := gossip.New(aWeek)
	var about gossip.Subject
	for _, e := range slices.Concat(events...) {
		about = e.Subject()
		a.Observe(e)
	}
	found, ok := a.PodFinding(about)
	require.True(t, ok)
	return found.Change
}

// throttledShare returns the share of throttled periods of a finding, in percent.
func throttledShare(t *testing.T, f gossip.Finding) float64 {
	t.Helper()
	require.IsType(t, gossip.CPUThrottling{}, f)
	return gossip.Percent(f.(gossip.CPUThrottling).Throttled.Value)
}

func limitOf(cores float64) func(*gossip.CPUSample) {
	return func(s *gossip.CPUSample) { s.LimitCores = gossip.Some(cores) }
}

func TestAChangeHasTheWindowsBeforeAndAfterIt(t *testing.T) {
	before, raised := cpuEvents(0, 60, 0.81, nil), limitOf(1)
	for what, tc := range map[string]struct {
		after    []gossip.Event
		share    float64
		complete bool
	}{
		"one minute later": {after: cpuEvents(60, 61, 0.05, raised), share: 5},
		"a window later":   {after: cpuEvents(60, 75, 0.05, raised), share: 5, complete: true},
		"days later":       {after: cpuEvents(60, 3000, 0.05, raised), share: 5, complete: true},
		"trouble comes back": {
			after: append(cpuEvents(60, 76, 0.05, raised), cpuEvents(76, 99, 0.9, raised)...), share: 5, complete: true,
		},
		"trouble in the window": {
			after: append(cpuEvents(60, 70, 0, raised), cpuEvents(70, 80, 0.3, raised)...), share: 9, complete: true,
		},
	} {
		t.Run(what, func(t *testing.T) {
			change := changeOf(t, before, tc.after)
			require.NotNil(t, change)
			require.Equal(t, incident.Add(time.Hour+10*time.Second), change.Time)
			require.Equal(t, gossip.Some(0.5), change.From.Limit)
			require.Equal(t, gossip.Some(1.0), change.To.Limit)
			require.InDelta(t, 81, throttledShare(t, change.Before), 0)
			require.Equal(t, incident.Add(time.Hour), change.Before.Time())
			require.InDelta(t, 15, change.Before.Coverage().Window.Minutes(), 1)
			require.InDelta(t, tc.share, throttledShare(t, change.After), 2)
			require.Equal(t, tc.complete, change.Complete)
		})
	}
}

func TestAChangeIsNotMeasuredBeforeThereIsAVerdict(t *testing.T) {
	few := func(s *gossip.CPUSample) {
		limitOf(1)(s)
		s.Periods = gossip.Some(int64(5))
	}
	change := changeOf(t, cpuEvents(0, 60, 0.81, nil), cpuEvents(60, 61, 0, few))
	require.NotNil(t, change)
	require.NotNil(t, change.Before)
	require.Nil(t, change.After)
	require.False(t, change.Complete)
}

func TestWhatIsAChange(t *testing.T) {
	type sample = func(*gossip.CPUSample)
	none := func(*gossip.CPUSample) {}
	anyPod := podOf()
	for what, tc := range map[string]struct {
		before, after       sample
		podBefore, podAfter gossip.Pod
		pause               int // minutes without a sample
		want                bool
	}{
		"nothing":                    {before: none, after: none},
		"a new container":            {before: none, after: func(s *gossip.CPUSample) { s.ContainerID = "b" }},
		"the limit":                  {before: none, after: limitOf(1), want: true},
		"the limit is not known now": {before: none, after: func(s *gossip.CPUSample) { s.LimitCores.Known = false }},
		"the limit becomes known":    {before: func(s *gossip.CPUSample) { s.LimitCores.Known = false }, after: none},
		"the request": {
			before: none, after: none, podBefore: anyPod, want: true,
			podAfter: podOf(func(c *gossip.Container) { c.CPURequest = gossip.Some(0.2) }),
		},
		"the image": {
			before: none, after: none, podBefore: anyPod, want: true,
			podAfter: podOf(func(c *gossip.Container) { c.Image = "shop/api:2" }),
		},
		"the request of memory": {
			before: none, after: none, podBefore: anyPod,
			podAfter: podOf(func(c *gossip.Container) { c.MemoryRequest = gossip.Some[int64](1) }),
		},
		"a new pod of the same name": {
			before: func(s *gossip.CPUSample) { s.PodUID = "u1" }, pause: 3,
			after: func(s *gossip.CPUSample) { s.PodUID, s.ContainerID = "u2", "b" },
		},
		"the limit of a new pod": {
			before: func(s *gossip.CPUSample) { s.PodUID = "u1" }, pause: 3, want: true,
			after: func(s *gossip.CPUSample) { s.PodUID, s.ContainerID, s.LimitCores = "u2", "b", gossip.Some(1.0) },
		},
		"the limit, after a long silence": {before: none, after: limitOf(1), pause: 90, want: true},
	} {
		t.Run(what, func(t *testing.T) {
			change := changeOf(t,
				enriched(cpuEvents(0, 40, 0.81, tc.before), tc.podBefore),
				enriched(cpuEvents(40+tc.pause, 100+tc.pause, 0.02, tc.after), tc.podAfter))
			if !tc.want {
				require.Nil(t, change)
				return
			}
			require.NotNil(t, change)
			require.True(t, change.From.DiffersFrom(change.To))
			require.InDelta(t, 81, throttledShare(t, change.Before), 0)
			require.InDelta(t, 2, throttledShare(t, change.After), 0)
			require.True(t, change.Complete)
		})
	}
}

// The first of two changes that come within seconds has no figures of its own.
func TestChangesWithoutSamplesBetweenThemAreOne(t *testing.T) {
	few := func(cores float64) func(*gossip.CPUSample) {
		return func(s *gossip.CPUSample) { s.LimitCores, s.Periods = gossip.Some(cores), gossip.Some(int64(5)) }
	}
	change := changeOf(t, cpuEvents(0, 30, 0.81, nil), cpuEvents(30, 31, 0, few(1)), cpuEvents(31, 60, 0.02, limitOf(2)))
	require.Equal(t, gossip.Some(0.5), change.From.Limit)
	require.Equal(t, gossip.Some(2.0), change.To.Limit)
	require.InDelta(t, 81, throttledShare(t, change.Before), 0)
	require.Nil(t, changeOf(t, cpuEvents(0, 30, 0.81, nil), cpuEvents(30, 31, 0, few(1)), cpuEvents(31, 60, 0.81, nil)),
		"it was changed back")
	change = changeOf(t, cpuEvents(0, 30, 0.81, nil), cpuEvents(30, 60, 0.4, limitOf(1)), cpuEvents(60, 90, 0, limitOf(2)))
	require.Equal(t, gossip.Some(1.0), change.From.Limit, "the newest of two that were measured")
	require.InDelta(t, 40, throttledShare(t, change.Before), 0)
}

// A container that restarts every two minutes has no full window; its last one in the first window counts.
func TestAContainerThatRestartsHasAnAfter(t *testing.T) {
	events := [][]gossip.Event{cpuEvents(0, 30, 0.81, nil)}
	for life := range 20 {
		events = append(events, cpuEvents(30+2*life, 32+2*life, 0.01*float64(life), func(s *gossip.CPUSample) {
			s.LimitCores, s.ContainerID = gossip.Some(1.0), fmt.Sprint(life)
		}))
	}
	change := changeOf(t, events...)
	require.True(t, change.Complete)
	require.InDelta(t, 7, throttledShare(t, change.After), 0)
}

func TestAChangeAgesOutWithTheHorizon(t *testing.T) {
	const day = 24 * 60
	events := func(days int) [][]gossip.Event {
		all := [][]gossip.Event{cpuEvents(0, 30, 0.81, nil), cpuEvents(30, 60, 0, limitOf(1))}
		for d := range days {
			all = append(all, cpuEvents((d+1)*day, (d+1)*day+2, 0, limitOf(1)))
		}
		return all
	}
	require.NotNil(t, changeOf(t, events(7)...))
	require.Nil(t, changeOf(t, events(9)...))
}

func TestTheBelievedSourceDecidesAboutAChange(t *testing.T) {
	percentages := func(cores float64) func(*gossip.CPUSample) {
		return func(s *gossip.CPUSample) {
			s.Periods.Known, s.ThrottledPeriods.Known = false, false
			s.Source, s.ThrottledShare, s.LimitCores = "other", gossip.Some(0.3), gossip.Some(cores)
		}
	}
	both := slices.Concat(
		cpuEvents(0, 60, 0.8, nil), cpuEvents(0, 30, 0, percentages(0.5)), cpuEvents(30, 60, 0, percentages(1)))
	slices.SortStableFunc(both, func(a, b gossip.Event) int { return a.From().Time.Compare(b.From().Time) })
	require.Nil(t, changeOf(t, both), "counters are believed, and they show no change")
	require.NotNil(t, changeOf(t, cpuEvents(0, 30, 0, percentages(0.5)), cpuEvents(30, 60, 0, percentages(1))))
}

// Records may come late, in any order, as long as none comes after newer ones of the next setting.
func TestAChangeDoesNotDependOnTheOrderOfRecords(t *testing.T) {
	ignored := cmpopts.IgnoreFields(gossip.Report{}, "History")
	for _, minutes := range []int{3, 14, 16, 60} {
		before, after := cpuEvents(0, 50, 0.8, nil), cpuEvents(50, 50+minutes, 0.04, limitOf(1))
		after = append(after, cpuEvents(50+minutes, 90+minutes, 0.3, limitOf(1))...)
		want := changeOf(t, before, after)
		require.NotNil(t, want)
		r := rand.New(rand.NewPCG(uint64(minutes), 1))
		for range 10 {
			got := changeOf(t, blockShuffle(r, before, 40), blockShuffle(r, after, 40))
			require.Empty(t, cmp.Diff(want, got, ignored))
		}
	}
}

func TestWithoutAHorizonNoChangeIsKept(t *testing.T) {
	a := gossip.New(gossip.Options{})
	events := slices.Concat(cpuEvents(0, 30, 0.8, nil), cpuEvents(30, 60, 0, limitOf(1)))
	for _, e := range events {
		a.Observe(e)
	}
	found, ok := a.PodFinding(events[0].Subject())
	require.True(t, ok)
	require.Nil(t, found.Change)
}

// memoryOf returns samples of memory, one a minute, with a limit in Mi.
func memoryOf(fromMinute, toMinute, used, limit int64) []gossip.Event {
	var all []gossip.Event
	for minute := fromMinute + 1; minute <= toMinute; minute++ {
		all = append(all, gossip.MemorySample{
			Origin: gossip.Origin{
				Time: incident.Add(time.Duration(minute) * time.Minute), Namespace: "shop", Pod: "api-0", Container: "app",
				Period: time.Minute,
			},
			WorkingSet: gossip.Some(used << 20), LimitBytes: gossip.Some(limit << 20), OOMKills: gossip.Some(int64(0)),
		})
	}
	return all
}

// There is no record of a kill after the change: the memory samples show it.
func TestAChangeOfMemoryShowsWhatItDidToKills(t *testing.T) {
	killAt := func(minute int) gossip.Event {
		k := gossip.OOMKill{Origin: memoryOf(int64(minute)-1, int64(minute), 1, 1)[0].From()}
		k.Period = 0
		return k
	}
	observe := func(events ...[]gossip.Event) *gossip.Change {
		a := gossip.New(aWeek)
		for _, e := range slices.Concat(events...) {
			a.Observe(e)
		}
		found, ok := a.PodFinding(killAt(1).Subject())
		require.True(t, ok)
		return found.Change
	}
	before := memoryOf(0, 40, 120, 128)
	kills := []gossip.Event{killAt(20), killAt(25)}
	require.Nil(t, observe(before, kills))

	change := observe(before, kills, memoryOf(40, 50, 120, 256))
	require.Equal(t, incident.Add(41*time.Minute), change.Time)
	require.Equal(t, gossip.Some(float64(256<<20)), change.To.Limit)
	require.Equal(t, int64(2), change.Before.(gossip.OOMKilled).Kills)
	require.Nil(t, change.After, "no window has passed")

	change = observe(before, kills, memoryOf(40, 60, 120, 256))
	require.Equal(t, int64(0), change.After.(gossip.OOMKilled).Kills)
	require.True(t, change.Complete)

	change = observe(before, kills, memoryOf(40, 60, 120, 256), []gossip.Event{killAt(59)})
	require.Equal(t, int64(1), change.After.(gossip.OOMKilled).Kills)

	// The other way round: which kind of records is observed first makes no difference.
	require.Equal(t, change, observe(before, memoryOf(40, 60, 120, 256), kills, []gossip.Event{killAt(59)}))
}

// Kills under the old limit are no reason for advice once the memory samples show another one.
func TestAChangeOfMemoryEndsTheHorizonOfKills(t *testing.T) {
	kill := gossip.OOMKill{Origin: memoryOf(14, 15, 1, 1)[0].From(), LimitBytes: gossip.Some(int64(128 << 20))}
	observe := func(until, limit int64) gossip.PodFinding {
		a := gossip.New(aWeek)
		a.Observe(kill)
		for _, e := range append(memoryOf(0, 20, 120, 128), memoryOf(20, until, 120, limit)...) {
			a.Observe(e)
		}
		found, ok := a.PodFinding(kill.Subject())
		require.True(t, ok)
		return found
	}
	found := observe(22, 256)
	require.Equal(t, gossip.SeverityCritical, found.Now.Severity(), "it was minutes ago")
	require.True(t, found.Worst.Finding.(gossip.OOMKilled).Standing)
	require.False(t, observe(22, 128).Worst.Finding.(gossip.OOMKilled).Standing)

	found = observe(60, 256)
	require.Equal(t, gossip.SeverityNone, found.Worst.Finding.Severity())
	require.Len(t, found.Windows, 1)
	require.Equal(t, gossip.SeverityCritical, observe(60, 128).Worst.Finding.Severity())
}

// What a change keeps is part of the estimate that bounds memory.
func TestAChangeCountsAsMemory(t *testing.T) {
	bytes := func(events ...[]gossip.Event) int64 {
		o := aWeek
		o.MaxBytes = 1 << 30
		a := gossip.New(o)
		for _, e := range slices.Concat(events...) {
			a.Observe(e)
		}
		return a.Stats().Bytes
	}
	after := cpuEvents(30, 90, 0, limitOf(1))
	require.Greater(t, bytes(cpuEvents(0, 30, 0, nil), after), bytes(after)+1<<10)
}
