package pixie

import (
	"math"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// readNetworkSample reads a record of type network_issue.
func (r *record) readNetworkSample() gossip.NetworkSample {
	var o gossip.Origin
	r.readOrigin(&o)
	s := gossip.NetworkSample{
		Origin:          o,
		Segments:        r.readInteger(tcpSegmentsSent),
		Retransmits:     r.readInteger(tcpRetransmits),
		RetransmitShare: r.readShare(retransmitPct),
		RxPackets:       r.readInteger(rxPackets),
		TxPackets:       r.readInteger(txPackets),
		RxDrops:         r.readInteger(rxDrops),
		TxDrops:         r.readInteger(txDrops),
		DropShare:       r.readShare(packetDropPct),
		RxErrors:        r.readInteger(rxErrors),
		TxErrors:        r.readInteger(txErrors),
		FailedConnects:  r.readFailedConnects(),
		Latency:         r.readMilliseconds(avgLatencyMs),
		LatencyP50:      r.readNanoseconds(latencyP50Ns),
		LatencyP99:      r.readNanoseconds(latencyP99Ns),
	}
	r.requireOne("a measured field of network_issue",
		packetDropPct, retransmitPct, avgLatencyMs, rxPackets, txPackets, rxDrops, txDrops, rxErrors, txErrors,
		tcpSegmentsSent, tcpRetransmits, connectFailures, connectionErrors, latencyP50Ns, latencyP99Ns)
	return s
}

// readFailedConnects reads connect_failures, or else connection_errors. It checks both.
func (r *record) readFailedConnects() gossip.Optional[int64] {
	failures, alias := r.readInteger(connectFailures), r.readInteger(connectionErrors)
	if failures.Known {
		return failures
	}
	return alias
}

// readMilliseconds reads an optional duration in milliseconds, which may have a fraction.
func (r *record) readMilliseconds(f field) gossip.Optional[time.Duration] {
	n, known := r.readNumber(f).Get()
	return gossip.Optional[time.Duration]{Value: time.Duration(math.Round(n * 1e6)), Known: known}
}
