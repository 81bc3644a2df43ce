package recording

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/examples/demo"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/scenarios"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
)

// Source is a recording as the source of a scenario. Make it with New.
type Source struct {
	*scenarios.Live // for the objects, which are this cluster's

	site    *demo.Site
	capture *Capture
	uids    testcluster.UIDs
	second  bool // the records of the second act are sent
}

// New returns a source on a cluster in which an operator runs.
func New(site *demo.Site) *Source {
	return &Source{Live: &scenarios.Live{Kubectl: site.Kubectl}, site: site}
}

// Origin says when and on what the scenario that was begun last was recorded.
func (s *Source) Origin() string { return s.capture.Origin() }

// Begin places the recorded pods of a scenario and sends the records of its first act. "loss" begins the second act of
// network, a resize begins the second act of throttle, and the first kill that one of memory.
func (s *Source) Begin(ctx context.Context, scenario string) error {
	if scenario == "loss" {
		return s.beginSecondAct(ctx)
	}
	c, err := Read(scenario)
	if err != nil {
		return err
	}
	s.capture, s.second = c, false
	if s.uids, err = placePods(ctx, s.site, c); err != nil {
		return err
	}
	return sendRecords(ctx, s.site, s.uids, c.one)
}

func (s *Source) beginSecondAct(ctx context.Context) error {
	if s.second || len(s.capture.two) == 0 {
		return fmt.Errorf("the recording of %s has no further act", s.capture.Name)
	}
	s.second = true
	return sendRecords(ctx, s.site, s.uids, s.capture.two)
}

// Pod returns the pod as it was recorded: nothing runs now.
func (s *Source) Pod(_ context.Context, role string) (*corev1.Pod, error) {
	return s.capture.Pod(role), nil
}

// Whisper returns the object that this cluster's operator made of the recording. After the first one about memory
// pressure comes the kill.
func (s *Source) Whisper(
	ctx context.Context, role string, kind v1alpha1.WhisperKind,
) (*v1alpha1.KernelWhisper, error) {
	kw, err := s.Live.Whisper(ctx, role, kind)
	if err == nil && kw != nil && kind == v1alpha1.WhisperMemoryPressure && !s.second {
		err = s.beginSecondAct(ctx)
	}
	return kw, err
}

// Usage is not in a recording.
func (s *Source) Usage(context.Context, string) (*scenarios.Usage, error) {
	return nil, scenarios.ErrUnknown
}

// Latency is not in a recording.
func (s *Source) Latency(context.Context, string) (*scenarios.Latency, error) {
	return nil, scenarios.ErrUnknown
}

// Run runs a command that asks for the operator's objects. Instead of a resize it sends what was recorded after one,
// and says so. Other commands are about pods that run, and these do not.
func (s *Source) Run(ctx context.Context, line string) (string, error) {
	switch {
	case strings.HasPrefix(line, "kubectl get kw ") || strings.HasPrefix(line, "kubectl get pbc "):
		return s.Live.Run(ctx, line)
	case strings.Contains(line, "--subresource resize") && !s.second:
		if err := s.beginSecondAct(ctx); err != nil {
			return "", err
		}
		return fmt.Sprintf("(Not run now. At %s UTC, while this was recorded, somebody ran: %s)",
			s.capture.SecondAct.UTC().Format(time.TimeOnly), s.capture.SecondActDid), nil
	}
	return "", scenarios.ErrUnknown
}
