package pixie

import (
	"math"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// networkSample reads a record of type network_issue.
func (r *record) networkSample() gossip.Event {
	var o gossip.Origin
	r.origin(&o)
	s := gossip.NetworkSample{
		Origin:          o,
		Segments:        r.integer(tcpSegmentsSent),
		Retransmits:     r.integer(tcpRetransmits),
		RetransmitShare: r.share(retransmitPct),
		RxPackets:       r.integer(rxPackets),
		TxPackets:       r.integer(txPackets),
		RxDrops:         r.integer(rxDrops),
		TxDrops:         r.integer(txDrops),
		DropShare:       r.share(packetDropPct),
		RxErrors:        r.integer(rxErrors),
		TxErrors:        r.integer(txErrors),
		FailedConnects:  r.failedConnects(),
		Latency:         r.milliseconds(avgLatencyMs),
		LatencyP50:      r.nanoseconds(latencyP50Ns),
		LatencyP99:      r.nanoseconds(latencyP99Ns),
	}
	r.requireOne("a measured field of network_issue", packetDropPct, retransmitPct, avgLatencyMs, rxPackets, txPackets, rxDrops, txDrops,
		rxErrors, txErrors, tcpSegmentsSent, tcpRetransmits, connectFailures, connectionErrors, latencyP50Ns, latencyP99Ns)
	return s
}

// failedConnects reads connect_failures or else connection_errors. Both are checked.
func (r *record) failedConnects() gossip.Optional[int64] {
	failures, errors := r.integer(connectFailures), r.integer(connectionErrors)
	if !failures.Known {
		return errors
	}
	return failures
}

// milliseconds reads an optional duration that may have a fraction.
func (r *record) milliseconds(f field) gossip.Optional[time.Duration] {
	n, known := r.number(f).Get()
	return gossip.Optional[time.Duration]{Value: time.Duration(math.Round(n * 1e6)), Known: known}
}
