package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ConditionBornInTime is the condition of a certificate: the pod was up within the 5 s start-up objective, image pull
// and init containers left out.
//
// Possible reasons for it to be true:
//
//   - WithinObjective
//
// Possible reasons for it to be false:
//
//   - ObjectiveMissed
//
// Possible reasons for it to be unknown:
//
//   - NotMeasured
const ConditionBornInTime = "BornInTime"

// Reasons of the condition BornInTime. ReasonNotMeasured is its third one: the birth took longer than the objective,
// but the part of image pull and init containers is not known.
const (
	// ReasonWithinObjective (True) is a birth within 5 s.
	ReasonWithinObjective = "WithinObjective"
	// ReasonObjectiveMissed (False) is a birth that took longer.
	ReasonObjectiveMissed = "ObjectiveMissed"
)

// PodBirthCertificate says what the kernel did to bring one pod up, from its first cgroup directory to the exec of its
// last container. It has the pod's name.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=pbc,categories=kernel-gossip
// +kubebuilder:printcolumn:name="Severity",type=string,JSONPath=`.status.severity`
// +kubebuilder:printcolumn:name="Took",type=string,JSONPath=`.status.took`
// +kubebuilder:printcolumn:name="Kernel",type=string,JSONPath=`.status.kernelSays`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Advice",type=string,priority=1,JSONPath=`.status.advice`
// +kubebuilder:printcolumn:name="Syscalls",type=integer,priority=1,JSONPath=`.status.kernelStats.totalSyscalls`
// +kubebuilder:printcolumn:name="Processes",type=integer,priority=1,JSONPath=`.status.kernelStats.processesCreated`
// +kubebuilder:printcolumn:name="Confidence",type=string,priority=1,JSONPath=`.status.coverage.confidence`
// +kubebuilder:printcolumn:name="Born",type=date,priority=1,JSONPath=`.status.bornTime`
// +kubebuilder:validation:XValidation:rule="self.metadata.name == self.spec.pod.name",message="a certificate has the name of its pod"
type PodBirthCertificate struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is standard. The pod owns the object, so that it goes when the pod goes. Labels name the workload of the
	// pod (kernel.gossip.io/workload-kind, workload-name) and the kind, PodBirth.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec names the pod. It cannot change.
	// +required
	Spec PodBirthCertificateSpec `json:"spec,omitzero"`

	// status is what was seen.
	// +optional
	Status PodBirthCertificateStatus `json:"status,omitzero"`
}

// PodBirthCertificateList is a list of certificates.
//
// +kubebuilder:object:root=true
type PodBirthCertificateList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []PodBirthCertificate `json:"items"`
}

// PodBirthCertificateSpec names the pod that was born.
//
// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="spec is immutable: another pod is another object"
type PodBirthCertificateSpec struct {
	// pod that was born, in the object's namespace.
	// +required
	Pod PodReference `json:"pod,omitzero"`
}

