package recommend

import (
	"fmt"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// The three rules about networks say where to look: the kernel counts lost packets, but not where they were lost. Each
// gives advice when its own figure is above the threshold.

func investigateRetransmits(f gossip.NetworkIssue, _ gossip.Pod) (Recommendation, bool) {
	level := f.RetransmitSeverity()
	return Recommendation{
		Summary:  "Find where segments are lost",
		Priority: level,
		Action: "Find where segments are lost: ss -ti in the pod's network namespace shows the peers, then look at the " +
			"path to them (node drops, MTU, an overloaded receiver).",
		Reason: fmt.Sprintf(
			"%s of TCP segments were sent again%s.", formatShare(f.Retransmitted), reportedNote(f, f.Segments),
		),
		Evidence: networkEvidence(f),
		Risk:     "Looking changes nothing.",
	}, level >= gossip.SeverityInfo
}

func investigateDrops(f gossip.NetworkIssue, _ gossip.Pod) (Recommendation, bool) {
	level := f.DropSeverity()
	return Recommendation{
		Summary:  "Find what drops packets",
		Priority: level,
		Action: "Find what drops packets: ip -s link in the pod's network namespace shows the direction, the kernel's " +
			"skb:kfree_skb tracepoint the reason (a full queue, a network policy, conntrack).",
		Reason:   fmt.Sprintf("%s of packets were dropped%s.", formatShare(f.Dropped), reportedNote(f, f.Packets)),
		Evidence: networkEvidence(f),
		Risk:     "Looking changes nothing.",
	}, level >= gossip.SeverityInfo
}

func investigateConnects(f gossip.NetworkIssue, _ gossip.Pod) (Recommendation, bool) {
	level := f.ConnectSeverity()
	return Recommendation{
		Summary:  "Find what it cannot reach",
		Priority: level,
		Action: "Find what it cannot reach: a Service without endpoints, a network policy, a peer that is down or whose " +
			"backlog is full; its logs and kubectl get endpointslices show it.",
		Reason:   fmt.Sprintf("%d TCP connects failed, %.1f a minute.", f.FailedConnects.Value, f.FailedPerMinute.Value),
		Evidence: networkEvidence(f),
		Risk:     "Looking changes nothing.",
	}, level >= gossip.SeverityInfo
}

// formatShare returns a percentage with two decimals, because shares of packets are small.
func formatShare(s gossip.Optional[float64]) string { return fmt.Sprintf("%.2f%%", s.Value*100) }

// reportedNote says that the source reported a percentage without counts.
func reportedNote(f gossip.NetworkIssue, whole gossip.Optional[int64]) string {
	if whole.Known || !f.Reported {
		return ""
	}
	return ", as the source reported without counts"
}

// networkEvidence returns the figures in one line. A figure that was not measured is left out.
func networkEvidence(f gossip.NetworkIssue) string {
	var parts []string
	say := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if f.Segments.Known {
		say("%d of %d segments sent again", f.Retransmits.Value, f.Segments.Value)
	} else if f.Retransmitted.Known {
		say("%s of segments sent again, as the source reported", formatShare(f.Retransmitted))
	}
	if f.Packets.Known {
		say("%d of %d packets dropped", f.Drops.Value, f.Packets.Value)
	} else if f.Dropped.Known {
		say("%s of packets dropped, as the source reported", formatShare(f.Dropped))
	}
	if f.FailedConnects.Known {
		say("%d failed connects", f.FailedConnects.Value)
	}
	if f.Errors.Known {
		say("%d device errors", f.Errors.Value)
	}
	for _, l := range []struct {
		what string
		took gossip.Optional[time.Duration]
	}{{"average latency", f.Latency}, {"median latency", f.LatencyP50}, {"p99 latency", f.LatencyP99}} {
		if l.took.Known {
			say("%s %s", l.what, l.took.Value.Round(100*time.Microsecond))
		}
	}
	return strings.Join(append(parts, formatSamples(f.Covered)), ", ")
}
