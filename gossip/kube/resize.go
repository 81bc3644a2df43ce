package kube

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// cannotResize reports whether the API server refuses to resize the pod. It does where the status of the first running
// container has no resources: the kubelet of the node is older than Kubernetes 1.33.
func cannotResize(p *corev1.Pod) bool {
	for _, s := range p.Status.ContainerStatuses {
		if s.State.Running != nil {
			return s.Resources == nil
		}
	}
	return false
}

// proposed is the state of a resize that the kubelet has not seen yet.
const proposed = "Proposed"

// pendingResize returns the resize that is not in force yet according to the pod's status; nil when there is none.
// Kubernetes before 1.33 has the state in status.resize, later versions have conditions. A resize that the kubelet has
// not seen yet has neither.
func pendingResize(p *corev1.Pod) *gossip.PendingResize {
	for _, c := range p.Status.Conditions {
		switch {
		case c.Status != corev1.ConditionTrue:
		case c.Type == corev1.PodResizePending:
			return &gossip.PendingResize{
				State: cmp.Or(c.Reason, "Pending"), Message: c.Message, Since: c.LastTransitionTime.UTC(),
			}
		case c.Type == corev1.PodResizeInProgress:
			return &gossip.PendingResize{State: "InProgress", Message: c.Message, Since: c.LastTransitionTime.UTC()}
		}
	}
	switch {
	case p.Status.Resize != "":
		return &gossip.PendingResize{State: string(p.Status.Resize)}
	case p.Status.ObservedGeneration > 0 && p.Generation > p.Status.ObservedGeneration:
		return &gossip.PendingResize{State: proposed}
	}
	return nil
}

// resizeOf returns the pending resize of the pod. A change that the kubelet has not seen yet is a resize only if a
// container requests other resources than it has.
func resizeOf(p *corev1.Pod, containers []gossip.Container) *gossip.PendingResize {
	pending := pendingResize(p)
	asks := slices.ContainsFunc(containers, func(c gossip.Container) bool { return c.Asked != nil })
	if pending != nil && pending.State == proposed && !asks {
		return nil
	}
	return pending
}

// requestedResources returns the resources of the spec if a resize is pending and the kubelet enforces others; nil
// otherwise.
func requestedResources(spec, enforced gossip.Resources, pending *gossip.PendingResize) *gossip.Resources {
	if pending == nil || spec == enforced {
		return nil
	}
	return &spec
}
