package operator

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch;update
// +kubebuilder:rbac:groups="",resources=events,verbs=create;patch

// notifier tells those who look at a pod, by a Kubernetes Event, and only when something turns.
type notifier struct{ recorder events.EventRecorder }

// transition tells that it got worse, from Warning on, or that what was a Warning is over.
func (n notifier) transition(pod *corev1.Pod, before, after crd.Object) {
	from, to := gossip.SeverityUnknown, crd.Severity(after)
	worst := from
	if before != nil {
		from, worst = crd.Severity(before), crd.History(before).Worst
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
		n.recorder.Eventf(about, nil, corev1.EventTypeWarning, reason, "Report", "%s: %s", to, says(after))
	case to == gossip.SeverityNone && from != to && worst >= gossip.SeverityWarning:
		n.recorder.Eventf(about, nil, corev1.EventTypeNormal, reason, "Report", "Recovered: %s", says(after))
	}
}

// says is an object in a sentence.
func says(o crd.Object) string {
	switch o := o.(type) {
	case *v1alpha1.KernelWhisper:
		text := kernelSays(o)
		if o.Status.Advice != "" {
			text += "; " + o.Status.Advice
		}
		return text + " (kubectl describe kw --namespace " + o.Namespace + " " + o.Name + ")"
	case *v1alpha1.PodBirthCertificate:
		return "born in " + o.Status.Took + ": " + o.Status.KernelSays + " (kubectl describe pbc --namespace " + o.Namespace + " " + o.Name + ")"
	}
	return ""
}

// kernelSays is what the kernel and the metrics say of whom.
func kernelSays(w *v1alpha1.KernelWhisper) string {
	s, whom := w.Status, "container "+w.Spec.Container
	if w.Spec.Container == "" {
		whom = "pod " + w.Spec.Pod.Name
	}
	switch w.Spec.Kind {
	case v1alpha1.WhisperCPUThrottling:
		return whom + " " + s.KernelSays + ", metrics say " + s.MetricsSay
	case v1alpha1.WhisperOOMKill: // here it is Kubernetes that speaks, or nobody
		if s.MetricsSay != "" {
			return whom + ": " + s.KernelSays + ", " + s.MetricsSay
		}
		return whom + ": " + s.KernelSays
	default:
		return whom + ": " + s.KernelSays + ", metrics say " + s.MetricsSay
	}
}
