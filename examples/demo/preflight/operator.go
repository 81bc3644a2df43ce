package preflight

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/examples/demo/door"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/install"
)

// checkDefinitions finds CRDs that are missing, on their way out, not served, or of another version of this tree.
func checkDefinitions(ctx context.Context, s *install.Site) Result {
	wanted := kinds(s.Wanted, "CustomResourceDefinition")
	differences, err := install.Compare(ctx, s.Client, wanted)
	switch {
	case err != nil:
		return fail(s.Recover, "%v", err)
	case len(differences) > 0:
		return fail(s.Recover, "%s", told(differences))
	}
	var names []string
	for _, w := range wanted {
		var d apiextensionsv1.CustomResourceDefinition
		if err := s.Client.Get(ctx, client.ObjectKeyFromObject(&w), &d); err != nil {
			return fail(s.Recover, "%v", err)
		}
		if !slices.ContainsFunc(d.Status.Conditions, func(c apiextensionsv1.CustomResourceDefinitionCondition) bool {
			return c.Type == apiextensionsv1.Established && c.Status == apiextensionsv1.ConditionTrue
		}) {
			return fail("kubectl describe crd "+d.Name, "%s is not established", d.Name)
		}
		names = append(names, d.Spec.Names.Plural)
	}
	return ok("%s as in this tree", strings.Join(names, " and "))
}

// checkInstallation finds what else is missing or other than written: rights, configuration, the Deployment.
func checkInstallation(ctx context.Context, s *install.Site) Result {
	rest := slices.DeleteFunc(slices.Clone(s.Wanted), func(o unstructured.Unstructured) bool { return o.GetKind() == "CustomResourceDefinition" })
	differences, err := install.Compare(ctx, s.Client, rest)
	switch {
	case err != nil:
		return fail(s.Recover, "%v", err)
	case len(differences) > 0:
		return fail(s.Recover, "%s", told(differences))
	}
	return ok("%s as written", plural(len(rest), "object"))
}

// told are the first differences, and how many more there are.
func told(differences []install.Difference) string {
	const most = 3
	var texts []string
	for _, d := range differences[:min(most, len(differences))] {
		texts = append(texts, d.String())
	}
	if more := len(differences) - most; more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(texts, "; ")
}

func kinds(all []unstructured.Unstructured, kind string) []unstructured.Unstructured {
	var out []unstructured.Unstructured
	for _, o := range all {
		if o.GetKind() == kind {
			out = append(out, o)
		}
	}
	return out
}

// checkOperator wants an available Deployment; where there is none it says what its pods say.
func checkOperator(ctx context.Context, s *install.Site) Result {
	var d appsv1.Deployment
	if err := s.Client.Get(ctx, client.ObjectKey{Namespace: install.OperatorNamespace, Name: install.Operator}, &d); err != nil {
		return fail(s.Recover, "%v", err)
	}
	if d.Status.AvailableReplicas > 0 && d.Status.ObservedGeneration == d.Generation && d.Status.UpdatedReplicas > 0 {
		return ok("available, %s", d.Spec.Template.Spec.Containers[0].Image)
	}
	if d.Spec.Replicas != nil && *d.Spec.Replicas == 0 {
		return fail(s.Recover, "scaled to 0")
	}
	return fail(s.Recover, "no pod is available: %s", podTrouble(ctx, s, install.OperatorNamespace, install.Operator))
}

// podTrouble is what the first pod of a name that is not ready waits for.
func podTrouble(ctx context.Context, s *install.Site, namespace, name string) string {
	var pods corev1.PodList
	if err := s.Client.List(ctx, &pods, client.InNamespace(namespace), client.MatchingLabels{"app.kubernetes.io/name": name}); err != nil {
		return err.Error()
	}
	for _, p := range pods.Items {
		if why := Waits(p); why != "" {
			return p.Name + ": " + why
		}
	}
	return fmt.Sprintf("there are %s", plural(len(pods.Items), "pod"))
}

