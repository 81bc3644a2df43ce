package demo

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/stage"
)

// tale is a source that tells recorded objects, one after the other, and nothing else; the last stays.
type tale struct {
	pod      *corev1.Pod
	whispers []*v1alpha1.KernelWhisper
	did      []string
	end      error
}

func (s *tale) Origin() string { return "Told." }

func (s *tale) Begin(_ context.Context, scenario string) error {
	s.did = append(s.did, "begin "+scenario)
	return nil
}

func (s *tale) Pod(context.Context, string) (*corev1.Pod, error) { return s.pod, nil }

func (s *tale) Certificate(context.Context, string) (*v1alpha1.PodBirthCertificate, error) {
	return nil, ErrNotTold
}

func (s *tale) Whisper(context.Context, string, v1alpha1.WhisperKind) (*v1alpha1.KernelWhisper, error) {
	w := s.whispers[0]
	s.whispers = s.whispers[min(1, len(s.whispers)-1):]
	return w, nil
}

func (s *tale) Usage(context.Context, string) (*Usage, error) { return nil, ErrNotTold }

func (s *tale) Latency(context.Context, string) (*Latency, error) { return nil, ErrNotTold }

func (s *tale) Run(_ context.Context, line string) (string, error) {
	if !strings.Contains(line, "--subresource resize") {
		return "", ErrNotTold
	}
	s.did = append(s.did, line)
	return "patched", nil
}

func (s *tale) End(context.Context) error {
	s.did = append(s.did, "end")
	return s.end
}

// throttled is the recorded whisper with another limit in force, and another one advised; none is healthy.
func throttled(t *testing.T, current, target string) *v1alpha1.KernelWhisper {
	t.Helper()
	whispers, _, _ := recorded(t, "hidden-throttling")
	w := whispers[0]
	if target == "" {
		w.Status.Conditions[0].Status = metav1.ConditionFalse
		w.Status.Recommendations = nil
		return w
	}
	w.Status.Recommendations[0].Current, w.Status.Recommendations[0].Target = new(resource.MustParse(current)), new(resource.MustParse(target))
	w.Status.Recommendations[0].Resize = "kubectl patch pod --subresource resize " + target
	return w
}

func playThrottle(t *testing.T, source *tale) (string, error) {
	t.Helper()
	_, _, pods := recorded(t, "hidden-throttling")
	for _, source.pod = range pods { // there is one
	}
	scenarios, err := Find("throttle")
	require.NoError(t, err)
	var out strings.Builder
	err = Play(t.Context(), &stage.Stage{Out: &out, Width: 80}, source, scenarios)
	return out.String(), err
}

// Where the first number is not enough, the object has the next, and that is followed too; what was said of the old limit is not.
func TestNextNumberIsFollowed(t *testing.T) {
	first, next, over := throttled(t, "100m", "550m"), throttled(t, "550m", "900m"), throttled(t, "", "")
	source := &tale{whispers: []*v1alpha1.KernelWhisper{first, first, first, next, over}}
	shown, err := playThrottle(t, source)
	require.NoError(t, err)
	require.Equal(t, []string{
		"end", "begin throttle", "kubectl patch pod --subresource resize 550m", "kubectl patch pod --subresource resize 900m", "end",
	}, source.did)
	require.Equal(t, 3, strings.Count(shown, "THE KERNEL SAYS"))
	require.Contains(t, shown, "Better, and not over")
	require.Contains(t, shown, "How long a piece of work took is not in it.")
	require.NotContains(t, shown, "kubectl get", "what the source cannot run is not shown")
}

// A limit that never suffices is an error, and everything is cleaned up all the same.
func TestStillThrottled(t *testing.T) {
	first := throttled(t, "100m", "200m")
	source := &tale{whispers: []*v1alpha1.KernelWhisper{first, first, throttled(t, "200m", "300m"), throttled(t, "300m", "400m"), throttled(t, "400m", "500m")}}
	_, err := playThrottle(t, source)
	require.EqualError(t, err, "throttle: still throttled after 3 steps: throttled in 81% of periods")
	require.Equal(t, "end", source.did[len(source.did)-1])
}

// What is left is told, with the error that came before.
func TestCleanUpFails(t *testing.T) {
	source := &tale{end: errors.New("the namespace stays")}
	_, err := playThrottle(t, source)
	require.ErrorContains(t, err, "clean up before: the namespace stays")
	require.Equal(t, []string{"end"}, source.did)
}
