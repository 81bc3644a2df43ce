package operator

import (
	"context"
	"fmt"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/gossip/kube"
)

// +kubebuilder:rbac:groups="",resources=pods,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=limitranges,verbs=get;list;watch
// +kubebuilder:rbac:groups=apps,resources=replicasets,verbs=get;list;watch
// +kubebuilder:rbac:groups=batch,resources=jobs,verbs=get;list;watch
// +kubebuilder:rbac:groups=autoscaling,resources=horizontalpodautoscalers,verbs=get;list;watch

// ignoreAnnotation on a pod keeps it out of our sight: "true".
const ignoreAnnotation = "kernel.gossip.io/ignore"

// lookupTimeout bounds how long one waits for a cache that does not fill, because its kind may not be listed, say.
const lookupTimeout = 10 * time.Second

// pods tells what the cluster knows of pods. Its reader is the manager's cache, which holds pods from the start, and everything else
// from the first time on that advice needs it.
type pods struct{ reader client.Reader }

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

// advised returns all that the rules need to know of a pod.
func (p pods) advised(ctx context.Context, pod *corev1.Pod) (gossip.Pod, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	var autoscalers autoscalingv2.HorizontalPodAutoscalerList
	var ranges corev1.LimitRangeList
	for kind, list := range map[string]client.ObjectList{"HorizontalPodAutoscalers": &autoscalers, "LimitRanges": &ranges} {
		if err := p.reader.List(ctx, list, client.InNamespace(pod.Namespace), client.UnsafeDisableDeepCopy); err != nil {
			return gossip.Pod{}, fmt.Errorf("%s in %s (may this operator list and watch them?): %w", kind, pod.Namespace, err)
		}
	}
	var failed error
	known := kube.Pod(pod, kube.Objects{
		Autoscalers: autoscalers.Items,
		LimitRanges: ranges.Items,
		Metadata: func(namespace string, ref metav1.OwnerReference) *metav1.PartialObjectMetadata {
			m, err := p.metadata(ctx, namespace, ref)
			failed = err
			return m
		},
	})
	return known, failed
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
