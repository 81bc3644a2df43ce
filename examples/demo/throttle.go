package demo

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/stage"
)

func throttle(ctx context.Context, s *show) error {
	s.Step("A worker that has little to do")
	s.Say("Each piece of work needs 64 ms of CPU, and there is one every 1.6 s: that is 40 %% of a limit of 100m, on average.")
	pod, err := s.ready(ctx, "worker")
	if err != nil {
		return err
	}
	if err := s.run(ctx, "kubectl get pods -n "+Namespace); err != nil {
		return err
	}
	before, err := s.throttling(ctx, "a verdict: that takes 50 periods in which it ran", func(kw *v1alpha1.KernelWhisper) bool {
		return condition(kw, v1alpha1.ConditionThrottled).Reason == v1alpha1.ReasonThrottledWhileCPULow
	})
	if err != nil {
		return err
	}
	throttleView(s.Stage, before, s.source.Origin())
	if err := s.reports(ctx, "kw", "KERNEL:.status.kernelSays", "METRICS:.status.metricsSay"); err != nil {
		return err
	}
	if err := s.Pause(); err != nil {
		return err
	}

	s.Step("The fix: the number to set, from the object")
	enough := wait{"a number: in a pod's first minute it may only be starting up", 2 * time.Minute, observerHint}
	advised, err := s.whisper(ctx, enough, "worker", v1alpha1.WhisperCPUThrottling, func(kw *v1alpha1.KernelWhisper) bool { return resize(kw) != nil })
	if err != nil {
		return err
	}
	after, err := s.follow(ctx, resize(advised), mostSteps)
	if err != nil {
		return err
	}
	if err := s.run(ctx, "kubectl get pods -n "+Namespace); err != nil {
		return err
	}
	if after.pod.UID != pod.UID || restarts(after.pod) != restarts(pod) {
		return fmt.Errorf("the pod is another one, or was restarted, since the resize: %s", inShort(after.pod))
	}
	s.Say("The same pod, no restart.%s", faster(before.latency, after.latency))
	return s.Pause()
}

// mostSteps is how many numbers are followed, one after the other: on a busy machine the first may be too low, and the object then says so.
const mostSteps = 3

// follow runs the command of an advice, and shows the same view when there is a verdict on the new limit. Where that is another number, it
// follows this one too.
func (s *show) follow(ctx context.Context, advice *v1alpha1.Recommendation, steps int) (throttling, error) {
	s.Say("%s", advice.Action)
	s.Say("%s", advice.Evidence)
	if err := s.run(ctx, advice.Resize); err != nil {
		return throttling{}, err
	}
	var next *v1alpha1.Recommendation
	after, err := s.throttling(ctx, "the same view: that takes 50 periods with the new limit", func(kw *v1alpha1.KernelWhisper) bool {
		next = resize(kw)
		again := next != nil && next.Current != nil && next.Current.Cmp(*advice.Target) == 0
		return again || condition(kw, v1alpha1.ConditionThrottled).Status == metav1.ConditionFalse
	})
	if err != nil {
		return after, err
	}
	throttleView(s.Stage, after, s.source.Origin())
	switch {
	case condition(after.whisper, v1alpha1.ConditionThrottled).Status == metav1.ConditionFalse:
		return after, nil
	case steps == 1:
		return after, fmt.Errorf("still throttled after %d steps: %s", mostSteps, after.whisper.Status.KernelSays)
	}
	s.Say("Better, and not over: that was a first step, and the object has the next.")
	return s.follow(ctx, next, steps-1)
}

// resize is the first advice of a whisper that has a number and a command.
func resize(kw *v1alpha1.KernelWhisper) *v1alpha1.Recommendation {
	for i, r := range kw.Status.Recommendations {
		if r.Resize != "" && r.Target != nil {
			return &kw.Status.Recommendations[i]
		}
	}
	return nil
}

// throttling is both sides of a throttled container. Usage and latency are nil where the source does not tell them.
type throttling struct {
	pod     *corev1.Pod
	whisper *v1alpha1.KernelWhisper
	usage   *Usage
	latency *Latency
}

