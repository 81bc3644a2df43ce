package crd

import (
	"fmt"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

func newMemoryTruth(f gossip.MemoryPressure) v1alpha1.MemoryTruth {
	t := v1alpha1.MemoryTruth{
		WorkingSetBytes:           countPointer(f.WorkingSet),
		PeakBytes:                 countPointer(f.Peak),
		LimitBytes:                countPointer(f.Limit),
		SomeAvg60Percent:          roundPercent(f.SomeAvg60, 100),
		FullAvg10Percent:          roundPercent(f.FullAvg10, 100),
		MajorFaults:               countPointer(f.MajorFaults),
		MajorFaultsPerSecond:      roundCount(f.FaultRate),
		UsualMajorFaultsPerSecond: roundCount(f.FaultBaseline),
		Reclaims:                  countPointer(f.Reclaims),
		LimitHits:                 countPointer(f.LimitHits),
		OOMKills:                  countPointer(f.Kills),
	}
	fillLeak(&t, f.Leak)
	return t
}

func newMemoryLie(f gossip.MemoryPressure) v1alpha1.MemoryLie {
	return v1alpha1.MemoryLie{UsedBytes: countPointer(f.Used), PercentOfLimit: roundPercent(f.UsedOfLimit, 1<<30)}
}

// parsePressure is the inverse of the two above.
func parsePressure(r gossip.Report, t v1alpha1.MemoryTruth, l v1alpha1.MemoryLie) gossip.MemoryPressure {
	f := gossip.MemoryPressure{
		Report:        r,
		WorkingSet:    optionalOf(t.WorkingSetBytes),
		Peak:          optionalOf(t.PeakBytes),
		Used:          optionalOf(l.UsedBytes),
		Limit:         optionalOf(t.LimitBytes),
		UsedOfLimit:   parsePercent(l.PercentOfLimit),
		SomeAvg60:     parsePercent(t.SomeAvg60Percent),
		FullAvg10:     parsePercent(t.FullAvg10Percent),
		MajorFaults:   optionalOf(t.MajorFaults),
		FaultRate:     parseCount(t.MajorFaultsPerSecond),
		FaultBaseline: parseCount(t.UsualMajorFaultsPerSecond),
		Reclaims:      optionalOf(t.Reclaims),
		LimitHits:     optionalOf(t.LimitHits),
		Kills:         optionalOf(t.OOMKills),
		Leak:          parseLeak(t),
	}
	f.UsedOfLimit = preciseShare(f.UsedOfLimit, float64(f.Peak.Value), float64(f.Limit.Value))
	return f
}

// fillLeak fills in the figures of a leak, if there is one.
func fillLeak(t *v1alpha1.MemoryTruth, found gossip.Optional[gossip.Leak]) {
	if leak, ok := found.Get(); ok {
		t.LeakBytesPerSecond = roundCount(gossip.Some(leak.BytesPerSecond))
		t.LeakFitPercent = roundPercent(gossip.Some(leak.R2), 100)
		t.LeakSecondsToLimit = roundSeconds(gossip.Some(leak.Until))
	}
}

// parseLeak is the inverse of fillLeak.
func parseLeak(t v1alpha1.MemoryTruth) gossip.Optional[gossip.Leak] {
	until := parseDuration(t.LeakSecondsToLimit, time.Second)
	if !until.Known {
		return gossip.Optional[gossip.Leak]{}
	}
	return gossip.Some(gossip.Leak{
		BytesPerSecond: parseCount(t.LeakBytesPerSecond).Value, R2: parsePercent(t.LeakFitPercent).Value, Until: until.Value,
	})
}

// memorySays returns the kernel's side in a few words.
func memorySays(f gossip.MemoryPressure) string {
	switch f.Reason {
	case gossip.ReasonOOMKilled:
		return formatCount(f.Kills.Value, "process") + " killed: out of memory"
	case gossip.ReasonStalled:
		return "waits for memory: " + formatStalls(f)
	case gossip.ReasonThrashing:
		return "thrashes: " + formatRate(f.FaultRate) + " major faults a second"
	case gossip.ReasonLimitHit:
		return "limit hit " + formatTimes(f.LimitHits.Value)
	case gossip.ReasonNearLimit:
		return "near its memory limit"
	case gossip.ReasonMemoryLeak:
		return "climbs steadily: at its limit in " + f.Leak.Value.TimeLeft()
	case gossip.ReasonBelowThreshold:
		return "no memory pressure"
	default:
		return "not measured"
	}
}

// formatStalls returns the shares of time in which tasks waited, as far as they were measured.
func formatStalls(f gossip.MemoryPressure) string {
	some, full := roundPercent(f.SomeAvg60, 100), roundPercent(f.FullAvg10, 100)
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

// memoryMetrics returns what a dashboard shows for the same time.
func memoryMetrics(f gossip.MemoryPressure) string {
	used := roundPercent(f.UsedOfLimit, 1<<30)
	switch {
	case used != nil:
		return fmt.Sprintf("%d%% of the memory limit", *used)
	case f.Peak.Known:
		return formatMebibytes(f.Peak) + " used"
	case f.Used.Known:
		return formatMebibytes(f.Used) + " used"
	default:
		return "not measured"
	}
}

// memoryMessage returns the message of the condition, in whole sentences.
func memoryMessage(f gossip.MemoryPressure, p gossip.Pod) string {
	whose := "The container"
	if f.About.Container == "" {
		whose = "The pod"
	}
	message := ""
	switch f.Reason {
	case gossip.ReasonOOMKilled:
		message = "The kernel killed " + formatCount(f.Kills.Value, "process") + " here because memory ran out."
		if kubernetesSide(f.About, "", p) == kubernetesShowsNone {
			message += firstProcessOnly
		}
	case gossip.ReasonStalled:
		message = "Tasks waited for memory instead of running: " + formatStalls(f) + " of the time."
	case gossip.ReasonThrashing:
		message = fmt.Sprintf(
			"%s reads back what was just thrown out: %s major faults a second, %s before.", whose, formatRate(f.FaultRate),
			formatRate(f.FaultBaseline),
		)
	case gossip.ReasonLimitHit:
		message = "Its use was about to go over the memory limit " + formatTimes(f.LimitHits.Value) +
			", and the kernel had to take pages back."
	case gossip.ReasonNearLimit:
		message = whose + " is near its memory limit; nothing that was measured says that it hurts."
	case gossip.ReasonMemoryLeak:
		message = whose + " seems to leak memory."
	case gossip.ReasonBelowThreshold:
		message = whose + " is not short of memory, as far as it was measured."
	default:
		message = "Whether memory is short was not measured" + missingNote(f.Covered) + "."
	}
	message += describeUse(f)
	if leak, ok := f.Leak.Get(); ok {
		message += fmt.Sprintf(" Its working set climbs steadily: at this rate it is at its limit in %s.", leak.TimeLeft())
	}
	if f.Standing {
		message += " These figures are from before the container restarted or its limit or request changed; " +
			"since then nothing has been measured."
	}
	return message
}

// describeUse returns a sentence about the memory in use.
func describeUse(f gossip.MemoryPressure) string {
	limit := ""
	switch {
	case f.Limit.Value > 0:
		limit = " of its limit of " + formatMebibytes(f.Limit)
	case f.Limit.Known && f.LimitHits.Value > 0:
		limit = ", and no limit is shown"
	case f.Limit.Known:
		limit = ", without a limit"
	}
	used := roundPercent(f.UsedOfLimit, 1<<30)
	switch {
	case f.Peak.Known:
		return fmt.Sprintf(" Its working set was up to %s%s.", formatMebibytes(f.Peak), limit)
	case used != nil:
		return fmt.Sprintf(" Up to %d%%%s was in use.", *used, limit)
	default:
		return ""
	}
}

// formatMebibytes returns bytes for a sentence, rounded to Mi.
func formatMebibytes(n gossip.Optional[int64]) string {
	const mebi = 1 << 20
	return resource.NewQuantity((n.Value+mebi/2)/mebi*mebi, resource.BinarySI).String()
}

func formatCount(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	if what == "process" {
		what = "processe"
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// formatRate returns a rate as the figures have it.
func formatRate(n gossip.Optional[float64]) string {
	if rate := roundCount(n); rate != nil {
		return strconv.FormatInt(*rate, 10)
	}
	return "0"
}

func formatTimes(n int64) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
