package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/stage"
)

func network(ctx context.Context, s *show) error {
	s.Step("A client of two services")
	s.Say("It opens connections to the Service db, which has no pod, and sends to the Service server, which has one.")
	if _, err := s.ready(ctx, "client"); err != nil {
		return err
	}
	if err := s.run(ctx, "kubectl get pods -n "+Namespace); err != nil {
		return err
	}
	w := wait{"a verdict: that takes 10 failed connects", 2 * time.Minute, observerHint}
	kw, err := s.networking(ctx, w, "FAILED:.status.kernelTruth.network.connectFailures", func(truth v1alpha1.NetworkTruth) bool {
		return truth.ConnectFailures != nil && *truth.ConnectFailures >= 10
	})
	if err != nil {
		return err
	}
	advised(s, kw, "investigate-connects")
	if err := s.findService(ctx); err != nil && !errors.Is(err, ErrNotTold) {
		return err
	}
	if err := s.Pause(); err != nil {
		return err
	}

	s.Step("Now its way gets worse: one packet in twenty is lost")
	if _, err := s.ready(ctx, "server"); err != nil {
		return err
	}
	if err := s.source.Begin(ctx, "loss"); err != nil {
		return err
	}
	w = wait{"a verdict: that takes 1000 segments, of which one in fifty was sent again", 2 * time.Minute, observerHint}
	kw, err = s.networking(ctx, w, "AGAIN:.status.kernelTruth.network.retransmits", func(truth v1alpha1.NetworkTruth) bool {
		return truth.RetransmitBasisPoints != nil && *truth.RetransmitBasisPoints >= visible
	})
	if err != nil {
		return err
	}
	advised(s, kw, "investigate-retransmits")
	s.Note("Here the loss is the demo's own doing: a rule of iptables in the server's network namespace, which goes with it.")
	return s.Pause()
}

// visible is from which share of retransmits on they are the story, in basis points: a busy machine has some without any loss.
const visible = 200

// networking waits for a verdict on the client's network, and shows it; one column of it by kubectl too.
func (s *show) networking(ctx context.Context, w wait, column string, wanted func(v1alpha1.NetworkTruth) bool) (*v1alpha1.KernelWhisper, error) {
	kw, err := s.whisper(ctx, w, "client", v1alpha1.WhisperNetworkIssue, func(kw *v1alpha1.KernelWhisper) bool {
		return condition(kw, v1alpha1.ConditionNetworkDegraded).Status == metav1.ConditionTrue && wanted(kw.Status.KernelTruth.Network)
	})
	if err != nil {
		return nil, err
	}
	pod, err := s.source.Pod(ctx, "client")
	if err != nil {
		return nil, err
	}
	networkView(s.Stage, pod, kw, s.source.Origin())
	if err := s.reports(ctx, "kw", column); err != nil {
		return nil, err
	}
	return kw, s.Pause()
}

// advised tells what one rule advises.
func advised(s *show, kw *v1alpha1.KernelWhisper, rule string) {
	s.Step("The fix")
	for _, r := range kw.Status.Recommendations {
		if r.Rule == rule {
			s.Say("%s %s", r.Action, r.Reason)
		}
	}
}

// findService follows the advice: whom the client cannot reach is a Service without endpoints. It gives it one, and waits until the client's
// log has no more failures.
func (s *show) findService(ctx context.Context) error {
	const selector = `'{"spec":{"selector":{"app.kubernetes.io/name":"server"}}}'`
	for _, line := range []string{
		"kubectl get endpointslices -n " + Namespace + " -o=custom-columns=SLICE:.metadata.name,ADDRESSES:.endpoints[*].addresses",
		"kubectl logs -n " + Namespace + " client -c connect --tail=1",
		"kubectl patch service db -n " + Namespace + " --patch " + selector,
	} {
		if err := s.run(ctx, line); err != nil {
			return err
		}
	}
	silent := "kubectl logs -n " + Namespace + " client -c connect --since=5s"
	w := wait{"five seconds without a failed connect, by the client's log", time.Minute, "see " + silent}
	if _, err := await(ctx, s, w, func(ctx context.Context) (*string, error) {
		log, err := s.source.Run(ctx, silent)
		if err != nil || strings.TrimSpace(log) != "" {
			return nil, err
		}
		return &log, nil
	}); err != nil {
		return err
	}
	s.Say("The connects succeed. The verdict stands until the failed ones have left its window of 15 minutes.")
	return nil
}

// networkView is a healthy pod beside what its network did.
func networkView(st *stage.Stage, pod *corev1.Pod, kw *v1alpha1.KernelWhisper, origin string) {
	left := stage.Panel{Title: "Kubernetes says", Figure: fmt.Sprint(restarts(pod)), Mood: stage.Good}
	left.Lines = []string{"restarts", inShort(pod)}

	truth := kw.Status.KernelTruth.Network
	right := stage.Panel{Title: "The kernel says", Mood: stage.Bad}
	var again, failed string
	if truth.Retransmits != nil && truth.Segments != nil {
		again = fmt.Sprintf("sent again: %s of %s segments", thousands(*truth.Retransmits), thousands(*truth.Segments))
	}
	if n := truth.ConnectFailures; n != nil {
		failed = "connects failed"
		right.Figure = thousands(*n)
	}
	if p := truth.RetransmitBasisPoints; p != nil && *p >= visible {
		right.Figure = fmt.Sprintf("%d.%d%%", (*p+5)/100, (*p+5)%100/10)
		if truth.ConnectFailures != nil {
			failed = "failed connects: " + thousands(*truth.ConnectFailures)
		}
		right.Lines = []string{again, failed}
	} else {
		right.Lines = []string{failed, again}
	}
	if n := kw.Status.Coverage.WindowSeconds; n != nil {
		right.Lines = append(right.Lines, fmt.Sprintf("in %d s", *n))
	}
	right.Lines = slices.DeleteFunc(right.Lines, func(l string) bool { return l == "" })
	st.Contrast(left, right, origin)
}