// throttling waits for a verdict, and asks for the rest at the same time.
func (s *show) throttling(ctx context.Context, what string, wanted func(*v1alpha1.KernelWhisper) bool) (throttling, error) {
	var t throttling
	var err error
	if t.whisper, err = s.whisper(ctx, wait{what, 2 * time.Minute, observerHint}, "worker", v1alpha1.WhisperCPUThrottling, wanted); err != nil {
		return t, err
	}
	if t.pod, err = s.source.Pod(ctx, "worker"); err != nil {
		return t, err
	}
	if t.usage, err = s.average(ctx); err != nil {
		return t, err
	}
	t.latency, err = told(s.source.Latency(ctx, "worker"))
	return t, err
}

// average waits until the kubelet has one of the worker's CPU.
func (s *show) average(ctx context.Context) (*Usage, error) {
	ask := func(ctx context.Context) (*Usage, error) {
		u, err := s.source.Usage(ctx, "worker")
		if err != nil || u == nil || u.CPU == nil {
			return nil, err
		}
		return u, nil
	}
	if u, err := ask(ctx); u != nil || err != nil {
		return told(u, err)
	}
	return await(ctx, s, wait{"the kubelet's average", time.Minute, "the kubelet has not measured the container yet"}, ask)
}

// throttleView is the average beside the kernel's ratio and what it means for a request.
func throttleView(st *stage.Stage, t throttling, origin string) {
	truth, lie := t.whisper.Status.KernelTruth.CPU, t.whisper.Status.MetricsLie.CPU
	mood := stage.Good
	if condition(t.whisper, v1alpha1.ConditionThrottled).Status == metav1.ConditionTrue {
		mood = stage.Bad
	}
	left := stage.Panel{Title: "Kubernetes says", Mood: stage.Good}
	if u := t.usage; u != nil && lie.Limit != nil {
		left.Figure = percent(u.CPU, lie.Limit) + "%"
		left.Lines = []string{
			fmt.Sprintf("of the CPU limit: %s of %s", milli(u.CPU), lie.Limit),
			fmt.Sprintf("(%s, %s UTC)", u.From, u.At.UTC().Format(time.TimeOnly)),
		}
	} else if lie.PercentOfLimit != nil {
		left.Figure = fmt.Sprintf("%d%%", *lie.PercentOfLimit)
		left.Lines = []string{"of the CPU limit", "(average of the same window)"}
	}
	left.Lines = append(left.Lines, inShort(t.pod))

	right := stage.Panel{Title: "The kernel says", Mood: mood}
	if truth.ThrottledPercent != nil {
		right.Figure = fmt.Sprintf("%d%%", *truth.ThrottledPercent)
	}
	if truth.Periods != nil && truth.ThrottledPeriods != nil {
		right.Lines = append(right.Lines, fmt.Sprintf("of periods throttled: %d of %d", *truth.ThrottledPeriods, *truth.Periods))
	}
	if truth.MeanWaitMilliseconds != nil {
		right.Lines = append(right.Lines, fmt.Sprintf("made to wait %d ms each time", *truth.MeanWaitMilliseconds))
	}
	if l := t.latency; l != nil {
		right.Lines = append(right.Lines, fmt.Sprintf("%s of work took %s", round(l.Work), round(l.Median)), fmt.Sprintf("(median of %d, by its own log)", l.Pieces))
	} else {
		origin += " How long a piece of work took is not in it."
	}
	st.Contrast(left, right, origin)
}

// faster says what the fix did to a piece of work.
func faster(before, after *Latency) string {
	if before == nil || after == nil {
		return ""
	}
	return fmt.Sprintf(" %s of work took %s, and takes %s now.", round(before.Work), round(before.Median), round(after.Median))
}

func percent(part, whole *resource.Quantity) string {
	return fmt.Sprintf("%.0f", 100*part.AsApproximateFloat64()/whole.AsApproximateFloat64())
}

// milli is a number of cores as kubectl top has it.
func milli(q *resource.Quantity) string { return fmt.Sprintf("%dm", q.MilliValue()) }

func round(d time.Duration) string {
	return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
}
