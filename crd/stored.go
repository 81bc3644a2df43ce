package crd

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// Subject returns what an object is about, without UIDs; the zero subject for nil.
func Subject(o Object) gossip.WorkloadSubject {
	switch o := o.(type) {
	case *v1alpha1.KernelWhisper:
		w := o.Spec.Workload
		return gossip.WorkloadSubject{
			Kind: gossip.Kind(o.Spec.Kind), Namespace: o.Namespace, Container: o.Spec.Container,
			Workload: gossip.Workload{Group: w.Group, Kind: w.Kind, Name: w.Name},
		}
	case *v1alpha1.PodBirthCertificate:
		return CertificateOf(o.Namespace, o.Spec.Pod.Name)
	}
	return gossip.WorkloadSubject{}
}

// SubjectUID returns the UID of the workload, or of the pod, that an object is about; empty when the object has none.
func SubjectUID(o Object) string {
	switch o := o.(type) {
	case *v1alpha1.KernelWhisper:
		return o.Spec.Workload.UID
	case *v1alpha1.PodBirthCertificate:
		return o.Spec.Pod.UID
	}
	return ""
}

// Condition returns the one condition of an object; nil when it has none.
func Condition(o Object) *metav1.Condition {
	var all []metav1.Condition
	switch o := o.(type) {
	case *v1alpha1.KernelWhisper:
		all = o.Status.Conditions
	case *v1alpha1.PodBirthCertificate:
		all = o.Status.Conditions
	}
	if len(all) == 0 {
		return nil
	}
	return &all[0]
}

// SeverityNow returns the severity of the present window; of a certificate its severity. It is Unknown when an object
// has none.
func SeverityNow(o Object) gossip.Severity {
	if w, ok := o.(*v1alpha1.KernelWhisper); ok {
		return parseSeverity(w.Status.Now.Severity)
	}
	return Severity(o)
}

// Severity returns the severity of an object: a whisper has the severity of its worst window. It is Unknown when the
// object has none.
func Severity(o Object) gossip.Severity {
	switch o := o.(type) {
	case *v1alpha1.KernelWhisper:
		return parseSeverity(o.Status.Severity)
	case *v1alpha1.PodBirthCertificate:
		return parseSeverity(o.Status.Severity)
	}
	return gossip.SeverityUnknown
}

// Stored returns the finding that a whisper was made of, as far as the whisper has it: its windows in trouble, the
// present verdict and the history. Figures are rounded, and times are in whole seconds. gossip.RollUp takes it, so that
// what pods showed outlives them, and a restart of the operator.
func Stored(o *v1alpha1.KernelWhisper) gossip.WorkloadFinding {
	f := gossip.WorkloadFinding{About: Subject(o), Revisions: o.Status.Revisions}
	f.About.Workload.UID = SubjectUID(o)
	s := &o.Status
	now := v1alpha1.Window{Severity: s.Now.Severity, EndTime: s.LastSeenTime, Pod: s.Now.Pod}
	if c := Condition(o); c != nil {
		now.Reason = c.Reason
	}
	f.Now = storedEvidence(o, &now)
	for i := range s.OtherWindows {
		w := &s.OtherWindows[i]
		f.Windows = append(f.Windows, gossip.WorkloadWindow{
			Worst: storedEvidence(o, w),
			Pods:  gossip.PodCounts{Seen: int(optionalOf(w.Seen).Value), Affected: int(optionalOf(w.Affected).Value)},
		})
	}
	f.WorkloadWindow = storedWorst(o)
	if f.Severity() >= gossip.SeverityInfo {
		f.Windows = append(f.Windows, f.WorkloadWindow)
	}
	slices.SortStableFunc(f.Windows, func(a, b gossip.WorkloadWindow) int {
		return a.Worst.Window.End.Compare(b.Worst.Window.End)
	})
	return f
}

