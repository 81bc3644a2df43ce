package gossip

import (
	"time"
)

// networkWindow is the window of one source of network samples.
type networkWindow struct{ window[networkSums] }

func (w *networkWindow) observe(e eventPointer, digest fingerprint, newest int64) outcome {
	entry := networkEntry(e.(*NetworkSample), digest)
	got, _ := w.add(&entry, newest)
	return got
}

func (w *networkWindow) judgeSeverity(s *stream, _ thresholds) Severity {
	return w.measureFigures(s).Level
}

func (w *networkWindow) judgeWindow(s *stream, _ thresholds) windowFinding {
	return w.measureFigures(s)
}

func (w *networkWindow) pastBadness(s *stream, _ thresholds, _ Demand, m *foldedWindows) badness {
	past := networkWindow{w.foldPast(&m.network)}
	f := past.measureFigures(s)
	return networkBadness(&f)
}

func (w *networkWindow) pastFinding(
	s *stream, _ thresholds, m *foldedWindows, r Report, _ windowFinding,
) windowFinding {
	past := networkWindow{w.foldPast(&m.network)}
	f := past.measureFigures(s)
	r.Level, r.Reason = f.Level, f.Reason
	r.Covered = w.past.coverPast(s, s.counters && !f.Reported, past.missingFields(s))
	f.Report = r
	return f
}

func (w *networkWindow) pendingPast(closed bool, m *foldedWindows) sampleWindow {
	m.networkPending = networkWindow{w.pendingWindow(closed, &m.network)}
	return &m.networkPending
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

// measureFigures computes the figures from the sums of the window, and judges them.
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
		minutes := float64(sum.failedUsec) / float64(time.Minute/time.Microsecond)
		f.FailedPerMinute = Some(float64(f.FailedConnects.Value) / minutes)
	}
	if average, ok := means.latency.weightedMean().Get(); ok {
		f.Latency = Some(time.Duration(average * float64(time.Second)))
	}
	f.Level, f.Reason = judgeNetwork(&f)
	return f
}

// shareOf returns part/whole, or absent where the whole is less than least. Without counts it returns the mean of what
// the source reported.
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

// networkSums are kept for each bucket of network samples.
type networkSums struct {
	segments, retransmits Optional[int64]
	packets, drops        Optional[int64]
	failed, errors        Optional[int64]
	failedUsec            int64 // total length of the samples that carry both connect_failures and period_seconds
	untimedFailed         int64 // samples that carry connect_failures and no period_seconds
	p50, p99              Optional[time.Duration]
	means                 *networkMeans
}

// networkMeans are the means of what sources report as finished averages; latency is in seconds.
type networkMeans struct{ retransmit, drop, latency mean }

// networkAverages are what a source reports as finished averages of a sample.
type networkAverages struct {
	failed           bool // the sample carries connect_failures too
	retransmit, drop Optional[float64]
	latency          Optional[float64]
}

// networkEntry returns the entry of one network sample.
func networkEntry(s *NetworkSample, digest fingerprint) entry[networkSums] {
	e := entry[networkSums]{stamp: stamp{end: s.Time.UnixNano(), period: s.Period, digest: digest}}
	e.sums = networkSums{
		failed: s.FailedConnects, errors: addKnown(s.RxErrors, s.TxErrors), p50: s.LatencyP50, p99: s.LatencyP99,
	}
	if s.Segments.Known && s.Retransmits.Known {
		e.sums.segments, e.sums.retransmits = s.Segments, s.Retransmits
	}
	for _, way := range [...]struct{ packets, drops Optional[int64] }{{s.RxPackets, s.RxDrops}, {s.TxPackets, s.TxDrops}} {
		if way.packets.Known && way.drops.Known {
			e.sums.packets, e.sums.drops = addKnown(e.sums.packets, way.packets), addKnown(e.sums.drops, way.drops)
		}
	}
	a := networkAverages{failed: s.FailedConnects.Known, retransmit: s.RetransmitShare, drop: s.DropShare}
	if s.Latency.Known {
		a.latency = Some(s.Latency.Value.Seconds())
	}
	if s.Period > 0 {
		e.sums = e.sums.merge(a.sumsOnceTimed(s.Period.Microseconds()))
		return e
	}
	if a.failed {
		e.sums.untimedFailed = 1
	}
	e.onceTimed = func(sum networkSums, usec int64) networkSums { return sum.merge(a.sumsOnceTimed(usec)) }
	return e
}

// sumsOnceTimed returns what a sample of that length adds besides its counters; 0 is an unknown length.
func (a networkAverages) sumsOnceTimed(usec int64) networkSums {
	var n networkSums
	if a.failed {
		n.failedUsec = usec
	}
	if a.retransmit.Known || a.drop.Known || a.latency.Known {
		n.means = &networkMeans{}
		n.means.retransmit.addValue(a.retransmit, usec/1000)
		n.means.drop.addValue(a.drop, usec/1000)
		n.means.latency.addValue(a.latency, usec/1000)
	}
	return n
}

// merge implements sums.
func (n networkSums) merge(o networkSums) networkSums {
	n.segments, n.retransmits = addKnown(n.segments, o.segments), addKnown(n.retransmits, o.retransmits)
	n.packets, n.drops = addKnown(n.packets, o.packets), addKnown(n.drops, o.drops)
	n.failed, n.errors = addKnown(n.failed, o.failed), addKnown(n.errors, o.errors)
	n.failedUsec, n.untimedFailed = addSat(n.failedUsec, o.failedUsec), n.untimedFailed+o.untimedFailed
	n.p50, n.p99 = largerOf(n.p50, o.p50), largerOf(n.p99, o.p99)
	if o.means != nil {
		if n.means == nil {
			n.means = &networkMeans{}
		}
		n.means.retransmit.merge(o.means.retransmit)
		n.means.drop.merge(o.means.drop)
		n.means.latency.merge(o.means.latency)
	}
	return n
}

// completeUntimed implements sums.
func (n networkSums) completeUntimed(usec, untold int64) networkSums {
	n.failedUsec = addSat(n.failedUsec, mulSat(usec, n.untimedFailed)/untold)
	if n.means != nil {
		complete := *n.means
		complete.retransmit.weighUntimed(usec / 1000)
		complete.drop.weighUntimed(usec / 1000)
		complete.latency.weighUntimed(usec / 1000)
		n.means = &complete
	}
	return n
}

// cloneSums implements sums.
func (n networkSums) cloneSums() networkSums {
	if n.means != nil {
		n.means = copyOf(n.means)
	}
	return n
}

// emptySums implements sums.
func (n networkSums) emptySums() networkSums {
	if n.means != nil {
		*n.means = networkMeans{}
	}
	return networkSums{means: n.means}
}
