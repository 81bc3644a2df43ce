package recording

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/examples/demo"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/install"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
)

// goneTime is how long a namespace may take to go.
const goneTime = 90 * time.Second

// Source is a recording as the source of a demo. Make it with New.
type Source struct {
	site *install.Site
	live *demo.Live // for the objects, which are this cluster's

	capture *Capture
	uids    testcluster.UIDs
	second  bool // the second act is sent
}

var _ demo.Source = (*Source)(nil)

// New is a source on a cluster in which an operator runs.
func New(site *install.Site) *Source {
	return &Source{site: site, live: &demo.Live{Kubectl: site.Kubectl}}
}

// Origin says when and on what the scenario that was begun last was recorded.
func (s *Source) Origin() string {
	if s.capture == nil {
		return "Recorded."
	}
	return s.capture.Origin()
}

// Begin places the recorded pods of a scenario and sends the records of its first act. "loss" is the second act of network, a resize that
// of throttle, and the first kill that of memory.
func (s *Source) Begin(ctx context.Context, scenario string) error {
	if scenario == "loss" {
		return s.next(ctx)
	}
	c, err := Read(scenario)
	if err != nil {
		return err
	}
	s.capture, s.second = c, false
	if s.uids, err = place(ctx, s.site, c); err != nil {
		return err
	}
	return send(ctx, s.site, s.uids, c.one)
}

// next sends the records of the second act, once.
func (s *Source) next(ctx context.Context) error {
	if s.second || len(s.capture.two) == 0 {
		return fmt.Errorf("the recording of %s has no further act", s.capture.Name)
	}
	s.second = true
	return send(ctx, s.site, s.uids, s.capture.two)
}

// Pod is the pod as it was recorded: nothing runs now.
func (s *Source) Pod(_ context.Context, role string) (*corev1.Pod, error) { return s.capture.Pod(role) }

// Certificate is the object that this cluster's operator made of the recording.
func (s *Source) Certificate(ctx context.Context, role string) (*v1alpha1.PodBirthCertificate, error) {
	return s.live.Certificate(ctx, role)
}

// Whisper is the object that this cluster's operator made of the recording. Whoever has seen the memory climb gets to see what came of it.
func (s *Source) Whisper(ctx context.Context, role string, kind v1alpha1.WhisperKind) (*v1alpha1.KernelWhisper, error) {
	kw, err := s.live.Whisper(ctx, role, kind)
	if err == nil && kw != nil && kind == v1alpha1.WhisperMemoryPressure && !s.second {
		err = s.next(ctx)
	}
	return kw, err
}

// Usage is not in a recording.
func (s *Source) Usage(context.Context, string) (*demo.Usage, error) { return nil, demo.ErrNotTold }

// Latency is not in a recording.
func (s *Source) Latency(context.Context, string) (*demo.Latency, error) { return nil, demo.ErrNotTold }

// Run runs what asks for the operator's objects. For a resize it sends what was recorded after one, and says so. What else there is to ask
// Kubernetes about pods is not told: they are placed, and do not run.
func (s *Source) Run(ctx context.Context, line string) (string, error) {
	switch {
	case strings.HasPrefix(line, "kubectl get kw ") || strings.HasPrefix(line, "kubectl get pbc "):
		return s.live.Run(ctx, line)
	case strings.Contains(line, "--subresource resize") && !s.second:
		if err := s.next(ctx); err != nil {
			return "", err
		}
		return fmt.Sprintf("(Not run now. At %s UTC, while this was recorded, somebody ran: %s)", s.capture.SecondAct.UTC().Format(time.TimeOnly), s.capture.SecondActDid), nil
	}
	return "", demo.ErrNotTold
}

// End deletes the namespaces of the demo, whoever made their pods, and waits until they are gone. One that is not the demo's stays.
func (s *Source) End(ctx context.Context) error {
	var trouble []error
	for _, name := range slices.Sorted(maps.Keys(s.site.Namespaces)) {
		trouble = append(trouble, s.end(ctx, name))
	}
	return errors.Join(trouble...)
}

func (s *Source) end(ctx context.Context, name string) error {
	var ns corev1.Namespace
	if err := s.site.Client.Get(ctx, client.ObjectKey{Name: name}, &ns); err != nil {
		return client.IgnoreNotFound(err)
	}
	if ns.Labels[install.Part] != install.DemoPart {
		return fmt.Errorf("namespace %s is not the demo's: it lacks the label %s=%s", name, install.Part, install.DemoPart)
	}
	if err := client.IgnoreNotFound(s.site.Client.Delete(ctx, &ns)); err != nil {
		return err
	}
	err := wait.PollUntilContextTimeout(ctx, time.Second/2, goneTime, true, func(ctx context.Context) (bool, error) {
		return apierrors.IsNotFound(s.site.Client.Get(ctx, client.ObjectKey{Name: name}, &ns)), nil
	})
	if err != nil {
		return fmt.Errorf("namespace %s is still there (%s): %w", name, s.site.Recover, err)
	}
	return nil
}
