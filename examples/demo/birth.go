package demo

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/stage"
)

func birth(ctx context.Context, s *show) error {
	s.Step("A web server starts")
	pod, err := s.ready(ctx, "web")
	if err != nil {
		return err
	}
	if err := s.run(ctx, "kubectl get pods -n "+Namespace); err != nil {
		return err
	}
	s.Say("What Kubernetes tells of the start:")
	if err := s.run(ctx, "kubectl get events -n "+Namespace+" --field-selector involvedObject.name="+pod.Name+
		" -o=custom-columns=BY:.source.component,REASON:.reason,MESSAGE:.message"); err != nil {
		return err
	}
	if err := s.Pause(); err != nil {
		return err
	}

	s.Step("What the kernel had to do for it")
	w := wait{"the birth certificate of pod web", time.Minute, observerHint}
	pbc, err := await(ctx, s, w, func(ctx context.Context) (*v1alpha1.PodBirthCertificate, error) {
		return s.source.Certificate(ctx, "web")
	})
	if err != nil {
		return err
	}
	waterfall(s.Stage, pbc)
	birthView(s.Stage, pod, pbc, s.source.Origin())
	if err := s.reports(ctx, "pbc", "SYSCALLS:.status.kernelStats.totalSyscalls"); err != nil {
		return err
	}
	if err := s.Pause(); err != nil {
		return err
	}

	s.Step("What to do about it")
	if len(pbc.Status.Recommendations) == 0 {
		s.Say("Nothing: %s", pbc.Status.Conditions[0].Message)
	}
	for _, r := range pbc.Status.Recommendations {
		s.Say("%s %s", r.Action, r.Reason)
	}
	return s.Pause()
}

// waterfall is the timeline of a certificate: each step lasts until the next.
func waterfall(st *stage.Stage, pbc *v1alpha1.PodBirthCertificate) {
	var whole time.Duration
	if ms := pbc.Status.KernelStats.DurationMilliseconds; ms != nil {
		whole = time.Duration(*ms) * time.Millisecond
	}
	var stretches []stage.Stretch
	for i, e := range pbc.Status.Timeline {
		to := whole
		if i+1 < len(pbc.Status.Timeline) {
			to = offset(pbc.Status.Timeline[i+1])
		}
		what := e.Action
		if e.Details != "" {
			what += " (" + e.Details + ")"
		}
		stretches = append(stretches, stage.Stretch{From: offset(e), To: to, Actor: string(e.Actor), What: what})
	}
	st.Waterfall(stretches, whole)
	if n := pbc.Status.TimelineOmitted; n > 0 {
		st.Note("%d shorter steps are left out.", n)
	}
}

func offset(e v1alpha1.TimelineEntry) time.Duration {
	return time.Duration(*e.OffsetMilliseconds) * time.Millisecond
}

// birthView is the one start that Kubernetes counts beside what it cost the kernel.
func birthView(st *stage.Stage, pod *corev1.Pod, pbc *v1alpha1.PodBirthCertificate, origin string) {
	left := stage.Panel{Title: "Kubernetes says", Figure: fmt.Sprint(len(pod.Spec.Containers)), Mood: stage.Good}
	left.Lines = []string{"container started: " + pod.Spec.Containers[0].Name, inShort(pod)}

	stats := pbc.Status.KernelStats
	right := stage.Panel{Title: "The kernel says"}
	if stats.TotalSyscalls != nil {
		right.Figure = thousands(*stats.TotalSyscalls)
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
		if c.n != nil {
			right.Lines = append(right.Lines, thousands(*c.n)+" "+c.name)
		} else {
			right.Lines = append(right.Lines, c.name+": not measured")
		}
	}
	if ms := stats.DurationMilliseconds; ms != nil {
		right.Lines = append(right.Lines, fmt.Sprintf("in %d ms, from first cgroup to last exec", *ms))
	}
	st.Contrast(left, right, origin)
}

// thousands groups the digits of a count.
func thousands(n int64) string {
	digits := fmt.Sprint(n)
	var groups []string
	for len(digits) > 3 {
		groups = append([]string{digits[len(digits)-3:]}, groups...)
		digits = digits[:len(digits)-3]
	}
	return strings.Join(append([]string{digits}, groups...), ",")
}
