// Package crd turns findings into Kubernetes objects of group kernel.gossip.io: [New] makes a KernelWhisper about a
// workload, or a PodBirthCertificate about a pod, [HasObject] reports what gets one, and [News] whether a newer object
// is worth a write.
//
//	for _, f := range gossip.RollUp(slices.Collect(analyzer.PodFindings()), options, need) {
//		if crd.HasObject(f) {
//			fmt.Println(crd.New(crd.Report{Finding: f}.Advised(rules)))
//		}
//	}
//
// gossip-replay prints these objects and the operator applies them. Both get them from this package, so the same
// capture gives the same objects on a laptop and in a cluster.
//
// # From a finding to an object
//
// A finding has floats and durations, an object has neither: only this package turns shares into percentages, durations
// into milliseconds and cores into quantities. Numbers are rounded half away from zero; the verdicts used the unrounded
// numbers. A figure that was not measured is absent from the object. A figure that was measured as 0 is there as 0.
//
// Every text is bounded. A longer text is cut between two characters and ends in "…". A command that is too long is
// left out, because half a command is worse than none. Bounds count the bytes of the text in JSON, so that an object
// stays below 16 KiB for any payload. Recommendations and steps of a timeline that have no room are left out and
// counted.
//
// # The worst window and the present one
//
// A whisper has the figures, the severity and the advice of the worst window within the horizon, because that is what
// has to be sized for. Its condition and its field now are of the present window, because last Monday is no reason for
// an alert. Further windows in trouble are in otherWindows. [Stored] makes the finding of an object again, so that
// gossip.RollUp can have it when pods are gone or after a restart: the windows that no pod has any more are the same
// in the next object.
//
// # What a change did
//
// After a limit, a request or the image was changed, lastChange has the kernel's side before and after it, of all pods
// with the change. The figures of the worst window are then about the new setting only. [KeepChange] keeps it over a
// restart.
//
// # Definitions
//
// [CRDs] holds the two CustomResourceDefinitions. They are generated from package v1alpha1, as is its deep copy;
// kustomization.yaml lists them for `kubectl apply -k`. README.md explains both kinds to users of kubectl.
package crd

import (
	"cmp"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// Object is a *v1alpha1.KernelWhisper or a *v1alpha1.PodBirthCertificate.
type Object interface {
	metav1.Object
	runtime.Object
}

// New makes the object of a report, with identity, spec and status: a whisper, or the certificate of a birth. The
// operator applies the first two once, and the status with all news. It returns nil for a report without a finding.
func New(r Report) Object {
	if birth, ok := r.Finding.Now.Window.Finding.(gossip.PodBirth); ok {
		return newCertificate(birth, r.podOf(r.Finding.Now), r.Advice)
	}
	if !isTrouble(r.Finding.Now.Window.Finding) || !isTrouble(r.Finding.Worst.Window.Finding) {
		return nil
	}
	return newWhisper(r)
}

// isTrouble reports whether a finding is of a kind that whispers are about.
func isTrouble(f gossip.Finding) bool {
	switch f.(type) {
	case gossip.CPUThrottling, gossip.MemoryPressure, gossip.OOMKilled, gossip.NetworkIssue:
		return true
	case gossip.PodBirth: // has a certificate
	}
	return false
}

// HasObject reports whether a finding becomes an object. A birth always becomes a certificate. Any other finding
// becomes a whisper if it has severity Info or above now or in a window that is kept, or has had it: after a recovery
// the whisper stays, also where another limit ended the horizon.
func HasObject(f gossip.WorkloadFinding) bool {
	now, worst := f.Now.Window.Finding, f.Worst.Window.Finding
	if _, ok := now.(gossip.PodBirth); ok {
		return true
	}
	return isTrouble(now) && isTrouble(worst) &&
		(max(now.Severity(), worst.Severity(), now.Seen().Worst) >= gossip.SeverityInfo || hasTrouble(f.Change))
}

// typeMeta returns the type of a kind of our group. Objects need it because replay prints them without a scheme.
func typeMeta(kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: kind}
}

