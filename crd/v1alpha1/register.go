package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// The names of the two kinds, as `kind:` spells them.
const (
	KindKernelWhisper       = "KernelWhisper"
	KindPodBirthCertificate = "PodBirthCertificate"
)

// The labels of objects, by which they are selected: kind and name of the workload, and the kind of the whisper. A
// value that is too long for a label is cut, and ends in a hash. The spec has it as a whole.
const (
	LabelWorkloadKind = "kernel.gossip.io/workload-kind"
	LabelWorkloadName = "kernel.gossip.io/workload-name"
	LabelKind         = "kernel.gossip.io/kind"
)

// GroupVersion is kernel.gossip.io/v1alpha1.
var GroupVersion = schema.GroupVersion{Group: "kernel.gossip.io", Version: "v1alpha1"}

// AddToScheme registers both kinds and their lists.
func AddToScheme(s *runtime.Scheme) error {
	builder := runtime.NewSchemeBuilder(addKnownTypes)
	return builder.AddToScheme(s)
}

func addKnownTypes(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion,
		&KernelWhisper{}, &KernelWhisperList{},
		&PodBirthCertificate{}, &PodBirthCertificateList{},
	)
	metav1.AddToGroupVersion(s, GroupVersion)
	return nil
}
