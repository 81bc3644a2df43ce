package crd

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// Subject returns what an object is about; the zero Subject for nil.
func Subject(o Object) gossip.Subject {
	switch o := o.(type) {
	case *v1alpha1.KernelWhisper:
		return gossip.Subject{
			Kind: gossip.Kind(o.Spec.Kind), Namespace: o.Namespace, Pod: o.Spec.Pod.Name, Container: o.Spec.Container,
		}
	case *v1alpha1.PodBirthCertificate:
		return gossip.Subject{Kind: gossip.KindPodBirth, Namespace: o.Namespace, Pod: o.Spec.Pod.Name}
	}
	return gossip.Subject{}
}

// PodUID returns the UID of the pod that an object is about; empty when the object has none.
func PodUID(o Object) string {
	switch o := o.(type) {
	case *v1alpha1.KernelWhisper:
		return o.Spec.Pod.UID
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

// History returns what an object knows from before its window, in whole seconds. Analyzer.Restore takes it after a
// restart. It is the zero History for a certificate, because a birth happens once.
func History(o Object) gossip.History {
	w, ok := o.(*v1alpha1.KernelWhisper)
	if !ok {
		return gossip.History{}
	}
	h := gossip.History{
		First: eventTime(w.Status.FirstSeenTime),
		Last:  eventTime(w.Status.LastSeenTime),
		Worst: parseSeverity(w.Status.Severity),
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
