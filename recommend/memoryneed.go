package recommend

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// What a container needs, from the most that it was seen to use: the recommenders of Kubernetes' autoscaler (VPA) take the larger of the
// two after an OOM kill.
const (
	memoryFactor = 1.2
	memoryMargin = 100 * mebi
)

// memoryNeed is what a finding about memory says for advice: of a container that is short of memory, or of which processes were killed.
type memoryNeed struct {
	gossip.Report
	peak, limit gossip.Optional[int64]
	leak        gossip.Optional[gossip.Leak]
	standing    bool
	killed      bool
	outside     bool // it is not the container's own limit that hurts
	culprit     culprit
	hits        int64
	podLimit    gossip.Optional[int64] // which all containers of the pod share
	role        gossip.Role
	evidence    string
}

// culprit is what was out of memory when a process was killed.
type culprit int

const (
	ownLimit    culprit = iota // or not known to be another
	limitAbove                 // a limit, and not the container's own as far as that is shown
	nodeOrAbove                // the node, or a limit above the container's own
	node
)

// Why there can be no number, of a limit or a request.
const (
	wait      = "the container or its limit is new, and what was measured is of the old one: wait for new samples"
	ephemeral = "an ephemeral container has no resources of its own, and what it uses counts to the pod: end it once it is not needed"
)

// ofNode says whether it may have been the node that had no memory left.
func (n memoryNeed) ofNode() bool { return n.killed && n.culprit >= nodeOrAbove }

// memoryNeedOf is false for findings that call for no advice: healthy ones, and other kinds.
func memoryNeedOf(f gossip.Finding, p gossip.Pod) (memoryNeed, bool) {
	var n memoryNeed
	switch f := f.(type) {
	case gossip.MemoryPressure:
		n = memoryNeed{Report: f.Report, peak: f.Peak, limit: f.Limit, leak: f.Leak, standing: f.Standing, evidence: memoryEvidence(f)}
		n.fromPressure(f)
	case gossip.OOMKilled:
		n = memoryNeed{Report: f.Report, peak: f.Peak, limit: f.Limit, leak: f.Leak, standing: f.Standing, killed: true, outside: f.Outside()}
		n.evidence, n.culprit = killEvidence(f), culpritOf(f)
	case gossip.CPUThrottling, gossip.NetworkIssue, gossip.PodBirth:
		return n, false
	}
	c, known := p.Container(n.About.Container)
	n.role, n.podLimit = c.Role, p.MemoryLimit
	if k, isKill := f.(gossip.OOMKilled); isKill && k.Scope == gossip.ScopeMemcg && known && !c.MemoryLimit.Known {
		n.culprit = limitAbove // it has none of its own, whatever limit the kill was seen at
	}
	return n, n.Level >= gossip.SeverityInfo
}

// culpritOf returns what was out of memory, as far as the record of a kill shows.
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

// fromPressure fills in what memory samples only hint at.
func (n *memoryNeed) fromPressure(f gossip.MemoryPressure) {
	n.killed, n.hits = f.Kills.Value > 0, f.LimitHits.Value
	limit := f.Limit.Value
	if share, ok := f.UsedOfLimit.Get(); ok && !n.peak.Known && limit > 0 {
		n.peak = gossip.Some(int64(math.Round(share * float64(limit))))
	}
	if n.killed && n.belowLimit() && f.LimitHits.Value > 0 { // between two samples it was at its limit
		n.peak = f.Limit
	}
	switch {
	case f.Limit.Known && limit == 0:
		n.outside = n.hits == 0
	case n.belowLimit(): // and not for a moment above, as far as that was counted
		n.outside = !n.killed || f.LimitHits.Known
	}
	if n.killed && n.outside {
		n.culprit = nodeOrAbove
	}
}

// belowLimit says whether less than 90 % of the limit was in use at most. False where that is not known.
func (n *memoryNeed) belowLimit() bool {
	return n.peak.Known && n.limit.Value > 0 && 10*n.peak.Value < 9*n.limit.Value
}

// target is what to set: the larger of the two above, rounded up to 16Mi below 1Gi and to 64Mi above.
func (n memoryNeed) target() float64 {
	return targetFor(n.peak.Value)
}

// targetFor is the target of a container, or a pod, that used so much.
func targetFor(used int64) float64 {
	need := math.Max(float64(used)*memoryFactor, float64(used)+memoryMargin)
	step := 16.0 * mebi
	if need >= 1024*mebi {
		step = 64 * mebi
	}
	return math.Ceil(need/step) * step
}

// whose is the container, or the pod where the finding names none.
func (n memoryNeed) whose() string {
	if n.About.Container == "" {
		return "the pod"
	}
	return "container " + n.About.Container
}

// advise turns a change into advice, unless something else in the cluster speaks against it.
func (n memoryNeed) advise(c limitChange, what string) Recommendation {
	if against := c.against(); against != "" {
		return n.refuse(what, fmt.Sprintf("%s (the estimate is %s)", against, memory.text(c.to)))
	}
	r := Recommendation{Priority: n.Level, Evidence: n.evidence, Target: memory.quantity(c.to)}
	c.commands(&r)
	from := "from " + memory.text(c.from) + " "
	if c.from > 0 {
		r.Current = memory.quantity(c.from)
	} else {
		from = ""
	}
	r.Action = fmt.Sprintf("Raise the memory %s of %s %sto %s.", what, n.whose(), from, memory.text(c.to))
	return r
}

// refuse gives no number, and says first why.
func (n memoryNeed) refuse(what, why string) Recommendation {
	r := Recommendation{
		Priority: n.Level, Evidence: n.evidence,
		Action: fmt.Sprintf("No number for the memory %s of %s.", what, n.whose()),
		Reason: strings.ToUpper(why[:1]) + why[1:] + ".",
	}
	if n.limit.Known && what == "limit" {
		r.Current = bytes(n.limit.Value)
	}
	return r
}

// memoryEvidence is the figures in a line. A figure that nobody measured is left out.
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
		say("working set up to %s of %s", mebibytes(f.Peak.Value), mebibytes(f.Limit.Value))
	case f.Peak.Known:
		say("working set up to %s", mebibytes(f.Peak.Value))
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
	return strings.Join(append(parts, samples(f.Covered)), ", ")
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
		text += " at " + mebibytes(f.Usage.Value)
		if f.Limit.Value > 0 {
			text += " of " + mebibytes(f.Limit.Value)
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

func samples(c gossip.Coverage) string {
	return fmt.Sprintf("%d of %d samples in %s", c.Samples, c.Expected, c.Window.Round(time.Second))
}
