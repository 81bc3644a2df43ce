package replay

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// joinLines joins the lines that are not empty.
func joinLines(lines ...string) string {
	return strings.Join(slices.DeleteFunc(lines, func(s string) bool { return s == "" }), "\n")
}

// kernelDetail returns the figures below the kernel's sentence.
func kernelDetail(f gossip.Finding) string {
	switch f := f.(type) {
	case gossip.CPUThrottling:
		return cpuDetail(f)
	case gossip.MemoryPressure:
		if f.Leak.Known && f.Reason != gossip.ReasonMemoryLeak { // that sentence has the time itself
			return "at its limit in " + f.Leak.Value.TimeLeft()
		}
	case gossip.OOMKilled:
		if f.Kills > 0 && f.Usage.Known {
			return "at " + formatMemory(f.Usage.Value)
		}
	case gossip.NetworkIssue:
		return networkDetail(f)
	case gossip.PodBirth: // has its own table
	}
	return ""
}

// cpuDetail returns how many periods were throttled, and the mean wait.
func cpuDetail(f gossip.CPUThrottling) string {
	var parts []string
	if f.Periods.Known && f.Throttled.Known {
		parts = append(parts, fmt.Sprintf("%d of %d", f.ThrottledPeriods.Value, f.Periods.Value))
	}
	if f.MeanWait.Known {
		parts = append(parts, fmt.Sprintf("%dms each", f.MeanWait.Value.Round(time.Millisecond).Milliseconds()))
	}
	return strings.Join(parts, ", ")
}

// networkDetail returns the counts that the verdict comes from.
func networkDetail(f gossip.NetworkIssue) string {
	switch {
	case f.Reason == gossip.ReasonRetransmits && f.Segments.Known:
		return fmt.Sprintf("%d of %d", f.Retransmits.Value, f.Segments.Value)
	case f.Reason == gossip.ReasonDrops && f.Packets.Known:
		return fmt.Sprintf("%d of %d", f.Drops.Value, f.Packets.Value)
	}
	return ""
}

// metricsDetail returns the line below the metrics' sentence: usage and limit.
func metricsDetail(s v1alpha1.KernelWhisperStatus) string {
	lie, memory := s.MetricsLie.CPU, s.KernelTruth.Memory
	switch {
	case lie.Limit != nil && lie.Limit.IsZero():
		return "no limit"
	case lie.Usage != nil && lie.Limit != nil:
		return fmt.Sprintf("%s of %s", lie.Usage, lie.Limit)
	case lie.Limit != nil:
		return fmt.Sprintf("of %s", lie.Limit)
	case memory.LimitBytes == nil:
		return ""
	case *memory.LimitBytes == 0:
		return "no limit"
	case memory.PeakBytes != nil:
		return fmt.Sprintf("%s of %s", formatMemory(*memory.PeakBytes), formatMemory(*memory.LimitBytes))
	default:
		return "of " + formatMemory(*memory.LimitBytes)
	}
}

// formatMemory formats a number of bytes, rounded to Mi.
func formatMemory(n int64) string {
	const mebi = 1 << 20
	return resource.NewQuantity((n+mebi/2)/mebi*mebi, resource.BinarySI).String()
}

// formatCoverage formats the confidence of a finding and the samples that it comes from.
func formatCoverage(c gossip.Coverage, separator string) string {
	lines := []string{c.Confidence.String(), fmt.Sprintf("%d/%d in %s", c.Samples, c.Expected, formatDuration(c.Window))}
	for _, n := range []struct {
		count int
		what  string
	}{{c.Gaps, "gaps"}, {c.Dropped, "late"}} {
		if n.count > 0 {
			lines = append(lines, fmt.Sprintf("%d %s", n.count, n.what))
		}
	}
	return strings.Join(lines, separator)
}

// formatDuration leaves out the units that are zero: 15m, 1m55s, 12s.
func formatDuration(d time.Duration) string {
	s := d.Round(time.Second).String()
	s = strings.Replace(s, "h0m0s", "h", 1)
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	return s
}

// formatOptional returns a dash for a number that is not known.
func formatOptional(n gossip.Optional[int64]) string {
	if !n.Known {
		return "–"
	}
	return fmt.Sprint(n.Value)
}