// Waits says why a pod is not ready, in Kubernetes' own words; empty when it is ready.
func Waits(p corev1.Pod) string {
	for _, c := range append(slices.Clone(p.Status.InitContainerStatuses), p.Status.ContainerStatuses...) {
		switch {
		case c.State.Waiting != nil:
			return c.State.Waiting.Reason
		case c.State.Terminated != nil && c.State.Terminated.ExitCode != 0:
			return c.State.Terminated.Reason
		}
	}
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			return c.Reason
		}
	}
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
			return ""
		}
	}
	return "not ready"
}

// checkLeader wants the lease to be held by a process that lives.
func checkLeader(ctx context.Context, s *install.Site) Result {
	holder, alive, err := Leader(ctx, s)
	switch {
	case err != nil:
		return fail(s.Recover, "%v", err)
	case !alive:
		return fail(s.Recover, "the lease is held by %q, which does not live", holder)
	}
	return ok("%s", holder)
}

// Leader is the pod that holds the operator's lease, and whether the process lives that got it.
func Leader(ctx context.Context, s *install.Site) (pod string, alive bool, err error) {
	var lease coordinationv1.Lease
	if err := s.Client.Get(ctx, client.ObjectKey{Namespace: install.OperatorNamespace, Name: install.Operator}, &lease); err != nil {
		return "", false, err
	}
	if lease.Spec.HolderIdentity != nil {
		pod, _, _ = strings.Cut(*lease.Spec.HolderIdentity, "_") // the identity is the pod's name, _, and one of the process
	}
	if pod == "" {
		return pod, false, nil
	}
	var p corev1.Pod
	if err := s.Client.Get(ctx, client.ObjectKey{Namespace: install.OperatorNamespace, Name: pod}, &p); err != nil {
		return pod, false, client.IgnoreNotFound(err)
	}
	return pod, p.DeletionTimestamp == nil && holds(p, lease), nil
}

// holds says whether the process that runs in a pod can be the one that renewed the lease: a container that started later is another one.
func holds(p corev1.Pod, lease coordinationv1.Lease) bool {
	if p.Status.Phase != corev1.PodRunning || len(p.Status.ContainerStatuses) != 1 {
		return false
	}
	running := p.Status.ContainerStatuses[0].State.Running
	return running != nil && lease.Spec.RenewTime != nil && !running.StartedAt.After(lease.Spec.RenewTime.Time)
}

// checkIngest posts nothing, once as nobody and once as the demo's account.
func checkIngest(ctx context.Context, s *install.Site) Result {
	d, err := door.Open(ctx, s)
	if err != nil {
		return fail("kubectl logs --namespace kernel-gossip deployment/kernel-gossip-operator", "no way to the operator: %v", err)
	}
	defer d.Close()
	switch code, err := d.Knock(ctx, ""); {
	case err == nil && code == http.StatusServiceUnavailable:
		return fail(s.Recover, "the operator cannot find out who somebody is: 503")
	case err != nil || code != http.StatusUnauthorized:
		return fail("kubectl logs --namespace kernel-gossip deployment/kernel-gossip-operator", "nobody in particular is answered %d, not 401 (%v)", code, err)
	}
	token, err := d.Token(ctx)
	if err != nil {
		return fail(s.Recover, "%v", err)
	}
	switch code, err := d.Knock(ctx, token); {
	case err != nil:
		return fail(s.Recover, "%v", err)
	case code == http.StatusForbidden || code == http.StatusUnauthorized:
		return fail(s.Recover, "the demo's account may not send: %d", code)
	case code == http.StatusServiceUnavailable:
		return fail(s.Recover, "the operator cannot find out who somebody is: 503")
	case code != http.StatusBadRequest:
		return fail("kubectl logs --namespace kernel-gossip deployment/kernel-gossip-operator", "an empty body is answered %d, not 400", code)
	}
	return ok("reachable; the demo's account may send, nobody else")
}
