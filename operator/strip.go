package operator

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/gossip/kube"
)

// stripObject removes from an object of a cache all that kube.Pod does not read: a large cluster has many pods, and a
// pod has many fields.
func stripObject(o any) (any, error) {
	switch o := o.(type) {
	case *corev1.Pod:
		return stripPod(o), nil
	case *autoscalingv2.HorizontalPodAutoscaler:
		o.ManagedFields, o.Annotations, o.Status = nil, nil, autoscalingv2.HorizontalPodAutoscalerStatus{}
	case metav1.Object:
		o.SetManagedFields(nil)
		o.SetAnnotations(nil)
	}
	return o, nil
}

func stripPod(p *corev1.Pod) *corev1.Pod {
	out := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: p.Namespace, Name: p.Name, UID: p.UID, ResourceVersion: p.ResourceVersion,
			OwnerReferences: p.OwnerReferences,
			Labels:          keepLabels(p.Labels, kube.RevisionLabels),
			Annotations:     keepAnnotations(p.Annotations),
			Generation:      p.Generation, DeletionTimestamp: p.DeletionTimestamp,
		},
		Spec: corev1.PodSpec{
			NodeName: p.Spec.NodeName, Resources: p.Spec.Resources,
			Containers: stripContainers(p.Spec.Containers), InitContainers: stripContainers(p.Spec.InitContainers),
			EphemeralContainers: stripEphemeral(p.Spec.EphemeralContainers),
		},
		Status: corev1.PodStatus{
			QOSClass: p.Status.QOSClass, StartTime: p.Status.StartTime, Phase: p.Status.Phase,
			Resize: p.Status.Resize, ObservedGeneration: p.Status.ObservedGeneration,
			Conditions:                 stripConditions(p.Status.Conditions),
			ContainerStatuses:          stripStatuses(p.Status.ContainerStatuses),
			InitContainerStatuses:      stripStatuses(p.Status.InitContainerStatuses),
			EphemeralContainerStatuses: stripStatuses(p.Status.EphemeralContainerStatuses),
		},
	}
	return out
}

// keepAnnotations keeps the ignore annotation, and the marks of autoscalers and webhooks that change pods.
func keepAnnotations(all map[string]string) map[string]string {
	var out map[string]string
	for key, value := range all {
		if key == ignoreAnnotation || kube.ReadsAnnotation(key) {
			if out == nil {
				out = map[string]string{}
			}
			out[key] = value
		}
	}
	return out
}

func keepLabels(all map[string]string, keys []string) map[string]string {
	var out map[string]string
	for _, key := range keys {
		if value, ok := all[key]; ok {
			if out == nil {
				out = map[string]string{}
			}
			out[key] = value
		}
	}
	return out
}

func stripContainers(all []corev1.Container) []corev1.Container {
	out := make([]corev1.Container, len(all))
	for i, c := range all {
		out[i] = corev1.Container{
			Name: c.Name, Image: c.Image,
			Resources: c.Resources, RestartPolicy: c.RestartPolicy, ResizePolicy: c.ResizePolicy,
		}
	}
	return out
}

// stripEphemeral keeps names and images: such containers have no resources.
func stripEphemeral(all []corev1.EphemeralContainer) []corev1.EphemeralContainer {
	out := make([]corev1.EphemeralContainer, len(all))
	for i := range all {
		out[i].Name, out[i].Image = all[i].Name, all[i].Image
	}
	return out
}

// stripConditions keeps since when the pod is ready, and the state of a resize in place.
func stripConditions(all []corev1.PodCondition) []corev1.PodCondition {
	var out []corev1.PodCondition
	for _, c := range all {
		switch c.Type {
		case corev1.PodReady, corev1.ContainersReady:
			kept := corev1.PodCondition{Type: c.Type, Status: c.Status, LastTransitionTime: c.LastTransitionTime}
			out = append(out, kept)
		case corev1.PodResizePending, corev1.PodResizeInProgress:
			c.LastProbeTime = metav1.Time{}
			out = append(out, c)
		}
	}
	return out
}

func stripStatuses(all []corev1.ContainerStatus) []corev1.ContainerStatus {
	out := make([]corev1.ContainerStatus, len(all))
	for i, s := range all {
		out[i] = corev1.ContainerStatus{
			Name: s.Name, Resources: s.Resources, ContainerID: s.ContainerID, Ready: s.Ready,
			State: stripState(s.State), LastTerminationState: stripState(s.LastTerminationState),
		}
	}
	return out
}

// stripState keeps whether and since when a container runs, and how it ended.
func stripState(s corev1.ContainerState) corev1.ContainerState {
	var out corev1.ContainerState
	if r := s.Running; r != nil {
		out.Running = &corev1.ContainerStateRunning{StartedAt: r.StartedAt}
	}
	if t := s.Terminated; t != nil {
		out.Terminated = &corev1.ContainerStateTerminated{
			Reason: t.Reason, ContainerID: t.ContainerID, StartedAt: t.StartedAt,
		}
	}
	return out
}

// stripOwnObject keeps of the managed fields of the operator's own objects only the time of the last write, from which
// the time to live counts.
func stripOwnObject(o any) (any, error) {
	if m, ok := o.(metav1.Object); ok {
		written := lastWriteTime(m)
		m.SetManagedFields([]metav1.ManagedFieldsEntry{{Manager: fieldOwner, Time: &written}})
		m.SetAnnotations(nil)
	}
	return o, nil
}

// lastWriteTime returns when the operator last wrote an object: the newest of its entries in the managed fields, or
// else the object's creation.
func lastWriteTime(o metav1.Object) metav1.Time {
	last := o.GetCreationTimestamp()
	for _, f := range o.GetManagedFields() {
		if f.Manager == fieldOwner && f.Time != nil && last.Before(f.Time) {
			last = *f.Time
		}
	}
	return last
}
