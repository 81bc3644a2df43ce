package kube

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// ownerOf returns the pod's controller, or the controller of that controller if it is a ReplicaSet or Job. It goes up
// one step at most: the object there holds the template, and an object above a Deployment (of an operator's own kind,
// for example) does not.
func ownerOf(p *corev1.Pod, o Objects) gossip.Owner {
	ref := metav1.GetControllerOfNoCopy(p)
	switch {
	case ref == nil:
		return gossip.Owner{}
	case !isReplicaSet(*ref) && !isJob(*ref):
		return ownerFrom(*ref)
	}
	if m := findMetadata(p.Namespace, *ref, o); m != nil {
		if above := metav1.GetControllerOfNoCopy(m); above != nil {
			return ownerFrom(*above)
		}
		return ownerFrom(*ref)
	}
	if name, ok := deploymentName(p, *ref); ok {
		return gossip.Owner{APIVersion: appsv1.SchemeGroupVersion.String(), Kind: "Deployment", Name: name, Guessed: true}
	}
	return ownerFrom(*ref)
}

func findMetadata(namespace string, ref metav1.OwnerReference, o Objects) *metav1.PartialObjectMetadata {
	if o.Metadata == nil {
		return nil
	}
	m := o.Metadata(namespace, ref)
	if m == nil || (m.UID != "" && ref.UID != "" && m.UID != ref.UID) {
		return nil
	}
	return m
}

// deploymentName returns the name of the Deployment, from the name that the Deployment controller gives its
// ReplicaSets.
func deploymentName(p *corev1.Pod, ref metav1.OwnerReference) (string, bool) {
	hash := p.Labels[appsv1.DefaultDeploymentUniqueLabelKey]
	if hash == "" || !isReplicaSet(ref) {
		return "", false
	}
	name, found := strings.CutSuffix(ref.Name, "-"+hash)
	return name, found && name != ""
}

func ownerFrom(ref metav1.OwnerReference) gossip.Owner {
	return gossip.Owner{APIVersion: ref.APIVersion, Kind: ref.Kind, Name: ref.Name}
}

func isReplicaSet(ref metav1.OwnerReference) bool {
	return ref.Kind == "ReplicaSet" && groupOf(ref.APIVersion) == appsv1.GroupName
}

func isJob(ref metav1.OwnerReference) bool {
	return ref.Kind == "Job" && groupOf(ref.APIVersion) == batchv1.GroupName
}

// groupOf returns the group of an API version; empty for the core group ("v1").
func groupOf(apiVersion string) string {
	group, _, found := strings.Cut(apiVersion, "/")
	if !found {
		return ""
	}
	return group
}
