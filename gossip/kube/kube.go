// Package kube reads Kubernetes objects into [gossip.Pod]: what the analysis and the rules need to know of a pod, and nothing more.
//
// [Pod] is the one translation, and both programs call it: gossip-replay by way of [Read], which reads the output of
//
//	kubectl get pods,rs,deploy,sts,ds,jobs,cronjobs,hpa,limits,quota -A -o yaml
//
// and the operator with what its informers hold. The package knows the API types only; it never talks to a cluster.
//
// # Limits in force
//
// A resize in place changes spec at once and the cgroup later, or never; a container's status tells what the kubelet
// applied. Kernel counters are about the latter, so status.containerStatuses[].resources wins over spec wherever it is
// present (since Kubernetes 1.33, for containers that were started), and is not empty. A limit of the pod as a whole
// (spec.resources), which its containers share, is kept apart from theirs. A request that the spec does not give equals
// the limit, as the API server defaults it. Zero and negative quantities are "not set". Ephemeral containers have no
// resources.
//
// # Start
//
// A container's start is that of the one that runs now, or of the last one; it is ready since the pod's containers are,
// which is the only time of readiness that a status has.
//
// # Owner
//
// The owner is the controller of the pod. A ReplicaSet's or a Job's own controller (a Deployment, an Argo Rollout, a CronJob) takes
// its place when the ReplicaSet or Job is known. A ReplicaSet that is not known and whose name is "NAME-" and the pod's
// pod-template-hash is taken for that of the Deployment NAME, and the owner is marked as guessed. Nothing is guessed for Jobs.
//
// The owner's own template is read from the owner where it is known, or else from the newest known ReplicaSet of a
// Deployment: pods may differ from it, after a resize in place, an autoscaler's change or a webhook's, and advice about
// the owner must start from what the owner has.
//
// The mirror of a static pod keeps its owner of kind Node: it has no template in the API, and is no bare pod either, for the API server
// cannot resize it.
//
// # OOM kills that Kubernetes shows
//
// The state of a container and its last state say OOMKilled when that is how its first process ended. A child that was killed does not show:
// that is why it is worth telling apart.
//
// # Autoscalers and limit ranges
//
// An autoscaler counts when it scales the owner by CPU or memory utilization, a share of the request, of the pod or of
// one of its containers. One that aims at an average value in cores or bytes does not depend on the request. Versions 1
// (with its annotation of further metrics), 2 and the two betas between them are read; one with a metric of another
// form is kept apart. Of LimitRanges only the items of type Container count; those of type Pod bound a sum, which one
// container alone cannot be held against.
package kube

import (
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// Kinds are those that Read reads, as an argument of kubectl get. Where VerticalPodAutoscalers are installed, add vpa.
const Kinds = "pods,rs,deploy,sts,ds,jobs,cronjobs,hpa,limits,quota"

// Objects is what is known besides the pod. The zero Objects is "nothing": owners are guessed or stay as the pod names them.
type Objects struct {
	// Metadata returns the object that ref, an owner reference in that namespace, names; nil when it is not known. It is asked for
	// ReplicaSets and Jobs only. An object whose UID differs from the reference's counts as not known.
	Metadata func(namespace string, ref metav1.OwnerReference) *metav1.PartialObjectMetadata
	// Autoscalers and LimitRanges may be of any namespace; those of the pod's are used.
	Autoscalers []autoscalingv2.HorizontalPodAutoscaler
	LimitRanges []corev1.LimitRange
	// Workload returns the owner of that namespace, with its template; nil when it is not known.
	Workload func(namespace string, o gossip.Owner) *Workload
	// ResizingAutoscalers and Quotas may be of any namespace, too.
	ResizingAutoscalers []ResizingAutoscaler
	Quotas              []corev1.ResourceQuota
}

// Pod tells what is known of p. It reads p and o and keeps neither. A nil p is the zero Pod.
func Pod(p *corev1.Pod, o Objects) gossip.Pod {
	if p == nil {
		return gossip.Pod{}
	}
	owner := ownerOf(p, o)
	if o.Workload != nil && owner.Name != "" {
		complete(&owner, o.Workload(p.Namespace, owner))
	}
	containers := containersOf(p, owner, o)
	whole := podResources(p)
	return gossip.Pod{
		Namespace:   p.Namespace,
		Name:        p.Name,
		UID:         string(p.UID),
		QoS:         qosOf(p, containers),
		Started:     startedAt(p.Status.StartTime),
		Owner:       owner,
		Containers:  containers,
		CPULimit:    whole.CPULimit,
		MemoryLimit: whole.MemoryLimit,
		Autoscaler:  autoscalerOf(owner, p.Namespace, o.Autoscalers, byUtilization(corev1.ResourceCPU)),
		LimitRanges: limitRangesOf(p.Namespace, o.LimitRanges),

		MemoryAutoscaler: autoscalerOf(owner, p.Namespace, o.Autoscalers, byUtilization(corev1.ResourceMemory)),
		UnreadAutoscaler: autoscalerOf(owner, p.Namespace, o.Autoscalers, unread),

		CPURequest:    whole.CPURequest,
		MemoryRequest: whole.MemoryRequest,
		Ended:         ended(p),
		Fixed:         fixed(p),
		Resize:        resizeOf(p, containers),
		Quotas:        quotasOf(p.Namespace, o.Quotas),
	}
}

// podResources are those of the pod as a whole, which its containers share.
func podResources(p *corev1.Pod) gossip.Resources {
	if p.Spec.Resources == nil {
		return gossip.Resources{}
	}
	return resourcesOf(*p.Spec.Resources)
}

// ended reports whether the pod has finished or is on its way out.
func ended(p *corev1.Pod) bool {
	return p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed || p.DeletionTimestamp != nil
}

func startedAt(t *metav1.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return inUTC(*t)
}

// inUTC is a time in UTC: decoding leaves the machine's zone, and output must not depend on the machine.
func inUTC(t metav1.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}
