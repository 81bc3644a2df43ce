package operator

import (
	"context"
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

// +kubebuilder:rbac:groups="",resources=pods,verbs=list;watch
// +kubebuilder:rbac:groups="",resources=limitranges;resourcequotas,verbs=list;watch
// +kubebuilder:rbac:groups=apps,resources=deployments;statefulsets;daemonsets,verbs=get
// +kubebuilder:rbac:groups=batch,resources=cronjobs,verbs=get
// +kubebuilder:rbac:groups=autoscaling.k8s.io,resources=verticalpodautoscalers,verbs=list
// +kubebuilder:rbac:groups=apps,resources=replicasets,verbs=list;watch
// +kubebuilder:rbac:groups=batch,resources=jobs,verbs=list;watch
// +kubebuilder:rbac:groups=autoscaling,resources=horizontalpodautoscalers,verbs=list;watch

// ignoreAnnotation on a pod makes the operator ignore the pod, with the value "true".
const ignoreAnnotation = "kernel.gossip.io/ignore"

// lookupTimeout bounds the wait for a cache that does not fill, for example because its kind may not be listed.
const lookupTimeout = 10 * time.Second

// pods reads facts about pods from the cluster.
type pods struct {
	// reader is the manager's cache. It holds pods, ReplicaSets and Jobs from the start, and other kinds from the first
	// time that advice needs them.
	reader client.Reader
	// direct asks the API server. Commands start from the values that it reads, for which a cache may be too old.
	direct client.Reader
}

// get returns a pod as stripPod leaves it; nil if there is none. The pod is shared: it must not be changed.
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

// podFacts are the facts about the pods of one workload that the rules need.
type podFacts struct {
	pods    map[string]*corev1.Pod
	objects kube.Objects
	known   map[string]gossip.Pod
	failed  error // the first lookup that failed
}

// cachedFacts returns the facts about pods of one namespace that the cache has: all but the owner's template and the
// autoscalers that set resources. They are enough to see whether there is news.
func (p pods) cachedFacts(ctx context.Context, pods []*corev1.Pod) (*podFacts, error) {
	f := &podFacts{pods: map[string]*corev1.Pod{}, known: map[string]gossip.Pod{}}
	if len(pods) == 0 {
		return f, nil
	}
	for _, pod := range pods {
		f.pods[pod.Name] = pod
	}
	within, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	var err error
	if f.objects, err = p.namespaceObjects(within, pods[0].Namespace); err != nil {
		return nil, err
	}
	f.objects.Metadata = func(namespace string, ref metav1.OwnerReference) *metav1.PartialObjectMetadata {
		within, cancel := context.WithTimeout(ctx, lookupTimeout)
		defer cancel()
		m, err := p.getMetadata(within, namespace, ref)
		f.noteFailure(err)
		return m
	}
	for _, pod := range pods {
		f.ofPod(pod)
	}
	return f, f.failed
}

// adviceFacts returns all facts about pods that the rules need, for advice that is about to be written. What is read of
// the API server is read once, and only for the pods that are asked for.
func (p pods) adviceFacts(ctx context.Context, pods []*corev1.Pod) (*podFacts, error) {
	f, err := p.cachedFacts(ctx, pods)
	if err != nil || len(pods) == 0 {
		return f, err
	}
	clear(f.known)
	within, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	if f.objects.ResizingAutoscalers, err = p.listResizingAutoscalers(within, pods[0].Namespace); err != nil {
		return nil, err
	}
	var template *kube.Workload
	isRead := false
	f.objects.Workload = func(namespace string, workload gossip.Workload) *kube.Workload {
		if !isRead { // all pods have the same workload
			within, cancel := context.WithTimeout(ctx, lookupTimeout)
			defer cancel()
			var err error
			template, err = p.getWorkload(within, namespace, workload)
			f.noteFailure(err)
			isRead = true
		}
		return template
	}
	return f, nil
}

func (f *podFacts) noteFailure(err error) {
	if f.failed == nil {
		f.failed = err
	}
}

// ofPod returns the facts about a pod.
func (f *podFacts) ofPod(pod *corev1.Pod) gossip.Pod {
	known, ok := f.known[pod.Name]
	if !ok {
		known = kube.Pod(pod, f.objects)
		f.known[pod.Name] = known
	}
	return known
}

// ofEvidence returns the facts about a pod that a finding names; about another pod of the workload if it is gone,
// because what the pods have in common is known then.
func (f *podFacts) ofEvidence(e gossip.PodEvidence) gossip.Pod {
	if pod := f.pods[e.Pod]; pod != nil {
		known := f.ofPod(pod)
		known.Replaced = e.UID != "" && !known.HasUID(e.UID)
		return known
	}
	if name := f.firstName(); name != "" {
		return f.ofPod(f.pods[name])
	}
	return gossip.Pod{}
}

// firstName returns the name of the first pod; empty if there is none.
func (f *podFacts) firstName() (first string) {
	for name := range f.pods {
		if first == "" || name < first {
			first = name
		}
	}
	return first
}

// findWorkload returns the workload of the pods; the zero Workload if there is no pod.
func (f *podFacts) findWorkload() gossip.Workload {
	if name := f.firstName(); name != "" {
		return f.ofPod(f.pods[name]).Workload
	}
	return gossip.Workload{}
}

// namespaceObjects returns the objects of a namespace that concern all of its pods.
func (p pods) namespaceObjects(ctx context.Context, namespace string) (kube.Objects, error) {
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

// metadataLookup returns the function by which kube.Pod finds ReplicaSets and Jobs. The function sets failed.
func (p pods) metadataLookup(
	ctx context.Context, failed *error,
) func(string, metav1.OwnerReference) *metav1.PartialObjectMetadata {
	return func(namespace string, ref metav1.OwnerReference) *metav1.PartialObjectMetadata {
		m, err := p.getMetadata(ctx, namespace, ref)
		*failed = err
		return m
	}
}

// getWorkload reads the object of a workload, with its template; nil if there is none, or if this operator may not read
// it.
func (p pods) getWorkload(ctx context.Context, namespace string, workload gossip.Workload) (*kube.Workload, error) {
	switch workload.Kind {
	case "Deployment", "StatefulSet", "DaemonSet", "CronJob":
	default: // no command is made for others
		return nil, nil //nolint:nilnil // not known is an answer
	}
	var o unstructured.Unstructured
	o.SetGroupVersionKind(schema.FromAPIVersionAndKind(workload.APIVersion(), workload.Kind))
	err := p.direct.Get(ctx, client.ObjectKey{Namespace: namespace, Name: workload.Name}, &o)
	switch {
	case apierrors.IsNotFound(err), apierrors.IsForbidden(err), meta.IsNoMatchError(err):
		return nil, nil //nolint:nilnil // not known is an answer
	case err != nil:
		return nil, fmt.Errorf("%s %s/%s: %w", workload.Kind, namespace, workload.Name, err)
	}
	var w kube.Workload
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &w); err != nil {
		return nil, fmt.Errorf("%s %s/%s: %w", workload.Kind, namespace, workload.Name, err)
	}
	return &w, nil
}

func resizingAutoscaler() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: "autoscaling.k8s.io", Version: "v1", Kind: "VerticalPodAutoscaler"}
}

