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
		if f.Leak.Known {
			return "at its limit in " + f.Leak.Value.Remaining()
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

// commandList is every command, whole and on a line of its own, ready to paste.
func commandList(verdicts []verdict) string {
	var b strings.Builder
	for _, v := range verdicts {
		for _, r := range v.advice {
			if r.Resize+r.Patch == "" {
				continue
			}
			s := v.finding.Subject()
			fmt.Fprintf(&b, "# %s/%s %s: %s\n", s.Namespace, s.Pod, s.Container, r.Action)
			for _, c := range []struct{ what, command string }{
				{"now, in the running pod", r.Resize}, {"so that it lasts", r.Patch}, {"to undo both", r.Rollback},
			} {
				if c.command != "" {
					fmt.Fprintf(&b, "# %s\n%s\n", c.what, c.command)
				}
			}
			fmt.Fprintf(&b, "# %s\n\n", r.Risk)
		}
	}
	return strings.TrimSuffix(b.String(), "\n\n")
}

// rest counts what has no row of its own. A birth always has one.
func rest(verdicts []verdict) string {
	healthy := 0
	unmeasured := make(map[string]int)
	total := 0
	for _, v := range verdicts {
		switch {
		case v.object != nil:
		case v.finding.Severity() == gossip.SeverityUnknown:
			unmeasured[why(v.finding)]++
			total++
		default:
			healthy++
		}
	}
	line := fmt.Sprintf("%d healthy, %d not measured", healthy, total)
	var reasons []string
	for reason, n := range unmeasured {
		reasons = append(reasons, fmt.Sprintf("%d with %s", n, reason))
	}
	if slices.Sort(reasons); len(reasons) > 0 {
		line += " (" + strings.Join(reasons, ", ") + ")"
	}
	return line
}

// why is the reason that a finding is not measured, for the last line.
func why(f gossip.Finding) string {
	switch f := f.(type) {
	case gossip.CPUThrottling:
		if f.Reason == gossip.ReasonTooFewPeriods {
			return "fewer than 50 periods"
		}
	case gossip.NetworkIssue:
		if f.Reason == gossip.ReasonTooLittleTraffic {
			return "fewer than 1000 segments or packets"
		}
		return "no figure of lost packets"
	case gossip.MemoryPressure:
		return "neither PSI nor a share of a memory limit"
	case gossip.OOMKilled, gossip.PodBirth: // are never unknown
	}
	return "no figure of throttling"
}
