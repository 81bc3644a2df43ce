package localcluster

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
)

// gate keeps placed pods from being scheduled: they have no work to do.
const gate = "kernel.gossip.io/placed-from-a-capture"

// UIDs tells what became of the UIDs of a capture's objects: from the recorded to the live one.
type UIDs map[string]string

// Place makes the pods of a capture, and the ReplicaSets, Jobs, HorizontalPodAutoscalers and LimitRanges that tell of them, from a
// kubectl list in YAML or JSON. Other kinds are skipped. Pods get a scheduling gate, so that no node and no image is needed, and
// the status that was recorded.
func Place(ctx context.Context, c client.Client, list io.Reader) (UIDs, error) {
	items, err := read(list)
	if err != nil {
		return nil, err
	}
	p := placer{client: c, uids: UIDs{}}
	for _, kinds := range [][]string{{"LimitRange"}, {"ReplicaSet", "Job", "HorizontalPodAutoscaler"}, {"Pod"}} {
		for _, item := range items {
			for _, kind := range kinds {
				if item.GetKind() != kind {
					continue
				}
				if err := p.place(ctx, item); err != nil {
					return nil, fmt.Errorf("%s %s/%s: %w", kind, item.GetNamespace(), item.GetName(), err)
				}
			}
		}
	}
	return p.uids, nil
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
}

func (p placer) place(ctx context.Context, item unstructured.Unstructured) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: item.GetNamespace()}}
	if err := p.client.Create(ctx, namespace); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	var o client.Object
	switch item.GetKind() {
	case "Pod":
		return p.placePod(ctx, item)
	case "ReplicaSet":
		o = &appsv1.ReplicaSet{}
	case "Job":
		o = &batchv1.Job{}
	case "HorizontalPodAutoscaler":
		o = &autoscalingv2.HorizontalPodAutoscaler{}
	case "LimitRange":
		o = &corev1.LimitRange{}
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(item.Object, o); err != nil {
		return err
	}
	p.adopt(o, item)
	if job, ok := o.(*batchv1.Job); ok { // the API server makes both of these itself
		job.Spec.Selector, job.Spec.Template.Labels = nil, nil
	}
	if err := p.client.Create(ctx, o); err != nil {
		return err
	}
	p.uids[string(item.GetUID())] = string(o.GetUID())
	return nil
}

// adopt leaves of the metadata what another cluster can use, and renames owners that were placed before.
func (p placer) adopt(o client.Object, item unstructured.Unstructured) {
	for _, clear := range []func(){
		func() { o.SetUID("") }, func() { o.SetResourceVersion("") }, func() { o.SetManagedFields(nil) },
		func() { o.SetCreationTimestamp(metav1.Time{}) }, func() { o.SetGeneration(0) }, func() { o.SetFinalizers(nil) },
	} {
		clear()
	}
	owners := item.GetOwnerReferences()
	for i := range owners {
		if uid, placed := p.uids[string(owners[i].UID)]; placed {
			owners[i].UID = types.UID(uid)
		}
	}
	o.SetOwnerReferences(owners)
}

func (p placer) placePod(ctx context.Context, item unstructured.Unstructured) error {
	var recorded corev1.Pod
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(item.Object, &recorded); err != nil {
		return err
	}
	pod := &corev1.Pod{
		ObjectMeta: recorded.ObjectMeta,
		Spec: corev1.PodSpec{
			SchedulingGates: []corev1.PodSchedulingGate{{Name: gate}},
			Containers:      bare(recorded.Spec.Containers), InitContainers: bare(recorded.Spec.InitContainers),
			Resources: recorded.Spec.Resources, AutomountServiceAccountToken: new(false),
		},
	}
	p.adopt(pod, item)
	if err := p.client.Create(ctx, pod); err != nil {
		return err
	}
	pod.Status.StartTime = recorded.Status.StartTime
	pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses = recorded.Status.ContainerStatuses, recorded.Status.InitContainerStatuses
	if err := p.client.Status().Update(ctx, pod); err != nil {
		return err
	}
	p.uids[string(recorded.UID)] = string(pod.UID)
	return nil
}

// bare leaves of containers what tells of their resources.
func bare(all []corev1.Container) []corev1.Container {
	out := make([]corev1.Container, len(all))
	for i, c := range all {
		out[i] = corev1.Container{
			Name: c.Name, Image: "placed-from-a-capture", Resources: c.Resources, RestartPolicy: c.RestartPolicy, ResizePolicy: c.ResizePolicy,
		}
	}
	return out
}

// Rewrite copies a capture, one record a line, with the live UIDs in place of the recorded ones.
func (u UIDs) Rewrite(w io.Writer, capture io.Reader) error {
	lines := bufio.NewScanner(capture)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Bytes()
		var record struct {
			UID string `json:"pod_uid"`
		}
		if json.Unmarshal(line, &record) == nil && record.UID != "" && u[record.UID] != "" {
			line = bytes.Replace(line, quoted(record.UID), quoted(u[record.UID]), 1)
		}
		if _, err := fmt.Fprintf(w, "%s\n", line); err != nil {
			return err
		}
	}
	return lines.Err()
}

func quoted(s string) []byte { return []byte(`"` + s + `"`) }

// Clear deletes what Place and an operator made in these namespaces.
func Clear(ctx context.Context, c client.Client, namespaces ...string) error {
	var trouble []error
	for _, namespace := range namespaces {
		for _, o := range []client.Object{
			&corev1.Pod{}, &appsv1.ReplicaSet{}, &batchv1.Job{}, &autoscalingv2.HorizontalPodAutoscaler{}, &corev1.LimitRange{},
			&v1alpha1.KernelWhisper{}, &v1alpha1.PodBirthCertificate{},
		} {
			trouble = append(trouble, c.DeleteAllOf(ctx, o, client.InNamespace(namespace), client.GracePeriodSeconds(0)))
		}
	}
	return errors.Join(trouble...)
}
