//go:build e2e

package e2e_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
)

// patience is how long the world may take for one thing.
const patience = 5 * time.Minute

// namespace makes a namespace for a test and deletes it after the test. For a test that failed it first logs what is in
// the namespace, and what operator and observer logged.
func namespace(t *testing.T, suffix ...string) string {
	t.Helper()
	test := strings.NewReplacer("/", "", "_", "").Replace(strings.TrimPrefix(t.Name(), "Test"))
	parts := append([]string{"e2e", test[:min(len(test), 40)], fmt.Sprintf("%05x", rand.N(1<<20))}, suffix...)
	name := strings.ToLower(strings.Join(parts, "-"))
	require.NoError(t, world.client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}))
	t.Cleanup(func() {
		if t.Failed() {
			report(t, name)
		}
		deleteNamespace(t, name)
	})
	return name
}

// deleteNamespace deletes a namespace and does not wait for its end, which takes ten seconds: the end of all tests
// does.
func deleteNamespace(t *testing.T, name string) {
	t.Helper()
	require.NoError(t,
		client.IgnoreNotFound(world.client.Delete(bg(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})))
	world.deleted.Store(name, true)
}

// waitForDeletedNamespaces waits until the namespaces of all tests have gone.
func waitForDeletedNamespaces(ctx context.Context) error {
	return wait.PollUntilContextTimeout(ctx, time.Second, patience, true, func(ctx context.Context) (bool, error) {
		var left corev1.NamespaceList
		if err := world.client.List(ctx, &left); err != nil {
			return false, err
		}
		return !slices.ContainsFunc(left.Items, func(ns corev1.Namespace) bool {
			_, deleted := world.deleted.Load(ns.Name)
			return deleted
		}), nil
	})
}

// bg returns the context of clean-ups: the context of the test has ended.
func bg() context.Context { return context.Background() }

func report(t *testing.T, namespace string) {
	t.Helper()
	for _, args := range [][]string{
		{"get", "pods,kw,pbc", "--namespace", namespace, "--output", "wide"},
		{"describe", "pods,kw,pbc", "--namespace", namespace},
		{"get", "events", "--namespace", namespace},
		{"logs", "--namespace", "kernel-gossip", "deployment/kernel-gossip-operator", "--tail=60"},
		{"logs", "--namespace", "kernel-gossip-observer", "daemonset/kernel-gossip-observer", "--tail=30"},
	} {
		out, err := world.kubectl.Run(bg(), nil, args...)
		t.Logf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// burst is a container of the workload: what it does, and its CPU limit.
func burst(limit, does string) corev1.Container {
	cpu := resource.MustParse(limit)
	return corev1.Container{
		Name: "app", Image: world.images.Workload, ImagePullPolicy: corev1.PullIfNotPresent, Args: strings.Fields(does),
		Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("20m")},
			Limits:   corev1.ResourceList{corev1.ResourceCPU: cpu},
		},
	}
}

// bursty are bursts that need more than their share of a period but little on average: half of a limit of 100m.
func bursty() corev1.Container { return burst("100m", "--cpu 25ms --every 500ms") }

// runPod makes a pod of one container.
func runPod(t *testing.T, namespace, name string, c corev1.Container, change ...func(*corev1.Pod)) *corev1.Pod {
	t.Helper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: corev1.PodSpec{
			Containers:                    []corev1.Container{c},
			TerminationGracePeriodSeconds: new(int64(1)),
			AutomountServiceAccountToken:  new(false),
		},
	}
	for _, f := range change {
		f(pod)
	}
	waitForAccount(t, namespace)
	require.NoError(t, world.client.Create(t.Context(), pod))
	return pod
}

// waitForAccount waits for the default account of a namespace, without which no pod can be made.
func waitForAccount(t *testing.T, namespace string) {
	t.Helper()
	eventually(t, &corev1.ServiceAccount{}, namespace, "default", "made",
		func(*corev1.ServiceAccount) bool { return true })
}

// eventually waits until an object is as wanted.
func eventually[T client.Object](t *testing.T, o T, namespace, name, what string, wanted func(T) bool) T {
	t.Helper()
	require.Eventually(t, func() bool {
		return world.client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, o) == nil && wanted(o)
	}, patience, 500*time.Millisecond, "%T %s/%s is not %s", o, namespace, name, what)
	return o
}

// whisper waits until the whisper about the container app of a pod without a controller is as wanted.
func whisper(
	t *testing.T, namespace, pod, what string, wanted func(*v1alpha1.KernelWhisper) bool,
) *v1alpha1.KernelWhisper {
	t.Helper()
	return eventually(t, &v1alpha1.KernelWhisper{}, namespace, "pod."+pod+".app.cputhrottling", what, wanted)
}

func throttled(w *v1alpha1.KernelWhisper) *metav1.Condition {
	c := meta.FindStatusCondition(w.Status.Conditions, v1alpha1.ConditionThrottled)
	if c == nil {
		return &metav1.Condition{}
	}
	return c
}

func isThrottled(w *v1alpha1.KernelWhisper) bool { return throttled(w).Status == metav1.ConditionTrue }

// gone waits until there is no such object; in clean-ups too.
func gone(t *testing.T, o client.Object, namespace, name string) {
	t.Helper()
	require.Eventually(t, func() bool {
		return apierrors.IsNotFound(world.client.Get(bg(), client.ObjectKey{Namespace: namespace, Name: name}, o))
	}, patience, 500*time.Millisecond, "%T %s/%s is still there", o, namespace, name)
}

// show logs what kubectl prints.
func show(t *testing.T, title, namespace string) {
	t.Helper()
	out, err := world.kubectl.Run(t.Context(), nil, "get", "kw,pbc", "--namespace", namespace)
	require.NoError(t, err)
	t.Logf("%s: kubectl get kw,pbc\n%s", title, out)
}
