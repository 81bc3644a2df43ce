package gossip

import "time"

// NetworkIssue says which share of a pod's packets was lost, and how many of its connects failed. Counters are sums over the window.
type NetworkIssue struct {
	Report
	// Segments is how many TCP segments were sent, Retransmits how many of them again: sums of the samples that told both.
	Segments, Retransmits Optional[int64]
	// Retransmitted is the share 0–1 of segments that were sent again; absent below MinSegments.
	Retransmitted Optional[float64]
	// Packets and Drops are both directions together, of those that told both.
	Packets, Drops Optional[int64]
	// Dropped is the share 0–1 of packets that were dropped; absent below MinPackets.
	Dropped Optional[float64]
	// FailedConnects is how many TCP connects were refused or timed out.
	FailedConnects  Optional[int64]
	FailedPerMinute Optional[float64]
	// Errors are those of the network device, both directions together.
	Errors Optional[int64]
	// Latency is the average that the source reported; LatencyP50 and LatencyP99 are the largest in the window.
	Latency, LatencyP50, LatencyP99 Optional[time.Duration]
	// Reported says that Retransmitted or Dropped is a percentage that the source gave without counts: how many packets it is about is
	// not known.
	Reported bool
}

func (NetworkIssue) isFinding()       {}
func (NetworkIssue) isPrevious() bool { return false } // nothing but another pod begins a new epoch of a network

func (f NetworkIssue) withReport(r Report, _ bool) windowFinding {
	f.Report = r
	return f
}
