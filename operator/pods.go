package operator

import (
	"context"
	"errors"
	"fmt"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/gossip/kube"
)

// +kubebuilder:rbac:groups="",resources=pods,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=limitranges;resourcequotas,verbs=get;list;watch
// +kubebuilder:rbac:groups=apps,resources=deployments;statefulsets;daemonsets,verbs=get
// +kubebuilder:rbac:groups=batch,resources=cronjobs,verbs=get
// +kubebuilder:rbac:groups=autoscaling.k8s.io,resources=verticalpodautoscalers,verbs=list
// +kubebuilder:rbac:groups=apps,resources=replicasets,verbs=get;list;watch
// +kubebuilder:rbac:groups=batch,resources=jobs,verbs=get;list;watch
// +kubebuilder:rbac:groups=autoscaling,resources=horizontalpodautoscalers,verbs=get;list;watch

// ignoreAnnotation on a pod keeps it out of our sight: "true".
const ignoreAnnotation = "kernel.gossip.io/ignore"

// lookupTimeout bounds how long one waits for a cache that does not fill, because its kind may not be listed, say.
const lookupTimeout = 10 * time.Second

// pods reads what the cluster knows of pods.
type pods struct {
	// reader is the manager's cache, which holds pods from the start, and everything else from the first time on that
	// advice needs it.
	reader client.Reader
	// direct asks the API server: for what a command starts from, a cached answer may be too old.
	direct client.Reader
}

// get returns a pod as strip left it; nil when there is none. It is shared: only for reading.
func (p pods) get(ctx context.Context, namespace, name string) (*corev1.Pod, error) {
	var pod corev1.Pod
	err := p.reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &pod)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil //nolint:nilnil // no pod is an answer
	case err != nil:
		return nil, fmt.Errorf("pod %s/%s: %w", namespace, name, err)
	}
	return &pod, nil
}

// cached returns what the rules need to know of a pod, as far as the cache has it: all but the owner's template and the
// autoscalers that set resources. That is enough to see whether there is news.
func (p pods) cached(ctx context.Context, pod *corev1.Pod) (gossip.Pod, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	objects, err := p.objects(ctx, pod.Namespace)
	if err != nil {
		return gossip.Pod{}, err
	}
	var failed error
	objects.Metadata = p.lookup(ctx, &failed)
	return kube.Pod(pod, objects), failed
}

// advised returns all that the rules need to know of a pod, for advice that is about to be written.
func (p pods) advised(ctx context.Context, pod *corev1.Pod) (gossip.Pod, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	objects, err := p.objects(ctx, pod.Namespace)
	if err != nil {
		return gossip.Pod{}, err
	}
	if objects.ResizingAutoscalers, err = p.resizingAutoscalers(ctx, pod.Namespace); err != nil {
		return gossip.Pod{}, err
	}
	var failed error
	objects.Metadata = p.lookup(ctx, &failed)
	objects.Workload = func(namespace string, owner gossip.Owner) *kube.Workload {
		w, err := p.workload(ctx, namespace, owner)
		failed = errors.Join(failed, err)
		return w
	}
	return kube.Pod(pod, objects), failed
}

// objects are those of a namespace that have a say about all of its pods.
func (p pods) objects(ctx context.Context, namespace string) (kube.Objects, error) {
	var autoscalers autoscalingv2.HorizontalPodAutoscalerList
	var ranges corev1.LimitRangeList
	var quotas corev1.ResourceQuotaList
	for kind, list := range map[string]client.ObjectList{
		"HorizontalPodAutoscalers": &autoscalers, "LimitRanges": &ranges, "ResourceQuotas": &quotas,
	} {
		if err := p.reader.List(ctx, list, client.InNamespace(namespace), client.UnsafeDisableDeepCopy); err != nil {
			return kube.Objects{}, fmt.Errorf("%s in %s (may this operator list and watch them?): %w", kind, namespace, err)
		}
	}
	return kube.Objects{Autoscalers: autoscalers.Items, LimitRanges: ranges.Items, Quotas: quotas.Items}, nil
}

