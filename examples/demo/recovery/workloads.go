package recovery

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/examples/demo/install"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/preflight"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
)

// installation writes what is missing or other than written of operator, observer and the demo's account. It looks at each object when
// those before it are right: what is in a namespace may go with it.
func (r *repair) installation(ctx context.Context) error {
	configured := false
	for _, wanted := range r.Wanted {
		if wanted.GetKind() == definitionKind {
			continue
		}
		differences, err := install.Compare(ctx, r.Client, []unstructured.Unstructured{wanted})
		if err != nil {
			return err
		}
		for _, d := range differences {
			if err := r.write(ctx, d); err != nil {
				return err
			}
			configured = configured || wanted.GetKind() == "ConfigMap" && d.Live != nil
		}
	}
	if configured { // it is read at the start only
		return r.replace(ctx, install.OperatorNamespace, install.Operator, "its configuration changed", func(corev1.Pod) bool { return true })
	}
	return nil
}

// write writes an object as it should be, once it is gone if it is on its way out.
func (r *repair) write(ctx context.Context, d install.Difference) error {
	r.tell("%s", d)
	switch {
	case d.Leaving && d.Wanted.GetKind() == "Namespace":
		if err := r.free(ctx, d.Wanted.GetName()); err != nil {
			return err
		}
	case d.Leaving:
		if err := r.gone(ctx, d.Live, "kubectl get "+d.Wanted.GetKind()+" --namespace "+d.Wanted.GetNamespace()+" "+d.Wanted.GetName()+" --output yaml"); err != nil {
			return err
		}
	}
	if err := install.Apply(ctx, r.Client, d.Wanted); err != nil {
		return err
	}
	r.did("applied it")
	return nil
}

// operator waits for the operator, and helps it where nothing else will: a lease that a dead pod holds, a pod that cannot start.
func (r *repair) operator(ctx context.Context) error {
	replaced := false
	err := until(ctx, func(ctx context.Context) (bool, error) {
		var d appsv1.Deployment
		if err := r.Client.Get(ctx, client.ObjectKey{Namespace: install.OperatorNamespace, Name: install.Operator}, &d); err != nil {
			return false, err
		}
		if err := r.lease(ctx); err != nil {
			return false, err
		}
		if d.Status.ObservedGeneration == d.Generation && d.Status.UpdatedReplicas > 0 && d.Status.AvailableReplicas > 0 {
			_, alive, err := preflight.Leader(ctx, r.Site)
			return alive, client.IgnoreNotFound(err)
		}
		if !replaced && d.Status.ObservedGeneration == d.Generation {
			replaced = true
			return false, r.replace(ctx, install.OperatorNamespace, install.Operator, "it cannot start", preflight.Crashed)
		}
		return false, nil
	})
	if err != nil {
		return next("kubectl describe pods --namespace "+install.OperatorNamespace, "the operator does not become available: %v", err)
	}
	return nil
}

// lease takes the lease away from a process that does not live: whoever waits for it would wait as long as it was given for.
func (r *repair) lease(ctx context.Context) error {
	holder, alive, err := preflight.Leader(ctx, r.Site)
	if err != nil || alive || holder == "" {
		return client.IgnoreNotFound(err)
	}
	var held coordinationv1.Lease
	if err := r.Client.Get(ctx, client.ObjectKey{Namespace: install.OperatorNamespace, Name: install.Operator}, &held); err != nil {
		return client.IgnoreNotFound(err)
	}
	var pod corev1.Pod
	if err := r.Client.Get(ctx, client.ObjectKey{Namespace: install.OperatorNamespace, Name: holder}, &pod); err == nil && pod.DeletionTimestamp != nil {
		return nil // it gives the lease back itself
	}
	r.tell("the lease is held by a process of %s that is gone", holder)
	version := held.ResourceVersion
	err = r.Client.Delete(ctx, &held, client.Preconditions{ResourceVersion: &version})
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) { // somebody has taken it
		return nil
	}
	if err == nil {
		r.did("deleted the lease")
	}
	return err
}

// observer waits for the observer on each node, replaces pods that cannot start, and, when it had to wait, does so until they listen to the kernel: a
// birth before that is not seen.
func (r *repair) observer(ctx context.Context) error {
	replaced, waited := false, false
	err := until(ctx, func(ctx context.Context) (bool, error) {
		var d appsv1.DaemonSet
		if err := r.Client.Get(ctx, client.ObjectKey{Namespace: install.ObserverNamespace, Name: install.Observer}, &d); err != nil {
			return false, err
		}
		s := d.Status
		if s.ObservedGeneration == d.Generation && s.DesiredNumberScheduled > 0 && s.NumberReady == s.DesiredNumberScheduled && s.UpdatedNumberScheduled == s.DesiredNumberScheduled {
			return true, nil
		}
		waited = true
		if !replaced && s.ObservedGeneration == d.Generation {
			replaced = true
			return false, r.replace(ctx, install.ObserverNamespace, install.Observer, "it cannot start", preflight.Crashed)
		}
		return false, nil
	})
	if err != nil {
		return next("kubectl describe pods --namespace "+install.ObserverNamespace, "the observer does not become ready: %v", err)
	}
	if !waited {
		return nil
	}
	if err := testcluster.WaitForObservers(ctx, r.Kubectl); err != nil {
		return next("kubectl logs --namespace "+install.ObserverNamespace+" daemonset/"+install.Observer, "%v", err)
	}
	return nil
}

// events waits until events arrive, where something was repaired: an observer that starts needs a moment. When nobody sends, preflight tells.
func (r *repair) events(ctx context.Context) error {
	if r.found == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, eventTime)
	defer cancel()
	_ = until(ctx, func(ctx context.Context) (bool, error) { return preflight.Arriving(ctx, r.Site), nil })
	return nil
}

// replace deletes pods, which their controllers make again.
func (r *repair) replace(ctx context.Context, namespace, name, why string, which func(corev1.Pod) bool) error {
	var pods corev1.PodList
	if err := r.Client.List(ctx, &pods, client.InNamespace(namespace), client.MatchingLabels{"app.kubernetes.io/name": name}); err != nil {
		return err
	}
	for _, p := range pods.Items {
		if p.DeletionTimestamp != nil || !which(p) {
			continue
		}
		if err := r.drop(ctx, &p); err != nil {
			return err
		}
		r.did("replaced the pod %s: %s", p.Name, why)
	}
	return nil
}