// listResizingAutoscalers lists the VerticalPodAutoscalers of a namespace. It returns none if their definition is not
// installed.
func (p pods) listResizingAutoscalers(ctx context.Context, namespace string) ([]kube.ResizingAutoscaler, error) {
	var list unstructured.UnstructuredList
	kind := resizingAutoscaler()
	list.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
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

// getMetadata returns the ReplicaSet or Job that ref names; nil if there is none.
func (p pods) getMetadata(
	ctx context.Context, namespace string, ref metav1.OwnerReference,
) (*metav1.PartialObjectMetadata, error) {
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

// isIgnored reports whether the annotation on a pod asks to ignore it.
func isIgnored(pod *corev1.Pod) bool { return pod.Annotations[ignoreAnnotation] == "true" }

// subjectsOf lists the subjects that findings about a pod can have: the pod as a whole, and each of its containers.
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
			kinds := []gossip.Kind{gossip.KindCPUThrottling, gossip.KindMemoryPressure, gossip.KindOOMKill}
			out = append(out, about(list[i].Name, kinds...)...)
		}
	}
	for i := range pod.Spec.EphemeralContainers {
		kinds := []gossip.Kind{gossip.KindCPUThrottling, gossip.KindMemoryPressure, gossip.KindOOMKill}
		out = append(out, about(pod.Spec.EphemeralContainers[i].Name, kinds...)...)
	}
	return out
}
