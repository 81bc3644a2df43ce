package testcluster

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// A placed pod must exist as long as its capture is in use, even if the cluster has controllers: the garbage collector
// deletes an object with an owner that does not exist, and a ReplicaSet makes and deletes pods until their number is
// right. So pods are made first, then owners that want exactly these pods, and then the pods get their owners. Owners
// have the containers of their pods, so that a patch that is printed for an owner can be applied.

// placeReplicaSet makes a ReplicaSet that wants the placed pods, and the Deployment that it belongs to. A ReplicaSet
// that was recorded without its spec gets the spec of its pods.
func (p *placer) placeReplicaSet(ctx context.Context, item unstructured.Unstructured) error {
	var set appsv1.ReplicaSet
	return p.createRecorded(ctx, item, &set, func() error {
		return p.completeReplicaSet(ctx, item.GetUID(), &set)
	})
}

// completeReplicaSet makes the spec of a ReplicaSet fit its pods, and makes its Deployment.
func (p *placer) completeReplicaSet(ctx context.Context, recorded types.UID, set *appsv1.ReplicaSet) error {
	labels := set.Spec.Template.Labels
	if len(labels) == 0 {
		labels = p.labelsOfPods(recorded)
	}
	if len(labels) == 0 {
		return &unplaceableError{"it was recorded without labels, and none of its pods is in the list"}
	}
	if set.Spec.Selector == nil {
		set.Spec.Selector = &metav1.LabelSelector{MatchLabels: labels}
	}
	set.Spec.Replicas = new(p.countPodsOwnedBy(recorded))
	set.Spec.Template = p.podTemplate("ReplicaSet", set, recorded, labels)
	return p.placeDeployment(ctx, recorded, set)
}

// placeDeployment makes the Deployment of a ReplicaSet and makes it the only owner. Both have the same template, so
// that a controller has nothing to roll out.
func (p *placer) placeDeployment(ctx context.Context, recorded types.UID, set *appsv1.ReplicaSet) error {
	owner := metav1.GetControllerOf(set)
	set.OwnerReferences = nil
	switch {
	case owner == nil:
		return nil
	case owner.Kind != "Deployment":
		p.leaveOut(owner.Kind, set.Namespace, owner.Name, errNotMade)
		return nil
	}
	labels := withoutKeys(set.Spec.Template.Labels, appsv1.DefaultDeploymentUniqueLabelKey)
	deployment := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: set.Namespace, Name: owner.Name},
		Spec:       appsv1.DeploymentSpec{Replicas: set.Spec.Replicas, Selector: &metav1.LabelSelector{MatchLabels: labels}},
	}
	if _, listed := p.templates["Deployment "+set.Namespace+"/"+owner.Name]; listed {
		set.Spec.Template = p.podTemplate("Deployment", deployment, recorded, set.Spec.Template.Labels)
	}
	deployment.Spec.Template = *set.Spec.Template.DeepCopy()
	deployment.Spec.Template.Labels = labels
	uid, err := p.createOwner(ctx, owner.UID, deployment)
	if isRefused(err) {
		p.leaveOut(owner.Kind, set.Namespace, owner.Name, err)
		return nil
	}
	owner.UID = uid
	set.OwnerReferences = []metav1.OwnerReference{*owner}
	return err
}

// placeJob makes a Job that no controller manages.
func (p *placer) placeJob(ctx context.Context, item unstructured.Unstructured) error {
	var job batchv1.Job
	return p.createRecorded(ctx, item, &job, func() error {
		job.OwnerReferences = slices.DeleteFunc(job.OwnerReferences,
			func(o metav1.OwnerReference) bool { return p.uids[string(o.UID)] == "" })
		for i := range job.OwnerReferences { // a CronJob that is in the list
			job.OwnerReferences[i].UID = types.UID(p.uids[string(job.OwnerReferences[i].UID)])
		}
		job.Spec.Selector, job.Spec.Template.Labels = nil, nil // the API server makes both of these itself
		job.Spec.ManagedBy = new(placedGate)
		if len(job.Spec.Template.Spec.Containers) == 0 {
			job.Spec.Template = p.jobTemplate("Job", &job, item.GetUID())
		}
		return nil
	})
}

