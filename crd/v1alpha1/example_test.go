package v1alpha1_test

import (
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
)

// A client learns both kinds by way of its scheme.
func ExampleAddToScheme() {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		fmt.Println(err)
		return
	}
	for _, kind := range []string{"KernelWhisper", "PodBirthCertificate"} {
		fmt.Println(v1alpha1.GroupVersion.WithKind(kind), scheme.Recognizes(v1alpha1.GroupVersion.WithKind(kind)))
	}
	// Output:
	// kernel.gossip.io/v1alpha1, Kind=KernelWhisper true
	// kernel.gossip.io/v1alpha1, Kind=PodBirthCertificate true
}
