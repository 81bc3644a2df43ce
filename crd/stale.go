package crd

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
)

// NoRecentSamples returns a copy of a whisper about which nobody has sent a sample for a whole window of wall-clock time: its
// condition is Unknown from the moment at on, and so is its severity. Of OOM kills that is what no kill looks like, so the condition of
// such a whisper is False. Figures, advice and history stay as the last samples left them. Only the operator has a clock, so only the
// operator calls it; replay never does.
func NoRecentSamples(w *v1alpha1.KernelWhisper, at time.Time) *v1alpha1.KernelWhisper {
	w = w.DeepCopy()
	now := metav1.Condition{
		Type:               conditionType(w.Spec.Kind),
		Status:             metav1.ConditionUnknown,
		ObservedGeneration: 1,
		LastTransitionTime: metav1.NewTime(at.UTC().Truncate(time.Second)),
		Reason:             v1alpha1.ReasonNoRecentSamples,
		Message:            "No sample has come for a whole window, so what the kernel does now is not known. The figures are those of the last samples.",
	}
	w.Status.Severity, w.Status.KernelSays, w.Status.MetricsSay = v1alpha1.SeverityUnknown, "no recent samples", "no recent samples"
	if w.Spec.Kind == v1alpha1.WhisperOOMKill {
		now.Status, now.Reason = metav1.ConditionFalse, v1alpha1.ReasonNoKillInWindow
		now.Message = "The kernel has killed nothing here for a whole window. The figures are those of the last kill."
		w.Status.Severity, w.Status.KernelSays, w.Status.MetricsSay = v1alpha1.SeverityNone, noKill, ""
	}
	for _, c := range w.Status.Conditions {
		if c.Type == now.Type && c.Status == now.Status {
			now.LastTransitionTime = c.LastTransitionTime // it was so before
		}
	}
	w.Status.Conditions = []metav1.Condition{now}
	return w
}
