package crd

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
)

// NoRecentSamples returns a copy of a whisper that got no sample for a whole window of wall-clock time: its condition
// and what it says of now are Unknown from the moment at on. A whisper about OOM kills gets no records while nothing is
// killed, so its condition becomes False instead. Severity, figures and advice stay: they are of the worst window. Only
// the operator has a clock, so only the operator calls this function.
func NoRecentSamples(w *v1alpha1.KernelWhisper, at time.Time) *v1alpha1.KernelWhisper {
	now := silence{
		reason: v1alpha1.ReasonNoRecentSamples, says: "no recent samples",
		message: "No sample has come for a whole window, so what the kernel does now is not known.",
	}
	if w.Spec.Kind == v1alpha1.WhisperOOMKill {
		now = silence{
			isHealthy: true, reason: v1alpha1.ReasonNoKillInWindow, says: noKill,
			message: "The kernel has killed nothing here for a whole window.",
		}
	}
	return now.replaceVerdict(w, at)
}

// Evicted returns a copy of a whisper about a subject that the operator had to forget, because it may not keep more:
// its condition and what it says of now are Unknown from the moment at on. Severity, figures and advice stay: they are
// of the worst window. Only the operator calls this function.
func Evicted(w *v1alpha1.KernelWhisper, at time.Time) *v1alpha1.KernelWhisper {
	return silence{
		reason: v1alpha1.ReasonEvicted, says: "no samples are kept",
		message: "The operator had to forget the samples, because it may not keep more (--max-memory, --max-subjects), so " +
			"what the kernel does now is not known.",
	}.replaceVerdict(w, at)
}

// NoPods returns a copy of a whisper about a workload without pods: its condition and what it says of now are Unknown
// from the moment at on. Severity, figures and advice stay: they are of the worst window. Only the operator calls this
// function.
func NoPods(w *v1alpha1.KernelWhisper, at time.Time) *v1alpha1.KernelWhisper {
	return silence{
		reason: v1alpha1.ReasonNoPods, says: "no pods",
		message: "The workload has no pods now, so there is nothing that the kernel could do to them.",
	}.replaceVerdict(w, at)
}

// silence is the present verdict where there are no samples.
type silence struct {
	isHealthy             bool
	reason, says, message string
}

// replaceVerdict returns a copy of a whisper with this verdict from the moment at on.
func (s silence) replaceVerdict(w *v1alpha1.KernelWhisper, at time.Time) *v1alpha1.KernelWhisper {
	w = w.DeepCopy()
	status, severity := metav1.ConditionUnknown, v1alpha1.SeverityUnknown
	if s.isHealthy {
		status, severity = metav1.ConditionFalse, v1alpha1.SeverityNone
	}
	w.Status.Now, w.Status.Revisions = v1alpha1.Verdict{Severity: severity, KernelSays: s.says}, nil
	replaceCondition(w, metav1.Condition{
		Type:               conditionTypeOf(w.Spec.Kind),
		Status:             status,
		ObservedGeneration: 1,
		LastTransitionTime: metav1.NewTime(at.UTC().Truncate(time.Second)),
		Reason:             s.reason,
		Message:            s.message,
	})
	return w
}

// IsEvicted reports whether a whisper is as Evicted makes it.
func IsEvicted(w *v1alpha1.KernelWhisper) bool {
	c := Condition(w)
	return c != nil && c.Reason == v1alpha1.ReasonEvicted
}

// replaceCondition replaces the one condition of a whisper. The time of a status that it has had before stays.
func replaceCondition(w *v1alpha1.KernelWhisper, now metav1.Condition) {
	for _, c := range w.Status.Conditions {
		if c.Type == now.Type && c.Status == now.Status {
			now.LastTransitionTime = c.LastTransitionTime
		}
	}
	w.Status.Conditions = []metav1.Condition{now}
}
