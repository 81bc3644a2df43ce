package gossip

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
)

// WorkloadChange is what the newest change of a workload's container did, of all pods with that change together.
type WorkloadChange struct {
	// Time is when the first of the pods changed.
	Time time.Time
	// From and To are the setting before and after. A pod may have had another one before.
	From, To Setting
	// Before and After are of the last window before the change, and of the first full one after it.
	Before, After ChangeFigures
	// Complete reports that After is final.
	Complete bool
	// Changed is the number of pods with the new setting, Seen the number of all pods that were measured since.
	Changed, Seen int
	// Comparable is false if a difference in load may explain what After shows: usage differs by more than half, and it
	// went the same way as the trouble. Less trouble under more load is the work of the change.
	Comparable bool
}

// ChangeFigures are the figures of all pods before or after a change.
type ChangeFigures struct {
	// Worst is the finding about the worst pod; nil if no pod has a verdict.
	Worst Finding
	// Share is the share 0–1 of throttled periods, of the counters of all pods together; without counters the largest
	// one. Of memory it is the largest share of the limit that a pod used.
	Share Optional[float64]
	// Kills is the number of processes that were killed.
	Kills int64
	// Usage is what a pod used on average: cores, or bytes of its working set.
	Usage Optional[float64]
}

// SumChanges returns the newest change that the pods of one workload's container show; nil if they show none. Pods may
// change in place, or be replaced by pods of another revision with another setting. All findings are about one kind of
// trouble; in any order. Window of the options counts, and is to be the Analyzer's.
func SumChanges(pods []PodFinding, o Options) *WorkloadChange {
	pods = slices.DeleteFunc(slices.Clone(pods), func(p PodFinding) bool { return !isValue(p.Now) })
	slices.SortStableFunc(pods, func(a, b PodFinding) int {
		return cmp.Or(
			strings.Compare(a.Now.Subject().Pod, b.Now.Subject().Pod), strings.Compare(a.Now.UID(), b.Now.UID()),
		)
	})
	inPlace, rollout := sumInPlace(pods), sumRollout(pods, cmp.Or(max(0, o.Window), defaultWindow))
	newest := inPlace
	if newest == nil || rollout != nil && rollout.Time.After(newest.Time) {
		newest = rollout
	}
	if newest == nil {
		return nil
	}
	for i := range pods {
		if !pods[i].Now.Time().Before(newest.Time) {
			newest.Seen++
		}
	}
	newest.Comparable = newest.isComparable()
	return newest
}

// sumInPlace sums the changes of pods that have the new setting of the newest one.
func sumInPlace(pods []PodFinding) *WorkloadChange {
	var newest *Change
	for i := range pods {
		if c := pods[i].Change; c != nil && (newest == nil || c.Time.After(newest.Time)) {
			newest = c
		}
	}
	if newest == nil {
		return nil
	}
	sum := WorkloadChange{Time: newest.Time, From: newest.From, To: newest.To, Complete: true}
	var before, after []Finding
	for i := range pods {
		c := pods[i].Change
		if c == nil || !c.isLike(newest) {
			continue
		}
		sum.Changed++
		sum.Time = earlierOf(sum.Time, c.Time)
		before, after = append(before, c.Before), append(after, c.After)
		sum.Complete = sum.Complete && (c.Complete || c.After == nil)
	}
	sum.Before, sum.After = sumFindings(before), sumFindings(after)
	sum.Complete = sum.Complete && sum.After.Worst != nil
	return &sum
}

// isLike reports whether the same parts were changed to the same values.
func (c *Change) isLike(o *Change) bool {
	return !c.To.DiffersFrom(o.To) && c.From.HasOtherLimit(c.To) == o.From.HasOtherLimit(o.To) &&
		c.From.HasOtherRequest(c.To) == o.From.HasOtherRequest(o.To) &&
		c.From.HasOtherImage(c.To) == o.From.HasOtherImage(o.To)
}

// sumRollout compares the pods of the newest revision with pods of the one before it that had another setting: their
// present windows, and the last ones of pods that are gone. The newest revision is the newest that still has pods.
func sumRollout(pods []PodFinding, window time.Duration) *WorkloadChange {
	var now time.Time
	for i := range pods {
		if at := pods[i].Now.Time(); at.After(now) {
			now = at
		}
	}
	newer := newestPod(pods, func(p *PodFinding) bool { return now.Sub(p.Now.Time()) < window })
	if newer == nil {
		return nil
	}
	to := newer.ownSetting()
	older := newestPod(pods, func(p *PodFinding) bool {
		return p.Revision != newer.Revision && p.ownSetting().DiffersFrom(to)
	})
	if older == nil {
		return nil
	}
	sum := WorkloadChange{Time: newer.beganAt(), From: older.ownSetting(), To: to}
	var before, after []Finding
	for i := range pods {
		switch p := &pods[i]; p.Revision {
		case older.Revision:
			before = append(before, knownVerdict(p.Now))
		case newer.Revision:
			sum.Changed++
			sum.Time = earlierOf(sum.Time, p.beganAt())
			after = append(after, knownVerdict(p.Now))
			sum.Complete = sum.Complete || p.Now.Time().Sub(p.Since) >= window
		}
	}
	sum.Before, sum.After = sumFindings(before), sumFindings(after)
	sum.Complete = sum.Complete && sum.After.Worst != nil
	return &sum
}

