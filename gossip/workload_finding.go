package gossip

import (
	"cmp"
	"strings"
	"time"
)

// PodFinding is what is known of one pod about one subject: what [RollUp] reads. [Analyzer.PodFinding] fills in what
// follows from the records; the rest comes from the pod.
type PodFinding struct {
	// Now is the present finding (Analyzer.Finding), Worst is the worst window (Analyzer.Worst), and Windows are the
	// windows that decide (Analyzer.Windows), in any order. Without Windows the present is the only window.
	Now     Finding
	Worst   WorstWindow
	Windows []WorstWindow
	// Since is the time of the oldest record; zero when unknown. From then until Now's time the pod was measured.
	Since time.Time
	// Workload is what made the pod. A pod without one is its own workload.
	Workload Workload
	// Revision is the version of the workload's template; empty when unknown.
	Revision string
	Node     string    // empty when unknown
	Started  time.Time // zero when unknown
	// Request is the container's request of the resource that the subject is about, in cores or bytes; absent when it is
	// not known. Image is the container's image; empty when unknown. With the limit that the finding has they are the
	// pod's setting.
	Request Optional[float64]
	Image   string
	// Change is the newest change of the setting; nil if there was none.
	Change *Change
}

// WithPod returns the finding with what Kubernetes knows of its pod. Of a pod that has been replaced by one of the same
// name only the workload is known.
func (p PodFinding) WithPod(pod *Pod) PodFinding {
	p.Workload = pod.Workload
	if pod.Replaced {
		return p
	}
	p.Revision, p.Node, p.Started = pod.Revision, pod.Node, pod.Started
	about := p.Now.Subject()
	for i := range pod.Containers { // it is large, and not copied
		c := &pod.Containers[i]
		if c.Name != about.Container {
			continue
		}
		p.Image = c.Image
		switch about.Kind {
		case KindCPUThrottling:
			p.Request = Some(c.CPURequest.Or(0))
		case KindMemoryPressure, KindOOMKill:
			p.Request = Some(float64(c.MemoryRequest.Or(0)))
		case KindNetworkIssue, KindPodBirth:
		}
	}
	return p
}

// Need is a number to set, as the finding about one pod supports it. All figures are in cores or bytes.
type Need struct {
	// Target is absent where there is no number to give.
	Target                 Optional[float64]
	LowerBound, UpperBound Optional[float64]
	// Current is the limit, or the request, that is to be replaced; absent when it is not known.
	Current Optional[float64]
}

// WorkloadSubject is what a finding about a workload is about: one kind of trouble in one container of its pods.
// Container is empty for the pods as a whole.
type WorkloadSubject struct {
	Kind      Kind
	Namespace string
	Workload  Workload
	Container string
}

// Compare orders subjects by namespace, workload, container and kind.
func (s WorkloadSubject) Compare(o WorkloadSubject) int {
	return cmp.Or(
		strings.Compare(s.Namespace, o.Namespace),
		s.Workload.Compare(o.Workload),
		strings.Compare(s.Container, o.Container),
		strings.Compare(string(s.Kind), string(o.Kind)),
	)
}

// Identity returns the subject with the identity of its workload, by which it is the same for all pods.
func (s WorkloadSubject) Identity() WorkloadSubject {
	s.Workload = s.Workload.Identity()
	return s
}

// String returns the subject as messages name it: "CPUThrottling shop/Deployment web/app".
func (s WorkloadSubject) String() string {
	out := string(s.Kind) + " " + s.Namespace + "/" + s.Workload.String()
	if s.Container != "" {
		out += "/" + s.Container
	}
	return out
}

// PodEvidence is one pod's part in a finding about its workload.
type PodEvidence struct {
	Pod, UID string
	Node     string // empty when unknown
	Revision string // empty when unknown
	// Window is the pod's window that counts, with its figures and its time.
	Window WorstWindow
	// Need is the number to set that the window supports.
	Need Need
}

// PodCounts says how many pods a finding about a workload is about. Both numbers are of the pods that were measured in
// the time of its worst window, so they change only with that.
type PodCounts struct {
	// Seen is the number of pods that were measured then.
	Seen int
	// Affected is the number of those in trouble (Info and above): in a window at that time, or in the worst one of the
	// same part of the horizon.
	Affected int
	// LargestTarget is the number to set, MedianTarget the median of what the pods of its revision need: of a pod without
	// advice, its current limit. Both are absent where there is no number to set.
	MedianTarget, LargestTarget Optional[float64]
}

// WorkloadWindow is a window of a workload, with what its pods showed in that time.
type WorkloadWindow struct {
	// Worst is the worst window of the worst pod: severity, figures and time are the workload's.
	Worst PodEvidence
	Pods  PodCounts
	// Affected are pods in trouble, the worst first, five at most.
	Affected []PodEvidence
	// Number is the pod with the largest target, which is the number to set in the template; nil where there is none.
	Number *PodEvidence
	// Skewed reports that one pod needs far more than most (see Number and Pods): its traffic or its node is the cause
	// more likely than the limit.
	Skewed bool
	// Share is the share 0–1 of throttled periods, or of segments sent again or packets dropped, of all pods together in
	// the time of the window. It comes from summed counters, and is absent without counters.
	Share Optional[float64]
	// Kills is the number of processes that were killed, in all pods together, in the time of the window.
	Kills int64
}

// Severity returns how bad the window is; Unknown without a finding.
func (w WorkloadWindow) Severity() Severity {
	if w.Worst.Window.Finding == nil {
		return SeverityUnknown
	}
	return w.Worst.Window.Finding.Severity()
}

// WorkloadFinding is what the findings about the pods of a workload say together.
type WorkloadFinding struct {
	About WorkloadSubject
	// WorkloadWindow is the worst window, which decides.
	WorkloadWindow
	// Windows are the worst windows of each part of the horizon that had trouble, the worst one among them, the oldest
	// first. There are none without trouble.
	Windows []WorkloadWindow
	// Now is the worst of what the pods that report now show, without a number to set. Its finding has the workload's
	// history, from all pods.
	Now PodEvidence
	// Revisions are the revisions of the pods that report now, the newest first. While there are several, Worst and Now
	// are to be named with theirs.
	Revisions []string
	// Change is what the newest change of a limit, a request or the image did, of all pods with that change; nil if there
	// was none within the horizon.
	Change *WorkloadChange
	// Restarted reports that pods have been measured for less than a window since a program started, so that a better
	// verdict may only be news of what is missing. Of a finding that was stored it says that an earlier process did that.
	Restarted bool
}

// PodFinding returns what is known of a subject for [RollUp], without what Kubernetes knows of the pod. It returns
// false when nothing is known.
func (a *Analyzer) PodFinding(about Subject) (PodFinding, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := a.subjects.entries[about]
	if e == nil {
		return PodFinding{}, false
	}
	kept, now, change := e.listWindows(a)
	if now == nil {
		return PodFinding{}, false
	}
	p := PodFinding{Now: now, Change: change}
	p.Windows, p.Worst = e.showWindows(kept, now)
	if e.oldest != 0 {
		p.Since = time.Unix(0, e.oldest).UTC()
	}
	return p, true
}