func (p *placer) jobTemplate(kind string, job client.Object, recorded types.UID) corev1.PodTemplateSpec {
	t := p.podTemplate(kind, job, recorded, nil)
	t.Spec.RestartPolicy = corev1.RestartPolicyNever
	return t
}

// placeCronJob makes a CronJob that makes no Jobs.
func (p *placer) placeCronJob(ctx context.Context, item unstructured.Unstructured) error {
	var job batchv1.CronJob
	return p.createRecorded(ctx, item, &job, func() error {
		job.OwnerReferences, job.Spec.Suspend = nil, new(true)
		job.Spec.JobTemplate.Spec.Template = p.jobTemplate("CronJob", &job, "")
		return nil
	})
}

// setOwners gives the pods their owners. An owner that was not recorded is made, or left out if that is not possible.
func (p *placer) setOwners(ctx context.Context) error {
	for _, pod := range p.sortedPods() {
		var owners []metav1.OwnerReference
		for _, owner := range pod.OwnerReferences {
			uid, placed := p.uids[string(owner.UID)]
			if !placed {
				made, err := p.placeOwner(ctx, pod, owner)
				switch {
				case isRefused(err):
					p.leaveOut(owner.Kind, pod.Namespace, owner.Name, err)
					continue
				case err != nil:
					return fmt.Errorf("%s of pod %s/%s: %w", owner.Kind, pod.Namespace, pod.Name, err)
				}
				uid = string(made)
			}
			owner.UID = types.UID(uid)
			owners = append(owners, owner)
		}
		if len(owners) == 0 {
			continue
		}
		orphan := pod.DeepCopy()
		orphan.OwnerReferences = nil
		pod.OwnerReferences = owners
		if err := p.client.Patch(ctx, pod, client.MergeFrom(orphan)); err != nil {
			return err
		}
	}
	return nil
}

// revisionLabels are the labels that controllers put on pods and by which owners do not select.
var revisionLabels = []string{
	appsv1.ControllerRevisionHashLabelKey, appsv1.StatefulSetPodNameLabel, appsv1.PodIndexLabel, "pod-template-generation",
	appsv1.DefaultDeploymentUniqueLabelKey,
}

// placeOwner makes the owner of a pod, from the template in the list if the owner is in it.
func (p *placer) placeOwner(ctx context.Context, pod *corev1.Pod, owner metav1.OwnerReference) (types.UID, error) {
	meta := metav1.ObjectMeta{Namespace: pod.Namespace, Name: owner.Name}
	labels := withoutKeys(pod.Labels, revisionLabels...)
	selector := &metav1.LabelSelector{MatchLabels: labels}
	switch owner.Kind {
	case "StatefulSet":
		set := &appsv1.StatefulSet{
			ObjectMeta: meta,
			Spec:       appsv1.StatefulSetSpec{Replicas: new(p.countPodsOwnedBy(owner.UID)), Selector: selector},
		}
		set.Spec.Template = p.podTemplate("StatefulSet", set, owner.UID, labels)
		// A partition as large as the set: a controller replaces no pod.
		set.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateStatefulSetStrategy{Partition: set.Spec.Replicas}
		return p.createOwner(ctx, owner.UID, set)
	case "DaemonSet":
		t := p.podTemplate("DaemonSet", &appsv1.DaemonSet{ObjectMeta: meta}, owner.UID, labels)
		t.Spec.NodeSelector = map[string]string{placedGate: "true"} // no node has it, so a controller makes no pods
		return p.createOwner(ctx, owner.UID, &appsv1.DaemonSet{ObjectMeta: meta, Spec: appsv1.DaemonSetSpec{
			Selector:       selector,
			Template:       t,
			UpdateStrategy: appsv1.DaemonSetUpdateStrategy{Type: appsv1.OnDeleteDaemonSetStrategyType},
		}})
	case "ReplicaSet":
		set := &appsv1.ReplicaSet{ObjectMeta: meta}
		if name, ok := strings.CutSuffix(owner.Name, "-"+pod.Labels[appsv1.DefaultDeploymentUniqueLabelKey]); ok {
			set.OwnerReferences = []metav1.OwnerReference{{
				APIVersion: "apps/v1", Kind: "Deployment", Name: name, UID: types.UID(pod.Namespace + "/" + name),
				Controller: new(true),
			}}
		}
		if err := p.completeReplicaSet(ctx, owner.UID, set); err != nil {
			return "", err
		}
		return p.createOwner(ctx, owner.UID, set)
	case "Job":
		job := &batchv1.Job{ObjectMeta: meta, Spec: batchv1.JobSpec{ManagedBy: new(placedGate)}}
		job.Spec.Template = p.jobTemplate("Job", job, owner.UID)
		return p.createOwner(ctx, owner.UID, job)
	}
	return "", errNotMade
}

