package gossip_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// networkSample is synthetic: a minute of a pod.
func networkSample(at time.Duration, change ...func(*gossip.NetworkSample)) gossip.NetworkSample {
	s := gossip.NetworkSample{Origin: gossip.Origin{
		Time: t0.Add(at), Namespace: "shop", Pod: "api-0", PodUID: "u1", Source: "pixie", Period: time.Minute,
	}}
	for _, f := range change {
		f(&s)
	}
	return s
}

func segments(sent, again int64) func(*gossip.NetworkSample) {
	return func(s *gossip.NetworkSample) { s.Segments, s.Retransmits = gossip.Some(sent), gossip.Some(again) }
}

func failed(n int64) func(*gossip.NetworkSample) {
	return func(s *gossip.NetworkSample) { s.FailedConnects = gossip.Some(n) }
}

func received(packets, drops int64) func(*gossip.NetworkSample) {
	return func(s *gossip.NetworkSample) { s.RxPackets, s.RxDrops = gossip.Some(packets), gossip.Some(drops) }
}

func TestNetworkFindingSaysWhatTheSamplesAddUpTo(t *testing.T) {
	got := seen[gossip.NetworkIssue](t,
		networkSample(0, segments(600, 12), failed(4), received(900, 0), func(s *gossip.NetworkSample) {
			s.TxPackets, s.TxDrops, s.RxErrors = gossip.Some[int64](100), gossip.Some[int64](1), gossip.Some[int64](2)
			s.Latency, s.LatencyP99 = gossip.Some(10*time.Millisecond), gossip.Some(50*time.Millisecond)
		}),
		networkSample(time.Minute, segments(600, 12), failed(8), func(s *gossip.NetworkSample) {
			s.Latency, s.LatencyP99 = gossip.Some(20*time.Millisecond), gossip.Some(40*time.Millisecond)
			s.TxPackets = gossip.Some[int64](5)
		}),
	)
	want := gossip.NetworkIssue{
		Report: gossip.Report{
			About:  gossip.Subject{Kind: gossip.KindNetworkIssue, Namespace: "shop", Pod: "api-0"},
			PodUID: "u1", At: t0.Add(time.Minute), Level: gossip.SeverityWarning, Reason: gossip.ReasonRetransmits,
			History: gossip.History{First: t0, Last: t0.Add(time.Minute), Worst: gossip.SeverityWarning, Transition: t0},
			Covered: gossip.Coverage{
				Window: 2 * time.Minute, Samples: 2, Expected: 2, Epochs: 1, Confidence: gossip.ConfidenceHigh, Source: "pixie",
			},
		},
		Segments: gossip.Some[int64](1200), Retransmits: gossip.Some[int64](24), Retransmitted: gossip.Some(0.02),
		Packets: gossip.Some[int64](1000), Drops: gossip.Some[int64](1), Dropped: gossip.Some(0.001),
		FailedConnects: gossip.Some[int64](12), FailedPerMinute: gossip.Some(6.0), Errors: gossip.Some[int64](2),
		Latency: gossip.Some(15 * time.Millisecond), LatencyP99: gossip.Some(50 * time.Millisecond),
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestNetworkSeverityIsTheWorstOfThree(t *testing.T) {
	type change = func(*gossip.NetworkSample)
	reported := func(retransmit, drop gossip.Optional[float64]) change {
		return func(s *gossip.NetworkSample) { s.RetransmitShare, s.DropShare = retransmit, drop }
	}
	none := gossip.Optional[float64]{}
	untimed := func(s *gossip.NetworkSample) { s.Period = 0 }
	tests := map[string]struct {
		change []change
		want   gossip.Severity
		reason gossip.Reason
	}{
		"too few segments": {
			change: []change{segments(999, 999)}, want: gossip.SeverityUnknown, reason: gossip.ReasonTooLittleTraffic,
		},
		"below 0.5 %": {
			change: []change{segments(10_000, 49)}, want: gossip.SeverityNone, reason: gossip.ReasonBelowThreshold,
		},
		"0.5 %": {
			change: []change{segments(1000, 5)}, want: gossip.SeverityInfo, reason: gossip.ReasonRetransmits,
		},
		"1 %": {
			change: []change{segments(1000, 10)}, want: gossip.SeverityWarning, reason: gossip.ReasonRetransmits,
		},
		"3 %": {
			change: []change{segments(1000, 30)}, want: gossip.SeverityHigh, reason: gossip.ReasonRetransmits,
		},
		"10 %": {
			change: []change{segments(1000, 100)}, want: gossip.SeverityCritical, reason: gossip.ReasonRetransmits,
		},
		"too few packets": {
			change: []change{received(999, 999)}, want: gossip.SeverityUnknown, reason: gossip.ReasonTooLittleTraffic,
		},
		"drops below 0.1 %": {
			change: []change{received(10_000, 9)}, want: gossip.SeverityNone, reason: gossip.ReasonBelowThreshold,
		},
		"drops 0.1 %": {
			change: []change{received(1000, 1)}, want: gossip.SeverityWarning, reason: gossip.ReasonDrops,
		},
		"drops 1 %": {
			change: []change{received(1000, 10)}, want: gossip.SeverityHigh, reason: gossip.ReasonDrops,
		},
		"no failed connect": {
			change: []change{failed(0)}, want: gossip.SeverityNone, reason: gossip.ReasonBelowThreshold,
		},
		"9 failed connects": {
			change: []change{failed(9)}, want: gossip.SeverityNone, reason: gossip.ReasonBelowThreshold,
		},
		"10 in a minute": {
			change: []change{failed(10)}, want: gossip.SeverityHigh, reason: gossip.ReasonFailedConnects,
		},
		"10 in over a minute": {
			change: []change{failed(10), func(s *gossip.NetworkSample) { s.Period = 61 * time.Second }},
			want:   gossip.SeverityWarning, reason: gossip.ReasonFailedConnects,
		},
		"10 in over ten minutes": {
			change: []change{failed(10), func(s *gossip.NetworkSample) { s.Period = 601 * time.Second }},
			want:   gossip.SeverityNone, reason: gossip.ReasonBelowThreshold,
		},
		"many in an unknown time": {
			change: []change{failed(100), untimed}, want: gossip.SeverityUnknown, reason: gossip.ReasonNotMeasured,
		},
		"few in an unknown time": {
			change: []change{failed(9), untimed}, want: gossip.SeverityNone, reason: gossip.ReasonBelowThreshold,
		},
		"the worst of three": {
			change: []change{failed(10), segments(1000, 5), received(999, 9)}, want: gossip.SeverityHigh,
			reason: gossip.ReasonFailedConnects,
		},
		"one healthy, one too little": {
			change: []change{segments(1000, 0), received(1, 1)}, want: gossip.SeverityNone, reason: gossip.ReasonBelowThreshold,
		},
		"percentages": {
			change: []change{reported(gossip.Some(0.02), gossip.Some(0.0))}, want: gossip.SeverityWarning,
			reason: gossip.ReasonRetransmits,
		},
		"percentage of drops": {
			change: []change{reported(none, gossip.Some(0.01))}, want: gossip.SeverityHigh, reason: gossip.ReasonDrops,
		},
		"counts before percentages": {
			change: []change{segments(1000, 0), reported(gossip.Some(0.5), none)}, want: gossip.SeverityNone,
			reason: gossip.ReasonBelowThreshold,
		},
		"counts of something else": {
			change: []change{failed(0), reported(gossip.Some(0.03), none)}, want: gossip.SeverityHigh,
			reason: gossip.ReasonRetransmits,
		},
		"latency is no verdict": {
			change: []change{func(s *gossip.NetworkSample) { s.Latency = gossip.Some(time.Hour) }}, want: gossip.SeverityUnknown,
			reason: gossip.ReasonNotMeasured,
		},
		"packets without drops": {
			change: []change{func(s *gossip.NetworkSample) { s.RxPackets = gossip.Some[int64](5000) }},
			want:   gossip.SeverityUnknown, reason: gossip.ReasonNotMeasured,
		},
		"more again than at all": {
			change: []change{segments(1000, 5000)}, want: gossip.SeverityCritical, reason: gossip.ReasonRetransmits,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := seen[gossip.NetworkIssue](t, networkSample(0, test.change...))
			require.Equal(t, fmt.Sprint(test.want, test.reason), fmt.Sprint(got.Level, got.Reason))
			require.LessOrEqual(t, got.Retransmitted.Value, 1.0)
		})
	}
}

func TestNetworkCoverageNamesMissingFields(t *testing.T) {
	got := seen[gossip.NetworkIssue](
		t, networkSample(0, func(s *gossip.NetworkSample) { s.RetransmitShare = gossip.Some(0.02) }),
	)
	require.True(t, got.Reported)
	require.Equal(t, gossip.ConfidenceLow, got.Covered.Confidence)
	require.Equal(
		t, []string{"tcp_segments_sent", "tcp_retransmits", "rx_packets", "rx_drops", "connect_failures"},
		got.Covered.Missing,
	)

	got = seen[gossip.NetworkIssue](
		t, networkSample(0, failed(0), func(s *gossip.NetworkSample) { s.RetransmitShare = gossip.Some(0.02) }),
	)
	require.Equal(t, gossip.ConfidenceLow, got.Covered.Confidence, "the verdict is based on a percentage")

	got = seen[gossip.NetworkIssue](t, networkSample(0, segments(1000, 0)),
		networkSample(time.Minute, func(s *gossip.NetworkSample) { s.RetransmitShare, s.Source = gossip.Some(0.5), "a" }))
	require.Equal(t, gossip.SeverityNone, got.Level)
	require.Equal(t, []string{"a"}, got.Covered.Ignored)

	// A sample without a period reaches back to the one before it: 20 failed connects in two minutes, weighted by length.
	got = seen[gossip.NetworkIssue](t,
		networkSample(0, failed(0), func(s *gossip.NetworkSample) { s.RetransmitShare = gossip.Some(0.0) }),
		networkSample(
			3*time.Minute, failed(20), func(s *gossip.NetworkSample) { s.Period, s.RetransmitShare = 0, gossip.Some(0.04) },
		))
	require.Equal(t, gossip.Some(5.0), got.FailedPerMinute)
	require.Equal(t, gossip.Some(0.03), got.Retransmitted)

	var many []gossip.Event
	for i := range 200 {
		at := time.Duration(i) * 50 * time.Millisecond
		many = append(many, networkSample(at, failed(1), segments(10, 1), func(s *gossip.NetworkSample) {
			s.Period, s.DropShare = 0, gossip.Some(0.02)
		}))
	}
	got = seen[gossip.NetworkIssue](t, many...)
	require.Equal(t, gossip.Some[int64](200), got.FailedConnects)
	require.InDelta(t, 1200, got.FailedPerMinute.Value, 20)
	require.Equal(t, gossip.Some(0.1), got.Retransmitted)
	require.InDelta(t, 0.02, got.Dropped.Value, 1e-6)
}
