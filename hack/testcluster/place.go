package testcluster

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
)

// gate keeps placed pods from being scheduled: they have no work to do.
const gate = "kernel.gossip.io/placed-from-a-capture"

// image is that of all placed containers: none is ever pulled.
const image = "placed-from-a-capture"

// UIDs says what became of the UIDs of a capture's objects: from the recorded to the live one.
type UIDs map[string]string

// Place makes the pods of a capture, their owners, and the HorizontalPodAutoscalers and LimitRanges that are about
// them, from a kubectl list in YAML or JSON. Other kinds are skipped. Pods get a scheduling gate, so that no node and
// no image is needed, and the status that was recorded. Owners are such that Kubernetes' controllers, where there are
// any, find nothing to do: see owners.go. What the API server does not take, and owners of other kinds (the node of a
// static pod, a custom resource), are left out: leftOut says what, and why. The error is about an API server that
// cannot be asked, or a list that cannot be read.
func Place(ctx context.Context, c client.Client, list io.Reader) (uids UIDs, leftOut []string, err error) {
	items, err := read(list)
	if err != nil {
		return nil, nil, err
	}
	p := &placer{client: c, uids: UIDs{}, pods: map[string]*corev1.Pod{}, listed: templatesOf(items)}
	for _, step := range []struct {
		kind  string
		place func(context.Context, unstructured.Unstructured) error
	}{
		{"LimitRange", p.placeAsIs},
		{"HorizontalPodAutoscaler", p.placeAsIs},
		{"Pod", p.placePod},
		{"ReplicaSet", p.placeReplicaSet},
		{"CronJob", p.placeCronJob},
		{"Job", p.placeJob},
	} {
		for _, item := range items {
			if item.GetKind() != step.kind {
				continue
			}
			err := step.place(ctx, item)
			switch {
			case isRefused(err):
				p.leave(step.kind, item.GetNamespace(), item.GetName(), err)
			case err != nil:
				return nil, nil, fmt.Errorf("%s %s/%s: %w", step.kind, item.GetNamespace(), item.GetName(), err)
			}
		}
	}
	err = p.adopt(ctx)
	return p.uids, p.leftOut, err
}

// unplaceableError says why something cannot be made here.
type unplaceableError struct{ why string }

func (e *unplaceableError) Error() string { return e.why }

var errNotMade = &unplaceableError{"it is not in the list, and only Deployments, ReplicaSets, StatefulSets, DaemonSets and Jobs are made"}

// isRefused reports whether an error is about one object alone: the API server answered, and does not take it.
func isRefused(err error) bool {
	if _, here := errors.AsType[*unplaceableError](err); here {
		return true
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return false
	}
	code := status.Status().Code
	return code >= 400 && code < 500 && code != http.StatusUnauthorized && code != http.StatusTooManyRequests
}

func read(list io.Reader) ([]unstructured.Unstructured, error) {
	var out []unstructured.Unstructured
	decoder := utilyaml.NewYAMLOrJSONDecoder(bufio.NewReader(list), 4096)
	for {
		var o unstructured.Unstructured
		err := decoder.Decode(&o.Object)
		switch {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, err
		case o.IsList():
			if err := o.EachListItem(func(item runtime.Object) error {
				out = append(out, *item.(*unstructured.Unstructured))
				return nil
			}); err != nil {
				return nil, err
			}
		case o.Object != nil:
			out = append(out, o)
		}
	}
}

type placer struct {
	client client.Client
	uids   UIDs
	pods   map[string]*corev1.Pod // live, with the recorded owners, by namespace and name

	listed  map[string]corev1.PodSpec // templates, by kind, namespace and name of their owner
	leftOut []string
}

// leave leaves something out, and says so once.
func (p *placer) leave(kind, namespace, name string, why error) {
	text := fmt.Sprintf("%s %s/%s: %v", kind, namespace, name, why)
	if !slices.Contains(p.leftOut, text) {
		p.leftOut = append(p.leftOut, text)
	}
}

// namespace makes a namespace, and the account without which no pod may be made; where there are controllers they are about to.
func (p *placer) namespace(ctx context.Context, name string) error {
	for _, o := range []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}},
		&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: name, Name: "default"}},
	} {
		if err := p.client.Create(ctx, o); err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
	}
	return nil
}

func (p *placer) placeAsIs(ctx context.Context, item unstructured.Unstructured) error {
	var o client.Object = &corev1.LimitRange{}
	if item.GetKind() == "HorizontalPodAutoscaler" {
		o = &autoscalingv2.HorizontalPodAutoscaler{}
	}
	return p.create(ctx, item, o, func() error {
		o.SetOwnerReferences(nil)
		return nil
	})
}

