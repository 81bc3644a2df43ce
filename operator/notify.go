package operator

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// notifier writes Kubernetes Events about pods, only when their state turns.
type notifier struct{ recorder events.EventRecorder }

// notifyTransition writes an Event if the severity of now reached Warning or rose from there, or if a Warning is over.
// The finding may be nil.
func (n notifier) notifyTransition(pod *corev1.Pod, before, after crd.Object, f gossip.Finding) {
	from, to := gossip.SeverityUnknown, crd.SeverityNow(after)
	worst := from
	if before != nil {
		from, worst = crd.SeverityNow(before), crd.Severity(before)
	}
	if f != nil {
		worst = max(worst, f.Seen().Worst)
	}
	about := &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID},
	}
	reason := "Reported"
	if c := crd.Condition(after); c != nil {
		reason = c.Reason
	}
	switch {
	case to >= gossip.SeverityWarning && to > from:
		n.recorder.Eventf(about, nil, corev1.EventTypeWarning, reason, "Report", "%s: %s", to, sentenceOf(after))
	case before != nil && to == gossip.SeverityNone && from != to && worst >= gossip.SeverityWarning:
		n.recorder.Eventf(about, nil, corev1.EventTypeNormal, reason, "Report", "Recovered: %s", sentenceOf(after))
	}
}

// sentenceOf returns what an object says about now, in one sentence, and what the worst window was if it is another
// one.
func sentenceOf(o crd.Object) string {
	switch o := o.(type) {
	case *v1alpha1.KernelWhisper:
		text := whisperSentence(o)
		if o.Status.Advice != "" {
			text += "; " + o.Status.Advice
		}
		return text + " (kubectl describe kw --namespace " + o.Namespace + " " + o.Name + ")"
	case *v1alpha1.PodBirthCertificate:
		return "born in " + o.Status.Took + ": " + o.Status.KernelSays +
			" (kubectl describe pbc --namespace " + o.Namespace + " " + o.Name + ")"
	}
	return ""
}

// whisperSentence returns the subject of a whisper with what the kernel says about now, and about the worst window what
// the kernel and the metrics say.
func whisperSentence(w *v1alpha1.KernelWhisper) string {
	s, text := &w.Status, "container "+w.Spec.Container
	if w.Spec.Container == "" {
		text = "pod " + w.Spec.Pod.Name
	}
	text += ": " + s.Now.KernelSays
	if s.KernelSays != s.Now.KernelSays && s.Worst.EndTime != nil {
		text += fmt.Sprintf("; until %s %s", s.Worst.EndTime.UTC().Format("2 Jan 15:04 UTC"), s.KernelSays)
	}
	switch {
	case s.MetricsSay == "":
		return text
	case w.Spec.Kind == v1alpha1.WhisperOOMKill: // of a kill this is what Kubernetes says
		return text + ", " + s.MetricsSay
	}
	return text + ", metrics say " + s.MetricsSay
}
