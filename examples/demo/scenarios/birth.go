package scenarios

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/stage"
)

func birthSteps(s *show) []step {
	var pod *corev1.Pod
	var pbc *v1alpha1.PodBirthCertificate
	return []step{
		{"A web server starts", func(ctx context.Context) (err error) {
			if pod, err = s.awaitReady(ctx, "web"); err != nil {
				return err
			}
			if err := s.showPods(ctx); err != nil {
				return err
			}
			s.Say("What Kubernetes says about the start:")
			return s.run(ctx, "kubectl get events -n "+Namespace+" --field-selector involvedObject.name="+pod.Name+
				" -o=custom-columns=BY:.source.component,REASON:.reason,MESSAGE:.message")
		}},
		{"What the kernel had to do for it", func(ctx context.Context) (err error) {
			e := expectation{"the birth certificate of pod web", time.Minute, observerHint}
			ask := func(ctx context.Context) (*v1alpha1.PodBirthCertificate, error) {
				return s.source.Certificate(ctx, "web")
			}
			hasStatus := func(pbc *v1alpha1.PodBirthCertificate) bool { return pbc.Status.Severity != "" }
			if pbc, err = awaitObject(ctx, s, e, ask, hasStatus); err != nil {
				return err
			}
			showWaterfall(s.Stage, pbc)
			showBirth(s.Stage, pod, pbc, s.source.Origin())
			return s.showObjects(ctx, "pbc", "SYSCALLS:.status.kernelStats.totalSyscalls")
		}},
		{"What to do about it", func(context.Context) error {
			if len(pbc.Status.Recommendations) == 0 {
				s.Say("Nothing: %s", pbc.Status.Conditions[0].Message)
			}
			for _, r := range pbc.Status.Recommendations {
				s.Say("%s %s", r.Action, r.Reason)
			}
			return nil
		}},
	}
}

// showWaterfall shows the timeline of a certificate: each step lasts until the next.
func showWaterfall(st *stage.Stage, pbc *v1alpha1.PodBirthCertificate) {
	var whole time.Duration
	if ms := pbc.Status.KernelStats.DurationMilliseconds; ms != nil {
		whole = time.Duration(*ms) * time.Millisecond
	}
	var stretches []stage.Stretch
	for i, entry := range pbc.Status.Timeline {
		at := time.Duration(*entry.OffsetMilliseconds) * time.Millisecond
		what := entry.Action
		if entry.Details != "" {
			what += " (" + entry.Details + ")"
		}
		if i > 0 {
			stretches[i-1].To = at
		}
		stretches = append(stretches, stage.Stretch{From: at, To: whole, Actor: string(entry.Actor), What: what})
	}
	st.Waterfall(stretches, whole)
	if n := pbc.Status.TimelineOmitted; n > 0 {
		st.Note("%d shorter steps are left out.", n)
	}
}

// showBirth shows the one start that Kubernetes counts beside what it cost the kernel.
func showBirth(st *stage.Stage, pod *corev1.Pod, pbc *v1alpha1.PodBirthCertificate, origin string) {
	left := stage.Panel{Title: "Kubernetes says", Figure: fmt.Sprint(len(pod.Spec.Containers)), Mood: stage.Good}
	left.Lines = []string{"container started: " + pod.Spec.Containers[0].Name, summarizePod(pod)}

	stats := pbc.Status.KernelStats
	right := stage.Panel{Title: "The kernel says"}
	if stats.TotalSyscalls != nil {
		right.Figure = groupDigits(*stats.TotalSyscalls)
		right.Lines = append(right.Lines, "system calls")
	}
	for _, c := range []struct {
		n    *int64
		name string
	}{
		{stats.Mounts, "mounts"},
		{stats.CgroupWrites, "writes to cgroup files"},
		{stats.NamespacesCreated, "namespaces"},
		{stats.ProcessesCreated, "processes and threads"},
		{stats.Execs, "programs executed"},
	} {
		line := c.name + ": not measured"
		if c.n != nil {
			line = groupDigits(*c.n) + " " + c.name
		}
		right.Lines = append(right.Lines, line)
	}
	if ms := stats.DurationMilliseconds; ms != nil {
		right.Lines = append(right.Lines, fmt.Sprintf("in %d ms, from first cgroup to last exec", *ms))
	}
	st.Contrast(left, right, origin)
}

// groupDigits writes a count like 13,942.
func groupDigits(n int64) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
