package crd

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
)

// NoRecentSamples returns a copy of a whisper about which nobody has sent a sample for a whole window of wall-clock time: its
// condition is Unknown from the moment at on, and so is its severity. Figures, advice and history stay as the last samples left
// them. Only the operator has a clock, so only the operator calls it; replay never does.
func NoRecentSamples(w *v1alpha1.KernelWhisper, at time.Time) *v1alpha1.KernelWhisper {
	w = w.DeepCopy()
	transition := metav1.NewTime(at.UTC().Truncate(time.Second))
	for _, c := range w.Status.Conditions {
		if c.Type == v1alpha1.ConditionThrottled && c.Status == metav1.ConditionUnknown {
			transition = c.LastTransitionTime // it was not known before
		}
	}
	w.Status.Conditions = []metav1.Condition{{
		Type:               v1alpha1.ConditionThrottled,
		Status:             metav1.ConditionUnknown,
		ObservedGeneration: 1,
		LastTransitionTime: transition,
		Reason:             v1alpha1.ReasonNoRecentSamples,
		Message: "No sample has come for a whole window, so what the kernel does to the container now is not known. " +
			"The figures are those of the last samples.",
	}}
	w.Status.Severity = v1alpha1.SeverityUnknown
	w.Status.KernelSays = "no recent samples"
	w.Status.MetricsSay = "no recent samples"
	return w
}
