package preflight

import (
	"context"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/install"
)

// podSecurity is the label that says what pods of a namespace may do, and levels are its values, the strictest first.
const podSecurity = "pod-security.kubernetes.io/enforce"

var levels = []string{"restricted", "baseline", "privileged"}

// checkPodSecurity wants each namespace to let its pods do what they do.
func checkPodSecurity(ctx context.Context, s *install.Site) Result {
	need := map[string]string{install.OperatorNamespace: "restricted", install.ObserverNamespace: "privileged"} // the observer: bpftrace
	maps.Copy(need, s.Namespaces)
	for _, name := range slices.Sorted(maps.Keys(need)) {
		var ns corev1.Namespace
		err := s.Client.Get(ctx, client.ObjectKey{Name: name}, &ns)
		if client.IgnoreNotFound(err) != nil {
			return fail("kubectl get namespaces", "%v", err)
		}
		if level, set := ns.Labels[podSecurity]; err == nil && set && slices.Index(levels, level) < slices.Index(levels, need[name]) {
			return fail("kubectl label --overwrite namespace "+name+" "+podSecurity+"="+need[name], "%s enforces %s, and needs %s", name, level, need[name])
		}
	}
	return ok("the namespaces admit their pods")
}

// checkWorkloads looks for what an earlier run left where the workloads live.
func checkWorkloads(ctx context.Context, s *install.Site) Result {
	pods := 0
	for _, name := range slices.Sorted(maps.Keys(s.Namespaces)) {
		n, trouble := workloads(ctx, s, name)
		if trouble.Verdict != OK {
			return trouble
		}
		pods += n
	}
	if pods == 0 {
		return ok("none: a scenario makes its own")
	}
	return ok("%s of a scenario, which runs or was left: the next one clears them", plural(pods, "pod"))
}

func workloads(ctx context.Context, s *install.Site, namespace string) (pods int, trouble Result) {
	var ns corev1.Namespace
	err := s.Client.Get(ctx, client.ObjectKey{Name: namespace}, &ns)
	switch {
	case client.IgnoreNotFound(err) != nil:
		return 0, fail("kubectl get namespaces", "%v", err)
	case err != nil:
		return 0, Result{}
	case ns.Labels[install.Part] != install.DemoPart:
		return 0, fail("kubectl get all --namespace "+namespace, "%s does not belong to the demo: it lacks the label %s=%s", namespace, install.Part, install.DemoPart)
	case ns.DeletionTimestamp != nil:
		return 0, fail(s.Recover, "%s is being deleted", namespace)
	}
	stale, err := Stale(ctx, s.Client, namespace)
	switch {
	case err != nil:
		return 0, fail(s.Recover, "%v", err)
	case len(stale) > 0:
		return 0, fail(s.Recover, "%s about pods that are gone: %s", plural(len(stale), "object"), stale[0].GetName())
	}
	var list corev1.PodList
	if err := s.Client.List(ctx, &list, client.InNamespace(namespace)); err != nil {
		return 0, fail("kubectl get pods --namespace "+namespace, "%v", err)
	}
	for _, p := range list.Items {
		if Crashed(p) {
			return 0, fail(s.Recover, "%s: %s", p.Name, Waits(p))
		}
	}
	return len(list.Items), Result{}
}

// Crashed says that a pod will not get well by itself. That a container was killed is what some scenarios are about, and no crash.
func Crashed(p corev1.Pod) bool {
	switch Waits(p) {
	case "ImagePullBackOff", "ErrImagePull", "ErrImageNeverPull", "InvalidImageName", "CreateContainerConfigError", "CreateContainerError", "RunContainerError":
		return true
	case "CrashLoopBackOff":
		return !slices.ContainsFunc(p.Status.ContainerStatuses, func(c corev1.ContainerStatus) bool {
			return c.LastTerminationState.Terminated != nil && c.LastTerminationState.Terminated.Reason == "OOMKilled"
		})
	}
	return p.Status.Phase == corev1.PodFailed
}

// Stale are our objects of a namespace about pods that it does not have.
func Stale(ctx context.Context, c client.Client, namespace string) ([]client.Object, error) {
	var pods corev1.PodList
	var whispers v1alpha1.KernelWhisperList
	var certificates v1alpha1.PodBirthCertificateList
	for _, list := range []client.ObjectList{&whispers, &certificates, &pods} { // pods last: a newer one is no stale one
		if err := c.List(ctx, list, client.InNamespace(namespace)); err != nil {
			return nil, err
		}
	}
	lives := map[string]bool{}
	for _, p := range pods.Items {
		lives[string(p.UID)] = true
	}
	var stale []client.Object
	for i, w := range whispers.Items {
		if !lives[w.Spec.Pod.UID] {
			stale = append(stale, &whispers.Items[i])
		}
	}
	for i, b := range certificates.Items {
		if !lives[b.Spec.Pod.UID] {
			stale = append(stale, &certificates.Items[i])
		}
	}
	return stale, nil
}