// PodBirthCertificateStatus is what was seen of a birth.
//
// +kubebuilder:validation:MinProperties=1
type PodBirthCertificateStatus struct {
	// conditions hold one condition, BornInTime.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:XValidation:rule="self.all(c, size(c.message) <= 1024)",message="a message is at most 1024 characters long"
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// severity is how bad it was.
	// +optional
	Severity Severity `json:"severity,omitempty"`

	// bornTime is the end of the birth, the exec of the last container: event time, not the time of the write.
	// +optional
	BornTime *metav1.Time `json:"bornTime,omitempty"`

	// took is the length of the whole birth, for print columns.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	Took string `json:"took,omitempty"`

	// kernelSays is the kernel's side in a few words, for print columns.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=96
	KernelSays string `json:"kernelSays,omitempty"`

	// advice is what to do, in a few words. The recommendations say it in full.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Advice string `json:"advice,omitempty"`

	// kernelStats holds the kernel's figures.
	// +optional
	KernelStats KernelStats `json:"kernelStats,omitzero"`

	// timeline has the steps of the birth, in order of offset.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	Timeline []TimelineEntry `json:"timeline,omitempty"`

	// timelineOmitted is how many steps had no room: the first, the last and those around the longest gaps are kept.
	// Absent when none was left out.
	// +optional
	// +kubebuilder:validation:Minimum=1
	TimelineOmitted int64 `json:"timelineOmitted,omitempty"`

	// coverage says what the report is based on.
	// +optional
	Coverage Coverage `json:"coverage,omitzero"`

	// recommendations say what to do, the most useful first.
	// +optional
	// +listType=map
	// +listMapKey=rule
	// +kubebuilder:validation:MaxItems=8
	Recommendations []Recommendation `json:"recommendations,omitempty"`

	// recommendationsOmitted is how many recommendations had no room: an object stays below 16 KiB. Absent when none was
	// left out.
	// +optional
	// +kubebuilder:validation:Minimum=1
	RecommendationsOmitted int64 `json:"recommendationsOmitted,omitempty"`
}

// KernelStats holds what the kernel was asked to do for one birth.
//
// +kubebuilder:validation:MinProperties=1
type KernelStats struct {
	// totalSyscalls is the number of system calls.
	// +optional
	// +kubebuilder:validation:Minimum=0
	TotalSyscalls *int64 `json:"totalSyscalls,omitempty"`

	// namespacesCreated is the number of namespaces that were made, or joined where the source counts that.
	// +optional
	// +kubebuilder:validation:Minimum=0
	NamespacesCreated *int64 `json:"namespacesCreated,omitempty"`

	// cgroupWrites is the number of writes to cgroup files.
	// +optional
	// +kubebuilder:validation:Minimum=0
	CgroupWrites *int64 `json:"cgroupWrites,omitempty"`

	// execs is the number of programs that were started.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Execs *int64 `json:"execs,omitempty"`

	// processesCreated is the number of processes and threads that were created.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ProcessesCreated *int64 `json:"processesCreated,omitempty"`

	// mounts is the number of mounts.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Mounts *int64 `json:"mounts,omitempty"`

	// iptablesRules is the number of iptables rules that were written.
	// +optional
	// +kubebuilder:validation:Minimum=0
	IPTablesRules *int64 `json:"iptablesRules,omitempty"`

	// imagePullMilliseconds is the part of the birth spent pulling images. The start-up objective leaves it out.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ImagePullMilliseconds *int64 `json:"imagePullMilliseconds,omitempty"`

	// initMilliseconds is the part of the birth spent in init containers. The start-up objective leaves it out.
	// +optional
	// +kubebuilder:validation:Minimum=0
	InitMilliseconds *int64 `json:"initMilliseconds,omitempty"`

	// durationMilliseconds is the length of the whole birth.
	// +optional
	// +kubebuilder:validation:Minimum=0
	DurationMilliseconds *int64 `json:"durationMilliseconds,omitempty"`
}

// Actor is the component that did a step of a birth.
// +kubebuilder:validation:Enum=Scheduler;Kubelet;Runtime;Kernel
type Actor string

// The four actors of a birth.
const (
	ActorScheduler Actor = "Scheduler"
	ActorKubelet   Actor = "Kubelet"
	ActorRuntime   Actor = "Runtime"
	ActorKernel    Actor = "Kernel"
)

// TimelineEntry is one step of a birth.
type TimelineEntry struct {
	// offsetMilliseconds is the time from the birth's start.
	// +required
	// +kubebuilder:validation:Minimum=0
	OffsetMilliseconds *int64 `json:"offsetMilliseconds,omitempty"`

	// actor is the component that did it. Absent when it is not known.
	// +optional
	Actor Actor `json:"actor,omitempty"`

	// action is what was done, in a few words.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Action string `json:"action,omitempty"`

	// details are the particulars.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=96
	Details string `json:"details,omitempty"`
}
