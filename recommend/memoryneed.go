package recommend

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// What a container needs, compared with the largest use that was measured. After an OOM kill the recommenders of
// Kubernetes' autoscaler (VPA) take the larger of the two results.
const (
	memoryFactor = 1.2
	memoryMargin = 100 * mebi
)

// memoryNeed holds what advice needs from a finding about memory: about a container that is short of memory, or in
// which processes were killed.
type memoryNeed struct {
	gossip.Report
	peak, limit gossip.Optional[int64]
	leak        gossip.Optional[gossip.Leak]
	standing    bool
	killed      bool
	notOwnLimit bool // the container's own limit is not the cause
	culprit     culprit
	limitHits   int64
	podLimit    gossip.Optional[int64] // shared by all containers of the pod
	role        gossip.Role
	evidence    string
}

// culprit is what ran out of memory when a process was killed.
type culprit int

const (
	ownLimit    culprit = iota // also where nothing shows another cause
	limitAbove                 // a limit; as far as the record shows, not the container's own
	nodeOrAbove                // the node, or a limit above the container's own
	node
)

// Reasons why there can be no number for a limit or a request.
const (
	waitReason      = "the container or its limit is new, and what was measured is of the old one: wait for new samples"
	ephemeralReason = "an ephemeral container has no resources of its own, and what it uses counts to the pod: end it " +
		"once it is not needed"
)

// isNodeShort reports whether the node may have been what ran out of memory.
func (n memoryNeed) isNodeShort() bool { return n.killed && n.culprit >= nodeOrAbove }

// memoryNeedOf returns what advice needs from the finding. It reports false for findings that call for no advice:
// healthy ones, and those about other resources.
func memoryNeedOf(f gossip.Finding, p gossip.Pod) (memoryNeed, bool) {
	var n memoryNeed
	switch f := f.(type) {
	case gossip.MemoryPressure:
		n = memoryNeed{
			Report: f.Report, peak: f.Peak, limit: f.Limit, leak: f.Leak, standing: f.Standing, evidence: memoryEvidence(f),
		}
		n.fillFromPressure(f)
	case gossip.OOMKilled:
		n = memoryNeed{
			Report: f.Report, peak: f.Peak, limit: f.Limit, leak: f.Leak, standing: f.Standing, killed: true,
			notOwnLimit: f.Outside(),
		}
		n.evidence, n.culprit = killEvidence(f), culpritOf(f)
	case gossip.CPUThrottling, gossip.NetworkIssue, gossip.PodBirth:
		return n, false
	}
	c, known := p.Container(n.About.Container)
	n.role, n.podLimit = c.Role, p.MemoryLimit
	if k, isKill := f.(gossip.OOMKilled); isKill && k.Scope == gossip.ScopeMemcg && known && !c.MemoryLimit.Known {
		n.culprit = limitAbove // the container has no limit, whatever limit the record of the kill has
	}
	return n, n.Level >= gossip.SeverityInfo
}

// culpritOf returns what ran out of memory, as far as the record of a kill shows.
func culpritOf(f gossip.OOMKilled) culprit {
	switch {
	case f.Scope == gossip.ScopeGlobal:
		return node
	case !f.Outside():
		return ownLimit
	case f.Scope == gossip.ScopeMemcg:
		return limitAbove
	}
	return nodeOrAbove
}

// fillFromPressure fills in what memory samples show only indirectly.
func (n *memoryNeed) fillFromPressure(f gossip.MemoryPressure) {
	n.killed, n.limitHits = f.Kills.Value > 0, f.LimitHits.Value
	limit := f.Limit.Value
	if share, ok := f.UsedOfLimit.Get(); ok && !n.peak.Known && limit > 0 {
		n.peak = gossip.Some(int64(math.Round(share * float64(limit))))
	}
	if n.killed && n.isBelowLimit() && f.LimitHits.Value > 0 { // it was at its limit between two samples
		n.peak = f.Limit
	}
	switch {
	case f.Limit.Known && limit == 0:
		n.notOwnLimit = n.limitHits == 0
	case n.isBelowLimit(): // at each sample; limit hits would show that it was above in between
		n.notOwnLimit = !n.killed || f.LimitHits.Known
	}
	if n.killed && n.notOwnLimit {
		n.culprit = nodeOrAbove
	}
}

// isBelowLimit reports whether the largest use was less than 90 % of the limit. It is false where that is not known.
func (n *memoryNeed) isBelowLimit() bool {
	return n.peak.Known && n.limit.Value > 0 && 10*n.peak.Value < 9*n.limit.Value
}

// targetBytes returns the value to set.
func (n memoryNeed) targetBytes() float64 {
	return targetForUsage(n.peak.Value)
}