// newestPod returns the pod of a known revision that meets a condition and began last; nil if none does. Of equal ones
// it is the first by name.
func newestPod(pods []PodFinding, holds func(*PodFinding) bool) *PodFinding {
	began := map[string]time.Time{} // by revision: the number of pods of an older one may grow again
	for i := range pods {
		p := &pods[i]
		if at, known := began[p.Revision]; !known || p.beganAt().Before(at) {
			began[p.Revision] = p.beganAt()
		}
	}
	var newest *PodFinding
	for i := range pods {
		p := &pods[i]
		if p.Revision != "" && holds(p) && (newest == nil || began[p.Revision].After(began[newest.Revision])) {
			newest = p
		}
	}
	return newest
}

// beganAt returns when the pod started, or else when it was measured first.
func (p *PodFinding) beganAt() time.Time {
	switch {
	case !p.Started.IsZero():
		return p.Started
	case !p.Since.IsZero():
		return p.Since
	}
	return p.Now.Time().Add(-max(0, p.Now.Coverage().Window))
}

// ownSetting returns how the pod's container is set.
func (p *PodFinding) ownSetting() Setting {
	return Setting{Limit: limitOf(p.Now), Request: p.Request, Image: p.Image}
}

// knownVerdict returns a finding with a verdict; nil for one without.
func knownVerdict(f Finding) Finding {
	if f.Severity() == SeverityUnknown {
		return nil
	}
	return f
}

// sumFindings sums the findings about pods. Those that are nil do not count.
func sumFindings(list []Finding) ChangeFigures {
	var sum ChangeFigures
	var part, whole, usages int64
	var used float64
	var largest Optional[float64]
	var noDemand Demand // a change is about what happened
	for _, f := range list {
		if f == nil {
			continue
		}
		if sum.Worst == nil || noDemand.badnessOf(f).compare(noDemand.badnessOf(sum.Worst)) > 0 {
			sum.Worst = f
		}
		some, of := countersOf(f, f)
		part, whole = addSat(part, some), addSat(whole, of)
		sum.Kills = addSat(sum.Kills, killsOf(f))
		if share := shareOf(f); share.Known && share.Value >= largest.Value {
			largest = share
		}
		if u, known := usageOf(f).Get(); known {
			used, usages = used+u, usages+1
		}
	}
	sum.Share = largest
	if whole > 0 {
		sum.Share = Some(float64(part) / float64(whole))
	}
	if usages > 0 {
		sum.Usage = Some(used / float64(usages))
	}
	return sum
}

// shareOf returns the share that the severity of a finding comes from.
func shareOf(f Finding) Optional[float64] {
	switch f := f.(type) {
	case CPUThrottling:
		return f.Throttled
	case MemoryPressure:
		return f.UsedOfLimit
	case NetworkIssue:
		return f.Retransmitted
	case OOMKilled, PodBirth:
	}
	return Optional[float64]{}
}

// killsOf returns the number of processes that were killed, as a finding shows it.
func killsOf(f Finding) int64 {
	switch f := f.(type) {
	case OOMKilled:
		return max(0, f.Kills)
	case MemoryPressure:
		return max(0, f.Kills.Value)
	case CPUThrottling, NetworkIssue, PodBirth:
	}
	return 0
}

// usageOf returns what a pod used or did: cores, bytes, or TCP segments.
func usageOf(f Finding) Optional[float64] {
	switch f := f.(type) {
	case CPUThrottling:
		return f.Usage
	case MemoryPressure:
		return floatBytes(f.Peak)
	case NetworkIssue:
		return floatBytes(f.Segments)
	case OOMKilled, PodBirth:
	}
	return Optional[float64]{}
}

// isComparable reports whether the load does not explain the difference.
func (c *WorkloadChange) isComparable() bool {
	before, after := c.Before.Usage, c.After.Usage
	if !before.Known || !after.Known || math.Abs(after.Value-before.Value) <= before.Value/2 {
		return true
	}
	trouble := c.After.compareTrouble(&c.Before)
	return trouble < 0 && after.Value > before.Value || trouble > 0 && after.Value < before.Value
}

// compareTrouble orders figures by kills, then by the share, then by the severity.
func (c *ChangeFigures) compareTrouble(o *ChangeFigures) int {
	level := func(f Finding) Severity {
		if f == nil {
			return SeverityUnknown
		}
		return f.Severity()
	}
	return cmp.Or(
		cmp.Compare(c.Kills, o.Kills), cmp.Compare(c.Share.Value, o.Share.Value),
		cmp.Compare(level(c.Worst), level(o.Worst)),
	)
}
