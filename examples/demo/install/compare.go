package install

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// owner is the field owner of kubectl apply --server-side: what it has set is ours to set again.
const owner = client.FieldOwner("kubectl")

// Difference is an object that is not as it should be.
type Difference struct {
	Wanted unstructured.Unstructured
	// Live is what the cluster has; nil: there is none.
	Live *unstructured.Unstructured
	// Leaving says that somebody has deleted it, and that it is not gone yet.
	Leaving bool
	// Fields are where it differs, such as spec.replicas; the first ones, when they are many.
	Fields []string
}

// Name is kind and name of the object.
func (d Difference) Name() string { return Name(d.Wanted) }

// Name is kind, namespace and name of an object.
func Name(o unstructured.Unstructured) string {
	name := o.GetName()
	if o.GetNamespace() != "" {
		name = o.GetNamespace() + "/" + name
	}
	return o.GetKind() + " " + name
}

// String tells what is wrong.
func (d Difference) String() string {
	switch {
	case d.Live == nil:
		return d.Name() + " is missing"
	case d.Leaving:
		return d.Name() + " is being deleted"
	}
	return d.Name() + " differs in " + strings.Join(d.Fields, ", ")
}

// Compare finds the objects that are missing, on their way out, or not as written. It changes nothing.
func Compare(ctx context.Context, c client.Client, wanted []unstructured.Unstructured) ([]Difference, error) {
	var out []Difference
	for _, w := range wanted {
		d, err := compare(ctx, c, w)
		if err != nil {
			return out, fmt.Errorf("%s: %w", Name(w), err)
		}
		if d != nil {
			out = append(out, *d)
		}
	}
	return out, nil
}

func compare(ctx context.Context, c client.Client, wanted unstructured.Unstructured) (*Difference, error) {
	live := &unstructured.Unstructured{}
	live.SetGroupVersionKind(wanted.GroupVersionKind())
	err := c.Get(ctx, client.ObjectKeyFromObject(&wanted), live)
	switch {
	case apierrors.IsNotFound(err):
		return &Difference{Wanted: wanted}, nil
	case err != nil:
		return nil, err
	case live.GetDeletionTimestamp() != nil:
		return &Difference{Wanted: wanted, Live: live, Leaving: true}, nil
	}
	tried := wanted.DeepCopy()
	if err := c.Apply(ctx, client.ApplyConfigurationFromUnstructured(tried), owner, client.ForceOwnership, client.DryRunAll); err != nil {
		return nil, err
	}
	var fields []string
	differing(&fields, "", bare(live), bare(tried))
	if len(fields) == 0 {
		return nil, nil
	}
	return &Difference{Wanted: wanted, Live: live, Fields: fields}, nil
}

// Apply makes an object what it should be, and says nothing where it is that already.
func Apply(ctx context.Context, c client.Client, wanted unstructured.Unstructured) error {
	err := c.Apply(ctx, client.ApplyConfigurationFromUnstructured(wanted.DeepCopy()), owner, client.ForceOwnership)
	if err != nil {
		return fmt.Errorf("%s: %w", Name(wanted), err)
	}
	return nil
}

// bare is an object without what the cluster alone writes.
func bare(o *unstructured.Unstructured) map[string]any {
	out := o.DeepCopy().Object
	delete(out, "status")
	if metadata, ok := out["metadata"].(map[string]any); ok {
		for _, key := range []string{"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp"} {
			delete(metadata, key)
		}
	}
	return out
}

// mostFields is how many differing fields are told of an object.
const mostFields = 3

// differing collects the paths at which two values differ.
func differing(into *[]string, path string, a, b any) {
	if len(*into) == mostFields || reflect.DeepEqual(a, b) {
		return
	}
	if left, right, ok := both[[]any](a, b); ok && len(left) == len(right) {
		for i := range left {
			differing(into, fmt.Sprintf("%s[%d]", path, i), left[i], right[i])
		}
		return
	}
	left, right, ok := both[map[string]any](a, b)
	if !ok {
		*into = append(*into, strings.TrimPrefix(path, "."))
		return
	}
	keys := map[string]bool{}
	for key := range left {
		keys[key] = true
	}
	for key := range right {
		keys[key] = true
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		differing(into, path+"."+key, left[key], right[key])
	}
}

// both are two values of the same form.
func both[T any](a, b any) (left, right T, ok bool) {
	left, one := a.(T)
	right, other := b.(T)
	return left, right, one && other
}
