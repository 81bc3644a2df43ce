// Package kube reads Kubernetes objects into [gossip.Pod]: what the analysis and the rules need to know about a pod,
// and no more.
//
// [Pod] translates, for both programs: gossip-replay uses [Read], which reads the output of
//
//	kubectl get pods,rs,deploy,sts,ds,jobs,cronjobs,hpa,limits,quota -A -o yaml
//
// and the operator passes the objects of its informers. The package uses the API types only and never talks to a
// cluster.
//
// # Limits in force
//
// A resize in place changes the spec at once, and the cgroup later or never. The status of a container has what the
// kubelet applied. Kernel counters are about the applied values, so status.containerStatuses[].resources is preferred
// to the spec where it is present and not empty (since Kubernetes 1.33, for containers that were started). A limit of
// the pod as a whole (spec.resources), which its containers share, is kept apart from the limits of the containers. A
// request that the spec does not give equals the limit, as the API server defaults it. Zero and negative quantities are
// "not set". Ephemeral containers have no resources.
//
// # Texts
//
// Every text is cleaned ([gossip.CleanText]) and cut to 1 KiB: an owner's kind, an annotation and a message may hold
// anything. Objects are compared by the texts that they have.
//
// # Start
//
// A container's start is the start of the container that runs now, or of the last one. The container counts as ready
// since the pod's containers are ready, which is the only time of readiness that a status has.
//
// # Workload
//
// The workload ([gossip.Workload]) is the controller of the pod. If that is a ReplicaSet or a Job and it is known, the
// workload is its own controller: a Deployment, a CronJob, or an object of another kind, such as an Argo Rollout, which
// is taken from the reference and not read. If a ReplicaSet is not known, and its name is "NAME-" followed by the pod's
// pod-template-hash, the workload is the Deployment NAME, marked as guessed. Nothing is guessed for Jobs. What controls
// a Deployment, StatefulSet or DaemonSet in turn has no template of the pods, and is only named ([gossip.Template]).
//
// A pod without a controller is its own workload. So is the mirror of a static pod: its controller is a Node, which has
// no template in the API. Unlike other pods the API server cannot resize it.
//
// The revision is the hash that the controller writes into the labels of its pods ([RevisionLabels]). Each Job of a
// CronJob is a revision.
//
// The template is read from the workload where it is known, or else from the newest known ReplicaSet of a Deployment.
// Pods may differ from it after a resize in place, or a change by an autoscaler or a webhook. Advice about the workload
// must start from the template's values.
//
// [GuessWorkload] is for captures without pods: it takes a workload from the form that controllers give the names of
// their pods.
//
// # OOM kills that Kubernetes shows
//
// The state of a container and its last state say OOMKilled when its first process ended so. Kubernetes shows nothing
// when a child process was killed. That is why findings about kills distinguish the two.
//
// # Autoscalers and limit ranges
//
// An autoscaler counts when it scales the workload by CPU or memory utilization, which is a share of the request of the
// pod or of one of its containers. An autoscaler with an average value in cores or bytes as its target does not depend
// on the request. Versions 1 (with its annotation of further metrics), 2 and the two betas between them are read. An
// autoscaler with a metric of another form is reported as unread. Only the items of type Container of a LimitRange
// count: items of type Pod bound a sum, with which one container alone cannot be compared.
package kube

import (
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// Kinds are the kinds that Read reads, as an argument of kubectl get. Where VerticalPodAutoscalers are installed, add
// vpa.
const Kinds = "pods,rs,deploy,sts,ds,jobs,cronjobs,hpa,limits,quota"

// Objects is what is known besides the pod. With the zero Objects, a Deployment is guessed, and others are as the pod
// names them.
type Objects struct {
	// Metadata returns the object that ref, an owner reference in that namespace, names; nil when it is not known. It is
	// called for ReplicaSets and Jobs only. An object with another UID than the reference counts as not known.
	Metadata func(namespace string, ref metav1.OwnerReference) *metav1.PartialObjectMetadata
	// Autoscalers and LimitRanges may be from any namespace. Only the ones in the pod's namespace are used.
	Autoscalers []autoscalingv2.HorizontalPodAutoscaler
	LimitRanges []corev1.LimitRange
	// Workload returns the object of a workload in that namespace, with its template; nil when it is not known. For a
	// Deployment it may be the newest ReplicaSet. An object with another UID counts as not known.
	Workload func(namespace string, w gossip.Workload) *Workload
	// ResizingAutoscalers and Quotas may be from any namespace, too.
	ResizingAutoscalers []ResizingAutoscaler
	Quotas              []corev1.ResourceQuota
}

// Pod returns what is known about p. It reads p and o and keeps neither. For a nil p it returns the zero Pod.
func Pod(p *corev1.Pod, o Objects) gossip.Pod {
	if p == nil {
		return gossip.Pod{}
	}
	workload := workloadOf(p, o)
	template := readTemplate(p, &workload, o)
	containers := containersOf(p, workload, o)
	whole := podResources(p)
	pod := gossip.Pod{
		Namespace:   p.Namespace,
		Name:        p.Name,
		UID:         string(p.UID),
		StaticUID:   p.Annotations[corev1.MirrorPodAnnotationKey],
		Node:        p.Spec.NodeName,
		QoS:         qosOf(p, containers),
		Started:     startedAt(p.Status.StartTime),
		Workload:    workload,
		Revision:    revisionOf(p, workload),
		Template:    template,
		Containers:  containers,
		CPULimit:    whole.CPULimit,
		MemoryLimit: whole.MemoryLimit,
		Autoscaler:  autoscalerOf(workload, p.Namespace, o.Autoscalers, scalesByUtilization(corev1.ResourceCPU)),
		LimitRanges: limitRangesOf(p.Namespace, o.LimitRanges),

		MemoryAutoscaler: autoscalerOf(workload, p.Namespace, o.Autoscalers, scalesByUtilization(corev1.ResourceMemory)),
		UnreadAutoscaler: autoscalerOf(workload, p.Namespace, o.Autoscalers, hasUnreadMetric),

		CPURequest:    whole.CPURequest,
		MemoryRequest: whole.MemoryRequest,
		Ended:         hasEnded(p),
		Fixed:         cannotResize(p),
		Resize:        resizeOf(p, containers),
		Quotas:        quotasOf(p.Namespace, o.Quotas),
	}
	cleanPod(&pod)
	return pod
}

// PodForEvents returns of Pod only what gossip.Enrich reads: names, and of the containers what their events lack. It
// takes a fraction of the time, which counts where there is a pod for each few events.
func PodForEvents(p *corev1.Pod) gossip.Pod {
	whole := podResources(p)
	pod := gossip.Pod{
		Namespace: p.Namespace, Name: p.Name, UID: string(p.UID), StaticUID: p.Annotations[corev1.MirrorPodAnnotationKey],
		Containers: containersForEvents(p), CPULimit: whole.CPULimit, MemoryLimit: whole.MemoryLimit,
	}
	cleanPod(&pod)
	return pod
}

// podResources returns the resources of the pod as a whole, which its containers share.
func podResources(p *corev1.Pod) gossip.Resources {
	if p.Spec.Resources == nil {
		return gossip.Resources{}
	}
	return resourcesOf(*p.Spec.Resources)
}

// hasEnded reports whether the pod has finished or is being deleted.
func hasEnded(p *corev1.Pod) bool {
	return p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed || p.DeletionTimestamp != nil
}

func startedAt(t *metav1.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return inUTC(*t)
}

// inUTC returns a time in UTC: decoded times are in the machine's zone, and output must not depend on the machine.
func inUTC(t metav1.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}