// create makes a recorded object with some changes, and notes its UID. What only the recording cluster knew of it is left out.
func (p *placer) create(ctx context.Context, item unstructured.Unstructured, o client.Object, change func() error) error {
	if err := p.namespace(ctx, item.GetNamespace()); err != nil {
		return err
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(item.Object, o); err != nil {
		return &unplaceableError{err.Error()}
	}
	o.SetUID("")
	o.SetResourceVersion("")
	o.SetManagedFields(nil)
	o.SetCreationTimestamp(metav1.Time{})
	o.SetGeneration(0)
	o.SetFinalizers(nil)
	if err := change(); err != nil {
		return err
	}
	if err := p.client.Create(ctx, o); err != nil {
		return err
	}
	if uid := string(item.GetUID()); uid != "" { // a list that was written by hand may have none
		p.uids[uid] = string(o.GetUID())
	}
	return nil
}

// placePod makes a pod that nobody owns yet.
func (p *placer) placePod(ctx context.Context, item unstructured.Unstructured) error {
	var pod corev1.Pod
	var recorded corev1.Pod
	if err := p.create(ctx, item, &pod, func() error {
		recorded = *pod.DeepCopy()
		pod.OwnerReferences = nil
		pod.Labels = selectable(&recorded)
		delete(pod.Annotations, corev1.MirrorPodAnnotationKey) // the mirror of a static pod: only a kubelet may make one
		pod.Spec = corev1.PodSpec{
			SchedulingGates: []corev1.PodSchedulingGate{{Name: gate}},
			Containers:      bare(recorded.Spec.Containers), InitContainers: bare(recorded.Spec.InitContainers),
			Resources: recorded.Spec.Resources, AutomountServiceAccountToken: new(false),
		}
		return nil
	}); err != nil {
		return err
	}
	before := pod.DeepCopy()
	pod.Status.StartTime, pod.Status.Resize = recorded.Status.StartTime, recorded.Status.Resize
	if recorded.Status.Phase == corev1.PodSucceeded || recorded.Status.Phase == corev1.PodFailed {
		pod.Status.Phase = recorded.Status.Phase
	}
	for _, c := range recorded.Status.Conditions {
		if c.Type != corev1.PodScheduled { // it is not
			pod.Status.Conditions = append(pod.Status.Conditions, c)
		}
	}
	pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses = recorded.Status.ContainerStatuses, recorded.Status.InitContainerStatuses
	if err := p.client.Status().Patch(ctx, &pod, client.MergeFrom(before)); err != nil {
		return err
	}
	pod.OwnerReferences = recorded.OwnerReferences
	p.pods[item.GetNamespace()+"/"+item.GetName()] = &pod
	return nil
}

// selectable are the pod's labels; one that was recorded without any gets one, so that its owner can select it.
func selectable(pod *corev1.Pod) map[string]string {
	owner := metav1.GetControllerOf(pod)
	if owner == nil || len(without(pod.Labels, revisionLabels...)) > 0 {
		return pod.Labels
	}
	labels := map[string]string{gate: owner.Name[:min(len(owner.Name), 63)]}
	maps.Copy(labels, pod.Labels)
	return labels
}

// bare leaves of containers what tells of their resources.
func bare(all []corev1.Container) []corev1.Container {
	out := make([]corev1.Container, len(all))
	for i, c := range all {
		out[i] = corev1.Container{
			Name: c.Name, Image: image, Resources: c.Resources, RestartPolicy: c.RestartPolicy, ResizePolicy: c.ResizePolicy,
		}
	}
	return out
}

// Rewrite copies a capture that is not packed, in whatever form, with the live UIDs in place of the recorded ones.
func (u UIDs) Rewrite(w io.Writer, capture io.Reader) error {
	var pairs []string
	for recorded, live := range u {
		pairs = append(pairs, strconv.Quote(recorded), strconv.Quote(live))
	}
	replace := strings.NewReplacer(pairs...) // no UID is part of another: their order does not matter
	lines := bufio.NewReader(capture)
	for {
		line, err := lines.ReadString('\n')
		if _, failed := replace.WriteString(w, line); failed != nil {
			return failed
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// Clear deletes what Place and an operator made in these namespaces. It leaves nothing to the garbage collector, which an API server alone
// does not have: Jobs would wait for it.
func Clear(ctx context.Context, c client.Client, namespaces ...string) error {
	var trouble []error
	for _, namespace := range namespaces {
		for _, o := range []client.Object{
			&appsv1.Deployment{}, &appsv1.StatefulSet{}, &appsv1.DaemonSet{}, &appsv1.ReplicaSet{}, &batchv1.CronJob{}, &batchv1.Job{}, &corev1.Pod{}, &autoscalingv2.HorizontalPodAutoscaler{}, &corev1.LimitRange{},
			&v1alpha1.KernelWhisper{}, &v1alpha1.PodBirthCertificate{},
		} {
			trouble = append(trouble, c.DeleteAllOf(ctx, o, client.InNamespace(namespace), client.GracePeriodSeconds(0),
				client.PropagationPolicy(metav1.DeletePropagationBackground)))
		}
	}
	return errors.Join(trouble...)
}
