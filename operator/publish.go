package operator

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// +kubebuilder:rbac:groups=kernel.gossip.io,resources=kernelwhispers;podbirthcertificates,verbs=list;watch;create;patch;delete
// +kubebuilder:rbac:groups=kernel.gossip.io,resources=kernelwhispers/status;podbirthcertificates/status,verbs=patch

// fieldOwner is this operator's name in managed fields.
const fieldOwner = "kernel-gossip"

// writeTimeout bounds one request to the API server; the queue tries again.
const writeTimeout = 15 * time.Second

// publisher reads the operator's objects from the cache and writes them to the API server, by server-side apply: fields
// that others write stay theirs, and the operator's own fields are as it says.
type publisher struct {
	client  client.Client
	quota   *objectQuota
	metrics *metrics
}

// get returns the object of a subject; nil if there is none.
func (p publisher) get(ctx context.Context, about gossip.WorkloadSubject) (crd.Object, error) {
	var o interface {
		crd.Object
		client.Object
	}
	switch about.Kind {
	case gossip.KindCPUThrottling, gossip.KindMemoryPressure, gossip.KindOOMKill, gossip.KindNetworkIssue:
		o = &v1alpha1.KernelWhisper{}
	case gossip.KindPodBirth:
		o = &v1alpha1.PodBirthCertificate{}
	default:
		return nil, fmt.Errorf("%s: no object has this kind", about)
	}
	err := p.client.Get(ctx, client.ObjectKey{Namespace: about.Namespace, Name: crd.Name(about)}, o)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil //nolint:nilnil // no object is an answer
	case err != nil:
		return nil, fmt.Errorf("object of %s: %w", about, err)
	}
	return o, nil
}

// createObject makes an object without its status and returns its UID.
func (p publisher) createObject(ctx context.Context, o crd.Object) (types.UID, error) {
	content, err := contentOf(o, "spec")
	if err != nil {
		return "", err
	}
	content.SetOwnerReferences(o.GetOwnerReferences())
	content.SetLabels(o.GetLabels())
	err = p.callAPI(ctx, o, "create", func(ctx context.Context) error {
		applied := client.ApplyConfigurationFromUnstructured(content)
		return p.client.Apply(ctx, applied, client.ForceOwnership, client.FieldOwner(fieldOwner))
	})
	return content.GetUID(), err
}

// writeStatus writes the status of the object with this UID, and not of another that may have its name by now.
func (p publisher) writeStatus(ctx context.Context, o crd.Object, uid types.UID) error {
	content, err := contentOf(o, "status")
	if err != nil {
		return err
	}
	content.SetUID(uid)
	return p.callAPI(ctx, o, "status", func(ctx context.Context) error {
		applied := client.ApplyConfigurationFromUnstructured(content)
		return p.client.Status().Apply(ctx, applied, client.ForceOwnership, client.FieldOwner(fieldOwner))
	})
}

// deleteObject deletes the object that was read, and not another of its name. It is no error if the object is gone.
func (p publisher) deleteObject(ctx context.Context, o crd.Object) error {
	return p.deleteIf(ctx, o, client.Preconditions{UID: new(o.GetUID())})
}

// deleteBlank deletes an object without a status, unless it has changed since it was read: it may have one by now.
func (p publisher) deleteBlank(ctx context.Context, o crd.Object) error {
	return p.deleteIf(ctx, o, client.Preconditions{UID: new(o.GetUID()), ResourceVersion: new(o.GetResourceVersion())})
}

// deleteIf deletes an object if the conditions hold. It is no error if they do not, or if the object is gone.
func (p publisher) deleteIf(ctx context.Context, o crd.Object, conditions client.Preconditions) error {
	partial := &unstructured.Unstructured{}
	partial.SetGroupVersionKind(o.GetObjectKind().GroupVersionKind())
	partial.SetNamespace(o.GetNamespace())
	partial.SetName(o.GetName())
	return p.callAPI(ctx, o, "delete", func(ctx context.Context) error {
		err := p.client.Delete(ctx, partial, conditions)
		if apierrors.IsConflict(err) {
			return nil
		}
		return client.IgnoreNotFound(err)
	})
}

// callAPI makes one request within writeTimeout, and counts it.
func (p publisher) callAPI(ctx context.Context, o crd.Object, verb string, request func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	err := request(ctx)
	kind := o.GetObjectKind().GroupVersionKind().Kind
	p.metrics.countWrite(kind, verb, err)
	if err != nil {
		return fmt.Errorf("%s of %s %s/%s: %w", verb, kind, o.GetNamespace(), o.GetName(), err)
	}
	return nil
}

// contentOf returns the identity of an object and one part of it, as its JSON has them: a field that was not measured
// is not applied.
func contentOf(o crd.Object, part string) (*unstructured.Unstructured, error) {
	text, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	var whole unstructured.Unstructured
	if err := whole.UnmarshalJSON(text); err != nil {
		return nil, err
	}
	out := &unstructured.Unstructured{Object: map[string]any{part: whole.Object[part]}}
	out.SetGroupVersionKind(whole.GroupVersionKind())
	out.SetNamespace(o.GetNamespace())
	out.SetName(o.GetName())
	return out, nil
}
