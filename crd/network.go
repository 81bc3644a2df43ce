package crd

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// networkWhisper is the whisper about a pod's network.
func networkWhisper(f gossip.NetworkIssue, p gossip.Pod, advice []recommend.Recommendation) *v1alpha1.KernelWhisper {
	w := newWhisper(f.Report, p, advice, networkMessage(f))
	w.Status.KernelSays, w.Status.MetricsSay = clip(networkSays(f), maxSays), clip(latencies(f), maxSays)
	w.Status.KernelTruth.Network = v1alpha1.NetworkTruth{
		Retransmits:           count(f.Retransmits),
		Segments:              count(f.Segments),
		RetransmitBasisPoints: basisPoints(f.Retransmitted),
		Drops:                 count(f.Drops),
		Packets:               count(f.Packets),
		DropBasisPoints:       basisPoints(f.Dropped),
		ConnectFailures:       count(f.FailedConnects),
	}
	return w
}

// networkSays is the kernel's side in a few words: what the verdict stands on.
func networkSays(f gossip.NetworkIssue) string {
	switch f.Reason {
	case gossip.ReasonRetransmits:
		return hundredths(f.Retransmitted) + " of TCP segments sent again"
	case gossip.ReasonDrops:
		return hundredths(f.Dropped) + " of packets dropped"
	case gossip.ReasonFailedConnects:
		return fmt.Sprintf("%d connects failed, %.1f a minute", f.FailedConnects.Value, f.FailedPerMinute.Value)
	case gossip.ReasonBelowThreshold:
		return "no network issue"
	case gossip.ReasonTooLittleTraffic:
		return "too little traffic" + traffic(f)
	default:
		return "not measured"
	}
}

// traffic is how much there was of what a verdict needs more of.
func traffic(f gossip.NetworkIssue) string {
	switch {
	case f.Segments.Known && !f.Retransmitted.Known:
		return fmt.Sprintf(" (%d of %d segments)", f.Segments.Value, gossip.MinSegments)
	case f.Packets.Known && !f.Dropped.Known:
		return fmt.Sprintf(" (%d of %d packets)", f.Packets.Value, gossip.MinPackets)
	default:
		return ""
	}
}

// hundredths is a share as a percentage with two digits at most: shares of packets are small.
func hundredths(share gossip.Optional[float64]) string {
	p := basisPoints(share)
	if p == nil {
		return "an unknown share"
	}
	return strconv.FormatFloat(float64(*p)/100, 'f', -1, 64) + "%"
}

// latencies are what a dashboard shows for the same time.
func latencies(f gossip.NetworkIssue) string {
	var parts []string
	if d, ok := f.Latency.Get(); ok {
		parts = append(parts, "average "+about(d))
	}
	if d, ok := f.LatencyP50.Get(); ok {
		parts = append(parts, "median "+about(d))
	}
	if d, ok := f.LatencyP99.Get(); ok {
		parts = append(parts, "p99 "+about(d))
	}
	if len(parts) == 0 {
		return "not measured"
	}
	return "latency " + strings.Join(parts, ", ")
}

// networkMessage is the condition's message: whole sentences for whoever is on call.
func networkMessage(f gossip.NetworkIssue) string {
	var parts []string
	if f.Retransmitted.Known {
		parts = append(parts, hundredths(f.Retransmitted)+" of TCP segments were sent again"+counts(f.Retransmits, f.Segments))
	}
	if f.Dropped.Known {
		parts = append(parts, hundredths(f.Dropped)+" of packets were dropped"+counts(f.Drops, f.Packets))
	}
	if f.FailedConnects.Known {
		parts = append(parts, plural(f.FailedConnects.Value, "TCP connect")+" failed")
	}
	message := "Whether packets of the pod are lost was not measured" + missing(f.Covered) + "."
	switch {
	case f.Reason == gossip.ReasonTooLittleTraffic:
		message = "There was too little traffic for a verdict" + traffic(f) + "."
	case len(parts) > 0:
		message = "Of the pod's network: " + strings.Join(parts, ", ") + "."
	}
	if f.Reason == gossip.ReasonBelowThreshold {
		message += " That is below the thresholds."
	}
	if f.Reported {
		message += " Percentages are as the source reported them: how many packets they are about is not known."
	}
	return message
}

// counts are those of a share, where there are any.
func counts(part, whole gossip.Optional[int64]) string {
	if !whole.Known {
		return ""
	}
	return fmt.Sprintf(" (%d of %d)", part.Value, whole.Value)
}
