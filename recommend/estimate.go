package recommend

import (
	"cmp"
	"fmt"
	"math"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// The estimate of a sufficient CPU limit and its constants come from 44 workloads that were recorded with their
// smallest sufficient limit (found by trial): it sufficed for all 37 that were not saturated, at a median of 1.03 to
// 1.07 times the need. The package comment describes its limits.
const (
	floorFactor  = 1.2  // never less than this times the limit …
	usageTarget  = 0.8  // … or than usage at this share of the new limit
	waitMargin   = 1.15 // on what the waits say
	maxStep      = 3.0  // times the limit, where only waits or the ratio are known
	burstMargin  = 1.1  // on what one burst needs
	idlePeriods  = 2.5  // unthrottled periods that one burst leaves in the counters, when there are pauses
	idleSlope    = 5.0  // fewer, the closer usage is to the limit
	ratioSlope   = 2.5  // of the step where only the ratio is known
	saturatedUse = 0.90
	saturated    = 0.95 // of periods
	minThrottled = 10   // throttled periods
	minRatio     = 0.10
	fewThrottled = 30   // throttled periods, below which we say "measure again"
	weakRatio    = 0.30 // the same where the waits decided

	// impossibleUse is a share of the limit that no average over a window can have while the kernel enforces the limit:
	// records are a few percent off at most.
	impossibleUse = 1.25
)

// estimate is a CPU limit in cores and how it was found.
type estimate struct {
	target, lower, upper float64 // upper is 0 when nothing bounds it
	basis                basis
	basisCores           float64       // what the basis is about
	period               time.Duration // of the kernel's enforcement
	isStep               bool          // the counters do not show the demand, so only a step can be advised
	measureAgain         bool          // the evidence is thin, or target is a step
}

// basis is why the target is that number.
type basis int

const (
	basisRatio     basis = iota // only the share of throttled periods is known
	basisSaturated              // it uses its whole limit all the time
	basisPeak                   // what it tried to use at once
	basisBurst                  // what one burst needs
	basisWaits                  // what its waits say that it tried to use
	basisLeast                  // the least step
	basisUsable                 // what it can use at once
)

// explainBasis returns why the target is that number, as a sentence.
func (e *estimate) explainBasis() string {
	switch e.basis {
	case basisSaturated:
		return "It uses its whole limit all the time, so the counters do not show how much more it would use."
	case basisPeak:
		return fmt.Sprintf("It tried to use up to %s at once: the limit plus the mean wait of a throttled period.",
			formatCores(e.basisCores))
	case basisBurst:
		return fmt.Sprintf("One burst needs about %s for one period of %s; with that it ends without waiting.",
			formatCores(e.basisCores), e.period)
	case basisWaits:
		return fmt.Sprintf("Its waits say that it tried to use about %s.", formatCores(e.basisCores))
	case basisLeast:
		return fmt.Sprintf("It is at least %g times the limit, and leaves what it uses at %.0f%% of the new one.",
			floorFactor, usageTarget*100)
	case basisUsable:
		return fmt.Sprintf("It cannot use more than %s at once: its threads, or the node's CPUs.",
			formatCores(e.basisCores))
	case basisRatio:
	}
	return "How long it waited, or how much it used, was not measured: the share of throttled periods alone gives a step."
}

// estimateLimit returns the limit that lets the container's bursts finish without waiting. The error says why there can
// be no number.
func estimateLimit(f gossip.CPUThrottling) (estimate, error) {
	if err := checkEstimable(f); err != nil {
		return estimate{}, err
	}
	e := estimateNeed(f)
	e.target = roundUpCores(e.target)
	if most := usableCores(f); most > 0 {
		if e.target > most {
			e.target, e.basis, e.basisCores = most, basisUsable, most
		}
		e.upper = cmp.Or(e.upper, most)
	}
	e.lower = min(e.lower, e.target)
	if e.upper > 0 {
		e.upper = max(e.upper, e.target)
	}
	return e, nil
}

// estimateNeed returns the estimate before its target is rounded.
func estimateNeed(f gossip.CPUThrottling) estimate {
	limit, ratio := f.Limit.Value, f.Throttled.Value
	e := estimate{lower: max(floorFactor*limit, f.Usage.Or(0)/usageTarget)}
	switch {
	case f.MeanWait.Known && f.UsageTime.Known && f.UsedOfLimit.Known:
		e.fillFromCounters(f)
	case ratio < 1:
		e.isStep, e.measureAgain = true, true
		e.target = limit * min(maxStep, 1+ratioSlope*ratio/(1-ratio))
	default:
		e.isStep, e.measureAgain = true, true
		e.target = limit * maxStep
	}
	if e.target < e.lower {
		e.target, e.basis = e.lower, basisLeast
	}
	return e
}

// fillFromCounters makes the estimate before its bounds are applied. Names are as in the formula of the package
// comment.
func (e *estimate) fillFromCounters(f gossip.CPUThrottling) {
	limit, period := f.Limit.Value, f.CFSPeriod.Seconds()
	ratio, used := f.Throttled.Value, f.UsedOfLimit.Value
	tried := limit + f.MeanWait.Value.Seconds()/period
	e.upper = max(1, math.Ceil(tried-0.1))
	if most := usableCores(f); most > 0 {
		e.upper = min(e.upper, most)
	}
	floor := min(waitMargin*tried, maxStep*limit)
	if used >= saturatedUse && ratio >= saturated {
		e.isStep, e.measureAgain = true, true
		e.target, e.basis = min(e.upper, floor), basisSaturated
		return
	}
	burst := math.Inf(1)
	if free := f.Periods.Value - f.ThrottledPeriods.Value; free > 0 {
		c := min(idlePeriods, 1+idleSlope*(1-used))
		burst = burstMargin * c * f.UsageTime.Value.Seconds() / (float64(free) * period)
	}
	e.target = min(e.upper, max(burst, floor))
	e.measureAgain = f.ThrottledPeriods.Value < fewThrottled || (ratio < weakRatio && burst < floor)
	e.period = f.CFSPeriod
	switch e.target {
	case e.upper:
		e.basis, e.basisCores = basisPeak, e.upper
	case burst:
		e.basis, e.basisCores = basisBurst, burst
	default:
		e.basis, e.basisCores = basisWaits, tried
	}
}

// checkEstimable returns the reason why there can be no number, or nil.
func checkEstimable(f gossip.CPUThrottling) error {
	most := usableCores(f)
	switch limit, known := f.Limit.Get(); {
	case f.Standing:
		return fmt.Errorf(
			"the container or its limit is new, and what was measured is of the old one: wait for %d periods", gossip.MinPeriods,
		)
	case !known:
		return fmt.Errorf("the current CPU limit is not known")
	case limit == 0:
		return fmt.Errorf("throttled periods prove a CPU limit that the record or the pod does not show; look at cpu.max " +
			"of the container's " +
			"cgroup and of the pod's above it")
	case f.Periods.Known && f.Periods.Value < gossip.MinPeriods:
		return fmt.Errorf("only %d periods were measured, and fewer than %d tell nothing", f.Periods.Value, gossip.MinPeriods)
	case !f.Throttled.Known:
		return fmt.Errorf("throttling was not measured")
	case f.ThrottledPeriods.Known && f.ThrottledPeriods.Value < minThrottled:
		return fmt.Errorf(
			"only %d periods were throttled, and fewer than %d tell nothing", f.ThrottledPeriods.Value, minThrottled,
		)
	case f.UsageTime.Known && f.ThrottledPeriods.Value > 0 && f.UsedOfLimit.Value > impossibleUse:
		return fmt.Errorf(
			"its counters say that it used %.0f%% of its limit, and the kernel lets nothing use more than all of it: "+
				"they are cumulative, or of a longer time than their records",
			gossip.Percent(f.UsedOfLimit.Value),
		)
	case f.Throttled.Value < minRatio:
		return fmt.Errorf("less than %.0f%% of periods were throttled", minRatio*100)
	case most > 0 && limit >= most:
		return fmt.Errorf(
			"the limit of %s is not less than the %s that the container can use at once, so it is hardly the cause: "+
				"look at cpu.stat of the pod's cgroup, above the container's",
			formatCores(limit), formatCores(most),
		)
	}
	return nil
}

// usableCores returns the number of cores that the container can use at once: the smaller of its threads and the node's
// CPUs, as far as they are known. It is 0 when neither is.
func usableCores(f gossip.CPUThrottling) float64 {
	most := math.Inf(1)
	if f.Threads.Known {
		most = float64(f.Threads.Value)
	}
	if f.NodeCPUs.Known {
		most = min(most, float64(f.NodeCPUs.Value))
	}
	if math.IsInf(most, 1) {
		return 0
	}
	return most
}

// roundUpCores rounds cores up to 50m below one core and to 100m above. A number that only floating-point error moved
// above a multiple stays that multiple.
func roundUpCores(cores float64) float64 {
	perCore := 10.0
	if cores < 1 {
		perCore = 20
	}
	return math.Ceil(cores*perCore-1e-9) / perCore
}