// newMeta returns the identity of an object: it is in the namespace of its subject, and owned by it where its UID is
// known, and its kind and name are valid. The owner does not control its reports, and its deletion does not wait for
// them, so neither of these two flags is set.
func newMeta(about gossip.WorkloadSubject) metav1.ObjectMeta {
	m := metav1.ObjectMeta{
		Name: Name(about), Namespace: clipText(about.Namespace, maxLabel), Labels: newLabels(about),
	}
	w := about.Workload
	version, isValid := w.APIVersion(), gossip.IsKindName(w.Kind) && gossip.IsObjectName(w.Name)
	if w.UID != "" && version != "" && isValid {
		m.OwnerReferences = []metav1.OwnerReference{{
			APIVersion: version, Kind: clipText(w.Kind, maxLabel), Name: clipText(w.Name, maxName),
			UID: types.UID(clipText(w.UID, maxUID)),
		}}
	}
	return m
}

// podReference names the finding's pod. The UID from the events is preferred to the pod's: it says which pod was
// measured.
func podReference(r gossip.Report, p gossip.Pod) v1alpha1.PodReference {
	return v1alpha1.PodReference{
		Name: clipText(r.About.Pod, maxName),
		UID:  clipText(cmp.Or(r.PodUID, p.UID), maxUID),
	}
}

// newCondition returns the one condition of an object. Its transition is an event time; where the history has none, it
// is the time of the newest record. A finding without any time, which only a program can make, gets the start of Unix
// time, because the API requires a time.
func newCondition(kind string, status metav1.ConditionStatus, r gossip.Report, message string) metav1.Condition {
	transition := r.History.Transition
	if transition.IsZero() {
		transition = r.At
	}
	if r.Covered.Restarted {
		message += " The window began again when the operator started."
	}
	return metav1.Condition{
		Type:               kind,
		Status:             status,
		ObservedGeneration: 1, // the spec never changes
		LastTransitionTime: *orUnixStart(transition),
		Reason:             apiReason(r.Reason),
		Message:            clipText(message, maxMessage),
	}
}

// newCoverage returns the coverage of a finding. Its counts are always known, so zeros are shown.
func newCoverage(c gossip.Coverage) v1alpha1.Coverage {
	return v1alpha1.Coverage{
		Confidence:      apiConfidence(c.Confidence),
		WindowSeconds:   new(max(0, int64(c.Window.Round(time.Second)/time.Second))),
		Samples:         new(max(0, int64(c.Samples))),
		ExpectedSamples: new(max(0, int64(c.Expected))),
		Gaps:            new(max(0, int64(c.Gaps))),
		Epochs:          new(max(0, int64(c.Epochs))),
		Dropped:         new(max(0, int64(c.Dropped))),
		Source:          clipText(c.Source, maxField),
		IgnoredSources:  clipTexts(c.Ignored, 4, maxField),
		Missing:         clipTexts(c.Missing, 16, maxField),
	}
}

// apiReason returns a reason that the API accepts.
func apiReason(r gossip.Reason) string {
	return cmp.Or(clipText(string(r), maxLabel), v1alpha1.ReasonNotMeasured)
}

// apiSeverity returns the API's word for a severity. An unknown value becomes Unknown.
func apiSeverity(s gossip.Severity) v1alpha1.Severity {
	if s < gossip.SeverityUnknown || s > gossip.SeverityCritical {
		s = gossip.SeverityUnknown
	}
	return v1alpha1.Severity(s.String())
}

func apiConfidence(c gossip.Confidence) v1alpha1.Confidence {
	if c < gossip.ConfidenceLow || c > gossip.ConfidenceHigh {
		c = gossip.ConfidenceLow
	}
	return v1alpha1.Confidence(c.String())
}
