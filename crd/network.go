package crd

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

func newNetworkTruth(f gossip.NetworkIssue) v1alpha1.NetworkTruth {
	hourly := f.FailedPerMinute
	hourly.Value *= 60
	return v1alpha1.NetworkTruth{
		Retransmits:            countPointer(f.Retransmits),
		Segments:               countPointer(f.Segments),
		RetransmitBasisPoints:  roundBasisPoints(f.Retransmitted),
		Drops:                  countPointer(f.Drops),
		Packets:                countPointer(f.Packets),
		DropBasisPoints:        roundBasisPoints(f.Dropped),
		ConnectFailures:        countPointer(f.FailedConnects),
		ConnectFailuresPerHour: roundCount(hourly),
		DeviceErrors:           countPointer(f.Errors),
	}
}

func newNetworkLie(f gossip.NetworkIssue) v1alpha1.NetworkLie {
	return v1alpha1.NetworkLie{
		LatencyMicroseconds:       roundTo(f.Latency, time.Microsecond),
		MedianLatencyMicroseconds: roundTo(f.LatencyP50, time.Microsecond),
		P99LatencyMicroseconds:    roundTo(f.LatencyP99, time.Microsecond),
	}
}

// parseNetwork is the inverse of the two above.
func parseNetwork(r gossip.Report, t v1alpha1.NetworkTruth, l v1alpha1.NetworkLie) gossip.NetworkIssue {
	f := gossip.NetworkIssue{
		Report:          r,
		Segments:        optionalOf(t.Segments),
		Retransmits:     optionalOf(t.Retransmits),
		Retransmitted:   parseBasisPoints(t.RetransmitBasisPoints),
		Packets:         optionalOf(t.Packets),
		Drops:           optionalOf(t.Drops),
		Dropped:         parseBasisPoints(t.DropBasisPoints),
		FailedConnects:  optionalOf(t.ConnectFailures),
		FailedPerMinute: parseCount(t.ConnectFailuresPerHour),
		Errors:          optionalOf(t.DeviceErrors),
		Latency:         parseDuration(l.LatencyMicroseconds, time.Microsecond),
		LatencyP50:      parseDuration(l.MedianLatencyMicroseconds, time.Microsecond),
		LatencyP99:      parseDuration(l.P99LatencyMicroseconds, time.Microsecond),
	}
	f.FailedPerMinute.Value /= 60
	f.Reported = (f.Retransmitted.Known && !f.Segments.Known) || (f.Dropped.Known && !f.Packets.Known)
	return f
}

// networkSays returns the kernel's side in a few words: the figure that decided the verdict.
func networkSays(f gossip.NetworkIssue) string {
	switch f.Reason {
	case gossip.ReasonRetransmits:
		return formatShare(f.Retransmitted) + " of TCP segments sent again"
	case gossip.ReasonDrops:
		return formatShare(f.Dropped) + " of packets dropped"
	case gossip.ReasonFailedConnects:
		return fmt.Sprintf("%d connects failed, %.1f a minute", f.FailedConnects.Value, f.FailedPerMinute.Value)
	case gossip.ReasonBelowThreshold:
		return "no network issue"
	case gossip.ReasonTooLittleTraffic:
		return "too little traffic" + trafficNote(f)
	default:
		return "not measured"
	}
}

// trafficNote returns the count that was too small for a verdict, and the least that a verdict needs.
func trafficNote(f gossip.NetworkIssue) string {
	switch {
	case f.Segments.Known && !f.Retransmitted.Known:
		return fmt.Sprintf(" (%d of %d segments)", f.Segments.Value, gossip.MinSegments)
	case f.Packets.Known && !f.Dropped.Known:
		return fmt.Sprintf(" (%d of %d packets)", f.Packets.Value, gossip.MinPackets)
	default:
		return ""
	}
}

// formatShare returns a share as a percentage with at most two decimals, because shares of packets are small.
func formatShare(share gossip.Optional[float64]) string {
	p := roundBasisPoints(share)
	if p == nil {
		return "an unknown share"
	}
	return strconv.FormatFloat(float64(*p)/100, 'f', -1, 64) + "%"
}

// formatLatencies returns what a dashboard shows for the same time.
func formatLatencies(f gossip.NetworkIssue) string {
	var parts []string
	if d, ok := f.Latency.Get(); ok {
		parts = append(parts, "average "+formatDuration(d))
	}
	if d, ok := f.LatencyP50.Get(); ok {
		parts = append(parts, "median "+formatDuration(d))
	}
	if d, ok := f.LatencyP99.Get(); ok {
		parts = append(parts, "p99 "+formatDuration(d))
	}
	if len(parts) == 0 {
		return "not measured"
	}
	return "latency " + strings.Join(parts, ", ")
}

// networkMessage returns the message of the condition, in whole sentences.
func networkMessage(f gossip.NetworkIssue) string {
	var parts []string
	if f.Retransmitted.Known {
		parts = append(
			parts, formatShare(f.Retransmitted)+" of TCP segments were sent again"+countsNote(f.Retransmits, f.Segments),
		)
	}
	if f.Dropped.Known {
		parts = append(parts, formatShare(f.Dropped)+" of packets were dropped"+countsNote(f.Drops, f.Packets))
	}
	if f.FailedConnects.Known {
		parts = append(parts, formatCount(f.FailedConnects.Value, "TCP connect")+" failed")
	}
	message := "Whether packets of the pod are lost was not measured" + missingNote(f.Covered) + "."
	switch {
	case f.Reason == gossip.ReasonTooLittleTraffic:
		message = "There was too little traffic for a verdict" + trafficNote(f) + "."
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

// countsNote returns the counts of a share, where they are known.
func countsNote(part, whole gossip.Optional[int64]) string {
	if !whole.Known {
		return ""
	}
	return fmt.Sprintf(" (%d of %d)", part.Value, whole.Value)
}
