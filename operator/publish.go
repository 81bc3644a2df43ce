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

// +kubebuilder:rbac:groups=kernel.gossip.io,resources=kernelwhispers;podbirthcertificates,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=kernel.gossip.io,resources=kernelwhispers/status;podbirthcertificates/status,verbs=patch

// fieldOwner names us in managed fields.
const fieldOwner = "kernel-gossip"

// writeTimeout bounds one call to the API server; the queue tries again.
const writeTimeout = 15 * time.Second

// publisher reads our objects from the cache and writes them to the API server, by server-side apply: what others write into them is
// theirs, what is ours is as we say.
type publisher struct {
	client  client.Client
	census  *census
	metrics *metrics
}

// get returns the object of a subject; nil when there is none.
func (p publisher) get(ctx context.Context, about gossip.Subject) (crd.Object, error) {
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

// create makes an object without its status and returns its UID.
func (p publisher) create(ctx context.Context, o crd.Object) (types.UID, error) {
	content, err := contentOf(o, "spec")
	if err != nil {
		return "", err
	}
	content.SetOwnerReferences(o.GetOwnerReferences())
	err = p.call(ctx, o, "create", func(ctx context.Context) error {
		return p.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(content), client.ForceOwnership, client.FieldOwner(fieldOwner))
	})
	return content.GetUID(), err
}

// writeStatus writes the status of the object that has this UID, and of no other that may have its name by now.
func (p publisher) writeStatus(ctx context.Context, o crd.Object, uid types.UID) error {
	content, err := contentOf(o, "status")
	if err != nil {
		return err
	}
	content.SetUID(uid)
	return p.call(ctx, o, "status", func(ctx context.Context) error {
		return p.client.Status().Apply(ctx, client.ApplyConfigurationFromUnstructured(content), client.ForceOwnership, client.FieldOwner(fieldOwner))
	})
}

// delete deletes the object that was read, and no other of its name. One that is gone already is fine.
func (p publisher) delete(ctx context.Context, o crd.Object) error {
	partial := &unstructured.Unstructured{}
	partial.SetGroupVersionKind(o.GetObjectKind().GroupVersionKind())
	partial.SetNamespace(o.GetNamespace())
	partial.SetName(o.GetName())
	uid := o.GetUID()
	return p.call(ctx, o, "delete", func(ctx context.Context) error {
		err := p.client.Delete(ctx, partial, client.Preconditions{UID: &uid})
		if apierrors.IsConflict(err) { // another object has the name
			return nil
		}
		return client.IgnoreNotFound(err)
	})
}

// call makes one request, bounded in time and counted.
func (p publisher) call(ctx context.Context, o crd.Object, verb string, request func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	err := request(ctx)
	p.metrics.wrote(o.GetObjectKind().GroupVersionKind().Kind, verb, err)
	if err != nil {
		return fmt.Errorf("%s of %s %s/%s: %w", verb, o.GetObjectKind().GroupVersionKind().Kind, o.GetNamespace(), o.GetName(), err)
	}
	return nil
}

// contentOf is the identity of an object and one part of it, as its JSON has it: a field that was not measured is not applied.
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