// lookup is the way of kube.Pod to ReplicaSets and Jobs. It leaves its error behind.
func (p pods) lookup(ctx context.Context, failed *error) func(string, metav1.OwnerReference) *metav1.PartialObjectMetadata {
	return func(namespace string, ref metav1.OwnerReference) *metav1.PartialObjectMetadata {
		m, err := p.metadata(ctx, namespace, ref)
		*failed = err
		return m
	}
}

// workload reads an owner with its template; nil where there is none, or this operator may not read it.
func (p pods) workload(ctx context.Context, namespace string, owner gossip.Owner) (*kube.Workload, error) {
	switch owner.Kind {
	case "Deployment", "StatefulSet", "DaemonSet", "CronJob":
	default: // no command is made for others
		return nil, nil //nolint:nilnil // not known is an answer
	}
	var o unstructured.Unstructured
	o.SetGroupVersionKind(schema.FromAPIVersionAndKind(owner.APIVersion, owner.Kind))
	err := p.direct.Get(ctx, client.ObjectKey{Namespace: namespace, Name: owner.Name}, &o)
	switch {
	case apierrors.IsNotFound(err), apierrors.IsForbidden(err), meta.IsNoMatchError(err):
		return nil, nil //nolint:nilnil // not known is an answer
	case err != nil:
		return nil, fmt.Errorf("%s %s/%s: %w", owner.Kind, namespace, owner.Name, err)
	}
	var w kube.Workload
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &w); err != nil {
		return nil, fmt.Errorf("%s %s/%s: %w", owner.Kind, namespace, owner.Name, err)
	}
	return &w, nil
}

// resizingAutoscalers lists the VerticalPodAutoscalers of a namespace. Where their definition is not installed there
// are none.
func (p pods) resizingAutoscalers(ctx context.Context, namespace string) ([]kube.ResizingAutoscaler, error) {
	var list unstructured.UnstructuredList
	list.SetGroupVersionKind(schema.GroupVersionKind{Group: "autoscaling.k8s.io", Version: "v1", Kind: "VerticalPodAutoscalerList"})
	err := p.direct.List(ctx, &list, client.InNamespace(namespace))
	switch {
	case meta.IsNoMatchError(err), apierrors.IsNotFound(err), apierrors.IsForbidden(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("VerticalPodAutoscalers in %s: %w", namespace, err)
	}
	out := make([]kube.ResizingAutoscaler, len(list.Items))
	for i, item := range list.Items {
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(item.Object, &out[i]); err != nil {
			return nil, fmt.Errorf("VerticalPodAutoscaler %s/%s: %w", namespace, item.GetName(), err)
		}
	}
	return out, nil
}

// metadata returns the ReplicaSet or Job that ref names; nil when there is none.
func (p pods) metadata(ctx context.Context, namespace string, ref metav1.OwnerReference) (*metav1.PartialObjectMetadata, error) {
	m := metav1.PartialObjectMetadata{}
	m.SetGroupVersionKind(schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind))
	err := p.reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: ref.Name}, &m)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil //nolint:nilnil // no object is an answer
	case err != nil:
		return nil, fmt.Errorf("%s %s/%s (may this operator list and watch them?): %w", ref.Kind, namespace, ref.Name, err)
	}
	return &m, nil
}

// ignored says whether the pod's owner does not want to hear of it.
func ignored(pod *corev1.Pod) bool { return pod.Annotations[ignoreAnnotation] == "true" }

// subjectsOf lists what findings about a pod can be about: the pod as a whole, and each of its containers.
func subjectsOf(pod *corev1.Pod) []gossip.Subject {
	about := func(container string, kinds ...gossip.Kind) (out []gossip.Subject) {
		for _, kind := range kinds {
			out = append(out, gossip.Subject{Kind: kind, Namespace: pod.Namespace, Pod: pod.Name, Container: container})
		}
		return out
	}
	out := about("", gossip.KindPodBirth, gossip.KindMemoryPressure, gossip.KindOOMKill, gossip.KindNetworkIssue)
	for _, list := range [][]corev1.Container{pod.Spec.Containers, pod.Spec.InitContainers} {
		for i := range list {
			out = append(out, about(list[i].Name, gossip.KindCPUThrottling, gossip.KindMemoryPressure, gossip.KindOOMKill)...)
		}
	}
	return out
}
