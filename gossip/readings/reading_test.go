package readings_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/gossip/readings"
)

// observePair gives a meter two readings and returns what the second led to.
func observePair(t *testing.T, before, now readings.Reading) (gossip.Event, readings.Outcome) {
	t.Helper()
	m := readings.New(10)
	_, outcome := m.Observe(before)
	require.Equal(t, readings.Baseline, outcome)
	return m.Observe(now)
}

func some(n int64) gossip.Optional[int64] { return gossip.Some(n) }

func TestCPUReadingsBecomeASample(t *testing.T) {
	before := readings.CPU{
		Origin:  origin("app", start),
		Periods: some(10), ThrottledPeriods: some(8),
		Throttled: gossip.Some(500 * time.Millisecond), Usage: gossip.Some(90 * time.Millisecond),
		Quota: gossip.Some(10 * time.Millisecond), CFSPeriod: 100 * time.Millisecond, NodeCPUs: some(2),
	}
	now := before
	now.Time = start.Add(5 * time.Second)
	now.Periods, now.ThrottledPeriods = some(29), some(23)
	now.Throttled, now.Usage = gossip.Some(1700*time.Millisecond), gossip.Some(255*time.Millisecond)
	now.Threads = some(3)
	whole := gossip.CPUSample{
		Origin:  origin("app", now.Time),
		Periods: some(19), ThrottledPeriods: some(15), ThrottledUsec: some(1_200_000), UsageUsec: some(165_000),
		UsageCores: gossip.Some(0.033), ReportedShare: gossip.Some(0.33), LimitCores: gossip.Some(0.1),
		CFSPeriod: 100 * time.Millisecond, Threads: some(3), NodeCPUs: some(2),
	}
	whole.Period = 5 * time.Second
	var noDuration gossip.Optional[time.Duration]
	var noNumber gossip.Optional[float64]
	for name, tc := range map[string]struct {
		change func(before, now *readings.CPU)
		want   func(*gossip.CPUSample) // nil: the interval belongs to two epochs
	}{
		"all":            {want: func(*gossip.CPUSample) {}},
		"a counter fell": {change: func(before, _ *readings.CPU) { before.Usage = gossip.Some(time.Second) }},
		"another quota":  {change: func(_, now *readings.CPU) { now.Quota = gossip.Some(100 * time.Millisecond) }},
		"another period": {change: func(_, now *readings.CPU) { now.CFSPeriod = 50 * time.Millisecond }},
		"no limit": {
			change: func(before, now *readings.CPU) {
				before.Quota, now.Quota = gossip.Some[time.Duration](0), gossip.Some[time.Duration](0)
			},
			want: func(s *gossip.CPUSample) {
				s.LimitCores, s.UsageCores, s.ReportedShare = gossip.Some(0.0), noNumber, noNumber
			},
		},
		"no known limit": {
			change: func(before, now *readings.CPU) { before.Quota, now.Quota = noDuration, noDuration },
			want:   func(s *gossip.CPUSample) { s.LimitCores, s.UsageCores, s.ReportedShare = noNumber, noNumber, noNumber },
		},
		"no throttled time before": {
			change: func(before, _ *readings.CPU) { before.Throttled = noDuration },
			want:   func(s *gossip.CPUSample) { s.ThrottledUsec = gossip.Optional[int64]{} },
		},
	} {
		before, now, want := before, now, whole
		if tc.change != nil {
			tc.change(&before, &now)
		}
		event, outcome := observePair(t, before, now)
		if tc.want == nil {
			require.Equal(t, readings.Split, outcome, name)
			require.Nil(t, event, name)
			continue
		}
		require.Equal(t, readings.Measured, outcome, name)
		tc.want(&want)
		if diff := cmp.Diff(want, event); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestMemoryReadingsBecomeASample(t *testing.T) {
	before := readings.Memory{
		Origin: origin("app", start), WorkingSet: some(5), LimitBytes: some(100),
		MajorFaults: some(7), LimitHits: some(31), OOMKills: some(2),
	}
	now := readings.Memory{
		Origin:      origin("app", start.Add(10*time.Second)),
		WorkingSet:  some(9),
		LimitBytes:  some(100),
		MajorFaults: some(7),
		LimitHits:   some(40),
		OOMKills:    some(3),
		SomeAvg10: gossip.Some(
			0.125,
		),
		SomeAvg60: gossip.Some(0.0306),
		FullAvg10: gossip.Some(0.0625),
		FullAvg60: gossip.Some(0.0153),
	}
	whole := gossip.MemorySample{
		Origin: now.Origin, WorkingSet: some(9), LimitBytes: some(100),
		MajorFaults: some(0), LimitHits: some(9), OOMKills: some(1),
		SomeAvg10: now.SomeAvg10, SomeAvg60: now.SomeAvg60, FullAvg10: now.FullAvg10, FullAvg60: now.FullAvg60,
	}
	whole.Period = 10 * time.Second
	var absent gossip.Optional[int64]
	var noShare gossip.Optional[float64]
	for name, tc := range map[string]struct {
		change func(before, now *readings.Memory)
		want   func(*gossip.MemorySample)
		split  readings.Outcome
	}{
		"all":                 {want: func(*gossip.MemorySample) {}},
		"a counter fell":      {change: func(before, _ *readings.Memory) { before.LimitHits = some(41) }, split: readings.Split},
		"another limit":       {change: func(before, _ *readings.Memory) { before.LimitBytes = some(50) }, split: readings.Split},
		"its first limit":     {change: func(before, _ *readings.Memory) { before.LimitBytes = some(0) }, split: readings.Split},
		"a limit not known":   {change: func(before, _ *readings.Memory) { before.LimitBytes = absent }, split: readings.Split},
		"no usable gauge":     {change: func(_, now *readings.Memory) { now.WorkingSet, now.SomeAvg60 = absent, noShare }, split: readings.Empty},
		"no kills before":     {change: func(before, _ *readings.Memory) { before.OOMKills = absent }, want: func(s *gossip.MemorySample) { s.OOMKills = absent }},
		"pressure and no RSS": {change: func(_, now *readings.Memory) { now.WorkingSet = absent }, want: func(s *gossip.MemorySample) { s.WorkingSet = absent }},
	} {
		before, now, want := before, now, whole
		if tc.change != nil {
			tc.change(&before, &now)
		}
		event, outcome := observePair(t, before, now)
		require.Equal(t, tc.split, outcome, name)
		if tc.want == nil {
			require.Nil(t, event, name)
			continue
		}
		tc.want(&want)
		if diff := cmp.Diff(want, event); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestNetworkReadingsBecomeASample(t *testing.T) {
	before := readings.Network{
		Origin: origin("", start), NetNS: 7, Segments: some(1), Retransmits: some(2), RxPackets: some(3), TxPackets: some(4),
		RxDrops: some(5), TxDrops: some(6), RxErrors: some(7), TxErrors: some(8), FailedConnects: some(9),
	}
	now := readings.Network{
		Origin: origin(
			"",
			start.Add(5*time.Second),
		),
		NetNS:          7,
		Segments:       some(11),
		Retransmits:    some(22),
		RxPackets:      some(33),
		TxPackets:      some(44),
		RxDrops:        some(55),
		TxDrops:        some(66),
		RxErrors:       some(77),
		TxErrors:       some(88),
		FailedConnects: some(99),
	}
	want := gossip.NetworkSample{
		Origin: now.Origin, Segments: some(10), Retransmits: some(20), RxPackets: some(30), TxPackets: some(40),
		RxDrops: some(50), TxDrops: some(60), RxErrors: some(70), TxErrors: some(80), FailedConnects: some(90),
	}
	want.Period = 5 * time.Second
	event, outcome := observePair(t, before, now)
	require.Equal(t, readings.Measured, outcome)
	if diff := cmp.Diff(want, event); diff != "" {
		t.Error(diff)
	}
	fell := now
	fell.Segments = some(0)
	_, outcome = observePair(t, before, fell)
	require.Equal(t, readings.Split, outcome)
	moved := now
	moved.NetNS = 8
	_, outcome = observePair(t, before, moved)
	require.Equal(t, readings.Split, outcome, "another namespace has other counters")
}

// A restart of a container has another ID, and other counters.
func TestEachContainerRunHasASeries(t *testing.T) {
	m := readings.New(10)
	first := readings.Memory{Origin: origin("app", start), WorkingSet: some(5)}
	second := first
	second.ContainerID = "another"
	network := readings.Network{Origin: first.Origin}
	for _, r := range []readings.Reading{first, second, network} {
		_, outcome := m.Observe(r)
		require.Equal(t, readings.Baseline, outcome)
	}
	require.Equal(t, 3, m.Len())
}
