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

// A placed pod has to live as long as its capture is looked at, though a cluster may have controllers: the garbage
// collector deletes what has an owner that does not exist, a ReplicaSet makes and deletes pods until their number is
// right. So pods are made first, then owners that want exactly the pods that are there, and then pods get their owners.
// Owners have the containers of their pods, so that a printed patch of theirs can be tried.

// placeReplicaSet makes a ReplicaSet that wants the placed pods, and the paused Deployment that it belongs to. One that
// was recorded without its spec gets that of its pods.
func (p *placer) placeReplicaSet(ctx context.Context, item unstructured.Unstructured) error {
	var set appsv1.ReplicaSet
	return p.create(ctx, item, &set, func() error {
		return p.complete(ctx, item.GetUID(), &set)
	})
}

// complete makes the spec of a ReplicaSet fit its pods, and makes its Deployment.
func (p *placer) complete(ctx context.Context, recorded types.UID, set *appsv1.ReplicaSet) error {
	labels := set.Spec.Template.Labels
	if len(labels) == 0 {
		labels = p.labels(recorded)
	}
	if len(labels) == 0 {
		return &unplaceableError{"it was recorded without labels, and none of its pods is in the list"}
	}
	if set.Spec.Selector == nil {
		set.Spec.Selector = &metav1.LabelSelector{MatchLabels: labels}
	}
	set.Spec.Replicas = new(p.owned(recorded))
	set.Spec.Template = p.template("ReplicaSet", set, recorded, labels)
	return p.placeDeployment(ctx, recorded, set)
}

// placeDeployment makes the Deployment of a ReplicaSet, and makes it the only owner. Their templates are the same, so
// that a controller has nothing to roll.
func (p *placer) placeDeployment(ctx context.Context, recorded types.UID, set *appsv1.ReplicaSet) error {
	owner := metav1.GetControllerOf(set)
	set.OwnerReferences = nil
	switch {
	case owner == nil:
		return nil
	case owner.Kind != "Deployment":
		p.leave(owner.Kind, set.Namespace, owner.Name, errNotMade)
		return nil
	}
	labels := without(set.Spec.Template.Labels, appsv1.DefaultDeploymentUniqueLabelKey)
	deployment := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: set.Namespace, Name: owner.Name},
		Spec:       appsv1.DeploymentSpec{Replicas: set.Spec.Replicas, Selector: &metav1.LabelSelector{MatchLabels: labels}},
	}
	if _, listed := p.listed["Deployment "+set.Namespace+"/"+owner.Name]; listed {
		set.Spec.Template = p.template("Deployment", deployment, recorded, set.Spec.Template.Labels)
	}
	deployment.Spec.Template = *set.Spec.Template.DeepCopy()
	deployment.Spec.Template.Labels = labels
	uid, err := p.owner(ctx, owner.UID, deployment)
	if isRefused(err) {
		p.leave(owner.Kind, set.Namespace, owner.Name, err)
		return nil
	}
	owner.UID = uid
	set.OwnerReferences = []metav1.OwnerReference{*owner}
	return err
}

// placeJob makes a Job that no controller looks at.
func (p *placer) placeJob(ctx context.Context, item unstructured.Unstructured) error {
	var job batchv1.Job
	return p.create(ctx, item, &job, func() error {
		job.OwnerReferences = slices.DeleteFunc(job.OwnerReferences, func(o metav1.OwnerReference) bool { return p.uids[string(o.UID)] == "" })
		for i := range job.OwnerReferences { // a CronJob that is in the list
			job.OwnerReferences[i].UID = types.UID(p.uids[string(job.OwnerReferences[i].UID)])
		}
		job.Spec.Selector, job.Spec.Template.Labels = nil, nil // the API server makes both of these itself
		job.Spec.ManagedBy = new(gate)
		if len(job.Spec.Template.Spec.Containers) == 0 {
			job.Spec.Template = p.jobTemplate("Job", &job, item.GetUID())
		}
		return nil
	})
}

func (p *placer) jobTemplate(kind string, job client.Object, recorded types.UID) corev1.PodTemplateSpec {
	t := p.template(kind, job, recorded, nil)
	t.Spec.RestartPolicy = corev1.RestartPolicyNever
	return t
}

// placeCronJob makes a CronJob that makes no Jobs.
func (p *placer) placeCronJob(ctx context.Context, item unstructured.Unstructured) error {
	var job batchv1.CronJob
	return p.create(ctx, item, &job, func() error {
		job.OwnerReferences, job.Spec.Suspend = nil, new(true)
		job.Spec.JobTemplate.Spec.Template = p.jobTemplate("CronJob", &job, "")
		return nil
	})
}

