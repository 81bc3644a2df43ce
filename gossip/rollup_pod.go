package gossip

import (
	"cmp"
	"reflect"
	"slices"
	"time"
)

// podPart is a pod's part in the finding about its workload.
type podPart struct {
	*PodFinding
	about   Subject
	present rolledWindow
	windows []rolledWindow // the present one if there are no others
	since   time.Time      // of all evidence
	counts  *rolledWindow  // the window that counts in the time of the worst one; nil if there is none
	need    Need           // by that window
}

// rolledWindow is a window with its badness.
type rolledWindow struct {
	WorstWindow
	badness
}

// isValue reports whether a finding is a value of a type of this package.
func isValue(f Finding) bool {
	return f != nil && reflect.TypeOf(f).Kind() == reflect.Struct
}

// newPart returns a pod's part; nil if nothing is known about the pod.
func (r *rollUp) newPart(p *PodFinding) *podPart {
	if !isValue(p.Now) {
		return nil
	}
	part := &podPart{PodFinding: p, about: p.Now.Subject()}
	at := p.Now.Time()
	part.present = r.withBadness(WorstWindow{
		Finding: p.Now, Start: at.Add(-max(0, p.Now.Coverage().Window)), End: at,
	})
	for _, w := range p.Windows {
		if isValue(w.Finding) && w.Finding.Subject() == part.about {
			w.Start = earlierOf(w.Start, w.End)
			part.windows = append(part.windows, r.withBadness(w))
		}
	}
	if len(part.windows) == 0 {
		part.windows = []rolledWindow{part.present}
	}
	part.since = part.present.Start
	for _, w := range part.windows {
		part.since = earlierOf(part.since, w.Start)
	}
	if !p.Since.IsZero() {
		part.since = earlierOf(part.since, p.Since)
	}
	return part
}

func earlierOf(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func (r *rollUp) withBadness(w WorstWindow) rolledWindow {
	return rolledWindow{w, r.demand.badnessOf(w.Finding)}
}

// compare orders windows as an Analyzer does: the worse is greater.
func (w *rolledWindow) compare(o *rolledWindow) int {
	return cmp.Or(
		w.badness.compare(o.badness),
		o.Start.Compare(w.Start),
		w.End.Compare(o.End),
	)
}

// overlapsTime reports whether the window has a part of that time. Kills are moments, so ends belong to a window.
func (w *rolledWindow) overlapsTime(start, end time.Time) bool {
	return !w.Start.After(end) && !w.End.Before(start)
}

// ownWorkload returns the pod's workload; the pod itself for its birth, and if nothing is known.
func (p *podPart) ownWorkload() Workload {
	if p.Workload.Known() && p.about.Kind != KindPodBirth {
		return p.Workload
	}
	return Workload{Kind: "Pod", Version: "v1", Name: p.about.Pod, UID: p.Now.UID()}
}

// knownWorkload is a workload that was read, by its namespace and name.
type knownWorkload struct{ namespace, name string }

// findKnown returns the identities of the workloads that were read, and not guessed.
func findKnown(pods []PodFinding) map[knownWorkload][]Workload {
	known := map[knownWorkload][]Workload{}
	for i := range pods {
		p := &pods[i]
		if !p.Workload.Known() || p.Workload.Guessed || !isValue(p.Now) {
			continue
		}
		at, w := knownWorkload{p.Now.Subject().Namespace, p.Workload.Name}, p.Workload.Identity()
		if !slices.Contains(known[at], w) {
			known[at] = append(known[at], w)
		}
	}
	return known
}

// findSubject returns the subject that the pod's finding belongs to. A workload that was guessed is the known one of
// its name, if there is only one that it can be: pods that are gone may be known by their names only.
func (p *podPart) findSubject(known map[knownWorkload][]Workload) WorkloadSubject {
	w := p.ownWorkload()
	if w.Guessed {
		var may []Workload
		for _, k := range known[knownWorkload{p.about.Namespace, w.Name}] {
			if w.mayBe(k) {
				may = append(may, k)
			}
		}
		if len(may) == 1 {
			w = may[0]
		}
	}
	return WorkloadSubject{p.about.Kind, p.about.Namespace, w.Identity(), p.about.Container}
}

// mayBe reports whether a workload that was guessed can be a known one of its name: it has the same kind, or a kind
// that its pods' names do not show.
func (w Workload) mayBe(known Workload) bool {
	switch known.Group {
	case "apps", "batch", "":
		return !known.IsPod() && (w.Kind == "" || w.Identity() == known)
	}
	return true // kinds of other groups name their pods as they like
}
