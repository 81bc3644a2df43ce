package scenarios

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/stage"
)

func throttleSteps(s *show) []step {
	var pod *corev1.Pod
	var before throttling
	return []step{
		{"A worker that has little to do", func(ctx context.Context) (err error) {
			s.Say("Each piece of work needs 64 ms of CPU, and there is one every 1.6 s: " +
				"that is 40 %% of a limit of 100m, on average.")
			if pod, err = s.awaitReady(ctx, "worker"); err != nil {
				return err
			}
			if err := s.showPods(ctx); err != nil {
				return err
			}
			if before, err = s.awaitThrottling(ctx, "a verdict: that takes 50 periods in which it ran", isHidden); err != nil {
				return err
			}
			showThrottling(s.Stage, before, s.source.Origin())
			return s.showObjects(ctx, "kw", "KERNEL:.status.kernelSays", "METRICS:.status.metricsSay")
		}},
		{"The fix: the number to set, from the object", func(ctx context.Context) error {
			advised, err := s.awaitWhisper(ctx, "a number: in a pod's first minute it may only be starting up", "worker",
				v1alpha1.WhisperCPUThrottling, func(kw *v1alpha1.KernelWhisper) bool { return findResize(kw) != nil })
			if err != nil {
				return err
			}
			after, err := s.followAdvice(ctx, findResize(advised), mostSteps)
			if err != nil {
				return err
			}
			if err := s.showPods(ctx); err != nil {
				return err
			}
			if after.pod.UID != pod.UID || countRestarts(after.pod) != countRestarts(pod) {
				return fmt.Errorf("the pod is another one, or was restarted, since the resize: %s", summarizePod(after.pod))
			}
			s.Say("The same pod, no restart.%s", compareLatency(before.latency, after.latency))
			return nil
		}},
	}
}

// isHidden reports whether a container is throttled while its average looks fine.
func isHidden(kw *v1alpha1.KernelWhisper) bool {
	c := meta.FindStatusCondition(kw.Status.Conditions, v1alpha1.ConditionThrottled)
	return c != nil && c.Reason == v1alpha1.ReasonThrottledWhileCPULow
}

// isUnthrottled reports whether a container is known not to be throttled.
func isUnthrottled(kw *v1alpha1.KernelWhisper) bool {
	return meta.IsStatusConditionFalse(kw.Status.Conditions, v1alpha1.ConditionThrottled)
}

// mostSteps is how many numbers are followed: on a busy machine the first may be too low, and the object has the next
// one then.
const mostSteps = 3

// followAdvice runs the command of an advice, and shows the same view when there is a verdict on the new limit. If that
// verdict has another number, it follows that one too.
func (s *show) followAdvice(ctx context.Context, advice *v1alpha1.Recommendation, steps int) (throttling, error) {
	s.Say("%s", advice.Action)
	s.Say("%s", advice.Evidence)
	if err := s.run(ctx, advice.Resize[0]); err != nil {
		return throttling{}, err
	}
	var next *v1alpha1.Recommendation
	after, err := s.awaitThrottling(ctx, "the same view: that takes 50 periods with the new limit",
		func(kw *v1alpha1.KernelWhisper) bool {
			next = findResize(kw)
			onNewLimit := next != nil && next.Current != nil && next.Current.Cmp(*advice.Target) == 0
			return onNewLimit || isUnthrottled(kw)
		})
	if err != nil {
		return after, err
	}
	showThrottling(s.Stage, after, s.source.Origin())
	switch {
	case isUnthrottled(after.whisper):
		return after, nil
	case steps == 1:
		return after, fmt.Errorf("still throttled after %d steps: %s", mostSteps, after.whisper.Status.KernelSays)
	}
	s.Say("Better, and not over: that was a first step, and the object has the next.")
	return s.followAdvice(ctx, next, steps-1)
}

// findResize returns the first advice that has a number and a command; nil if there is none.
func findResize(kw *v1alpha1.KernelWhisper) *v1alpha1.Recommendation {
	for i, r := range kw.Status.Recommendations {
		if len(r.Resize) > 0 && r.Target != nil {
			return &kw.Status.Recommendations[i]
		}
	}
	return nil
}