// storedWorst returns the worst window of a whisper.
func storedWorst(o *v1alpha1.KernelWhisper) gossip.WorkloadWindow {
	s, p := &o.Status, &o.Status.Pods
	w := gossip.WorkloadWindow{
		Worst: storedEvidence(o, &v1alpha1.Window{
			StartTime: s.Worst.StartTime, EndTime: s.Worst.EndTime, Severity: s.Severity, Reason: s.Worst.Reason,
			Pod: s.Worst.Pod, KernelTruth: s.KernelTruth, MetricsLie: s.MetricsLie, Coverage: s.Coverage,
		}),
		Pods: gossip.PodCounts{
			Seen: int(optionalOf(p.Seen).Value), Affected: int(optionalOf(p.Affected).Value),
			LargestTarget: parseQuantity(p.LargestTarget), MedianTarget: parseQuantity(p.MedianTarget),
		},
		Share: parseBasisPoints(p.ShareBasisPoints), Kills: optionalOf(p.OOMKills).Value,
		Skewed: p.Needs == v1alpha1.PodNeedsSkewed,
	}
	for i := range p.List {
		pod := &p.List[i]
		w.Affected = append(w.Affected, storedEvidence(o, &v1alpha1.Window{
			StartTime: s.Worst.StartTime, EndTime: s.Worst.EndTime, Severity: pod.Severity, Pod: pod.MeasuredPod,
		}))
	}
	if w.Pods.LargestTarget.Known {
		w.Number = new(w.Worst)
		if s.NumberWindow.EndTime != nil {
			*w.Number = storedEvidence(o, &s.NumberWindow)
		}
		w.Number.Need.Target = w.Pods.LargestTarget
	}
	return w
}

// storedEvidence returns a pod's window.
func storedEvidence(o *v1alpha1.KernelWhisper, w *v1alpha1.Window) gossip.PodEvidence {
	return gossip.PodEvidence{
		Pod: w.Pod.Name, UID: w.Pod.UID, Node: w.Pod.Node, Revision: w.Pod.Revision,
		Window: gossip.WorstWindow{Finding: findingOf(o, w), Start: eventTime(w.StartTime), End: eventTime(w.EndTime)},
	}
}

// findingOf returns the finding of a window of a whisper; nil if it is of an unknown kind.
func findingOf(o *v1alpha1.KernelWhisper, w *v1alpha1.Window) gossip.Finding {
	r := gossip.Report{
		About: gossip.Subject{
			Kind: gossip.Kind(o.Spec.Kind), Namespace: o.Namespace, Pod: w.Pod.Name, Container: o.Spec.Container,
		},
		PodUID: w.Pod.UID, At: eventTime(w.EndTime),
		Level: parseSeverity(w.Severity), Reason: gossip.Reason(w.Reason), History: storedHistory(o),
		Covered: parseCoverage(w.Coverage),
	}
	switch o.Spec.Kind {
	case v1alpha1.WhisperCPUThrottling:
		return parseThrottling(r, w.KernelTruth.CPU, w.MetricsLie.CPU)
	case v1alpha1.WhisperMemoryPressure:
		return parsePressure(r, w.KernelTruth.Memory, w.MetricsLie.Memory)
	case v1alpha1.WhisperOOMKill:
		return parseKills(r, w.KernelTruth.Memory)
	case v1alpha1.WhisperNetworkIssue:
		return parseNetwork(r, w.KernelTruth.Network, w.MetricsLie.Network)
	}
	return nil
}

// storedHistory returns what a whisper knows from before its window, in whole seconds.
func storedHistory(o *v1alpha1.KernelWhisper) gossip.History {
	h := gossip.History{
		First: eventTime(o.Status.FirstSeenTime),
		Last:  eventTime(o.Status.LastSeenTime),
		Worst: parseSeverity(o.Status.Severity),
	}
	if c := Condition(o); c != nil {
		h.Transition = eventTime(&c.LastTransitionTime)
	}
	return h
}

func parseSeverity(word v1alpha1.Severity) gossip.Severity {
	for s := gossip.SeverityUnknown; s <= gossip.SeverityCritical; s++ {
		if s.String() == string(word) {
			return s
		}
	}
	return gossip.SeverityUnknown
}

func eventTime(t *metav1.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}
