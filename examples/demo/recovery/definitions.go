package recovery

import (
	"context"
	"slices"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/examples/demo/install"
)

const definitionKind = "CustomResourceDefinition"

// definitions makes both kinds what they are in this tree.
func (r *repair) definitions(ctx context.Context) error {
	wanted := slices.DeleteFunc(slices.Clone(r.Wanted), func(o unstructured.Unstructured) bool { return o.GetKind() != definitionKind })
	differences, err := install.Compare(ctx, r.Client, wanted)
	if err != nil {
		return err
	}
	for _, d := range differences {
		r.tell("%s", d)
		if d.Leaving {
			if err := r.finish(ctx, d); err != nil {
				return err
			}
		}
		if err := install.Apply(ctx, r.Client, d.Wanted); err != nil {
			return err
		}
		if err := r.established(ctx, d.Wanted.GetName()); err != nil {
			return next("kubectl describe crd "+d.Wanted.GetName(), "%s is not established: %v", d.Name(), err)
		}
		r.did("applied it")
	}
	return nil
}

func (r *repair) established(ctx context.Context, name string) error {
	return until(ctx, func(ctx context.Context) (bool, error) {
		var d apiextensionsv1.CustomResourceDefinition
		if err := r.Client.Get(ctx, client.ObjectKey{Name: name}, &d); err != nil {
			return false, nil //nolint:nilerr // asked again
		}
		return slices.ContainsFunc(d.Status.Conditions, func(c apiextensionsv1.CustomResourceDefinitionCondition) bool {
			return c.Type == apiextensionsv1.Established && c.Status == apiextensionsv1.ConditionTrue
		}), nil
	})
}

// finish lets a definition go that is being deleted and cannot. Its objects go with it, whatever holds them: kernel gossip sets no
// finalizers, so each of them is somebody's leftover. The API server's own finalizer stays, for it deletes the objects.
func (r *repair) finish(ctx context.Context, d install.Difference) error {
	var definition apiextensionsv1.CustomResourceDefinition
	if err := r.Client.Get(ctx, client.ObjectKey{Name: d.Wanted.GetName()}, &definition); err != nil {
		return client.IgnoreNotFound(err)
	}
	if r.leaves(ctx, &definition) {
		return nil
	}
	objects := &unstructured.UnstructuredList{}
	objects.SetGroupVersionKind(schema.GroupVersionKind{
		Group: definition.Spec.Group, Version: definition.Spec.Versions[0].Name, Kind: definition.Spec.Names.ListKind,
	})
	if err := r.Client.List(ctx, objects); err != nil && !apierrors.IsNotFound(err) && !apierrors.IsMethodNotSupported(err) {
		return err
	}
	for i := range objects.Items {
		if err := r.release(ctx, &objects.Items[i], nil); err != nil {
			return err
		}
	}
	if err := r.release(ctx, &definition, []string{apiextensionsv1.CustomResourceCleanupFinalizer}); err != nil {
		return err
	}
	return r.gone(ctx, &definition, "kubectl get crd "+definition.Name+" --output yaml")
}

// release takes away the finalizers of an object that is being deleted, but for those to keep.
func (r *repair) release(ctx context.Context, o client.Object, keep []string) error {
	stays := slices.DeleteFunc(slices.Clone(o.GetFinalizers()), func(f string) bool { return !slices.Contains(keep, f) })
	if o.GetDeletionTimestamp() == nil || len(stays) == len(o.GetFinalizers()) {
		return nil
	}
	held, name := slices.Clone(o.GetFinalizers()), o.GetName()
	before, _ := o.DeepCopyObject().(client.Object)
	o.SetFinalizers(stays)
	if err := r.Client.Patch(ctx, o, client.MergeFrom(before)); err != nil {
		return client.IgnoreNotFound(err)
	}
	r.did("took away what held %s: finalizers %q", name, held)
	return nil
}

// leaves says whether an object that is being deleted goes by itself, soon.
func (r *repair) leaves(ctx context.Context, o client.Object) bool {
	ctx, cancel := context.WithTimeout(ctx, ownPace)
	defer cancel()
	copied, _ := o.DeepCopyObject().(client.Object)
	return r.gone(ctx, copied, "") == nil
}

// gone waits until there is no such object.
func (r *repair) gone(ctx context.Context, o client.Object, command string) error {
	key, uid := client.ObjectKeyFromObject(o), o.GetUID()
	err := until(ctx, func(ctx context.Context) (bool, error) {
		err := r.Client.Get(ctx, key, o)
		return apierrors.IsNotFound(err) || err == nil && o.GetUID() != uid, client.IgnoreNotFound(err)
	})
	if err != nil {
		return next(command, "%s is still there: %v", key.Name, err)
	}
	return nil
}
