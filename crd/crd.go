// Package crd turns findings into Kubernetes objects: [New] makes a KernelWhisper or a PodBirthCertificate of group
// kernel.gossip.io, [HasObject] says which findings get one, [News] whether a newer object is worth a write.
//
//	for f := range analyzer.Findings() {
//		if crd.HasObject(f) {
//			fmt.Println(crd.New(f, pod, rules.For(f, pod)))
//		}
//	}
//
// gossip-replay prints these objects, the operator applies them; both get them here, so the same capture gives the same objects on
// a laptop and in a cluster.
//
// # From a finding to an object
//
// A finding has floats and durations, an object has neither: here, and nowhere else, shares become percentages, durations become
// milliseconds and cores become quantities. Numbers are rounded half away from zero; verdicts were given before, on the unrounded
// ones. A figure that was not measured is absent from the object, a figure that was measured as 0 is there as 0.
//
// Every text is bounded. A longer one is cut at the border of a character and ends in "…"; a command is never cut, but left out, for
// half a command is worse than none. Bounds count the bytes of the text in JSON, so that an object stays below 16 KiB whatever the
// payload said; recommendations and steps of a timeline that have no room are left out, and counted.
//
// # Definitions
//
// [CRDs] holds the two CustomResourceDefinitions. They are generated from package v1alpha1, as is its deep copy; kustomization.yaml
// lists them for `kubectl apply -k`. README.md explains both kinds to those who read them with kubectl.
package crd

import (
	"cmp"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// Object is a *v1alpha1.KernelWhisper or a *v1alpha1.PodBirthCertificate.
type Object interface {
	metav1.Object
	runtime.Object
}

// New makes the object of a finding. The pod gives the UID where the events did not; it may be empty, as may the advice, of which
// the first of each rule counts, and none without a rule. Identity, spec and status are filled; the operator applies the first two once, the status with
// every news. New returns nil for nil, and for pointers to findings.
func New(f gossip.Finding, p gossip.Pod, advice []recommend.Recommendation) Object {
	switch f := f.(type) {
	case gossip.CPUThrottling:
		return cpuWhisper(f, p, advice)
	case gossip.MemoryPressure:
		return memoryWhisper(f, p, advice)
	case gossip.OOMKilled:
		return oomWhisper(f, p, advice)
	case gossip.NetworkIssue:
		return networkWhisper(f, p, advice)
	case gossip.PodBirth:
		return newCertificate(f, p, advice)
	}
	return nil
}

// HasObject says whether a finding becomes an object. A birth always becomes a certificate; a whisper is born at Info or above, and
// stays to tell its recovery by its condition.
func HasObject(f gossip.Finding) bool {
	switch f.(type) {
	case gossip.CPUThrottling, gossip.MemoryPressure, gossip.OOMKilled, gossip.NetworkIssue:
		return max(f.Severity(), f.Seen().Worst) >= gossip.SeverityInfo
	case gossip.PodBirth:
		return true
	}
	return false
}

// typeMeta names a kind of our group: replay prints objects that never met a scheme.
func typeMeta(kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: kind}
}

// objectMeta is the identity of an object: beside its pod, and owned by it where the UID is known. The pod is no controller of
// reports, and its deletion does not wait for them, so neither of these two flags is set.
func objectMeta(r gossip.Report, pod v1alpha1.PodReference) metav1.ObjectMeta {
	m := metav1.ObjectMeta{Name: Name(r.About), Namespace: clip(r.About.Namespace, maxLabel)}
	if pod.UID != "" {
		m.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "Pod", Name: pod.Name, UID: types.UID(pod.UID)}}
	}
	return m
}

// podReference names the finding's pod. The UID that the events told wins over the pod's: it says which pod was measured.
func podReference(r gossip.Report, p gossip.Pod) v1alpha1.PodReference {
	return v1alpha1.PodReference{
		Name: clip(r.About.Pod, maxName),
		UID:  clip(cmp.Or(r.PodUID, p.UID), maxUID),
	}
}

// condition is the one condition of an object. Its transition is an event time: the newest record's where the history lacks one. A
// finding that was made by hand and has no time at all gets the start of Unix time, because the API demands one.
func condition(kind string, status metav1.ConditionStatus, r gossip.Report, message string) metav1.Condition {
	transition := time.Unix(0, 0)
	for _, t := range []time.Time{r.History.Transition, r.At} {
		if !t.IsZero() {
			transition = t
			break
		}
	}
	return metav1.Condition{
		Type:               kind,
		Status:             status,
		ObservedGeneration: 1, // the spec never changes
		LastTransitionTime: *seconds(transition),
		Reason:             cmp.Or(string(r.Reason), v1alpha1.ReasonNotMeasured),
		Message:            clip(message, maxMessage),
	}
}

// coverage says what a finding stands on. Its counts are always known, so zeros are shown.
func coverage(c gossip.Coverage) v1alpha1.Coverage {
	return v1alpha1.Coverage{
		Confidence:      confidence(c.Confidence),
		WindowSeconds:   new(max(0, int64(c.Window.Round(time.Second)/time.Second))),
		Samples:         new(max(0, int64(c.Samples))),
		ExpectedSamples: new(max(0, int64(c.Expected))),
		Gaps:            new(max(0, int64(c.Gaps))),
		Epochs:          new(max(0, int64(c.Epochs))),
		Dropped:         new(max(0, int64(c.Dropped))),
		Source:          clip(c.Source, maxField),
		IgnoredSources:  clipAll(c.Ignored, 4, maxField),
		Missing:         clipAll(c.Missing, 16, maxField),
	}
}

// severity is the API's word. One that is none of the six is as good as not measured.
func severity(s gossip.Severity) v1alpha1.Severity {
	if s < gossip.SeverityUnknown || s > gossip.SeverityCritical {
		s = gossip.SeverityUnknown
	}
	return v1alpha1.Severity(s.String())
}

func confidence(c gossip.Confidence) v1alpha1.Confidence {
	if c < gossip.ConfidenceLow || c > gossip.ConfidenceHigh {
		c = gossip.ConfidenceLow
	}
	return v1alpha1.Confidence(c.String())
}
