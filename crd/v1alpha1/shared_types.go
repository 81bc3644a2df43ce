package v1alpha1

import "k8s.io/apimachinery/pkg/api/resource"

// PodReference names one pod in the object's own namespace.
type PodReference struct {
	// name of the pod.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// uid of the pod: a pod that is created again with the same name is another pod. Absent when it is not known.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	UID string `json:"uid,omitempty"`
}

// WorkloadReference names a workload in the object's own namespace: a Deployment, StatefulSet, DaemonSet, Job, CronJob,
// an object of another kind that makes ReplicaSets, Jobs or pods, or a pod that nothing controls.
type WorkloadReference struct {
	// group of the API that the kind belongs to; absent for the core group.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Group string `json:"group,omitempty"`

	// kind of the workload. Absent where it was inferred from names of pods that do not show it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Kind string `json:"kind,omitempty"`

	// name of the workload.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// uid of the workload: one that is created again with the same name is another one. Absent when it is not known.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	UID string `json:"uid,omitempty"`
}

// Severity orders reports. Unknown means "not measured", which is not "healthy"; None means "measured and healthy".
// +kubebuilder:validation:Enum=Unknown;None;Info;Warning;High;Critical
type Severity string

// The six severities, from the least to the worst.
const (
	SeverityUnknown  Severity = "Unknown"  // nothing was measured, or too little for a verdict
	SeverityNone     Severity = "None"     // measured and healthy
	SeverityInfo     Severity = "Info"     // worth knowing, no reason to act
	SeverityWarning  Severity = "Warning"  // worth acting on in working hours
	SeverityHigh     Severity = "High"     // hurts requests now
	SeverityCritical Severity = "Critical" // the kernel holds the subject back most of the time
)

// Confidence says how much of what should have been measured was measured.
// +kubebuilder:validation:Enum=Low;Medium;High
type Confidence string

// The three confidences.
const (
	ConfidenceLow    Confidence = "Low"    // percentages without counters, or less than half of the expected samples
	ConfidenceMedium Confidence = "Medium" // counters, and at least half of the expected samples
	ConfidenceHigh   Confidence = "High"   // counters, and at least nine tenths of the expected samples
)

// Coverage says what a report is based on.
type Coverage struct {
	// confidence says how much of what should have been measured was measured.
	// +required
	Confidence Confidence `json:"confidence,omitempty"`

	// windowSeconds is the time from the start of the oldest sample to the end of the newest.
	// +required
	// +kubebuilder:validation:Minimum=0
	WindowSeconds *int64 `json:"windowSeconds,omitempty"`

	// samples is the number of samples in the window.
	// +required
	// +kubebuilder:validation:Minimum=0
	Samples *int64 `json:"samples,omitempty"`

	// expectedSamples is the window divided by the median length of a sample.
	// +required
	// +kubebuilder:validation:Minimum=0
	ExpectedSamples *int64 `json:"expectedSamples,omitempty"`

	// gaps is the number of holes between samples that are longer than half a sample.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Gaps *int64 `json:"gaps,omitempty"`

	// epochs is 1, and one more for each new container, limit, request or image: an epoch's samples are never mixed
	// with another's.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Epochs *int64 `json:"epochs,omitempty"`

	// dropped is the number of records that came too late, or were of an earlier pod or container.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Dropped *int64 `json:"dropped,omitempty"`

	// source is the program that measured. Absent when it is not known.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=48
	Source string `json:"source,omitempty"`

	// ignoredSources are other programs that measured the same subject. Their records do not count.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=4
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=48
	IgnoredSources []string `json:"ignoredSources,omitempty"`

	// missing names the fields that were not measured, as the payload spells them. Absent when all were.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=48
	Missing []string `json:"missing,omitempty"`
}

// Recommendation is one piece of advice. Without a target its reason begins with why there is no number.
type Recommendation struct {
	// rule is the kebab-case ID of the rule that gives the advice. It is unique in an object and never renamed.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Rule string `json:"rule,omitempty"`

	// priority is the report's severity, or lower where the advice can wait.
	// +required
	Priority Severity `json:"priority,omitempty"`

	// action says what to do, in a sentence.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Action string `json:"action,omitempty"`

	// reason says why it helps, or why there is no number.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Reason string `json:"reason,omitempty"`

	// evidence holds the figures that the advice is based on.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Evidence string `json:"evidence,omitempty"`

	// current is the value in force. Absent when not known.
	// +optional
	Current *resource.Quantity `json:"current,omitempty"`

	// target is the value to set. Absent when there is no number.
	// +optional
	Target *resource.Quantity `json:"target,omitempty"`

	// lowerBound is the least value that can help.
	// +optional
	LowerBound *resource.Quantity `json:"lowerBound,omitempty"`

	// upperBound is the value above which more cannot help.
	// +optional
	UpperBound *resource.Quantity `json:"upperBound,omitempty"`

	// resize are kubectl commands that change running pods in place, one for each pod: those in trouble, five at most.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=5
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=1024
	Resize []string `json:"resize,omitempty"`

	// patch is a kubectl command that changes the owner's template, so that the change lasts.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Patch string `json:"patch,omitempty"`

	// rollback are kubectl commands that restore the values that the pods and the template had before resize and patch.
	// The template's is the last.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=6
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=1024
	Rollback []string `json:"rollback,omitempty"`

	// risk says what may go wrong.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Risk string `json:"risk,omitempty"`
}
