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
	w = w.DeepCopy()
	now := metav1.Condition{
		Type:               conditionTypeOf(w.Spec.Kind),
		Status:             metav1.ConditionUnknown,
		ObservedGeneration: 1,
		LastTransitionTime: metav1.NewTime(at.UTC().Truncate(time.Second)),
		Reason:             v1alpha1.ReasonNoRecentSamples,
		Message:            "No sample has come for a whole window, so what the kernel does now is not known.",
	}
	w.Status.Now = v1alpha1.Verdict{Severity: v1alpha1.SeverityUnknown, KernelSays: "no recent samples"}
	if w.Spec.Kind == v1alpha1.WhisperOOMKill {
		now.Status, now.Reason = metav1.ConditionFalse, v1alpha1.ReasonNoKillInWindow
		now.Message = "The kernel has killed nothing here for a whole window."
		w.Status.Now = v1alpha1.Verdict{Severity: v1alpha1.SeverityNone, KernelSays: noKill}
	}
	replaceCondition(w, now)
	return w
}

// Evicted returns a copy of a whisper about a subject that the operator had to forget, because it may not keep more:
// its condition and what it says of now are Unknown from the moment at on. Severity, figures and advice stay: they are
// of the worst window. Only the operator calls this function.
func Evicted(w *v1alpha1.KernelWhisper, at time.Time) *v1alpha1.KernelWhisper {
	w = w.DeepCopy()
	w.Status.Now = v1alpha1.Verdict{Severity: v1alpha1.SeverityUnknown, KernelSays: "no samples are kept"}
	replaceCondition(w, metav1.Condition{
		Type:               conditionTypeOf(w.Spec.Kind),
		Status:             metav1.ConditionUnknown,
		ObservedGeneration: 1,
		LastTransitionTime: metav1.NewTime(at.UTC().Truncate(time.Second)),
		Reason:             v1alpha1.ReasonEvicted,
		Message: "The operator had to forget the samples, because it may not keep more (--max-memory, --max-subjects), so " +
			"what the kernel does now is not known.",
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
