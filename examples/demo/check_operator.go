package demo

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// recent is how old the newest event may be. The observer looks every ten seconds or more often.
const recent = 30 * time.Second

const (
	operatorLog = "kubectl logs --namespace kernel-gossip deployment/kernel-gossip-operator"
	observerLog = "kubectl logs --namespace kernel-gossip-observer daemonset/kernel-gossip-observer --tail=20"
)

// checkInstallation finds objects of the manifests that are missing, being deleted or not as written: definitions,
// rights, configuration.
func (s *Site) checkInstallation(ctx context.Context) Result {
	const most = 3
	differences, err := s.Differences(ctx)
	if err != nil {
		return reportFailure(recoverCommand, "%v", err)
	}
	if more := len(differences) - most; more > 0 {
		differences = append(differences[:most], fmt.Sprintf("and %d more", more))
	}
	if len(differences) > 0 {
		return reportFailure(recoverCommand, "%s", strings.Join(differences, "; "))
	}
	return reportOK("%s as written", countOf(len(s.Wanted), "object"))
}

// checkOperator wants all pods of the operator to be ready.
func (s *Site) checkOperator(ctx context.Context) Result {
	ready, trouble := s.countReadyPods(ctx, operatorNamespace)
	if trouble != "" {
		return reportFailure(recoverCommand, "%s", trouble)
	}
	return reportOK("%s ready", countOf(ready, "pod"))
}

// countReadyPods counts the ready pods of a namespace, without those that have done their work. Trouble is what the
// first of the others waits for.
func (s *Site) countReadyPods(ctx context.Context, namespace string) (ready int, trouble string) {
	var pods corev1.PodList
	if err := s.Client.List(ctx, &pods, client.InNamespace(namespace)); err != nil {
		return 0, err.Error()
	}
	for _, p := range pods.Items {
		switch reason := waitingFor(p); {
		case p.Status.Phase == corev1.PodSucceeded:
		case reason == "":
			ready++
		case trouble == "":
			trouble = p.Name + ": " + reason
		}
	}
	if ready == 0 && trouble == "" {
		trouble = "the namespace " + namespace + " has no pod"
	}
	return ready, trouble
}

// waitingFor returns why a pod is not ready, in Kubernetes' own words; it is empty for a pod that is ready.
func waitingFor(p corev1.Pod) string {
	for _, c := range append(slices.Clone(p.Status.InitContainerStatuses), p.Status.ContainerStatuses...) {
		switch {
		case c.State.Waiting != nil:
			return c.State.Waiting.Reason
		case c.State.Terminated != nil && c.State.Terminated.ExitCode != 0:
			return c.State.Terminated.Reason
		}
	}
	reason := "not ready"
	for _, c := range p.Status.Conditions {
		switch {
		case c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse:
			return c.Reason
		case c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue:
			reason = ""
		}
	}
	return reason
}

// checkLeader wants the lease to be held by a process that lives. A container that started after the lease was renewed
// is another process.
func (s *Site) checkLeader(ctx context.Context) Result {
	var lease coordinationv1.Lease
	err := s.Client.Get(ctx, client.ObjectKey{Namespace: operatorNamespace, Name: operatorName}, &lease)
	if err != nil || lease.Spec.HolderIdentity == nil || lease.Spec.RenewTime == nil {
		return reportFailure(recoverCommand, "the lease has no holder (%v)", err)
	}
	holder, _, _ := strings.Cut(*lease.Spec.HolderIdentity, "_") // POD_PROCESS
	var pod corev1.Pod
	err = s.Client.Get(ctx, client.ObjectKey{Namespace: operatorNamespace, Name: holder}, &pod)
	for _, c := range pod.Status.ContainerStatuses {
		if running := c.State.Running; err == nil && running != nil && !running.StartedAt.After(lease.Spec.RenewTime.Time) {
			return reportOK("%s", holder)
		}
	}
	return reportFailure(recoverCommand, "the lease is held by %q, which does not live", holder)
}

// checkIngest posts nothing, first without a token and then with the demo's.
func (s *Site) checkIngest(ctx context.Context) Result {
	if code, err := s.postNothing(ctx, ""); err != nil || code != http.StatusUnauthorized {
		return reportFailure(operatorLog, "a request without a token is answered %d, not 401 (%v)", code, err)
	}
	token, err := s.Token(ctx)
	if err != nil {
		return reportFailure(recoverCommand, "%v", err)
	}
	if code, err := s.postNothing(ctx, token); err != nil || code != http.StatusBadRequest {
		return reportFailure(recoverCommand, "the demo's account may not send: %d (%v)", code, err)
	}
	return reportOK("reachable; the demo's account may send, and others may not")
}

// checkObserver wants the observer to be ready on every node.
func (s *Site) checkObserver(ctx context.Context) Result {
	var d appsv1.DaemonSet
	if err := s.Client.Get(ctx, client.ObjectKey{Namespace: observerNamespace, Name: observerName}, &d); err != nil {
		return reportFailure(recoverCommand, "%v", err)
	}
	ready, trouble := s.countReadyPods(ctx, observerNamespace)
	if wanted := int(d.Status.DesiredNumberScheduled); ready < wanted || trouble != "" {
		return reportFailure(recoverCommand, "ready on %d of %s: %s", ready, countOf(wanted, "node"), trouble)
	}
	return reportOK("ready on %s", countOf(ready, "node"))
}

// checkSender asks the operator whether the observer's account may send.
func (s *Site) checkSender(ctx context.Context) Result {
	token, err := s.requestToken(ctx, observerNamespace, observerName, audience)
	if err != nil {
		return reportFailure(recoverCommand, "%v", err)
	}
	if code, err := s.postNothing(ctx, token); err != nil || code != http.StatusBadRequest {
		return reportFailure(recoverCommand, "the observer's account is answered %d (%v)", code, err)
	}
	return reportOK("the observer may send")
}

// checkEvents wants a recent event from any sender, and waits a few seconds for one.
func (s *Site) checkEvents(ctx context.Context) Result {
	for {
		seconds, err := s.readMetric(ctx, "kernelgossip_newest_event_age_seconds")
		age := time.Duration(seconds * float64(time.Second)).Round(time.Second)
		switch deadline, _ := ctx.Deadline(); {
		case err != nil:
			return reportFailure(recoverCommand, "%v", err)
		case age < -time.Second && seconds != -1:
			return reportWarning("date; see the line clock", "the newest event is %s ahead of the operator's clock", -age)
		case seconds != -1 && age <= recent:
			return reportOK("the newest event is %s old", max(0, age))
		case time.Until(deadline) > checkTime/2:
			time.Sleep(time.Second)
		case seconds == -1:
			return reportFailure(observerLog, "no event since the operator started")
		default:
			return reportFailure(observerLog, "no sender is at work: the newest event is %s old", age)
		}
	}
}

// checkPixie looks at Pixie where it is installed. Whether its events arrive is the line about events.
func (s *Site) checkPixie(ctx context.Context) Result {
	const namespace = "pl"
	err := s.Client.Get(ctx, client.ObjectKey{Name: namespace}, &corev1.Namespace{})
	if apierrors.IsNotFound(err) {
		return reportOK("not installed: the observer measures")
	}
	ready, trouble := s.countReadyPods(ctx, namespace)
	if err != nil || trouble != "" {
		return reportWarning("kubectl describe pods --namespace pl", "%s (%v)", trouble, err)
	}
	return reportOK("%s ready", countOf(ready, "pod"))
}
