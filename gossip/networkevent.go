package gossip

import "time"

// NetworkSample is one window of a pod's network. Counters are deltas; a pod has one network, so its containers are not told apart.
type NetworkSample struct {
	Origin
	Segments        Optional[int64]   // TCP segments sent
	Retransmits     Optional[int64]   // segments sent again; where the kernel counts (RetransSegs), they are not among Segments
	RetransmitShare Optional[float64] // share 0–1 of segments, from a source without counters
	RxPackets       Optional[int64]
	TxPackets       Optional[int64]
	RxDrops         Optional[int64]
	TxDrops         Optional[int64]
	DropShare       Optional[float64] // share 0–1 of packets, from a source without counters
	RxErrors        Optional[int64]
	TxErrors        Optional[int64]
	FailedConnects  Optional[int64]         // TCP connects that were refused or timed out
	Latency         Optional[time.Duration] // average, as the source has it
	LatencyP50      Optional[time.Duration]
	LatencyP99      Optional[time.Duration]
}

// Subject is the pod, under KindNetworkIssue, whatever container the record named.
func (s NetworkSample) Subject() Subject {
	return Subject{Kind: KindNetworkIssue, Namespace: s.Namespace, Pod: s.Pod}
}

func (NetworkSample) isEvent() {}

// HasCounters says whether the sample carries counts that a verdict can stand on, rather than somebody's percentages or latencies.
func (s NetworkSample) HasCounters() bool {
	return (s.Segments.Known && s.Retransmits.Known) || (s.RxPackets.Known && s.RxDrops.Known) ||
		(s.TxPackets.Known && s.TxDrops.Known) || s.FailedConnects.Known
}
