package scenarios

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/stage"
)

// show is one scenario on stage.
type show struct {
	*stage.Stage

	source Source
}

// step is a part of a scenario with its title. After each the speaker may talk.
type step struct {
	title string
	show  func(context.Context) error
}

func (s *show) playSteps(ctx context.Context, steps []step) error {
	for _, x := range steps {
		s.Step(x.title)
		if err := x.show(ctx); err != nil {
			return err
		}
		if err := s.Pause(); err != nil {
			return err
		}
	}
	return nil
}

// run shows a command and what it printed. What the source cannot run is not shown.
func (s *show) run(ctx context.Context, line string) error {
	out, err := s.source.Run(ctx, line)
	if errors.Is(err, ErrUnknown) {
		return nil
	}
	if err != nil {
		return err
	}
	s.Command(line, out)
	return nil
}

// showPods shows the pods as kubectl lists them.
func (s *show) showPods(ctx context.Context) error {
	return s.run(ctx, "kubectl get pods -n "+Namespace)
}

// showObjects shows some columns of what the operator wrote. All of them are wider than most stages.
func (s *show) showObjects(ctx context.Context, kind string, columns ...string) error {
	return s.run(ctx, "kubectl get "+kind+" -n "+Namespace+" -o=custom-columns="+strings.Join(columns, ","))
}

// expectation is what is waited for, how long at most, and what is likely wrong if it does not come.
type expectation struct {
	what string
	most time.Duration
	hint string
}

const observerHint = "look at the observer, which needs bpftrace for births, kills and connects " +
	"(kubectl logs -n kernel-gossip-observer daemonset/kernel-gossip-observer), " +
	"and at the operator (kubectl logs -n kernel-gossip deployment/kernel-gossip-operator)"

// awaitObject asks every second until there is an object as it is wanted.
func awaitObject[T any](
	ctx context.Context, s *show, e expectation, ask func(context.Context) (*T, error), isWanted func(*T) bool,
) (*T, error) {
	s.Note("")
	s.Note("… waiting for %s (%.0f s at most)", e.what, e.most.Seconds())
	begin := time.Now()
	limited, cancel := context.WithTimeout(ctx, e.most)
	defer cancel()
	for {
		got, err := ask(limited)
		switch {
		case err != nil && limited.Err() == nil:
			return nil, err
		case err == nil && got != nil && isWanted(got):
			s.Note("there after %.0f s", time.Since(begin).Seconds())
			return got, nil
		}
		select {
		case <-time.After(time.Second):
		case <-limited.Done():
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			return nil, fmt.Errorf("%s did not come within %s: %s", e.what, e.most, e.hint)
		}
	}
}

// awaitReady waits until all containers of a pod are ready.
func (s *show) awaitReady(ctx context.Context, role string) (*corev1.Pod, error) {
	hint := "kubectl describe pod -n " + Namespace + " " + role + " says why; the images must be on the node"
	e := expectation{"pod " + role + " to be ready", time.Minute, hint}
	ask := func(ctx context.Context) (*corev1.Pod, error) { return s.source.Pod(ctx, role) }
	return awaitObject(ctx, s, e, ask, isReady)
}

// awaitWhisper waits, for two minutes, until the whisper about a pod is as wanted.
func (s *show) awaitWhisper(
	ctx context.Context, what, role string, kind v1alpha1.WhisperKind, isWanted func(*v1alpha1.KernelWhisper) bool,
) (*v1alpha1.KernelWhisper, error) {
	e := expectation{what, 2 * time.Minute, observerHint}
	ask := func(ctx context.Context) (*v1alpha1.KernelWhisper, error) { return s.source.Whisper(ctx, role, kind) }
	return awaitObject(ctx, s, e, ask, isWanted)
}

func isReady(pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// isTrue reports whether a condition of a whisper is true.
func isTrue(kw *v1alpha1.KernelWhisper, condition string) bool {
	return meta.IsStatusConditionTrue(kw.Status.Conditions, condition)
}

// kubernetesPanel returns the side of a contrast on which a pod looks healthy: its restarts, and its state in a line.
func kubernetesPanel(pod *corev1.Pod) stage.Panel {
	return stage.Panel{
		Title: "Kubernetes says", Figure: fmt.Sprint(countRestarts(pod)), Mood: stage.Good,
		Lines: []string{"restarts", summarizePod(pod)},
	}
}

// summarizePod returns what `kubectl get pods` says of a pod, in a line.
func summarizePod(pod *corev1.Pod) string {
	text := string(pod.Status.Phase)
	if isReady(pod) {
		text += ", ready"
	}
	return fmt.Sprintf("%s, restarts: %d", text, countRestarts(pod))
}

func countRestarts(pod *corev1.Pod) int32 {
	var n int32
	for _, c := range pod.Status.ContainerStatuses {
		n += c.RestartCount
	}
	return n
}
