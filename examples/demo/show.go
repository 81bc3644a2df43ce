package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/stage"
)

// show is one scenario on stage.
type show struct {
	*stage.Stage

	source Source
}

// run shows a command and what it printed. What the source cannot run is not shown.
func (s *show) run(ctx context.Context, line string) error {
	out, err := s.source.Run(ctx, line)
	if errors.Is(err, ErrNotTold) {
		return nil
	}
	if err != nil {
		return err
	}
	s.Command(line, out)
	return nil
}

// reports shows what the operator wrote, in the columns that matter here: all of them are wider than most stages.
func (s *show) reports(ctx context.Context, kind string, columns ...string) error {
	return s.run(ctx, "kubectl get "+kind+" -n "+Namespace+" -o=custom-columns="+strings.Join(columns, ","))
}

// look is how often the source is asked while something is waited for.
const look = time.Second

// await asks until there is something, says what it waits for, and what may be wrong when it does not come in time.
func await[T any](ctx context.Context, s *show, w wait, ask func(context.Context) (*T, error)) (*T, error) {
	s.Note("")
	s.Note("… waiting for %s (%.0f s at most)", w.what, w.most.Seconds())
	begin := time.Now()
	limited, cancel := context.WithTimeout(ctx, w.most)
	defer cancel()
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		got, err := ask(limited)
		switch {
		case err != nil && limited.Err() == nil:
			return nil, err
		case err == nil && got != nil:
			s.Note("there after %.0f s", time.Since(begin).Seconds())
			return got, nil
		}
		select {
		case <-tick.C:
		case <-limited.Done():
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			return nil, fmt.Errorf("%s did not come within %s: %s", w.what, w.most, w.hint)
		}
	}
}

// wait is what is waited for, how long at most, and what is likely wrong when it does not come.
type wait struct {
	what string
	most time.Duration
	hint string
}

const observerHint = "look at the observer (kubectl logs -n kernel-gossip-observer daemonset/kernel-gossip-observer): it needs bpftrace for births, " +
	"kills and connects; and at the operator (kubectl logs -n kernel-gossip deployment/kernel-gossip-operator)"

// ready waits until all containers of a pod are ready.
func (s *show) ready(ctx context.Context, role string) (*corev1.Pod, error) {
	w := wait{"pod " + role + " to be ready", time.Minute, "kubectl describe pod -n " + Namespace + " " + role + " says why; the images must be on the node"}
	return await(ctx, s, w, func(ctx context.Context) (*corev1.Pod, error) {
		pod, err := s.source.Pod(ctx, role)
		if err != nil || pod == nil || !isReady(pod) {
			return nil, err
		}
		return pod, nil
	})
}

// whisper waits until the whisper about a pod is as wanted.
func (s *show) whisper(ctx context.Context, w wait, role string, kind v1alpha1.WhisperKind, wanted func(*v1alpha1.KernelWhisper) bool) (*v1alpha1.KernelWhisper, error) {
	return await(ctx, s, w, func(ctx context.Context) (*v1alpha1.KernelWhisper, error) {
		kw, err := s.source.Whisper(ctx, role, kind)
		if err != nil || kw == nil || !wanted(kw) {
			return nil, err
		}
		return kw, nil
	})
}

func isReady(pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// condition is that of a whisper, which has one.
func condition(kw *v1alpha1.KernelWhisper, name string) metav1.Condition {
	if c := meta.FindStatusCondition(kw.Status.Conditions, name); c != nil {
		return *c
	}
	return metav1.Condition{}
}

// inShort is what `kubectl get pods` says of a pod, in a line.
func inShort(pod *corev1.Pod) string {
	text := string(pod.Status.Phase)
	if isReady(pod) {
		text += ", ready"
	}
	return fmt.Sprintf("%s, restarts: %d", text, restarts(pod))
}

func restarts(pod *corev1.Pod) int32 {
	var n int32
	for _, c := range pod.Status.ContainerStatuses {
		n += c.RestartCount
	}
	return n
}

// told is nil for what the source can never tell.
func told[T any](got *T, err error) (*T, error) {
	if errors.Is(err, ErrNotTold) {
		return nil, nil
	}
	return got, err
}