// adopt gives the pods their owners. One that was not recorded is made; one that cannot be made is left out.
func (p *placer) adopt(ctx context.Context) error {
	for _, pod := range p.inOrder() {
		var owners []metav1.OwnerReference
		for _, owner := range pod.OwnerReferences {
			uid, placed := p.uids[string(owner.UID)]
			if !placed {
				made, err := p.placeOwner(ctx, pod, owner)
				switch {
				case isRefused(err):
					p.leave(owner.Kind, pod.Namespace, owner.Name, err)
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

// revisionLabels are those that controllers put on pods: their owners do not select by them.
var revisionLabels = []string{
	appsv1.ControllerRevisionHashLabelKey, appsv1.StatefulSetPodNameLabel, appsv1.PodIndexLabel, "pod-template-generation",
	appsv1.DefaultDeploymentUniqueLabelKey,
}

// placeOwner makes the owner of a pod, of the list's template where that has the owner.
func (p *placer) placeOwner(ctx context.Context, pod *corev1.Pod, owner metav1.OwnerReference) (types.UID, error) {
	meta := metav1.ObjectMeta{Namespace: pod.Namespace, Name: owner.Name}
	labels := without(pod.Labels, revisionLabels...)
	selector := &metav1.LabelSelector{MatchLabels: labels}
	switch owner.Kind {
	case "StatefulSet":
		set := &appsv1.StatefulSet{ObjectMeta: meta, Spec: appsv1.StatefulSetSpec{Replicas: new(p.owned(owner.UID)), Selector: selector}}
		set.Spec.Template = p.template("StatefulSet", set, owner.UID, labels)
		set.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateStatefulSetStrategy{Partition: set.Spec.Replicas} // of pods above these
		return p.owner(ctx, owner.UID, set)
	case "DaemonSet":
		t := p.template("DaemonSet", &appsv1.DaemonSet{ObjectMeta: meta}, owner.UID, labels)
		t.Spec.NodeSelector = map[string]string{gate: "true"} // no node has it, so a controller makes no pods
		return p.owner(ctx, owner.UID, &appsv1.DaemonSet{ObjectMeta: meta, Spec: appsv1.DaemonSetSpec{
			Selector: selector, Template: t, UpdateStrategy: appsv1.DaemonSetUpdateStrategy{Type: appsv1.OnDeleteDaemonSetStrategyType},
		}})
	case "ReplicaSet":
		set := &appsv1.ReplicaSet{ObjectMeta: meta}
		if name, ok := strings.CutSuffix(owner.Name, "-"+pod.Labels[appsv1.DefaultDeploymentUniqueLabelKey]); ok {
			set.OwnerReferences = []metav1.OwnerReference{{
				APIVersion: "apps/v1", Kind: "Deployment", Name: name, UID: types.UID(pod.Namespace + "/" + name), Controller: new(true),
			}}
		}
		if err := p.complete(ctx, owner.UID, set); err != nil {
			return "", err
		}
		return p.owner(ctx, owner.UID, set)
	case "Job":
		job := &batchv1.Job{ObjectMeta: meta, Spec: batchv1.JobSpec{ManagedBy: new(gate)}}
		job.Spec.Template = p.jobTemplate("Job", job, owner.UID)
		return p.owner(ctx, owner.UID, job)
	}
	return "", errNotMade
}

// owner makes an owner once, and returns its UID.
func (p *placer) owner(ctx context.Context, recorded types.UID, o client.Object) (types.UID, error) {
	if uid, placed := p.uids[string(recorded)]; placed {
		return types.UID(uid), nil
	}
	if err := p.client.Create(ctx, o); err != nil {
		return "", err
	}
	p.uids[string(recorded)] = string(o.GetUID())
	return o.GetUID(), nil
}

// inOrder lists the placed pods by namespace and name.
func (p *placer) inOrder() []*corev1.Pod {
	return slices.SortedFunc(maps.Values(p.pods), func(a, b *corev1.Pod) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
	})
}

// ownedBy lists the placed pods that have this recorded owner.
func (p *placer) ownedBy(uid types.UID) []*corev1.Pod {
	return slices.DeleteFunc(p.inOrder(), func(pod *corev1.Pod) bool {
		owner := metav1.GetControllerOf(pod)
		return owner == nil || owner.UID != uid
	})
}

// owned is how many they are.
func (p *placer) owned(uid types.UID) int32 { return int32(len(p.ownedBy(uid))) }

// labels are those of the first of them.
func (p *placer) labels(owner types.UID) map[string]string {
	for _, pod := range p.ownedBy(owner) {
		return pod.Labels
	}
	return nil
}

// template is one of pods that never run, should a controller make one after all. Its containers are those of the list,
// or else those of the owner's pods.
func (p *placer) template(kind string, owner client.Object, recorded types.UID, labels map[string]string) corev1.PodTemplateSpec {
	spec, listed := p.listed[kind+" "+owner.GetNamespace()+"/"+owner.GetName()]
	if pods := p.ownedBy(recorded); !listed && len(pods) > 0 {
		spec = pods[0].Spec
	}
	t := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{
		SchedulingGates: []corev1.PodSchedulingGate{{Name: gate}},
		Containers:      bare(spec.Containers), InitContainers: bare(spec.InitContainers), Resources: spec.Resources,
	}}
	if len(t.Spec.Containers) == 0 {
		t.Spec.Containers = []corev1.Container{{Name: "none", Image: image}}
	}
	return t
}

// templatesOf are the pod templates of the list's owners, by kind, namespace and name.
func templatesOf(items []unstructured.Unstructured) map[string]corev1.PodSpec {
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

func without(labels map[string]string, keys ...string) map[string]string {
	out := maps.Clone(labels)
	for _, key := range keys {
		delete(out, key)
	}
	return out
}
