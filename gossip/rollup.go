package gossip

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

const (
	// maxAffected is how many pods of a workload are listed.
	maxAffected = 5
	// leastSkewed is from how many pods on a median says what most of them need, and skewFactor how often the largest need
	// is above it when the pod is to blame. Both are ours.
	leastSkewed = 10
	skewFactor  = 2
)

// RollUp returns what the findings about pods say about their workloads, in the order of [WorkloadSubject.Compare]: see
// "Workloads" in the package comment. It takes each pod once for each of its subjects, in any order. Findings that are
// nil, or pointers, are left out. A birth is about its pod, not about a workload. Window, Horizon and Demand of the
// options count, and are to be the Analyzer's. need returns the number that a finding about a pod supports; nil is
// none. kept is what a program had stored of workloads: their windows compete, and their histories go on.
func RollUp(
	pods []PodFinding, o Options, need func(PodFinding, Finding) Need, kept ...WorkloadFinding,
) []WorkloadFinding {
	if need == nil {
		need = func(PodFinding, Finding) Need { return Need{} }
	}
	r := rollUp{
		options: o, window: cmp.Or(max(0, o.Window), defaultWindow),
		horizon: newHorizon(o.Horizon), demand: o.Demand, need: need,
	}
	groups := map[WorkloadSubject][]*podPart{}
	known := findKnown(pods)
	for i := range pods {
		if p := r.newPart(&pods[i]); p != nil {
			about := p.findSubject(known)
			groups[about] = append(groups[about], p)
		}
	}
	var out []WorkloadFinding
	for about, parts := range groups {
		i := slices.IndexFunc(kept, func(k WorkloadFinding) bool { return k.About.Identity() == about })
		if i < 0 {
			out = append(out, r.rollGroup(about, parts, nil))
			continue
		}
		out = append(out, r.rollGroup(about, parts, &kept[i]))
	}
	slices.SortFunc(out, func(a, b WorkloadFinding) int { return a.About.Compare(b.About) })
	return out
}

// rollUp has what is the same for all workloads.
type rollUp struct {
	options Options
	window  time.Duration
	horizon horizon
	demand  Demand
	need    func(PodFinding, Finding) Need
}

// rollGroup returns the finding about one workload. kept is what was stored of it, or nil.
func (r *rollUp) rollGroup(about WorkloadSubject, all []*podPart, kept *WorkloadFinding) WorkloadFinding {
	slices.SortFunc(all, comparePods)
	newest := slices.MaxFunc(all, func(a, b *podPart) int { return a.Now.Time().Compare(b.Now.Time()) }).Now.Time()
	present := slices.DeleteFunc(slices.Clone(all), func(p *podPart) bool { return newest.Sub(p.Now.Time()) >= r.window })
	f := WorkloadFinding{About: about, Revisions: listRevisions(present)}
	f.About.Workload = describeWorkload(about.Workload, all)

	windows := r.listRolled(r.dropPassed(all, present, newest))
	if kept != nil {
		windows = r.addKept(windows, kept.Windows, present, newest)
	}
	worst := slices.MaxFunc(windows, func(a, b WorkloadWindow) int { return r.compareWindows(&a, &b) })
	f.WorkloadWindow = worst
	f.Windows = slices.DeleteFunc(windows, func(w WorkloadWindow) bool { return w.Severity() < SeverityInfo })

	now := slices.MaxFunc(present, func(a, b *podPart) int { return a.present.compare(&b.present) })
	f.Now = now.makeEvidence(&now.present)
	f.Now.Need = Need{}
	f.Change = SumChanges(findingsOf(all), r.options)
	r.setHistory(&f, all, present, kept)
	return f
}

// listRolled returns the windows of a workload: the worst of each part of the horizon, the oldest first. Without a
// horizon there is one.
func (r *rollUp) listRolled(parts []*podPart) []WorkloadWindow {
	var list []WorkloadWindow
	for _, number := range r.listParts(parts) {
		worst := findWorst(parts, func(w *rolledWindow) bool { return r.partOf(w.End) == number })
		list = append(list, r.rollWindow(parts, worst))
	}
	return list
}

