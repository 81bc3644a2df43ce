package gossip

import (
	"time"
)

// NetworkSample is one window of a pod's network. Counters are deltas. A pod has one network, which its containers
// share.
type NetworkSample struct {
	Origin
	Segments        Optional[int64]   // TCP segments sent
	Retransmits     Optional[int64]   // segments sent again; where the kernel counts (RetransSegs), not part of Segments
	RetransmitShare Optional[float64] // share 0–1 of segments, from a source without counters
	RxPackets       Optional[int64]
	TxPackets       Optional[int64]
	RxDrops         Optional[int64]
	TxDrops         Optional[int64]
	DropShare       Optional[float64] // share 0–1 of packets, from a source without counters
	RxErrors        Optional[int64]
	TxErrors        Optional[int64]
	FailedConnects  Optional[int64]         // TCP connects that were refused or timed out
	Latency         Optional[time.Duration] // average, as the source computes it
	LatencyP50      Optional[time.Duration]
	LatencyP99      Optional[time.Duration]
}

// Subject returns the pod, under KindNetworkIssue, whatever container the record names.
func (s NetworkSample) Subject() Subject {
	return s.podSubject(KindNetworkIssue)
}

func (NetworkSample) isEvent() {}

// HasCounters reports whether the sample has counts that a verdict can be based on, rather than percentages or
// latencies.
func (s NetworkSample) HasCounters() bool {
	return (s.Segments.Known && s.Retransmits.Known) || (s.RxPackets.Known && s.RxDrops.Known) ||
		(s.TxPackets.Known && s.TxDrops.Known) || s.FailedConnects.Known
}

// isPossible reports whether the figures can be true.
func (s *NetworkSample) isPossible() bool {
	return s.Period >= 0 && s.Latency.Value >= 0 && s.LatencyP50.Value >= 0 && s.LatencyP99.Value >= 0 &&
		areCounts(s.Segments, s.Retransmits, s.RxPackets, s.TxPackets, s.RxDrops, s.TxDrops) &&
		areCounts(s.RxErrors, s.TxErrors, s.FailedConnects) &&
		areWithin(1, s.RetransmitShare, s.DropShare)
}

// NetworkIssue is the finding about the share of a pod's packets that was lost and the number of its connects that
// failed. Counters are sums over the window.
type NetworkIssue struct {
	Report
	// Segments is the number of TCP segments sent, Retransmits the number of those sent again: sums of the samples that
	// carry both.
	Segments, Retransmits Optional[int64]
	// Retransmitted is the share 0–1 of segments that were sent again; absent below MinSegments.
	Retransmitted Optional[float64]
	// Packets and Drops are both directions together, of the samples that carry both.
	Packets, Drops Optional[int64]
	// Dropped is the share 0–1 of packets that were dropped; absent below MinPackets.
	Dropped Optional[float64]
	// FailedConnects is the number of TCP connects that were refused or timed out.
	FailedConnects  Optional[int64]
	FailedPerMinute Optional[float64]
	// Errors are errors of the network device, both directions together.
	Errors Optional[int64]
	// Latency is the average that the source reported; LatencyP50 and LatencyP99 are the largest in the window.
	Latency, LatencyP50, LatencyP99 Optional[time.Duration]
	// Reported reports that Retransmitted or Dropped is a percentage that the source gave without counts. How many packets
	// it is based on is not known.
	Reported bool
}

func (NetworkIssue) isFinding() {}

// isPrevious returns false: only another pod begins a new epoch of a network.
func (NetworkIssue) isPrevious() bool { return false }

func (f NetworkIssue) withReport(r Report, _ bool) windowFinding {
	f.Report = r
	return f
}

// MinSegments and MinPackets are the smallest numbers from which a ratio is computed.
const (
	MinSegments = 1000
	MinPackets  = 1000
)

// The thresholds of a network. The published ones for retransmits are old and far apart (3 % to 20 %), for drops there
// are none: these are ours.
const (
	infoRetransmit, warningRetransmit, highRetransmit, criticalRetransmit = 0.005, 0.01, 0.03, 0.10

	warningDrop, highDrop = 0.001, 0.01

	leastFailed               = 10    // failed connects in the window
	warningFailed, highFailed = 1, 10 // a minute
)

// judgeNetwork returns the worst verdict of three. A verdict that cannot be given does not make the others worse or
// better.
func judgeNetwork(f *NetworkIssue) (Severity, Reason) {
	level, reason := SeverityUnknown, ReasonNotMeasured
	if (f.Segments.Known && !f.Retransmitted.Known) || (f.Packets.Known && !f.Dropped.Known) {
		reason = ReasonTooLittleTraffic
	}
	for _, v := range [...]struct {
		level  Severity
		reason Reason
	}{
		{f.RetransmitSeverity(), ReasonRetransmits},
		{f.DropSeverity(), ReasonDrops},
		{f.ConnectSeverity(), ReasonFailedConnects},
	} {
		if v.level > level {
			level, reason = v.level, v.reason
		}
	}
	if level == SeverityNone {
		reason = ReasonBelowThreshold
	}
	return level, reason
}

// RetransmitSeverity returns the severity of the retransmits alone.
func (f NetworkIssue) RetransmitSeverity() Severity {
	switch share, known := f.Retransmitted.Get(); {
	case !known:
		return SeverityUnknown
	case share >= criticalRetransmit:
		return SeverityCritical
	case share >= highRetransmit:
		return SeverityHigh
	case share >= warningRetransmit:
		return SeverityWarning
	case share >= infoRetransmit:
		return SeverityInfo
	}
	return SeverityNone
}

// DropSeverity returns the severity of the drops alone.
func (f NetworkIssue) DropSeverity() Severity {
	switch share, known := f.Dropped.Get(); {
	case !known:
		return SeverityUnknown
	case share >= highDrop:
		return SeverityHigh
	case share >= warningDrop:
		return SeverityWarning
	}
	return SeverityNone
}

// ConnectSeverity returns the severity of the failed connects alone.
func (f NetworkIssue) ConnectSeverity() Severity {
	switch failed, known := f.FailedConnects.Get(); {
	case !known:
		return SeverityUnknown
	case failed < leastFailed:
		return SeverityNone
	case !f.FailedPerMinute.Known:
		return SeverityUnknown
	case f.FailedPerMinute.Value >= highFailed:
		return SeverityHigh
	case f.FailedPerMinute.Value >= warningFailed:
		return SeverityWarning
	}
	return SeverityNone
}
