package kube

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// RevisionLabels are the labels of a pod that Pod reads: the ones in which controllers write by which version of the
// template they made it. Deployments have the first, Argo Rollouts the second, StatefulSets, DaemonSets and others the
// third.
var RevisionLabels = []string{
	appsv1.DefaultDeploymentUniqueLabelKey, rolloutHashLabel, appsv1.ControllerRevisionHashLabelKey,
}

// rolloutHashLabel is the label of the ReplicaSets and pods of an Argo Rollout, as its documentation names it.
const rolloutHashLabel = "rollouts-pod-template-hash"

// maxSteps is how many ReplicaSets and Jobs may be above each other. Kubernetes has one.
const maxSteps = 8

// WorkloadOf returns what Pod returns as the workload of a pod. It takes a fraction of the time. It is the zero
// Workload for a nil pod.
func WorkloadOf(p *corev1.Pod, o Objects) gossip.Workload {
	if p == nil {
		return gossip.Workload{}
	}
	w := workloadOf(p, o)
	cleanWorkload(&w)
	return w
}

// workloadOf returns the workload of a pod. It follows controllers from the pod on while they are ReplicaSets or Jobs
// that are known. The object that controls the last one has the template, whatever its kind; it is not read.
func workloadOf(p *corev1.Pod, o Objects) gossip.Workload {
	ref := controllerOf(p)
	if ref == nil {
		return ownWorkload(p)
	}
	first := *ref
	for range maxSteps {
		if !isReplicaSet(*ref) && !isJob(*ref) {
			return workloadFrom(*ref)
		}
		m := findMetadata(p.Namespace, *ref, o)
		if m == nil {
			return guessDeployment(p, *ref)
		}
		above := controllerOf(m)
		if above == nil {
			return workloadFrom(*ref)
		}
		ref = above
	}
	return workloadFrom(first) // they control each other
}

// controllerOf returns the reference to an object's controller; nil if there is none. Some references are none: those
// without a kind or a name, and those to a Node, which is the controller of static pods' mirrors but has no template.
func controllerOf(o metav1.Object) *metav1.OwnerReference {
	ref := metav1.GetControllerOfNoCopy(o)
	if ref == nil || ref.Kind == "" || ref.Name == "" || (ref.Kind == "Node" && groupOf(ref.APIVersion) == "") {
		return nil
	}
	return ref
}

// ownWorkload returns a pod as its own workload.
func ownWorkload(p *corev1.Pod) gossip.Workload {
	if p.Name == "" {
		return gossip.Workload{}
	}
	return gossip.Workload{Kind: "Pod", Version: corev1.SchemeGroupVersion.Version, Name: p.Name, UID: string(p.UID)}
}

func findMetadata(namespace string, ref metav1.OwnerReference, o Objects) *metav1.PartialObjectMetadata {
	if o.Metadata == nil {
		return nil
	}
	m := o.Metadata(namespace, ref)
	if m == nil || !sameUID(m.UID, ref.UID) {
		return nil
	}
	return m
}

// sameUID reports whether two UIDs may be of one object: one that is unknown may be any.
func sameUID[T ~string](a, b T) bool { return a == "" || b == "" || a == b }

// guessDeployment returns the Deployment of a ReplicaSet that is not known, from the name that the Deployment
// controller gives its ReplicaSets. If it has another name, it returns the ReplicaSet, or the Job.
func guessDeployment(p *corev1.Pod, ref metav1.OwnerReference) gossip.Workload {
	hash := p.Labels[appsv1.DefaultDeploymentUniqueLabelKey]
	if hash == "" || !isReplicaSet(ref) {
		return workloadFrom(ref)
	}
	name, found := strings.CutSuffix(ref.Name, "-"+hash)
	if !found || name == "" {
		return workloadFrom(ref)
	}
	return gossip.Workload{
		Group: appsv1.GroupName, Version: appsv1.SchemeGroupVersion.Version, Kind: deploymentKind, Name: name, Guessed: true,
	}
}

const deploymentKind = "Deployment"

func workloadFrom(ref metav1.OwnerReference) gossip.Workload {
	return gossip.Workload{
		Group: groupOf(ref.APIVersion), Version: versionOf(ref.APIVersion), Kind: ref.Kind, Name: ref.Name,
		UID: string(ref.UID),
	}
}

// revisionOf returns by which version of its template a workload made a pod; empty where that is not known. A run of a
// CronJob is a revision: the template may have changed since the run before.
func revisionOf(p *corev1.Pod, w gossip.Workload) string {
	ref := controllerOf(p)
	switch {
	case ref == nil:
		return ""
	case isReplicaSet(*ref):
		if hash := p.Labels[rolloutHashLabel]; hash != "" {
			return hash
		}
		return p.Labels[appsv1.DefaultDeploymentUniqueLabelKey]
	case !isJob(*ref):
		return p.Labels[appsv1.ControllerRevisionHashLabelKey]
	case w.Group == batchv1.GroupName && w.Kind == "CronJob":
		return ref.Name
	}
	return ""
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

// versionOf returns an API version without its group.
func versionOf(apiVersion string) string {
	if _, version, found := strings.Cut(apiVersion, "/"); found {
		return version
	}
	return apiVersion
}
