package scenarios

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/stage"
)

func memorySteps(s *show) []step {
	var kill *v1alpha1.KernelWhisper
	return []step{
		{"The climb", func(ctx context.Context) error {
			s.Say("A parent process, and a worker that needs 1 MiB more each second. The container may have 48 MiB.")
			pod, err := s.awaitReady(ctx, "hog")
			if err != nil {
				return err
			}
			kill, err = s.showClimb(ctx, pod)
			return err
		}},
		{"The kill", func(ctx context.Context) error {
			if err := s.showPods(ctx); err != nil {
				return err
			}
			if err := s.showObjects(ctx, "kw", "KIND:.spec.kind", "KERNEL:.status.kernelSays"); err != nil {
				return err
			}
			pod, err := s.source.Pod(ctx, "hog")
			if err != nil {
				return err
			}
			showKill(s.Stage, pod, kill, s.source.Origin())
			if countRestarts(pod) > 0 {
				s.Say("This kubelet has the whole container killed, so Kubernetes shows it: cgroup v2, without " +
					"singleProcessOOMKill. It does not say which process it was, nor at how much memory.")
			}
			return nil
		}},
		{"The fix", func(context.Context) error {
			for _, r := range kill.Status.Recommendations {
				s.Say("%s %s", r.Action, r.Reason)
				if len(r.Resize) > 0 {
					s.Note("The object's command, not run here, since this worker would fill more memory too:")
					s.Command(r.Resize[0], "")
				}
			}
			return nil
		}},
	}
}

// showClimb shows the memory of the container as it grows, by each source that has a new value, until the kernel kills.
func (s *show) showClimb(ctx context.Context, pod *corev1.Pod) (*v1alpha1.KernelWhisper, error) {
	limit := pod.Spec.Containers[0].Resources.Limits.Memory().Value()
	begin := time.Now()
	shown := map[string]int64{}
	showLevel := func(who string, bytes *int64, least int64) {
		if bytes != nil && max(shown[who]-*bytes, *bytes-shown[who]) > least {
			shown[who] = *bytes
			label := fmt.Sprintf("%3.0fs %s", time.Since(begin).Seconds(), who)
			s.Level(label, fmt.Sprintf("%s of %s", formatBytes(*bytes), formatBytes(limit)), *bytes, limit)
		}
	}
	e := expectation{"the memory to fill up, and the kernel to act", 2 * time.Minute, observerHint}
	return awaitObject(ctx, s, e, func(ctx context.Context) (*v1alpha1.KernelWhisper, error) {
		usage, err := ifKnown(s.source.Usage(ctx, "hog"))
		if err != nil {
			return nil, err
		}
		if usage != nil && usage.Memory != nil {
			showLevel("kubelet's summary", new(usage.Memory.Value()), limit/16)
		}
		pressure, err := s.source.Whisper(ctx, "hog", v1alpha1.WhisperMemoryPressure)
		if err != nil {
			return nil, err
		}
		if pressure != nil {
			showLevel("kernel (the object)", pressure.Status.KernelTruth.Memory.WorkingSetBytes, 0)
		}
		return s.source.Whisper(ctx, "hog", v1alpha1.WhisperOOMKill)
	}, func(kill *v1alpha1.KernelWhisper) bool { return isTrue(kill, v1alpha1.ConditionOOMKilled) })
}

// showKill shows what Kubernetes counts of a killed process beside what the kernel did.
func showKill(st *stage.Stage, pod *corev1.Pod, kill *v1alpha1.KernelWhisper, origin string) {
	left := kubernetesPanel(pod)
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
		victim := "that was " + truth.Victim
		if truth.VictimPID != nil {
			victim += fmt.Sprintf(" (pid %d)", *truth.VictimPID)
		}
		right.Lines = append(right.Lines, victim)
	}
	if truth.PeakBytes != nil && truth.LimitBytes != nil {
		peak, limit := formatBytes(*truth.PeakBytes), formatBytes(*truth.LimitBytes)
		right.Lines = append(right.Lines, fmt.Sprintf("at %s of a limit of %s", peak, limit))
	}
	if kill.Status.Advice != "" {
		right.Lines = append(right.Lines, "advice: "+kill.Status.Advice)
	}
	st.Contrast(left, right, origin)
}

// formatBytes writes a number of bytes like 47.8Mi.
func formatBytes(bytes int64) string {
	if bytes%(1<<20) == 0 {
		return resource.NewQuantity(bytes, resource.BinarySI).String()
	}
	return fmt.Sprintf("%.1fMi", float64(bytes)/(1<<20))
}
