package scenarios

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

// fakeSource has recorded objects, one after the other, and nothing else; the last one stays.
type fakeSource struct {
	Source

	pod      *corev1.Pod
	whispers []*v1alpha1.KernelWhisper
	did      []string
	end      error
}

func (s *fakeSource) Origin() string { return "Recorded." }

func (s *fakeSource) Begin(_ context.Context, scenario string) error {
	s.did = append(s.did, "begin "+scenario)
	return nil
}

func (s *fakeSource) Pod(context.Context, string) (*corev1.Pod, error) { return s.pod, nil }

func (s *fakeSource) Whisper(context.Context, string, v1alpha1.WhisperKind) (*v1alpha1.KernelWhisper, error) {
	w := s.whispers[0]
	s.whispers = s.whispers[min(1, len(s.whispers)-1):]
	return w, nil
}

func (s *fakeSource) Usage(context.Context, string) (*Usage, error) { return nil, ErrUnknown }

func (s *fakeSource) Latency(context.Context, string) (*Latency, error) { return nil, ErrUnknown }

func (s *fakeSource) Run(_ context.Context, line string) (string, error) {
	if !strings.Contains(line, "--subresource resize") {
		return "", ErrUnknown
	}
	s.did = append(s.did, line)
	return "patched", nil
}

func (s *fakeSource) End(context.Context) error {
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
	advice := &w.Status.Recommendations[0]
	advice.Current, advice.Target = new(resource.MustParse(current)), new(resource.MustParse(target))
	advice.Resize = []string{"kubectl patch pod --subresource resize " + target}
	return w
}

func playRecorded(t *testing.T, source *fakeSource) (string, error) {
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

// Advice on the old limit is not followed again.
func TestTheNextNumberIsFollowedToo(t *testing.T) {
	first, next, over := throttled(t, "100m", "550m"), throttled(t, "550m", "900m"), throttled(t, "", "")
	source := &fakeSource{whispers: []*v1alpha1.KernelWhisper{first, first, first, next, over}}
	shown, err := playRecorded(t, source)
	require.NoError(t, err)
	require.Equal(t, []string{
		"end", "begin throttle",
		"kubectl patch pod --subresource resize 550m", "kubectl patch pod --subresource resize 900m", "end",
	}, source.did)
	require.Equal(t, 3, strings.Count(shown, "THE KERNEL SAYS"))
	require.Contains(t, shown, "Better, and not over")
	require.Contains(t, shown, "How long a piece of work took is not in it.")
	require.NotContains(t, shown, "kubectl get", "what the source cannot run is not shown")
}

func TestALimitThatNeverSufficesIsAnError(t *testing.T) {
	first, second := throttled(t, "100m", "200m"), throttled(t, "200m", "300m")
	third, last := throttled(t, "300m", "400m"), throttled(t, "400m", "500m")
	source := &fakeSource{whispers: []*v1alpha1.KernelWhisper{first, first, second, third, last}}
	_, err := playRecorded(t, source)
	require.EqualError(t, err, "throttle: still throttled after 3 steps: throttled in 81% of periods")
	require.Equal(t, "end", source.did[len(source.did)-1])
}

func TestWhatCannotBeCleanedUpIsReported(t *testing.T) {
	source := &fakeSource{end: errors.New("the namespace stays")}
	_, err := playRecorded(t, source)
	require.ErrorContains(t, err, "clean up before: the namespace stays")
	require.Equal(t, []string{"end"}, source.did)
}
