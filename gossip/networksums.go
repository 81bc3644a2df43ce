package gossip

import "time"

// networkSums are what a bucket keeps of network samples.
type networkSums struct {
	segments, retransmits Optional[int64]
	packets, drops        Optional[int64]
	failed, errors        Optional[int64]
	failedUsec            int64 // length of the samples that told failed connects, and their own length …
	untimedFailed         int64 // … and how many did not tell their own
	p50, p99              Optional[time.Duration]
	means                 *networkMeans
}

// networkMeans are for what sources report as finished averages; latency in seconds.
type networkMeans struct{ retransmit, drop, latency mean }

// networkAverages are those of one sample.
type networkAverages struct {
	failed           bool // it told failed connects
	retransmit, drop Optional[float64]
	latency          Optional[float64]
}

// networkEntry makes the entry of one network sample.
func networkEntry(s *NetworkSample, digest fingerprint) entry[networkSums] {
	e := entry[networkSums]{stamp: stamp{end: s.Time.UnixNano(), period: s.Period, digest: digest}}
	e.sums = networkSums{failed: s.FailedConnects, errors: addKnown(s.RxErrors, s.TxErrors), p50: s.LatencyP50, p99: s.LatencyP99}
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
	e.onceTimed = a.sumsOnceTimed
	return e
}

// sumsOnceTimed are what a sample of that length adds besides its counters; 0 is a length that is not known.
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
		n.means.retransmit.add(o.means.retransmit)
		n.means.drop.add(o.means.drop)
		n.means.latency.add(o.means.latency)
	}
	return n
}

// completeUntimed implements sums.
func (n networkSums) completeUntimed(usec, untold int64) networkSums {
	n.failedUsec = addSat(n.failedUsec, mulSat(usec, n.untimedFailed)/untold)
	if n.means != nil {
		settled := *n.means
		settled.retransmit.weighUntimed(usec / 1000)
		settled.drop.weighUntimed(usec / 1000)
		settled.latency.weighUntimed(usec / 1000)
		n.means = &settled
	}
	return n
}