// createOwner makes an owner, once, and returns its UID.
func (p *placer) createOwner(ctx context.Context, recorded types.UID, o client.Object) (types.UID, error) {
	if uid, placed := p.uids[string(recorded)]; placed {
		return types.UID(uid), nil
	}
	if err := p.client.Create(ctx, o); err != nil {
		return "", err
	}
	p.uids[string(recorded)] = string(o.GetUID())
	return o.GetUID(), nil
}

// sortedPods returns the placed pods by namespace and name.
func (p *placer) sortedPods() []*corev1.Pod {
	return slices.SortedFunc(maps.Values(p.pods), func(a, b *corev1.Pod) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
	})
}

// podsOwnedBy returns the placed pods that have this recorded owner.
func (p *placer) podsOwnedBy(uid types.UID) []*corev1.Pod {
	return slices.DeleteFunc(p.sortedPods(), func(pod *corev1.Pod) bool {
		owner := metav1.GetControllerOf(pod)
		return owner == nil || owner.UID != uid
	})
}

// countPodsOwnedBy returns the number of placed pods that have this recorded owner.
func (p *placer) countPodsOwnedBy(uid types.UID) int32 { return int32(len(p.podsOwnedBy(uid))) }

// labelsOfPods returns the labels of the first placed pod that has this recorded owner.
func (p *placer) labelsOfPods(owner types.UID) map[string]string {
	for _, pod := range p.podsOwnedBy(owner) {
		return pod.Labels
	}
	return nil
}

// podTemplate returns a template of pods that never run, in case a controller makes one. Its containers come from the
// list, or else from the owner's pods.
func (p *placer) podTemplate(
	kind string, owner client.Object, recorded types.UID, labels map[string]string,
) corev1.PodTemplateSpec {
	spec, listed := p.templates[kind+" "+owner.GetNamespace()+"/"+owner.GetName()]
	if pods := p.podsOwnedBy(recorded); !listed && len(pods) > 0 {
		spec = pods[0].Spec
	}
	t := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{
		SchedulingGates: []corev1.PodSchedulingGate{{Name: placedGate}},
		Containers:      resourcesOnly(spec.Containers),
		InitContainers:  resourcesOnly(spec.InitContainers),
		Resources:       spec.Resources,
	}}
	if len(t.Spec.Containers) == 0 {
		t.Spec.Containers = []corev1.Container{{Name: "none", Image: placedImage}}
	}
	return t
}

// listedTemplates returns the pod templates of the owners in the list, by kind, namespace and name.
func listedTemplates(items []unstructured.Unstructured) map[string]corev1.PodSpec {
	out := map[string]corev1.PodSpec{}
	for _, item := range items {
		for _, path := range [][]string{{"spec", "template", "spec"}, {"spec", "jobTemplate", "spec", "template", "spec"}} {
			content, found, err := unstructured.NestedMap(item.Object, path...)
			var spec corev1.PodSpec
			if found && err == nil && runtime.DefaultUnstructuredConverter.FromUnstructured(content, &spec) == nil {
				out[item.GetKind()+" "+item.GetNamespace()+"/"+item.GetName()] = spec
			}
		}
	}
	return out
}

func withoutKeys(labels map[string]string, keys ...string) map[string]string {
	out := maps.Clone(labels)
	for _, key := range keys {
		delete(out, key)
	}
	return out
}
