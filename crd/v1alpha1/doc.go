// Package v1alpha1 holds the API types of group kernel.gossip.io, version v1alpha1: KernelWhisper (short kw) says where
// the kernel contradicts the metrics, PodBirthCertificate (short pbc) says what the kernel did to bring a pod up.
//
// The package imports the standard library and apimachinery only, so that reading our objects costs no more than that:
//
//	scheme := runtime.NewScheme()
//	err := v1alpha1.AddToScheme(scheme)
//
// A whisper is in the namespace of the workload that it is about, and owned by that workload; a certificate is owned by
// its pod. The spec names the subject and cannot change. The status is a report, which only the operator writes. Three
// rules hold for every field of a status:
//
//   - A field that was not measured is absent. A field that is 0 was measured as 0. That is why optional integers are
//     pointers.
//   - The unit is in the name (…Percent, …Milliseconds, …Seconds, …Time). Cores are a resource.Quantity. There are no
//     floats.
//   - Every string and list is bounded, so that an object stays below 16 KiB.
//
// Package crd makes the objects; its README explains them to users. The DeepCopy methods here and the YAML definitions
// in that folder are generated from these types by `go generate ./crd`.
//
// +kubebuilder:object:generate=true
// +groupName=kernel.gossip.io
package v1alpha1
