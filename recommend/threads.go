package recommend

import (
	"fmt"
	"math"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// manyThreads is the number of threads per core of the limit from which on matchThreads gives advice if the waits do
// not show whether the threads run at once. Most runtimes keep idle threads, so a smaller multiple means nothing.
const manyThreads = 4

// matchThreads advises as many workers as the limit has cores. More workers use up the quota together early in the
// period, and then all of them wait. A mean wait above one period proves it, because throttled time is summed over the
// CPUs that wait. (Twitter's services had 1.5 to 2 times the capacity after their pools were reduced to the
// reservation: danluu.com/cgroup-throttling.)
func matchThreads(f gossip.CPUThrottling, p gossip.Pod) (Recommendation, bool) {
	if f.Level < gossip.SeverityWarning || f.Standing || f.Limit.Value <= 0 || isOnlyDuringStart(f, p) {
		return Recommendation{}, false
	}
	workers := math.Max(1, math.Ceil(f.Limit.Value-1e-9))
	var why string
	switch {
	case f.Threads.Known && float64(f.Threads.Value) <= workers:
		return Recommendation{}, false
	case f.MeanWait.Known && f.MeanWait.Value > f.CFSPeriod:
		atOnce := math.Ceil(float64(f.MeanWait.Value) / float64(f.CFSPeriod))
		why = fmt.Sprintf(
			"A throttled period cost %dms of waiting in a period of %dms: at least %.0f CPUs waited at once, on a limit of %s.",
			f.MeanWait.Value.Milliseconds(), f.CFSPeriod.Milliseconds(), atOnce, formatCores(f.Limit.Value),
		)
	case !f.MeanWait.Known && f.Threads.Known && float64(f.Threads.Value) >= manyThreads*workers:
		why = fmt.Sprintf("It has %d threads on a limit of %s, and how many of them run at once was not measured.",
			f.Threads.Value, formatCores(f.Limit.Value))
	default:
		return Recommendation{}, false
	}
	return Recommendation{
		Summary:  fmt.Sprintf("no more than %.0f at once in container %s", workers, f.About.Container),
		Priority: min(f.Level, gossip.SeverityWarning), // the limit comes first
		Action: fmt.Sprintf(
			"Or, if the limit must stay, let container %s run no more than %.0f at once: GOMAXPROCS, "+
				"-XX:ActiveProcessorCount, or the size of its pool.",
			f.About.Container, workers,
		),
		Reason:   why,
		Evidence: cpuEvidence(f),
		Risk:     "Fewer workers serve fewer requests at once: compare latency under load. Restarts the container.",
	}, true
}
