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

// placedGate is the scheduling gate of placed pods: no node runs them.
const placedGate = "kernel.gossip.io/placed-from-a-capture"

// placedImage is the image of all placed containers. It is never pulled.
const placedImage = "placed-from-a-capture"

// UIDs maps the recorded UID of each placed object to its live one.
type UIDs map[string]string

// Place makes the pods of a capture, their owners, and the HorizontalPodAutoscalers and LimitRanges that are about
// them, from a kubectl list in YAML or JSON. Other kinds are skipped. Pods get their recorded status and a scheduling
// gate, so that no node and no image is needed. Owners are made so that the controllers of a whole cluster have nothing
// to do: see owners.go. Objects that the API server refuses, and owners of other kinds (the node of a static pod, a
// custom resource), are left out; leftOut names them with the reason. Place returns an error if the API server does not
// answer or the list cannot be read.
func Place(ctx context.Context, c client.Client, list io.Reader) (uids UIDs, leftOut []string, err error) {
	items, err := readList(list)
	if err != nil {
		return nil, nil, err
	}
	p := &placer{client: c, uids: UIDs{}, pods: map[string]*corev1.Pod{}, templates: listedTemplates(items)}
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
				p.leaveOut(step.kind, item.GetNamespace(), item.GetName(), err)
			case err != nil:
				return nil, nil, fmt.Errorf("%s %s/%s: %w", step.kind, item.GetNamespace(), item.GetName(), err)
			}
		}
	}
	err = p.setOwners(ctx)
	return p.uids, p.leftOut, err
}

// unplaceableError is the reason why an object cannot be made here.
type unplaceableError struct{ why string }

func (e *unplaceableError) Error() string { return e.why }

var errNotMade = &unplaceableError{
	"it is not in the list, and only Deployments, ReplicaSets, StatefulSets, DaemonSets and Jobs are made",
}

// isRefused reports whether an error is about one object alone: the API server answered, and refused it.
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

func readList(list io.Reader) ([]unstructured.Unstructured, error) {
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

	templates map[string]corev1.PodSpec // by kind, namespace and name of their owner
	leftOut   []string
}

// leaveOut notes an object that is left out, once.
func (p *placer) leaveOut(kind, namespace, name string, why error) {
	text := fmt.Sprintf("%s %s/%s: %v", kind, namespace, name, why)
	if !slices.Contains(p.leftOut, text) {
		p.leftOut = append(p.leftOut, text)
	}
}

// createNamespace makes a namespace and its default account, without which no pod can be made. A controller, if there
// is one, may make the account first.
func (p *placer) createNamespace(ctx context.Context, name string) error {
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
	return p.createRecorded(ctx, item, o, func() error {
		o.SetOwnerReferences(nil)
		return nil
	})
}

// createRecorded makes a recorded object with some changes, without what only the recording cluster knew, and notes its
// UID.
func (p *placer) createRecorded(
	ctx context.Context, item unstructured.Unstructured, o client.Object, change func() error,
) error {
	if err := p.createNamespace(ctx, item.GetNamespace()); err != nil {
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

// placePod makes a pod that has no owner yet.
func (p *placer) placePod(ctx context.Context, item unstructured.Unstructured) error {
	var pod corev1.Pod
	var recorded corev1.Pod
	if err := p.createRecorded(ctx, item, &pod, func() error {
		recorded = *pod.DeepCopy()
		pod.OwnerReferences = nil
		pod.Labels = selectableLabels(&recorded)
		delete(pod.Annotations, corev1.MirrorPodAnnotationKey) // the mirror of a static pod: only a kubelet may make one
		pod.Spec = corev1.PodSpec{
			SchedulingGates:              []corev1.PodSchedulingGate{{Name: placedGate}},
			Containers:                   resourcesOnly(recorded.Spec.Containers),
			InitContainers:               resourcesOnly(recorded.Spec.InitContainers),
			Resources:                    recorded.Spec.Resources,
			AutomountServiceAccountToken: new(false),
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
	pod.Status.ContainerStatuses = recorded.Status.ContainerStatuses
	pod.Status.InitContainerStatuses = recorded.Status.InitContainerStatuses
	if err := p.client.Status().Patch(ctx, &pod, client.MergeFrom(before)); err != nil {
		return err
	}
	pod.OwnerReferences = recorded.OwnerReferences
	p.pods[item.GetNamespace()+"/"+item.GetName()] = &pod
	return nil
}

// selectableLabels returns the pod's labels, and one more for a pod that its owner could not select by them.
func selectableLabels(pod *corev1.Pod) map[string]string {
	owner := metav1.GetControllerOf(pod)
	if owner == nil || len(withoutKeys(pod.Labels, revisionLabels...)) > 0 {
		return pod.Labels
	}
	labels := map[string]string{placedGate: owner.Name[:min(len(owner.Name), 63)]}
	maps.Copy(labels, pod.Labels)
	return labels
}

// resourcesOnly returns the containers with their names and resources alone.
func resourcesOnly(all []corev1.Container) []corev1.Container {
	out := make([]corev1.Container, len(all))
	for i, c := range all {
		out[i] = corev1.Container{
			Name:          c.Name,
			Image:         placedImage,
			Resources:     c.Resources,
			RestartPolicy: c.RestartPolicy,
			ResizePolicy:  c.ResizePolicy,
		}
	}
	return out
}

// Rewrite copies a capture, which must not be compressed, with the live UIDs in place of the recorded ones.
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

// ClearNamespaces deletes what Place and an operator made in these namespaces. It leaves nothing to the garbage
// collector, which a [ControlPlane] does not have and for which Jobs would wait.
func ClearNamespaces(ctx context.Context, c client.Client, namespaces ...string) error {
	var trouble []error
	for _, namespace := range namespaces {
		for _, o := range []client.Object{
			&appsv1.Deployment{}, &appsv1.StatefulSet{}, &appsv1.DaemonSet{}, &appsv1.ReplicaSet{}, &batchv1.CronJob{},
			&batchv1.Job{}, &corev1.Pod{}, &autoscalingv2.HorizontalPodAutoscaler{}, &corev1.LimitRange{},
			&v1alpha1.KernelWhisper{}, &v1alpha1.PodBirthCertificate{},
		} {
			trouble = append(trouble, c.DeleteAllOf(ctx, o, client.InNamespace(namespace), client.GracePeriodSeconds(0),
				client.PropagationPolicy(metav1.DeletePropagationBackground)))
		}
	}
	return errors.Join(trouble...)
}
