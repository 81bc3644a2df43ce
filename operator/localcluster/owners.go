package localcluster

import (
	"context"
	"fmt"
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// A placed pod has to live as long as its capture is looked at, though a cluster may have controllers: the garbage collector deletes what
// has an owner that does not exist, a ReplicaSet makes and deletes pods until their number is right. So pods are made first, then
// owners that want exactly the pods that are there, and then pods are told whose they are.

// placeReplicaSet makes a ReplicaSet that wants the placed pods, and the paused Deployment that it belongs to.
func (p placer) placeReplicaSet(ctx context.Context, item unstructured.Unstructured) error {
	owned := p.owned(item.GetUID())
	var set appsv1.ReplicaSet
	var failed error
	err := p.create(ctx, item, &set, func() {
		set.Spec.Replicas = new(owned)
		set.Spec.Template = gated(set.Spec.Template.Labels)
		failed = p.placeDeployment(ctx, &set)
	})
	if failed != nil {
		return failed
	}
	return err
}

func (p placer) placeDeployment(ctx context.Context, set *appsv1.ReplicaSet) error {
	owner := metav1.GetControllerOf(set)
	if owner == nil {
		return nil
	}
	labels := without(set.Spec.Selector.MatchLabels, appsv1.DefaultDeploymentUniqueLabelKey)
	uid, err := p.owner(ctx, string(owner.UID), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: set.Namespace, Name: owner.Name},
		Spec:       appsv1.DeploymentSpec{Replicas: set.Spec.Replicas, Paused: true, Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: gated(labels)},
	})
	set.OwnerReferences[0].UID = uid
	return err
}

// placeJob makes a Job that no controller looks at.
func (p placer) placeJob(ctx context.Context, item unstructured.Unstructured) error {
	var job batchv1.Job
	return p.create(ctx, item, &job, func() {
		job.OwnerReferences = nil
		job.Spec.Selector, job.Spec.Template.Labels = nil, nil // the API server makes both of these itself
		job.Spec.ManagedBy = new(gate)
	})
}

// adopt tells the pods whose they are. An owner that was not recorded is made.
func (p placer) adopt(ctx context.Context) error {
	for _, pod := range p.pods {
		for i, owner := range pod.OwnerReferences {
			uid, placed := p.uids[string(owner.UID)]
			if !placed {
				made, err := p.placeStatefulSet(ctx, pod, owner)
				if err != nil {
					return fmt.Errorf("%s of pod %s/%s: %w", owner.Kind, pod.Namespace, pod.Name, err)
				}
				uid = string(made)
			}
			pod.OwnerReferences[i].UID = types.UID(uid)
		}
		if len(pod.OwnerReferences) == 0 {
			continue
		}
		orphan := pod.DeepCopy()
		orphan.OwnerReferences = nil
		if err := p.client.Patch(ctx, pod, client.MergeFrom(orphan)); err != nil {
			return err
		}
	}
	return nil
}

// placeStatefulSet makes the StatefulSet that a pod belongs to: recordings have none, since the rules need no more of it than its name.
func (p placer) placeStatefulSet(ctx context.Context, pod *corev1.Pod, owner metav1.OwnerReference) (types.UID, error) {
	if owner.Kind != "StatefulSet" {
		return "", fmt.Errorf("%s is not in the list, and cannot be made", owner.Name)
	}
	labels := without(pod.Labels, appsv1.ControllerRevisionHashLabelKey, appsv1.StatefulSetPodNameLabel, appsv1.PodIndexLabel)
	replicas := p.owned(owner.UID)
	return p.owner(ctx, string(owner.UID), &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: owner.Name},
		Spec: appsv1.StatefulSetSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: gated(labels),
			UpdateStrategy: appsv1.StatefulSetUpdateStrategy{Type: appsv1.OnDeleteStatefulSetStrategyType},
		},
	})
}

// owner makes an owner once, and returns its UID.
func (p placer) owner(ctx context.Context, recorded string, o client.Object) (types.UID, error) {
	if uid, placed := p.uids[recorded]; placed {
		return types.UID(uid), nil
	}
	if err := p.client.Create(ctx, o); err != nil {
		return "", err
	}
	p.uids[recorded] = string(o.GetUID())
	return o.GetUID(), nil
}

// owned is how many of the placed pods have this recorded owner.
func (p placer) owned(uid types.UID) int32 {
	var n int32
	for _, pod := range p.pods {
		if owner := metav1.GetControllerOf(pod); owner != nil && owner.UID == uid {
			n++
		}
	}
	return n
}

// gated is a template of pods that never run, should a controller make one after all.
func gated(labels map[string]string) corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: labels},
		Spec: corev1.PodSpec{
			SchedulingGates: []corev1.PodSchedulingGate{{Name: gate}},
			Containers:      []corev1.Container{{Name: "none", Image: "placed-from-a-capture"}},
		},
	}
}

func without(labels map[string]string, keys ...string) map[string]string {
	out := maps.Clone(labels)
	for _, key := range keys {
		delete(out, key)
	}
	return out
}
