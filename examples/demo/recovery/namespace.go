package recovery

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/examples/demo/install"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/preflight"
)

// workloads clears what is broken where the workloads live: a namespace that is half gone, workloads that crash, objects about pods that are
// gone. What a scenario left and is whole stays: the next one clears it.
func (r *repair) workloads(ctx context.Context) error {
	for _, name := range slices.Sorted(maps.Keys(r.Namespaces)) {
		if err := r.namespace(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

func (r *repair) namespace(ctx context.Context, name string) error {
	var ns corev1.Namespace
	err := r.Client.Get(ctx, client.ObjectKey{Name: name}, &ns)
	switch {
	case err != nil:
		return client.IgnoreNotFound(err)
	case !ours(&ns):
		return stranger(name)
	case ns.DeletionTimestamp != nil:
		r.tell("namespace %s is being deleted", name)
		return r.free(ctx, name)
	}
	var pods corev1.PodList
	if err := r.Client.List(ctx, &pods, client.InNamespace(name)); err != nil {
		return err
	}
	for _, p := range pods.Items {
		if p.DeletionTimestamp != nil || !preflight.Crashed(p) {
			continue
		}
		if err := r.crashed(ctx, &p); err != nil {
			return err
		}
	}
	return r.staleObjects(ctx, name)
}

// crashed deletes a workload that will not get well by itself, and waits until its pod is gone.
func (r *repair) crashed(ctx context.Context, p *corev1.Pod) error {
	r.tell("pod %s: %s", p.Name, preflight.Waits(*p))
	owner, err := r.topmost(ctx, p)
	if err != nil {
		return err
	}
	kind, name := owner.GetObjectKind().GroupVersionKind().Kind, owner.GetName()
	if err := r.drop(ctx, owner); err != nil {
		return err
	}
	r.did("deleted %s %s", kind, name)
	return r.gone(ctx, p, "kubectl describe pod --namespace "+p.Namespace+" "+p.Name)
}

func ours(o client.Object) bool {
	part := o.GetLabels()[install.Part]
	return part == install.Product || part == install.DemoPart
}

func stranger(name string) error {
	return next("kubectl get all --namespace "+name, "namespace %s has no label %s of kernel gossip, so it is somebody else's and stays as it is", name, install.Part)
}

// topmost is what a pod's controllers lead to: the Deployment of its ReplicaSet, or the pod.
func (r *repair) topmost(ctx context.Context, pod *corev1.Pod) (client.Object, error) {
	var at client.Object = pod
	pod.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Pod"))
	for {
		owner := metav1.GetControllerOf(at)
		if owner == nil {
			return at, nil
		}
		above := &unstructured.Unstructured{}
		above.SetGroupVersionKind(schema.FromAPIVersionAndKind(owner.APIVersion, owner.Kind))
		err := r.Client.Get(ctx, client.ObjectKey{Namespace: pod.Namespace, Name: owner.Name}, above)
		if apierrors.IsNotFound(err) {
			return at, nil
		}
		if err != nil {
			return nil, err
		}
		at = above
	}
}

// free lets a namespace of ours go that is being deleted and cannot: what is still in it is released from its finalizers.
// What goes by itself is left alone.
func (r *repair) free(ctx context.Context, name string) error {
	var ns corev1.Namespace
	if err := r.Client.Get(ctx, client.ObjectKey{Name: name}, &ns); err != nil {
		return client.IgnoreNotFound(err)
	}
	if !ours(&ns) {
		return stranger(name)
	}
	if ns.DeletionTimestamp == nil {
		return nil
	}
	if !r.leaves(ctx, &ns) {
		if err := r.releaseAll(ctx, name); err != nil {
			return err
		}
	}
	if err := r.gone(ctx, &ns, "kubectl get namespace "+name+" --output yaml   # its conditions say what is left"); err != nil {
		return err
	}
	r.did("namespace %s is gone", name)
	return nil
}

// releaseAll releases all that is being deleted in a namespace, of whatever kind.
func (r *repair) releaseAll(ctx context.Context, namespace string) error {
	d, err := discovery.NewDiscoveryClientForConfig(r.Config)
	if err != nil {
		return err
	}
	// An API that does not answer keeps a namespace from going, and the others from being seen only if we let it.
	lists, err := d.ServerPreferredNamespacedResources()
	if err != nil && !discovery.IsGroupDiscoveryFailedError(err) {
		return fmt.Errorf("what there may be in %s: %w", namespace, err)
	}
	for _, list := range lists {
		for _, resource := range list.APIResources {
			if strings.Contains(resource.Name, "/") || !slices.Contains(resource.Verbs, "list") || !slices.Contains(resource.Verbs, "patch") {
				continue
			}
			objects := &unstructured.UnstructuredList{}
			objects.SetGroupVersionKind(schema.FromAPIVersionAndKind(list.GroupVersion, resource.Kind+"List"))
			if err := r.Client.List(ctx, objects, client.InNamespace(namespace)); err != nil {
				continue // it may be one that is going as well
			}
			for i := range objects.Items {
				if err := r.release(ctx, &objects.Items[i], nil); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// staleObjects deletes whispers and certificates about pods that are gone, which Kubernetes does itself unless it was kept from it.
func (r *repair) staleObjects(ctx context.Context, namespace string) error {
	stale, err := preflight.Stale(ctx, r.Client, namespace)
	if err != nil {
		return err
	}
	for _, o := range stale {
		key := client.ObjectKeyFromObject(o)
		r.tell("%s is about a pod that is gone", key.Name)
		if err := r.drop(ctx, o); err != nil {
			return err
		}
		if err := r.Client.Get(ctx, key, o); err == nil {
			if err := r.release(ctx, o, nil); err != nil {
				return err
			}
		}
		r.did("deleted it")
	}
	return nil
}
