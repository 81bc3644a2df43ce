package crd

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// memoryWhisper is the whisper about memory pressure.
func memoryWhisper(f gossip.MemoryPressure, p gossip.Pod, advice []recommend.Recommendation) *v1alpha1.KernelWhisper {
	w := newWhisper(f.Report, p, advice, memoryMessage(f, p))
	w.Status.KernelSays, w.Status.MetricsSay = clip(memorySays(f), maxSays), clip(memoryUsed(f), maxSays)
	w.Status.KernelTruth.Memory = v1alpha1.MemoryTruth{
		WorkingSetBytes:  count(f.WorkingSet),
		PeakBytes:        count(f.Peak),
		LimitBytes:       count(f.Limit),
		SomeAvg60Percent: percent(f.SomeAvg60, 100),
		FullAvg10Percent: percent(f.FullAvg10, 100),
		MajorFaults:      count(f.MajorFaults),
		LimitHits:        count(f.LimitHits),
		OOMKills:         count(f.Kills),
	}
	return w
}

// memorySays is the kernel's side in a few words.
func memorySays(f gossip.MemoryPressure) string {
	switch f.Reason {
	case gossip.ReasonOOMKilled:
		return plural(f.Kills.Value, "process") + " killed: out of memory"
	case gossip.ReasonStalled:
		return "waits for memory: " + stalls(f)
	case gossip.ReasonThrashing:
		return fmt.Sprintf("thrashes: %.0f major faults a second", f.FaultRate.Value)
	case gossip.ReasonLimitHit:
		return "limit hit " + times(f.LimitHits.Value)
	case gossip.ReasonNearLimit:
		return "near its memory limit"
	case gossip.ReasonBelowThreshold:
		return "no memory pressure"
	default:
		return "not measured"
	}
}

// stalls are the shares of time in which tasks waited, as far as they were measured.
func stalls(f gossip.MemoryPressure) string {
	some, full := percent(f.SomeAvg60, 100), percent(f.FullAvg10, 100)
	switch {
	case some == nil && full == nil:
		return "not measured"
	case full == nil:
		return fmt.Sprintf("some tasks %d%%", *some)
	case some == nil:
		return fmt.Sprintf("all tasks %d%%", *full)
	default:
		return fmt.Sprintf("some tasks %d%%, all tasks %d%%", *some, *full)
	}
}

// memoryUsed is what a dashboard shows for the same time.
func memoryUsed(f gossip.MemoryPressure) string {
	used := percent(f.UsedOfLimit, 1<<30)
	switch {
	case used != nil:
		return fmt.Sprintf("%d%% of the memory limit", *used)
	case f.Peak.Known:
		return bytes(f.Peak) + " used"
	case f.Used.Known:
		return bytes(f.Used) + " used"
	default:
		return "not measured"
	}
}

// memoryMessage is the condition's message: whole sentences for whoever is on call.
func memoryMessage(f gossip.MemoryPressure, p gossip.Pod) string {
	whose := "The container"
	if f.About.Container == "" {
		whose = "The pod"
	}
	message := ""
	switch f.Reason {
	case gossip.ReasonOOMKilled:
		message = "The kernel killed " + plural(f.Kills.Value, "process") + " here because memory ran out."
		if kubernetesShows(f.About, "", p) == showsNone {
			message += firstOnly
		}
	case gossip.ReasonStalled:
		message = "Tasks waited for memory instead of running: " + stalls(f) + " of the time."
	case gossip.ReasonThrashing:
		message = fmt.Sprintf("%s reads back what was just thrown out: %.0f major faults a second, %.0f before.", whose, f.FaultRate.Value, f.FaultBaseline.Value)
	case gossip.ReasonLimitHit:
		message = "Its use was about to go over the memory limit " + times(f.LimitHits.Value) + ", and the kernel had to take pages back."
	case gossip.ReasonNearLimit:
		message = whose + " is near its memory limit; nothing that was measured says that it hurts."
	case gossip.ReasonBelowThreshold:
		message = whose + " is not short of memory, as far as it was measured."
	default:
		message = "Whether memory is short was not measured" + missing(f.Covered) + "."
	}
	message += inUse(f)
	if leak, ok := f.Leak.Get(); ok {
		message += fmt.Sprintf(" Its working set climbs steadily: at this rate it is at its limit in %s.", leak.Remaining())
	}
	if f.Standing {
		message += " These figures are from before the container restarted or its limit changed; since then nothing has been measured."
	}
	return message
}

// inUse is how much memory is in use, in a sentence.
func inUse(f gossip.MemoryPressure) string {
	limit := ""
	switch {
	case f.Limit.Value > 0:
		limit = " of its limit of " + bytes(f.Limit)
	case f.Limit.Known:
		limit = ", without a limit"
	}
	used := percent(f.UsedOfLimit, 1<<30)
	switch {
	case f.Peak.Known:
		return fmt.Sprintf(" Its working set was up to %s%s.", bytes(f.Peak), limit)
	case used != nil:
		return fmt.Sprintf(" Up to %d%%%s was in use.", *used, limit)
	default:
		return ""
	}
}

// bytes is an amount of memory for people, rounded to Mi.
func bytes(n gossip.Optional[int64]) string {
	const mebi = 1 << 20
	return resource.NewQuantity((n.Value+mebi/2)/mebi*mebi, resource.BinarySI).String()
}

func plural(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	if what == "process" {
		what = "processe"
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func times(n int64) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
