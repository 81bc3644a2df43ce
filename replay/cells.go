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

func join(lines ...string) string {
	return strings.Join(slices.DeleteFunc(lines, func(s string) bool { return s == "" }), "\n")
}

// kernelDetail is what stands below the kernel's sentence.
func kernelDetail(f gossip.Finding) string {
	switch f := f.(type) {
	case gossip.CPUThrottling:
		return cpuDetail(f)
	case gossip.MemoryPressure:
		if f.Leak.Known && f.Reason != gossip.ReasonMemoryLeak { // which says so itself
			return "at its limit in " + f.Leak.Value.TimeLeft()
		}
	case gossip.OOMKilled:
		if f.Kills > 0 && f.Usage.Known {
			return "at " + quantity(f.Usage.Value)
		}
	case gossip.NetworkIssue:
		return networkDetail(f)
	case gossip.PodBirth: // has a table of its own
	}
	return ""
}

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

// networkDetail is the counts behind the verdict.
func networkDetail(f gossip.NetworkIssue) string {
	switch {
	case f.Reason == gossip.ReasonRetransmits && f.Segments.Known:
		return fmt.Sprintf("%d of %d", f.Retransmits.Value, f.Segments.Value)
	case f.Reason == gossip.ReasonDrops && f.Packets.Known:
		return fmt.Sprintf("%d of %d", f.Drops.Value, f.Packets.Value)
	}
	return ""
}

// metricsDetail is what stands below the metrics' sentence: use and limit.
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
		return fmt.Sprintf("%s of %s", quantity(*memory.PeakBytes), quantity(*memory.LimitBytes))
	default:
		return "of " + quantity(*memory.LimitBytes)
	}
}

// quantity is an amount of memory, rounded to Mi.
func quantity(n int64) string {
	const mebi = 1 << 20
	return resource.NewQuantity((n+mebi/2)/mebi*mebi, resource.BinarySI).String()
}

// coverage is how sure we are, and why.
func coverage(c gossip.Coverage, separator string) string {
	lines := []string{c.Confidence.String(), fmt.Sprintf("%d/%d in %s", c.Samples, c.Expected, short(c.Window))}
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

// short is a duration as people say it: 15m, 1m55s, 12s.
func short(d time.Duration) string {
	s := d.Round(time.Second).String()
	s = strings.Replace(s, "h0m0s", "h", 1)
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	return s
}

func optional(n gossip.Optional[int64]) string {
	if !n.Known {
		return "–"
	}
	return fmt.Sprint(n.Value)
}
