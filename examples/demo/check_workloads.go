package demo

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/examples/demo/scenarios"
)

// checkWorkloads looks at what an earlier run left in the namespaces of the workloads.
func (s *Site) checkWorkloads(ctx context.Context) Result {
	left := 0
	for _, name := range s.Namespaces {
		var ns corev1.Namespace
		var pods corev1.PodList
		err := s.Client.Get(ctx, client.ObjectKey{Name: name}, &ns)
		if err == nil {
			err = s.Client.List(ctx, &pods, client.InNamespace(name))
		}
		switch {
		case client.IgnoreNotFound(err) != nil:
			return reportFailure("kubectl get pods --namespace "+name, "%v", err)
		case err != nil: // there is none
			continue
		case ns.Labels[scenarios.PartOf] != scenarios.Part:
			return reportFailure("kubectl get all --namespace "+name,
				"%s does not belong to the demo: it lacks the label %s=%s", name, scenarios.PartOf, scenarios.Part)
		case ns.DeletionTimestamp != nil:
			return reportFailure(recoverCommand, "%s is being deleted", name)
		}
		for _, p := range pods.Items {
			if isCrashed(p) {
				return reportFailure(recoverCommand, "%s: %s", p.Name, waitingFor(p))
			}
		}
		left += len(pods.Items)
	}
	if left == 0 {
		return reportOK("none: a scenario makes its own")
	}
	return reportOK("%s of a scenario, which runs or was left: the next one clears them", countOf(left, "pod"))
}

// isCrashed reports whether a pod cannot become ready by itself. A container that the kernel killed is no crash: some
// scenarios are about it.
func isCrashed(p corev1.Pod) bool {
	switch waitingFor(p) {
	case "ImagePullBackOff", "ErrImagePull", "ErrImageNeverPull", "InvalidImageName",
		"CreateContainerConfigError", "CreateContainerError", "RunContainerError":
		return true
	case "CrashLoopBackOff":
		return !slices.ContainsFunc(p.Status.ContainerStatuses, func(c corev1.ContainerStatus) bool {
			return c.LastTerminationState.Terminated != nil && c.LastTerminationState.Terminated.Reason == "OOMKilled"
		})
	}
	return p.Status.Phase == corev1.PodFailed
}