// targetForUsage returns the value to set for a container, or a pod, that used that much: the larger of memoryFactor
// times the use and memoryMargin above it, rounded up to 16Mi below 1Gi and to 64Mi above.
func targetForUsage(used int64) float64 {
	need := needForUsage(used)
	step := 16.0 * mebi
	if need >= 1024*mebi {
		step = 64 * mebi
	}
	return math.Ceil(need/step) * step
}

// needForUsage returns targetForUsage before it is rounded.
func needForUsage(used int64) float64 {
	return math.Max(float64(used)*memoryFactor, float64(used)+memoryMargin)
}

// subjectName returns the container for a sentence, or the pod where the finding names no container.
func (n memoryNeed) subjectName() string {
	if n.About.Container == "" {
		return "the pod"
	}
	return "container " + n.About.Container
}

// adviseChange turns a change into advice, or into a refusal where something in the cluster speaks against it.
func (n memoryNeed) adviseChange(c limitChange, what string) advice {
	if against := c.findObjection(); against != "" {
		return n.refuseNumber(what, fmt.Sprintf("%s (the estimate is %s)", against, memory.formatAmount(c.to)))
	}
	r := advice{Recommendation: Recommendation{
		Summary: c.summarizeChange(false), Priority: n.Level, Evidence: n.evidence, Target: memory.newQuantity(c.to),
	}}
	c.fillCommands(&r)
	from := "from " + memory.formatAmount(c.from) + " "
	if c.from > 0 {
		r.Current = memory.newQuantity(c.from)
	} else {
		from = ""
	}
	r.Action = fmt.Sprintf("Raise the memory %s of %s %sto %s.", what, n.subjectName(), from, memory.formatAmount(c.to))
	return r
}

// refuseNumber returns a recommendation without a number. Its Reason begins with why.
func (n memoryNeed) refuseNumber(what, why string) advice {
	r := advice{isAgainstNumber: true, Recommendation: Recommendation{
		Priority: n.Level, Evidence: n.evidence,
		Action: fmt.Sprintf("No number for the memory %s of %s.", what, n.subjectName()),
		Reason: startSentence(why) + ".",
	}}
	r.Summary = firstClause(r.Reason)
	if n.limit.Known && what == "limit" {
		r.Current = memoryQuantity(n.limit.Value)
	}
	return r
}

// memoryEvidence returns the figures in one line. A figure that was not measured is left out.
func memoryEvidence(f gossip.MemoryPressure) string {
	var parts []string
	say := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	percent := func(what string, share gossip.Optional[float64]) {
		if share.Known {
			say("%s %.0f%%", what, gossip.Percent(share.Value))
		}
	}
	switch {
	case f.Peak.Known && f.Limit.Value > 0:
		say("working set up to %s of %s", formatMebibytes(f.Peak.Value), formatMebibytes(f.Limit.Value))
	case f.Peak.Known:
		say("working set up to %s", formatMebibytes(f.Peak.Value))
	case f.UsedOfLimit.Known:
		percent("usage up to", f.UsedOfLimit)
	}
	percent("some tasks waited", f.SomeAvg60)
	percent("all tasks waited", f.FullAvg10)
	for _, n := range []struct {
		what  string
		count gossip.Optional[int64]
	}{{"limit hits", f.LimitHits}, {"OOM kills", f.Kills}, {"reclaims", f.Reclaims}, {"major faults", f.MajorFaults}} {
		if n.count.Known {
			say("%d %s", n.count.Value, n.what)
		}
	}
	if f.FaultRate.Known {
		say("%.0f/s at most", f.FaultRate.Value)
	}
	return strings.Join(append(parts, formatSamples(f.Covered)), ", ")
}

func killEvidence(f gossip.OOMKilled) string {
	text := fmt.Sprintf("%d killed", f.Kills)
	if f.VictimComm != "" {
		text += ", last " + f.VictimComm
	}
	if f.VictimPID.Known {
		text += fmt.Sprintf(" (pid %d)", f.VictimPID.Value)
	}
	if f.Usage.Known {
		text += " at " + formatMebibytes(f.Usage.Value)
		if f.Limit.Value > 0 {
			text += " of " + formatMebibytes(f.Limit.Value)
		}
	}
	switch f.Scope {
	case gossip.ScopeGlobal:
		text += ", the node had no memory left"
	case gossip.ScopeMemcg:
		text += ", a cgroup was at its limit"
	}
	return text
}

func formatSamples(c gossip.Coverage) string {
	return fmt.Sprintf("%d of %d samples in %s", c.Samples, c.Expected, c.Window.Round(time.Second))
}
