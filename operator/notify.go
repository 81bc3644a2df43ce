package operator

import (
	"cmp"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// notifier writes Kubernetes Events about workloads and pods, only when their state turns.
type notifier struct{ recorder events.EventRecorder }

// notifyTransition writes an Event if the severity of now reached Warning or rose from there, or if a Warning is over:
// on the workload and on the pod that is worst now, or on the pod that was born.
func (n notifier) notifyTransition(before, after crd.Object) {
	from, to := gossip.SeverityUnknown, crd.SeverityNow(after)
	worst := crd.Severity(after)
	if before != nil {
		from, worst = crd.SeverityNow(before), max(worst, crd.Severity(before))
	}
	reason := "Reported"
	if c := crd.Condition(after); c != nil {
		reason = c.Reason
	}
	kind, text := corev1.EventTypeWarning, ""
	switch {
	case to >= gossip.SeverityWarning && to > from:
		text = fmt.Sprintf("%s: %s", to, sentenceOf(after))
	case before != nil && to == gossip.SeverityNone && from != to && worst >= gossip.SeverityWarning:
		kind, text = corev1.EventTypeNormal, "Recovered: "+sentenceOf(after)
	default:
		return
	}
	for _, about := range regardedBy(after) {
		n.recorder.Eventf(about, nil, kind, reason, "Report", "%s", text)
	}
}

// regardedBy returns what an Event about an object is on.
func regardedBy(o crd.Object) (list []*corev1.ObjectReference) {
	pod := func(name, uid string) *corev1.ObjectReference {
		return &corev1.ObjectReference{
			APIVersion: "v1", Kind: "Pod", Namespace: o.GetNamespace(), Name: name, UID: types.UID(uid),
		}
	}
	switch o := o.(type) {
	case *v1alpha1.PodBirthCertificate:
		list = append(list, pod(o.Spec.Pod.Name, o.Spec.Pod.UID))
	case *v1alpha1.KernelWhisper:
		for _, owner := range o.OwnerReferences {
			list = append(list, &corev1.ObjectReference{
				APIVersion: owner.APIVersion, Kind: owner.Kind, Namespace: o.Namespace, Name: owner.Name, UID: owner.UID,
			})
		}
		if p := o.Status.Now.Pod; p.Name != "" && o.Spec.Workload.Kind != "Pod" {
			list = append(list, pod(p.Name, p.UID))
		}
	}
	return list
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
		text = "pod " + cmp.Or(s.Now.Pod.Name, s.Worst.Pod.Name, w.Spec.Workload.Name)
	} else if name := s.Now.Pod.Name; name != "" && w.Spec.Workload.Kind != "Pod" {
		text += " of pod " + name
	}
	if n := s.Pods.Seen; n != nil && *n > 1 {
		text += " (" + s.Pods.AffectedOfSeen + " pods)"
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
