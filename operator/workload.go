package operator

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/gossip/kube"
)

// controllerIndex is the index of pods, ReplicaSets and Jobs by what controls them.
const controllerIndex = "controller"

// indexControllers makes the caches find objects by what controls them. It is called before they are filled.
func indexControllers(ctx context.Context, c cache.Cache) error {
	for _, o := range []client.Object{
		&corev1.Pod{}, metadataOf(appsv1.SchemeGroupVersion.WithKind("ReplicaSet")),
		metadataOf(batchv1.SchemeGroupVersion.WithKind("Job")),
	} {
		if err := c.IndexField(ctx, o, controllerIndex, controllersOf); err != nil {
			return err
		}
	}
	return nil
}

// controllersOf returns what controls an object. Of a pod that is also the workload that the pod alone shows, because a
// ReplicaSet may be unknown.
func controllersOf(o client.Object) (keys []string) {
	if ref := metav1.GetControllerOfNoCopy(o); ref != nil {
		group := schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind).Group
		keys = append(keys, controllerKey(group, ref.Kind, ref.Name))
	}
	if pod, ok := o.(*corev1.Pod); ok {
		if w := kube.WorkloadOf(pod, kube.Objects{}); !w.IsPod() {
			keys = append(keys, controllerKey(w.Group, w.Kind, w.Name))
		}
	}
	return slices.Compact(keys)
}

func metadataOf(kind schema.GroupVersionKind) *metav1.PartialObjectMetadata {
	m := &metav1.PartialObjectMetadata{}
	m.SetGroupVersionKind(kind)
	return m
}

// controllerKey returns the key of a controller in the index. Its texts are cleaned, as the texts of a workload are: an
// owner reference may have any.
func controllerKey(group, kind, name string) string {
	return gossip.CleanText(group + "/" + kind + "/" + name)
}

// objectSubject returns the subject of the object about a subject of a pod: of the pod's workload, and of the pod
// itself for its birth.
func objectSubject(about gossip.Subject, w gossip.Workload) gossip.WorkloadSubject {
	if about.Kind == gossip.KindPodBirth {
		return crd.CertificateOf(about.Namespace, about.Pod)
	}
	return gossip.WorkloadSubject{
		Kind: about.Kind, Namespace: about.Namespace, Workload: w.Identity(), Container: about.Container,
	}
}

// guessWorkload returns the workload of a pod; as far as the pod alone shows it where the cache cannot be asked.
func (p pods) guessWorkload(ctx context.Context, pod *corev1.Pod) gossip.Workload {
	w, err := p.workloadOf(ctx, pod)
	if err != nil {
		return kube.WorkloadOf(pod, kube.Objects{})
	}
	return w
}

// workloadOf returns the workload of a pod.
func (p pods) workloadOf(ctx context.Context, pod *corev1.Pod) (gossip.Workload, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	var failed error
	return kube.WorkloadOf(pod, kube.Objects{Metadata: p.metadataLookup(ctx, &failed)}), failed
}

// errHasController is the error about a pod that is no workload of its own any more: a controller has adopted it.
var errHasController = errors.New("the pod belongs to a workload")

// listPods returns the pods that an object is about, as stripPod leaves them. They are shared: they must not be
// changed.
func (p pods) listPods(ctx context.Context, about gossip.WorkloadSubject) ([]*corev1.Pod, error) {
	namespace, w := about.Namespace, about.Workload
	if w.IsPod() {
		return p.listOwnPod(ctx, about)
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	controllers := []string{controllerKey(w.Group, w.Kind, w.Name)}
	for _, kind := range []schema.GroupVersionKind{
		appsv1.SchemeGroupVersion.WithKind("ReplicaSet"), batchv1.SchemeGroupVersion.WithKind("Job"),
	} {
		var between metav1.PartialObjectMetadataList
		between.SetGroupVersionKind(kind)
		if err := p.listControlled(ctx, &between, namespace, controllers[0]); err != nil {
			return nil, err
		}
		for i := range between.Items {
			controllers = append(controllers, controllerKey(kind.Group, kind.Kind, between.Items[i].Name))
		}
	}
	found := map[string]*corev1.Pod{}
	for _, controller := range controllers {
		var list corev1.PodList
		if err := p.listControlled(ctx, &list, namespace, controller); err != nil {
			return nil, err
		}
		for i := range list.Items {
			pod := &list.Items[i]
			of, err := p.workloadOf(ctx, pod)
			if err != nil {
				return nil, err
			}
			if of.Identity() == w.Identity() {
				found[pod.Name] = pod
			}
		}
	}
	return slices.Collect(maps.Values(found)), nil
}

// listOwnPod returns the pod of an object that names a pod as its workload. The error is errHasController if the pod
// has another workload; the certificate of a birth is about the pod in any case.
func (p pods) listOwnPod(ctx context.Context, about gossip.WorkloadSubject) ([]*corev1.Pod, error) {
	pod, err := p.get(ctx, about.Namespace, about.Workload.Name)
	if pod == nil || err != nil {
		return nil, err
	}
	if about.Kind != gossip.KindPodBirth {
		of, err := p.workloadOf(ctx, pod)
		switch {
		case err != nil:
			return nil, err
		case of.Identity() != about.Workload.Identity():
			return nil, errHasController
		}
	}
	return []*corev1.Pod{pod}, nil
}

// listControlled lists the objects that something controls.
func (p pods) listControlled(ctx context.Context, list client.ObjectList, namespace, controller string) error {
	err := p.reader.List(ctx, list, client.InNamespace(namespace), client.MatchingFields{controllerIndex: controller},
		client.UnsafeDisableDeepCopy)
	if err != nil {
		return fmt.Errorf("what %s controls in %s: %w", controller, namespace, err)
	}
	return nil
}
