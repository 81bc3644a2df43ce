package readings_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/gossip/readings"
)

var start = time.Date(2026, 11, 22, 23, 14, 54, 0, time.UTC)

func origin(container string, at time.Time) gossip.Origin {
	return gossip.Origin{
		Time:        at,
		Namespace:   "shop",
		Pod:         "api-0",
		PodUID:      "u",
		Container:   container,
		ContainerID: "id-" + container,
		Source:      "cgroup",
	}
}

// counters is a series of memory readings, with the sums that its events should have.
type counters struct {
	name        string
	at          time.Time
	limit       int64
	faults      int64
	hits        int64
	wantFaults  int64
	wantHits    int64
	wantPeriods time.Duration
}

func (c *counters) reading() readings.Memory {
	return readings.Memory{
		Origin: origin(c.name, c.at), WorkingSet: gossip.Some[int64](5), LimitBytes: gossip.Some(c.limit),
		MajorFaults: gossip.Some(c.faults), LimitHits: gossip.Some(c.hits),
	}
}

// Whatever happens to the counters and on the way, the events of a series add up to what its counters grew by in whole
// intervals.
func TestEventsAddUpToTheDifferenceOfTheCounters(t *testing.T) {
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 7))
		m := readings.New(100)
		all := make([]counters, 3)
		sums := map[string]*counters{}
		for i := range all {
			all[i] = counters{
				name:   fmt.Sprint("c", i),
				at:     start,
				limit:  100,
				faults: random.Int64N(1e6),
				hits:   random.Int64N(1e6),
			}
			sums[all[i].name] = &counters{}
			_, outcome := m.Observe(all[i].reading())
			require.Equal(t, readings.Baseline, outcome)
		}
		for range 300 {
			c := &all[random.IntN(len(all))]
			before := *c
			want := readings.Measured
			switch random.IntN(8) {
			case 0: // a restart under the same name
				c.faults = 0
				c.hits = random.Int64N(3)
			case 1:
				c.limit += 50
			case 2: // a source repeats what it said
				_, outcome := m.Observe(c.reading())
				require.Equal(t, readings.Stale, outcome)
			case 3: // an old one comes late
				old := c.reading()
				old.Time = old.Time.Add(-time.Second)
				_, outcome := m.Observe(old)
				require.Equal(t, readings.Stale, outcome)
			}
			step := time.Duration(random.Int64N(int64(20*time.Second)) + int64(time.Millisecond))
			c.at = c.at.Add(step)
			c.faults += random.Int64N(50)
			c.hits += random.Int64N(50)
			if c.faults < before.faults || c.hits < before.hits || c.limit != before.limit {
				want = readings.Split
			} else {
				c.wantFaults += c.faults - before.faults
				c.wantHits += c.hits - before.hits
				c.wantPeriods += step.Round(time.Microsecond)
			}
			event, outcome := m.Observe(c.reading())
			require.Equal(t, want, outcome)
			if outcome != readings.Measured {
				require.Nil(t, event)
				continue
			}
			sample := event.(gossip.MemorySample)
			require.Equal(t, c.at.Truncate(time.Millisecond), sample.Time)
			sum := sums[sample.Container]
			sum.wantFaults += sample.MajorFaults.Value
			sum.wantHits += sample.LimitHits.Value
			sum.wantPeriods += sample.Period
		}
		for _, c := range all {
			require.Equal(
				t,
				counters{wantFaults: c.wantFaults, wantHits: c.wantHits, wantPeriods: c.wantPeriods},
				*sums[c.name],
				"seed %d",
				seed,
			)
		}
	}
}

// Microseconds are cut before they are subtracted, so nothing is lost over many intervals.
func TestTimesInNanosecondsAddUp(t *testing.T) {
	m := readings.New(1)
	var sum, usage int64
	for i := range int64(1000) {
		usage = i * 1999
		r := readings.CPU{
			Origin: origin("app", start.Add(time.Duration(i)*time.Second)), Usage: gossip.Some(time.Duration(usage)),
			Quota: gossip.Some[time.Duration](0), CFSPeriod: 100 * time.Millisecond,
		}
		if event, outcome := m.Observe(r); outcome == readings.Measured {
			sum += event.(gossip.CPUSample).UsageUsec.Value
		}
	}
	require.Equal(t, usage/1000, sum)
}

func TestSeriesAreBoundedAndExpire(t *testing.T) {
	m := readings.New(3)
	at := func(second int) time.Time { return start.Add(time.Duration(second) * time.Second) }
	observe := func(name string, second int) readings.Outcome {
		_, outcome := m.Observe(readings.Memory{Origin: origin(name, at(second)), WorkingSet: gossip.Some[int64](1)})
		return outcome
	}
	for i, name := range []string{"a", "b", "c"} {
		require.Equal(t, readings.Baseline, observe(name, i))
	}
	require.Equal(t, readings.Measured, observe("a", 3))
	require.Equal(t, readings.Baseline, observe("d", 4), "instead of b, which was not observed for the longest time")
	require.Equal(t, 3, m.Len())
	require.Equal(t, readings.Measured, observe("a", 5))
	require.Equal(t, readings.Baseline, observe("b", 6))

	m.Expire(at(5))
	require.Equal(t, 2, m.Len(), "d has no reading since then")
	require.Equal(t, readings.Measured, observe("a", 7))
	m.Expire(at(100))
	require.Zero(t, m.Len())
	require.Equal(t, readings.Baseline, observe("a", 101))
}

func TestPointersAreNoReadings(t *testing.T) {
	require.Panics(t, func() { readings.New(1).Observe(&readings.CPU{}) })
	require.Panics(t, func() { readings.New(1).Observe(&readings.Memory{}) })
	require.Panics(t, func() { readings.New(1).Observe(&readings.Network{}) })
}
