package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/stage"
)

func memory(ctx context.Context, s *show) error {
	s.Step("The climb")
	s.Say("A parent process, and a worker that needs 1 MiB more each second. The container may have 48 MiB.")
	pod, err := s.ready(ctx, "hog")
	if err != nil {
		return err
	}
	kill, err := s.climb(ctx, pod)
	if err != nil {
		return err
	}
	if err := s.Pause(); err != nil {
		return err
	}

	s.Step("The kill")
	if err := s.run(ctx, "kubectl get pods -n "+Namespace); err != nil {
		return err
	}
	if err := s.reports(ctx, "kw", "KIND:.spec.kind", "KERNEL:.status.kernelSays"); err != nil {
		return err
	}
	if pod, err = s.source.Pod(ctx, "hog"); err != nil {
		return err
	}
	killView(s.Stage, pod, kill, s.source.Origin())
	if restarts(pod) > 0 {
		s.Say("This kubelet has the whole container killed, so Kubernetes shows it: cgroup v2, without singleProcessOOMKill. It does not say which " +
			"process it was, nor at how much memory.")
	}
	if err := s.Pause(); err != nil {
		return err
	}

	s.Step("The fix")
	for _, r := range kill.Status.Recommendations {
		s.Say("%s %s", r.Action, r.Reason)
		if r.Resize != "" {
			s.Note("The object's command, not run here, since this worker would fill more memory too:")
			s.Command(r.Resize, "")
		}
	}
	return s.Pause()
}

// climb shows the memory of the container as it grows, by whoever tells something new, until the kernel kills.
func (s *show) climb(ctx context.Context, pod *corev1.Pod) (*v1alpha1.KernelWhisper, error) {
	limit := pod.Spec.Containers[0].Resources.Limits.Memory().Value()
	begin := time.Now()
	shown := map[string]int64{}
	level := func(who string, bytes *int64, least int64) {
		if bytes != nil && max(shown[who]-*bytes, *bytes-shown[who]) > least {
			shown[who] = *bytes
			label := fmt.Sprintf("%3.0fs %s", time.Since(begin).Seconds(), who)
			s.Level(label, fmt.Sprintf("%s of %s", mebibytes(*bytes), mebibytes(limit)), *bytes, limit)
		}
	}
	w := wait{"the memory to fill up, and the kernel to act", 2 * time.Minute, observerHint}
	return await(ctx, s, w, func(ctx context.Context) (*v1alpha1.KernelWhisper, error) {
		usage, err := s.source.Usage(ctx, "hog")
		if err != nil && !errors.Is(err, ErrNotTold) {
			return nil, err
		}
		if usage != nil && usage.Memory != nil {
			level("kubelet's summary", new(usage.Memory.Value()), limit/16)
		}
		pressure, err := s.source.Whisper(ctx, "hog", v1alpha1.WhisperMemoryPressure)
		if err != nil {
			return nil, err
		}
		if pressure != nil {
			level("kernel (the object)", pressure.Status.KernelTruth.Memory.WorkingSetBytes, 0)
		}
		kill, err := s.source.Whisper(ctx, "hog", v1alpha1.WhisperOOMKill)
		if err != nil || kill == nil || condition(kill, v1alpha1.ConditionOOMKilled).Status != metav1.ConditionTrue {
			return nil, err
		}
		return kill, nil
	})
}

// killView is what Kubernetes counts of a killed process beside what the kernel did.
func killView(st *stage.Stage, pod *corev1.Pod, kill *v1alpha1.KernelWhisper, origin string) {
	left := stage.Panel{Title: "Kubernetes says", Figure: fmt.Sprint(restarts(pod)), Mood: stage.Good}
	left.Lines = []string{"restarts", inShort(pod)}
	last := "last state: none"
	for _, c := range pod.Status.ContainerStatuses {
		if t := c.LastTerminationState.Terminated; t != nil {
			last = "last state: " + t.Reason
			left.Mood = stage.Bad
		}
	}
	left.Lines = append(left.Lines, last)
	if kill.Status.MetricsSay != "" {
		left.Lines = append(left.Lines, "the object: "+kill.Status.MetricsSay)
	}

	truth := kill.Status.KernelTruth.Memory
	right := stage.Panel{Title: "The kernel says", Mood: stage.Bad}
	if truth.OOMKills != nil {
		right.Figure = fmt.Sprint(*truth.OOMKills)
		right.Lines = []string{kill.Status.KernelSays}
	}
	if truth.Victim != "" {
		right.Lines = append(right.Lines, "that was "+truth.Victim)
	}
	if truth.PeakBytes != nil && truth.LimitBytes != nil {
		right.Lines = append(right.Lines, fmt.Sprintf("at %s of a limit of %s", mebibytes(*truth.PeakBytes), mebibytes(*truth.LimitBytes)))
	}
	if kill.Status.Advice != "" {
		right.Lines = append(right.Lines, "advice: "+kill.Status.Advice)
	}
	st.Contrast(left, right, origin)
}

// mebibytes is a number of bytes as people read it.
func mebibytes(bytes int64) string {
	if bytes%(1<<20) == 0 {
		return resource.NewQuantity(bytes, resource.BinarySI).String()
	}
	return fmt.Sprintf("%.1fMi", float64(bytes)/(1<<20))
}
