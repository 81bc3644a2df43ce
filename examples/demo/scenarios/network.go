package scenarios

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/stage"
)

func networkSteps(s *show) []step {
	var kw *v1alpha1.KernelWhisper
	return []step{
		{"A client of two services", func(ctx context.Context) (err error) {
			s.Say("It opens connections to the Service db, which has no pod, and sends to the Service server, which has one.")
			if _, err := s.awaitReady(ctx, "client"); err != nil {
				return err
			}
			if err := s.showPods(ctx); err != nil {
				return err
			}
			kw, err = s.showNetworkIssue(ctx, "a verdict: that takes 10 failed connects",
				"FAILED:.status.kernelTruth.network.connectFailures", hasConnectFailures)
			return err
		}},
		{"The fix", func(ctx context.Context) error {
			s.showAdvice(kw, "investigate-connects")
			if err := s.fixService(ctx); !errors.Is(err, ErrUnknown) {
				return err
			}
			return nil // nothing runs in a recording
		}},
		{"Now its way gets worse: one packet in twenty is lost", func(ctx context.Context) (err error) {
			if _, err := s.awaitReady(ctx, "server"); err != nil {
				return err
			}
			if err := s.source.Begin(ctx, "loss"); err != nil {
				return err
			}
			kw, err = s.showNetworkIssue(ctx, "a verdict: that takes 1000 segments, of which one in fifty was sent again",
				"AGAIN:.status.kernelTruth.network.retransmits", hasRetransmits)
			return err
		}},
		{"The fix", func(context.Context) error {
			s.showAdvice(kw, "investigate-retransmits")
			s.Note("Here the demo makes the loss: a rule of iptables in the server's network namespace, which goes with it.")
			return nil
		}},
	}
}

func hasConnectFailures(t v1alpha1.NetworkTruth) bool {
	return t.ConnectFailures != nil && *t.ConnectFailures >= 10
}

// hasRetransmits reports whether the share of retransmits is 2 % at least: a busy machine has some without any loss.
func hasRetransmits(t v1alpha1.NetworkTruth) bool {
	return t.RetransmitBasisPoints != nil && *t.RetransmitBasisPoints >= 200
}

// showNetworkIssue waits for a verdict on the client's network, and shows it, with one column by kubectl too.
func (s *show) showNetworkIssue(
	ctx context.Context, what, column string, isWanted func(v1alpha1.NetworkTruth) bool,
) (*v1alpha1.KernelWhisper, error) {
	kw, err := s.awaitWhisper(ctx, what, "client", v1alpha1.WhisperNetworkIssue, func(kw *v1alpha1.KernelWhisper) bool {
		return isTrue(kw, v1alpha1.ConditionNetworkDegraded) && isWanted(kw.Status.KernelTruth.Network)
	})
	if err != nil {
		return nil, err
	}
	pod, err := s.source.Pod(ctx, "client")
	if err != nil {
		return nil, err
	}
	showNetwork(s.Stage, pod, kw, s.source.Origin())
	return kw, s.showObjects(ctx, "kw", column)
}

// showAdvice shows what one rule advises.
func (s *show) showAdvice(kw *v1alpha1.KernelWhisper, rule string) {
	for _, r := range kw.Status.Recommendations {
		if r.Rule == rule {
			s.Say("%s %s", r.Action, r.Reason)
		}
	}
}

// fixService follows the advice: the client cannot reach a Service without endpoints. It gives the Service one, and
// waits until the client's log has no more failures.
func (s *show) fixService(ctx context.Context) error {
	const selector = `'{"spec":{"selector":{"app.kubernetes.io/name":"server"}}}'`
	for _, line := range []string{
		"kubectl get endpointslices -n " + Namespace +
			" -o=custom-columns=SLICE:.metadata.name,ADDRESSES:.endpoints[*].addresses",
		"kubectl logs -n " + Namespace + " client -c connect --tail=1",
		"kubectl patch service db -n " + Namespace + " --patch " + selector,
	} {
		if err := s.run(ctx, line); err != nil {
			return err
		}
	}
	newFailures := "kubectl logs -n " + Namespace + " client -c connect --since=5s"
	e := expectation{"five seconds without a failed connect, by the client's log", time.Minute, "see " + newFailures}
	ask := func(ctx context.Context) (*string, error) {
		log, err := s.source.Run(ctx, newFailures)
		return &log, err
	}
	isEmpty := func(log *string) bool { return strings.TrimSpace(*log) == "" }
	if _, err := awaitObject(ctx, s, e, ask, isEmpty); err != nil {
		return err
	}
	s.Say("The connects succeed. The verdict stays until the failed ones have left its window of 15 minutes.")
	return nil
}

// showNetwork shows a healthy pod beside what its network did.
func showNetwork(st *stage.Stage, pod *corev1.Pod, kw *v1alpha1.KernelWhisper, origin string) {
	truth := kw.Status.KernelTruth.Network
	right := stage.Panel{Title: "The kernel says", Mood: stage.Bad}
	var again, failed string
	if truth.Retransmits != nil && truth.Segments != nil {
		again = fmt.Sprintf("sent again: %s of %s segments", groupDigits(*truth.Retransmits), groupDigits(*truth.Segments))
	}
	if n := truth.ConnectFailures; n != nil {
		failed = "failed connects: " + groupDigits(*n)
	}
	switch {
	case hasRetransmits(truth):
		tenths := (*truth.RetransmitBasisPoints + 5) / 10
		right.Figure = fmt.Sprintf("%d.%d%%", tenths/10, tenths%10)
		right.Lines = []string{again, failed}
	case truth.ConnectFailures != nil:
		right.Figure = groupDigits(*truth.ConnectFailures)
		right.Lines = []string{"connects failed", again}
	default:
		right.Lines = []string{again}
	}
	if n := kw.Status.Coverage.WindowSeconds; n != nil {
		right.Lines = append(right.Lines, fmt.Sprintf("in %d s", *n))
	}
	right.Lines = slices.DeleteFunc(right.Lines, func(l string) bool { return l == "" })
	st.Contrast(kubernetesPanel(pod), right, origin)
}
