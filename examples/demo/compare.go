package demo

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

// fieldOwner is the one of kubectl apply --server-side.
const fieldOwner = client.FieldOwner("kubectl")

// Differences reports, in a sentence for each object, which of the wanted objects are missing, are being deleted, or
// are not as written. The comparison is the API server's own: a server-side apply that is only tried. So a field that
// has its default is no difference, nor is one that the manifests do not name.
func (s *Site) Differences(ctx context.Context) ([]string, error) {
	var out []string
	for _, wanted := range s.Wanted {
		name := strings.TrimPrefix(wanted.GetNamespace()+"/"+wanted.GetName(), "/")
		difference, err := s.compare(ctx, wanted)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", wanted.GetKind(), name, err)
		}
		if difference != "" {
			out = append(out, fmt.Sprintf("%s %s %s", wanted.GetKind(), name, difference))
		}
	}
	return out, nil
}

func (s *Site) compare(ctx context.Context, wanted unstructured.Unstructured) (difference string, err error) {
	live := &unstructured.Unstructured{}
	live.SetGroupVersionKind(wanted.GroupVersionKind())
	err = s.Client.Get(ctx, client.ObjectKeyFromObject(&wanted), live)
	switch {
	case apierrors.IsNotFound(err):
		return "is missing", nil
	case err != nil:
		return "", err
	case live.GetDeletionTimestamp() != nil:
		return "is being deleted", nil
	}
	tried, err := s.applyObject(ctx, wanted, client.DryRunAll)
	if err != nil {
		return "", err
	}
	for _, o := range []*unstructured.Unstructured{live, tried} {
		for _, field := range []string{"managedFields", "resourceVersion", "generation"} {
			unstructured.RemoveNestedField(o.Object, "metadata", field)
		}
		delete(o.Object, "status")
	}
	if fields := differingFields("", live.Object, tried.Object); len(fields) > 0 {
		return "differs in " + strings.Join(fields[:min(3, len(fields))], ", "), nil
	}
	return "", nil
}

// applyObject makes an object what it should be, and returns what it is then.
func (s *Site) applyObject(
	ctx context.Context, wanted unstructured.Unstructured, options ...client.ApplyOption,
) (*unstructured.Unstructured, error) {
	applied := wanted.DeepCopy()
	options = append(options, fieldOwner, client.ForceOwnership)
	return applied, s.Client.Apply(ctx, client.ApplyConfigurationFromUnstructured(applied), options...)
}

// differingFields returns the paths, such as spec.replicas, at which two values differ.
func differingFields(path string, a, b any) []string {
	var out []string
	switch a := a.(type) {
	case map[string]any:
		if b, ok := b.(map[string]any); ok {
			all := maps.Clone(a)
			maps.Copy(all, b)
			for _, key := range slices.Sorted(maps.Keys(all)) {
				out = append(out, differingFields(path+"."+key, a[key], b[key])...)
			}
			return out
		}
	case []any:
		if b, ok := b.([]any); ok && len(a) == len(b) {
			for i := range a {
				out = append(out, differingFields(fmt.Sprintf("%s[%d]", path, i), a[i], b[i])...)
			}
			return out
		}
	}
	if reflect.DeepEqual(a, b) {
		return nil
	}
	return []string{strings.TrimPrefix(path, ".")}
}
