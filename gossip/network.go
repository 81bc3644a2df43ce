package gossip

import "time"

// MinSegments and MinPackets are how many a ratio needs before it means anything.
const (
	MinSegments = 1000
	MinPackets  = 1000
)

// The thresholds of a network. The published ones for retransmits are dated and far apart (3 % to 20 %), for drops there are none: these
// are ours.
const (
	infoRetransmit, warningRetransmit, highRetransmit, criticalRetransmit = 0.005, 0.01, 0.03, 0.10

	warningDrop, highDrop = 0.001, 0.01

	leastFailed               = 10    // failed connects in the window
	warningFailed, highFailed = 1, 10 // a minute
)

// networkWindow is the window of one source of network samples.
type networkWindow struct{ window[networkSums] }

func (w *networkWindow) observe(e Event, digest fingerprint, newest int64) outcome {
	s := e.(NetworkSample)
	entry := networkEntry(&s, digest)
	return w.add(&entry, newest)
}

func (w *networkWindow) judgeSeverity(s *stream, _ thresholds) Severity {
	return w.measureFigures(s).Level
}

func (w *networkWindow) judgeWindow(s *stream, _ thresholds) windowFinding {
	return w.measureFigures(s)
}

// measureFigures turns the sums of the window into figures, and judges them.
func (w *networkWindow) measureFigures(*stream) NetworkIssue {
	sum, _ := w.totalSums()
	f := NetworkIssue{
		Segments: sum.segments, Retransmits: sum.retransmits, Packets: sum.packets, Drops: sum.drops,
		FailedConnects: sum.failed, Errors: sum.errors, LatencyP50: sum.p50, LatencyP99: sum.p99,
	}
	var means networkMeans
	if sum.means != nil {
		means = *sum.means
	}
	f.Retransmitted = f.shareOf(f.Retransmits, f.Segments, MinSegments, means.retransmit)
	f.Dropped = f.shareOf(f.Drops, f.Packets, MinPackets, means.drop)
	if f.FailedConnects.Known && sum.failedUsec > 0 {
		f.FailedPerMinute = Some(float64(f.FailedConnects.Value) / (float64(sum.failedUsec) / float64(time.Minute/time.Microsecond)))
	}
	if average, ok := means.latency.weightedMean().Get(); ok {
		f.Latency = Some(time.Duration(average * float64(time.Second)))
	}
	f.Level, f.Reason = judgeNetwork(&f)
	return f
}

// shareOf is a part of a whole, absent below so many of it. Without counts it is the mean of what the source reported.
func (f *NetworkIssue) shareOf(part, whole Optional[int64], least int64, reported mean) Optional[float64] {
	switch {
	case whole.Known && whole.Value >= least:
		return Some(min(1, float64(part.Value)/float64(whole.Value)))
	case whole.Known:
		return Optional[float64]{}
	}
	r := reported.weightedMean()
	f.Reported = f.Reported || r.Known
	return r
}

// judgeNetwork gives the worst verdict of three. What cannot be told does not make the rest worse or better.
func judgeNetwork(f *NetworkIssue) (Severity, Reason) {
	level, reason := SeverityUnknown, ReasonNotMeasured
	if (f.Segments.Known && !f.Retransmitted.Known) || (f.Packets.Known && !f.Dropped.Known) {
		reason = ReasonTooLittleTraffic
	}
	for _, v := range [...]struct {
		level  Severity
		reason Reason
	}{
		{f.RetransmitSeverity(), ReasonRetransmits}, {f.DropSeverity(), ReasonDrops}, {f.ConnectSeverity(), ReasonFailedConnects},
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

// RetransmitSeverity is how bad the retransmits alone are.
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

// DropSeverity is how bad the drops alone are.
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

// ConnectSeverity is how bad the failed connects alone are.
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

// missingFields names the fields that would have made the verdict better.
func (w *networkWindow) missingFields(s *stream) []string {
	f := w.measureFigures(s)
	return missingNames([]field{
		{!f.Segments.Known, "tcp_segments_sent"},
		{!f.Segments.Known, "tcp_retransmits"},
		{!f.Packets.Known, "rx_packets"},
		{!f.Packets.Known, "rx_drops"},
		{!f.FailedConnects.Known, "connect_failures"},
		{w.hasUntimed(), "period_seconds"},
	})
}