// listParts returns the numbers of the parts of the horizon in which pods have windows, the oldest first.
func (r *rollUp) listParts(parts []*podPart) []int64 {
	var numbers []int64
	for _, p := range parts {
		for i := range p.windows {
			numbers = append(numbers, r.partOf(p.windows[i].End))
		}
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

// partOf returns the number of the part of the horizon in which a window ends.
func (r *rollUp) partOf(end time.Time) int64 {
	if r.horizon.part == 0 {
		return 0
	}
	return r.horizon.partOf(end.UnixNano())
}

// rollWindow returns what the pods showed in the time of a window of one of them.
func (r *rollUp) rollWindow(parts []*podPart, worst *rolledWindow) (w WorkloadWindow) {
	seen := r.measureSeen(parts, worst)
	for _, p := range seen {
		if p.counts == worst {
			w.Worst = p.makeEvidence(worst)
		}
	}
	w.Pods.Seen = len(seen)
	w.setAffected(seen)
	w.setNumber(seen)
	w.sumFigures(seen, worst)
	return w
}

// addKept adds windows that were stored to the windows of the pods: the worst of each part of the horizon stays. A
// window that was measured under a limit that no pod has any more is no reason for advice once it is a window old:
// until then a pod that is deleted counts as one that still exists.
func (r *rollUp) addKept(windows, kept []WorkloadWindow, present []*podPart, newest time.Time) []WorkloadWindow {
	if r.horizon.part == 0 {
		return windows
	}
	hasLimit := func(w *WorkloadWindow) bool {
		return slices.ContainsFunc(present, func(p *podPart) bool {
			return isSameLimit(limitOf(w.Worst.Window.Finding), limitOf(p.Now))
		})
	}
	for i := range kept {
		w := &kept[i]
		end := w.Worst.Window.End
		isPast := newest.Sub(end) >= r.window && !hasLimit(w)
		if !isValue(w.Worst.Window.Finding) || r.horizon.isOver(end.UnixNano(), newest.UnixNano()) || isPast {
			continue
		}
		part := r.partOf(w.Worst.Window.End)
		at, found := slices.BinarySearchFunc(windows, part, func(o WorkloadWindow, part int64) int {
			return cmp.Compare(r.partOf(o.Worst.Window.End), part)
		})
		isCovered := slices.ContainsFunc(present, func(p *podPart) bool { return r.coversKept(p, w) })
		switch {
		case !found && !isCovered:
			windows = slices.Insert(windows, at, *w)
		case !found:
		case w.isSameAs(&windows[at]):
			windows[at].keepPods(w)
		case isCovered:
		case r.compareWindows(w, &windows[at]) > 0:
			windows[at] = *w
		}
	}
	return windows
}

// coversKept reports whether a pod that reports decides itself about a window of it that was stored: it has been
// measured since then, it has another limit now, or the window was short and there is a longer one by now.
func (r *rollUp) coversKept(p *podPart, w *WorkloadWindow) bool {
	kept := &w.Worst
	if kept.Pod != p.about.Pod || !sameUID(kept.UID, p.Now.UID()) {
		return false
	}
	isShort := kept.Window.End.Sub(kept.Window.Start) < r.window/2 && p.about.Kind != KindOOMKill // kills are moments
	return p.since.Before(kept.Window.Start.Add(time.Second)) ||
		!isSameLimit(limitOf(kept.Window.Finding), limitOf(p.Now)) ||
		(isShort && p.Now.Time().Sub(p.since) >= r.window)
}

// isSameAs reports whether two windows are of the same pod and time: one that was stored has whole seconds.
func (w *WorkloadWindow) isSameAs(o *WorkloadWindow) bool {
	a, b := &w.Worst.Window, &o.Worst.Window
	return w.Worst.Pod == o.Worst.Pod && a.Start.Sub(b.Start).Abs() < time.Second && a.End.Sub(b.End).Abs() < time.Second
}

// keepPods keeps what was stored of the pods of the window, if some of them are gone: pods that were seen stay so.
func (w *WorkloadWindow) keepPods(stored *WorkloadWindow) {
	if stored.Pods.Seen > w.Pods.Seen {
		measured := w.Worst
		*w = *stored
		w.Worst = measured
	}
}

func (r *rollUp) compareWindows(a, b *WorkloadWindow) int {
	x, y := r.withBadness(a.Worst.Window), r.withBadness(b.Worst.Window)
	return x.compare(&y)
}

// findingsOf returns the findings about pods.
func findingsOf(parts []*podPart) []PodFinding {
	list := make([]PodFinding, len(parts))
	for i, p := range parts {
		list[i] = *p.PodFinding
	}
	return list
}

// comparePods orders pods by their names.
func comparePods(a, b *podPart) int {
	return cmp.Or(
		strings.Compare(a.about.Pod, b.about.Pod), strings.Compare(a.Now.UID(), b.Now.UID()),
		a.Now.Time().Compare(b.Now.Time()), a.present.compare(&b.present),
	)
}

// describeWorkload completes the identity of a workload with what its pods know of it. Of different UIDs the one of the
// pod that was measured last counts.
func describeWorkload(w Workload, parts []*podPart) Workload {
	w.Guessed = true
	var at time.Time
	for _, p := range parts {
		of := p.ownWorkload()
		if of.Guessed && of.Version == "" {
			continue
		}
		w.Guessed = w.Guessed && of.Guessed
		w.Version = cmp.Or(w.Version, of.Version)
		if of.UID != "" && !p.Now.Time().Before(at) {
			w.Version, w.UID, at = of.Version, of.UID, p.Now.Time()
		}
	}
	return w
}

// dropPassed drops what decides no more: windows that are older than the horizon, and pods that do not report any more,
// if none that does has their setting. What was measured under another limit, request or image is no reason for advice.
func (r *rollUp) dropPassed(all, present []*podPart, newest time.Time) []*podPart {
	if r.horizon.part == 0 {
		return present
	}
	var settings []setting
	for _, p := range present {
		if s := p.makeSetting(); !slices.Contains(settings, s) {
			settings = append(settings, s)
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(p *podPart) bool {
		if slices.Contains(present, p) {
			return false
		}
		s := p.makeSetting()
		p.windows = slices.DeleteFunc(p.windows, func(w rolledWindow) bool {
			return r.horizon.isOver(w.End.UnixNano(), newest.UnixNano())
		})
		return len(p.windows) == 0 || !slices.ContainsFunc(settings, func(o setting) bool { return !s.differsFrom(&o) })
	})
}

// makeSetting returns the setting of the pod's container.
func (p *podPart) makeSetting() setting {
	return setting{limit: limitOf(p.Now), request: p.Request, image: p.Image}
}

// findWorst returns the worst window of all pods that meets a condition; nil if none does. Of equal ones it is the
// first pod's.
func findWorst(parts []*podPart, holds func(*rolledWindow) bool) *rolledWindow {
	var worst *rolledWindow
	for _, p := range parts {
		if w := p.worstOf(holds); w != nil && (worst == nil || w.compare(worst) > 0) {
			worst = w
		}
	}
	return worst
}

// worstOf returns the worst of the pod's windows that meet a condition; nil if none does.
func (p *podPart) worstOf(holds func(*rolledWindow) bool) *rolledWindow {
	var worst *rolledWindow
	for i := range p.windows {
		if w := &p.windows[i]; holds(w) && (worst == nil || w.compare(worst) > 0) {
			worst = w
		}
	}
	return worst
}

// hasWindow reports whether a window is one of the pod's.
func (p *podPart) hasWindow(w *rolledWindow) bool {
	for i := range p.windows {
		if &p.windows[i] == w {
			return true
		}
	}
	return false
}

// measureSeen returns the pods that were measured in the time of the worst window, each with the window that counts:
// the worst at that time, or else the worst of the same part of the horizon, the only one that is kept of it. What a
// pod needed at other times does not count.
func (r *rollUp) measureSeen(parts []*podPart, worst *rolledWindow) []*podPart {
	isNear := func(w *rolledWindow) bool { return w.overlapsTime(worst.Start, worst.End) }
	isOfSamePart := func(w *rolledWindow) bool {
		h := r.horizon
		return h.part > 0 && h.partOf(w.End.UnixNano()) == h.partOf(worst.End.UnixNano())
	}
	return slices.DeleteFunc(slices.Clone(parts), func(p *podPart) bool {
		p.counts = p.worstOf(isNear)
		if p.hasWindow(worst) { // and not one of the part before or after it
			p.counts = worst
		}
		if p.counts == nil && (p.since.After(worst.End) || p.Now.Time().Before(worst.Start)) {
			return true
		}
		if p.counts == nil {
			p.counts = p.worstOf(isOfSamePart)
		}
		if p.isAffected() {
			p.need = r.need(*p.PodFinding, p.counts.Finding)
		} else {
			p.need = Need{Current: r.need(*p.PodFinding, p.Now).Current}
		}
		return false
	})
}

// isAffected reports whether the pod is in trouble in the window that counts.
func (p *podPart) isAffected() bool {
	return p.counts != nil && p.counts.Finding.Severity() >= SeverityInfo
}

// makeEvidence returns the pod's part with one of its windows. A window of an earlier pod of its name has another node
// and another revision, which are not known any more.
func (p *podPart) makeEvidence(w *rolledWindow) PodEvidence {
	e := PodEvidence{
		Pod: p.about.Pod, UID: cmp.Or(w.Finding.UID(), p.Now.UID()), Node: p.Node, Revision: p.Revision,
		Window: w.WorstWindow, Need: p.need,
	}
	if !sameUID(w.Finding.UID(), p.Now.UID()) {
		e.Node, e.Revision = "", ""
	}
	return e
}

// listRevisions returns the revisions of pods, the newest first. A revision is as old as the oldest pod that is known
// of it: the number of pods of an older one may grow again.
func listRevisions(parts []*podPart) []string {
	begins := map[string]time.Time{}
	for _, p := range parts {
		at := p.Started
		if at.IsZero() {
			at = p.since
		}
		if known, ok := begins[p.Revision]; ok {
			at = earlierOf(at, known)
		}
		begins[p.Revision] = at
	}
	delete(begins, "")
	return slices.SortedFunc(maps.Keys(begins), func(a, b string) int {
		return cmp.Or(begins[b].Compare(begins[a]), strings.Compare(a, b))
	})
}

// setAffected lists the pods in trouble.
func (w *WorkloadWindow) setAffected(seen []*podPart) {
	affected := slices.DeleteFunc(slices.Clone(seen), func(p *podPart) bool { return !p.isAffected() })
	slices.SortStableFunc(affected, func(a, b *podPart) int { return b.counts.compare(a.counts) })
	w.Pods.Affected = len(affected)
	for _, p := range affected[:min(len(affected), maxAffected)] {
		w.Affected = append(w.Affected, p.makeEvidence(p.counts))
	}
}

// setNumber sets the number: the largest need of the newest revision that has one, because one template has one limit.
func (w *WorkloadWindow) setNumber(seen []*podPart) {
	for _, revision := range append(listRevisions(seen), "") {
		of := slices.DeleteFunc(slices.Clone(seen), func(p *podPart) bool { return p.Revision != revision })
		decides := findLargest(of)
		if decides == nil {
			continue
		}
		e := decides.makeEvidence(decides.counts)
		w.Number = &e
		median, n := medianNeed(of)
		w.Pods.LargestTarget, w.Pods.MedianTarget = decides.need.Target, Some(median)
		w.Skewed = n >= leastSkewed && decides.need.Target.Value > skewFactor*median
		return
	}
}

// findLargest returns the pod with the largest target, of those that were measured well enough; of all if none was. It
// is nil if no pod has a target. Of equal ones it is the worst.
func findLargest(parts []*podPart) *podPart {
	var largest *podPart
	rank := func(p *podPart) int {
		if p.counts.Finding.Coverage().Confidence >= ConfidenceMedium {
			return 1
		}
		return 0
	}
	for _, p := range parts {
		if !isPositive(p.need.Target) {
			continue
		}
		if largest == nil || cmp.Or(
			cmp.Compare(rank(p), rank(largest)), cmp.Compare(p.need.Target.Value, largest.need.Target.Value),
			p.counts.compare(largest.counts),
		) > 0 {
			largest = p
		}
	}
	return largest
}

// medianNeed returns the median of what pods need, and the number of pods for which that is known. A pod without a
// target needs what it has.
func medianNeed(parts []*podPart) (median float64, n int) {
	var all []float64
	for _, p := range parts {
		if target := p.need.Target; isPositive(target) {
			all = append(all, target.Value)
		} else if isPositive(p.need.Current) {
			all = append(all, p.need.Current.Value)
		}
	}
	if len(all) == 0 {
		return 0, 0
	}
	slices.Sort(all)
	n = len(all)
	return all[(n-1)/2] + (all[n/2]-all[(n-1)/2])/2, n
}

// isPositive reports whether a figure is a number that can be set.
func isPositive(x Optional[float64]) bool {
	return x.Known && x.Value > 0 && !math.IsInf(x.Value, 0)
}

// sumFigures sums counters of all pods that have a window in the time of the worst one.
func (w *WorkloadWindow) sumFigures(seen []*podPart, worst *rolledWindow) {
	var part, whole int64
	var kills int64
	for _, p := range seen {
		if p.counts == nil || !p.counts.overlapsTime(worst.Start, worst.End) {
			continue
		}
		some, of := countersOf(p.counts.Finding, worst.Finding)
		part, whole = addSat(part, some), addSat(whole, of)
		kills = addSat(kills, killsOf(p.counts.Finding))
	}
	w.Kills = kills
	if whole > 0 {
		w.Share = Some(float64(part) / float64(whole))
	}
}

// countersOf returns the two counters that make a share, for the trouble that the worst finding is about: throttled
// periods, segments sent again or dropped packets, and all of them. Both are 0 without counters.
func countersOf(f, worst Finding) (part, whole int64) {
	switch f := f.(type) {
	case CPUThrottling:
		return bothCounters(f.ThrottledPeriods, f.Periods)
	case NetworkIssue:
		if n, ok := worst.(NetworkIssue); ok && n.Reason == ReasonDrops {
			return bothCounters(f.Drops, f.Packets)
		}
		return bothCounters(f.Retransmits, f.Segments)
	case MemoryPressure, OOMKilled, PodBirth:
	}
	return 0, 0
}

func bothCounters(some, all Optional[int64]) (part, whole int64) {
	if !some.Known || !all.Known {
		return 0, 0
	}
	return max(0, some.Value), max(0, all.Value)
}