// throttling is both sides of a throttled container. Usage and latency are nil if the source does not know them.
type throttling struct {
	pod     *corev1.Pod
	whisper *v1alpha1.KernelWhisper
	usage   *Usage
	latency *Latency
}

// awaitThrottling waits for a verdict, and asks for the rest at the same time.
func (s *show) awaitThrottling(
	ctx context.Context, what string, isWanted func(*v1alpha1.KernelWhisper) bool,
) (t throttling, err error) {
	if t.whisper, err = s.awaitWhisper(ctx, what, "worker", v1alpha1.WhisperCPUThrottling, isWanted); err != nil {
		return t, err
	}
	if t.pod, err = s.source.Pod(ctx, "worker"); err != nil {
		return t, err
	}
	if t.usage, err = s.awaitUsage(ctx); err != nil {
		return t, err
	}
	t.latency, err = ifKnown(s.source.Latency(ctx, "worker"))
	return t, err
}

// awaitUsage waits until the kubelet has an average of the worker's CPU.
func (s *show) awaitUsage(ctx context.Context) (*Usage, error) {
	ask := func(ctx context.Context) (*Usage, error) { return s.source.Usage(ctx, "worker") }
	hasCPU := func(u *Usage) bool { return u.CPU != nil }
	if u, err := ask(ctx); err != nil || u != nil && hasCPU(u) {
		return ifKnown(u, err)
	}
	e := expectation{"the kubelet's average", time.Minute, "the kubelet has not measured the container yet"}
	return awaitObject(ctx, s, e, ask, hasCPU)
}

// showThrottling shows the average beside the kernel's ratio and what it means for a request.
func showThrottling(st *stage.Stage, t throttling, origin string) {
	truth, lie := t.whisper.Status.KernelTruth.CPU, t.whisper.Status.MetricsLie.CPU
	left := stage.Panel{Title: "Kubernetes says", Mood: stage.Good}
	if u := t.usage; u != nil && lie.Limit != nil {
		left.Figure = fmt.Sprintf("%.0f%%", 100*u.CPU.AsApproximateFloat64()/lie.Limit.AsApproximateFloat64())
		left.Lines = []string{
			fmt.Sprintf("of the CPU limit: %dm of %s", u.CPU.MilliValue(), lie.Limit),
			fmt.Sprintf("(%s, %s UTC)", u.From, u.At.UTC().Format(time.TimeOnly)),
		}
	} else if lie.PercentOfLimit != nil {
		left.Figure = fmt.Sprintf("%d%%", *lie.PercentOfLimit)
		left.Lines = []string{"of the CPU limit", "(average of the same window)"}
	}
	left.Lines = append(left.Lines, summarizePod(t.pod))

	right := stage.Panel{Title: "The kernel says", Mood: stage.Good}
	if isTrue(t.whisper, v1alpha1.ConditionThrottled) {
		right.Mood = stage.Bad
	}
	if truth.ThrottledPercent != nil {
		right.Figure = fmt.Sprintf("%d%%", *truth.ThrottledPercent)
	}
	if truth.Periods != nil && truth.ThrottledPeriods != nil {
		line := fmt.Sprintf("of periods throttled: %d of %d", *truth.ThrottledPeriods, *truth.Periods)
		right.Lines = append(right.Lines, line)
	}
	if truth.MeanWaitMilliseconds != nil {
		right.Lines = append(right.Lines, fmt.Sprintf("made to wait %d ms each time", *truth.MeanWaitMilliseconds))
	}
	if l := t.latency; l != nil {
		right.Lines = append(right.Lines, fmt.Sprintf("%s of work took %s", formatTime(l.Work), formatTime(l.Median)),
			fmt.Sprintf("(median of %d, by its own log)", l.Pieces))
	} else {
		origin += " How long a piece of work took is not in it."
	}
	st.Contrast(left, right, origin)
}

// compareLatency returns a sentence about what the fix did to a piece of work.
func compareLatency(before, after *Latency) string {
	if before == nil || after == nil {
		return ""
	}
	return fmt.Sprintf(" %s of work took %s, and takes %s now.",
		formatTime(before.Work), formatTime(before.Median), formatTime(after.Median))
}

func formatTime(d time.Duration) string {
	return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
}
