package gossip

import (
	"cmp"
	"strings"
)

// Kind is the kind of trouble that a subject is about. Its values are the words of the API: `spec.kind` of a
// KernelWhisper, or the birth of a pod.
type Kind string

const (
	// KindCPUThrottling is about the CFS bandwidth controller: periods in which the kernel refused to run a container.
	KindCPUThrottling Kind = "CPUThrottling"
	// KindMemoryPressure is about a shortage of memory in one container, or in the whole pod where the records name none.
	KindMemoryPressure Kind = "MemoryPressure"
	// KindOOMKill is about processes that the kernel killed because memory ran out.
	KindOOMKill Kind = "OOMKill"
	// KindNetworkIssue is about lost packets and failed connects. A pod has one network, so the subject has no container.
	KindNetworkIssue Kind = "NetworkIssue"
	// KindPodBirth is about what the kernel did to bring a pod up. It belongs to the pod, so the subject has no container.
	KindPodBirth Kind = "PodBirth"
)

// Subject is what a finding is about: one kind of trouble in one container of one pod. Container is empty for the whole
// pod. A Subject is comparable, so it can be a map key or the request of a work queue. A pod that is created again
// under its name is the same Subject; the UID distinguishes the two (see Analyzer).
type Subject struct {
	Kind      Kind
	Namespace string
	Pod       string
	Container string
}

// Compare orders subjects by namespace, pod, container and kind: the order of all our output.
func (s Subject) Compare(t Subject) int {
	return cmp.Or(
		strings.Compare(s.Namespace, t.Namespace),
		strings.Compare(s.Pod, t.Pod),
		strings.Compare(s.Container, t.Container),
		strings.Compare(string(s.Kind), string(t.Kind)),
	)
}

// String returns the subject as messages name it: "CPUThrottling shop/api-0/app".
func (s Subject) String() string {
	out := string(s.Kind) + " " + s.Namespace + "/" + s.Pod
	if s.Container != "" {
		out += "/" + s.Container
	}
	return out
}

// cloneTexts returns the subject with texts of its own.
func (s Subject) cloneTexts() Subject {
	s.Namespace, s.Pod, s.Container = strings.Clone(s.Namespace), strings.Clone(s.Pod), strings.Clone(s.Container)
	return s
}
