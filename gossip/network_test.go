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
			s.Latency, s.LatencyP99, s.TxPackets = gossip.Some(20*time.Millisecond), gossip.Some(40*time.Millisecond), gossip.Some[int64](5)
		}),
	)
	want := gossip.NetworkIssue{
		Report: gossip.Report{
			About:  gossip.Subject{Kind: gossip.KindNetworkIssue, Namespace: "shop", Pod: "api-0"},
			PodUID: "u1", At: t0.Add(time.Minute), Level: gossip.SeverityWarning, Reason: gossip.ReasonRetransmits,
			History: gossip.History{First: t0, Last: t0.Add(time.Minute), Worst: gossip.SeverityWarning, Transition: t0},
			Covered: gossip.Coverage{Window: 2 * time.Minute, Samples: 2, Expected: 2, Epochs: 1, Confidence: gossip.ConfidenceHigh, Source: "pixie"},
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
	loose := func(s *gossip.NetworkSample) { s.Period = 0 }
	tests := map[string]struct {
		change []change
		want   gossip.Severity
		reason gossip.Reason
	}{
		"too few segments":            {[]change{segments(999, 999)}, gossip.SeverityUnknown, gossip.ReasonTooLittleTraffic},
		"below 0.5 %":                 {[]change{segments(10_000, 49)}, gossip.SeverityNone, gossip.ReasonBelowThreshold},
		"0.5 %":                       {[]change{segments(1000, 5)}, gossip.SeverityInfo, gossip.ReasonRetransmits},
		"1 %":                         {[]change{segments(1000, 10)}, gossip.SeverityWarning, gossip.ReasonRetransmits},
		"3 %":                         {[]change{segments(1000, 30)}, gossip.SeverityHigh, gossip.ReasonRetransmits},
		"10 %":                        {[]change{segments(1000, 100)}, gossip.SeverityCritical, gossip.ReasonRetransmits},
		"too few packets":             {[]change{received(999, 999)}, gossip.SeverityUnknown, gossip.ReasonTooLittleTraffic},
		"drops below 0.1 %":           {[]change{received(10_000, 9)}, gossip.SeverityNone, gossip.ReasonBelowThreshold},
		"drops 0.1 %":                 {[]change{received(1000, 1)}, gossip.SeverityWarning, gossip.ReasonDrops},
		"drops 1 %":                   {[]change{received(1000, 10)}, gossip.SeverityHigh, gossip.ReasonDrops},
		"no failed connect":           {[]change{failed(0)}, gossip.SeverityNone, gossip.ReasonBelowThreshold},
		"9 failed connects":           {[]change{failed(9)}, gossip.SeverityNone, gossip.ReasonBelowThreshold},
		"10 in a minute":              {[]change{failed(10)}, gossip.SeverityHigh, gossip.ReasonFailedConnects},
		"10 in over a minute":         {[]change{failed(10), func(s *gossip.NetworkSample) { s.Period = 61 * time.Second }}, gossip.SeverityWarning, gossip.ReasonFailedConnects},
		"10 in over ten minutes":      {[]change{failed(10), func(s *gossip.NetworkSample) { s.Period = 601 * time.Second }}, gossip.SeverityNone, gossip.ReasonBelowThreshold},
		"many in an unknown time":     {[]change{failed(100), loose}, gossip.SeverityUnknown, gossip.ReasonNotMeasured},
		"few in an unknown time":      {[]change{failed(9), loose}, gossip.SeverityNone, gossip.ReasonBelowThreshold},
		"the worst of three":          {[]change{failed(10), segments(1000, 5), received(999, 9)}, gossip.SeverityHigh, gossip.ReasonFailedConnects},
		"one healthy, one too little": {[]change{segments(1000, 0), received(1, 1)}, gossip.SeverityNone, gossip.ReasonBelowThreshold},
		"percentages":                 {[]change{reported(gossip.Some(0.02), gossip.Some(0.0))}, gossip.SeverityWarning, gossip.ReasonRetransmits},
		"percentage of drops":         {[]change{reported(none, gossip.Some(0.01))}, gossip.SeverityHigh, gossip.ReasonDrops},
		"counts before percentages":   {[]change{segments(1000, 0), reported(gossip.Some(0.5), none)}, gossip.SeverityNone, gossip.ReasonBelowThreshold},
		"counts of something else":    {[]change{failed(0), reported(gossip.Some(0.03), none)}, gossip.SeverityHigh, gossip.ReasonRetransmits},
		"latency is no verdict":       {[]change{func(s *gossip.NetworkSample) { s.Latency = gossip.Some(time.Hour) }}, gossip.SeverityUnknown, gossip.ReasonNotMeasured},
		"packets without drops":       {[]change{func(s *gossip.NetworkSample) { s.RxPackets = gossip.Some[int64](5000) }}, gossip.SeverityUnknown, gossip.ReasonNotMeasured},
		"more again than at all":      {[]change{segments(1000, 5000)}, gossip.SeverityCritical, gossip.ReasonRetransmits},
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
	got := seen[gossip.NetworkIssue](t, networkSample(0, func(s *gossip.NetworkSample) { s.RetransmitShare = gossip.Some(0.02) }))
	require.True(t, got.Reported)
	require.Equal(t, gossip.ConfidenceLow, got.Covered.Confidence)
	require.Equal(t, []string{"tcp_segments_sent", "tcp_retransmits", "rx_packets", "rx_drops", "connect_failures"}, got.Covered.Missing)

	got = seen[gossip.NetworkIssue](t, networkSample(0, failed(0), func(s *gossip.NetworkSample) { s.RetransmitShare = gossip.Some(0.02) }))
	require.Equal(t, gossip.ConfidenceLow, got.Covered.Confidence, "the verdict stands on a percentage")

	got = seen[gossip.NetworkIssue](t, networkSample(0, segments(1000, 0)),
		networkSample(time.Minute, func(s *gossip.NetworkSample) { s.RetransmitShare, s.Source = gossip.Some(0.5), "a" }))
	require.Equal(t, gossip.SeverityNone, got.Level)
	require.Equal(t, []string{"a"}, got.Covered.Ignored)

	// A sample without a period reaches back to the one before it: 20 failed connects in two minutes, weighted by length.
	got = seen[gossip.NetworkIssue](t,
		networkSample(0, failed(0), func(s *gossip.NetworkSample) { s.RetransmitShare = gossip.Some(0.0) }),
		networkSample(3*time.Minute, failed(20), func(s *gossip.NetworkSample) { s.Period, s.RetransmitShare = 0, gossip.Some(0.04) }))
	require.Equal(t, gossip.Some(5.0), got.FailedPerMinute)
	require.Equal(t, gossip.Some(0.03), got.Retransmitted)

	var many []gossip.Event
	for i := range 200 {
		many = append(many, networkSample(time.Duration(i)*50*time.Millisecond, failed(1), segments(10, 1), func(s *gossip.NetworkSample) {
			s.Period, s.DropShare = 0, gossip.Some(0.02)
		}))
	}
	got = seen[gossip.NetworkIssue](t, many...)
	require.Equal(t, gossip.Some[int64](200), got.FailedConnects)
	require.InDelta(t, 1200, got.FailedPerMinute.Value, 20)
	require.Equal(t, gossip.Some(0.1), got.Retransmitted)
	require.InDelta(t, 0.02, got.Dropped.Value, 1e-6)
}
