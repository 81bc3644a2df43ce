//go:build e2e

package e2e_test

import (
	"bytes"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
)

// A web server starts, and its birth certificate has what that cost the kernel.
func TestANewPodGetsABirthCertificate(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	pod := runPod(t, ns, "web", corev1.Container{
		Name:            "nginx",
		Image:           world.images.Base,
		ImagePullPolicy: corev1.PullIfNotPresent,
		Command:         []string{"nginx", "-g", "daemon off;"},
		ReadinessProbe: &corev1.Probe{
			ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/", Port: intstr.FromInt32(80)}},
			PeriodSeconds: 1,
		},
	})
	eventually(t, &corev1.Pod{}, ns, "web", "ready", func(p *corev1.Pod) bool {
		return slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
		})
	})
	c := eventually(t, &v1alpha1.PodBirthCertificate{}, ns, "web", "written",
		func(c *v1alpha1.PodBirthCertificate) bool { return c.Status.Severity != "" })
	show(t, "a web server was born", ns)
	require.Equal(t, string(pod.UID), c.Spec.Pod.UID)
	require.Equal(t, pod.UID, c.OwnerReferences[0].UID)
	birth := c.Status.KernelStats
	for figure, bounds := range map[*int64][2]int64{
		birth.TotalSyscalls:     {5_000, 500_000}, // runc alone makes more than the least
		birth.ProcessesCreated:  {3, 1_000},
		birth.Execs:             {4, 1_000}, // shim, runc, sandbox, nginx
		birth.Mounts:            {20, 10_000},
		birth.NamespacesCreated: {4, 1_000},
		birth.CgroupWrites:      {1, 100_000},
	} {
		require.NotNil(t, figure)
		require.GreaterOrEqual(t, *figure, bounds[0], birth)
		require.Less(t, *figure, bounds[1], birth)
	}
	require.NotEmpty(t, c.Status.Timeline)
	require.True(t, slices.IsSortedFunc(c.Status.Timeline, func(a, b v1alpha1.TimelineEntry) int {
		return int(*a.OffsetMilliseconds - *b.OffsetMilliseconds)
	}), c.Status.Timeline)
}

// Bursts on a small limit are throttled while the CPU looks idle. The command in the status is run unchanged, and the
// throttling ends.
func TestThePrintedResizeEndsTheThrottling(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	labels := map[string]string{"app": "api"}
	require.NoError(t, world.client.Create(t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "api"},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{bursty()}},
			},
		},
	}))
	var pods corev1.PodList
	require.Eventually(t, func() bool {
		return world.client.List(t.Context(), &pods, client.InNamespace(ns)) == nil && len(pods.Items) == 1
	}, patience, time.Second)
	name := pods.Items[0].Name
	w := whisper(t, ns, name, "throttled while the CPU is low", func(w *v1alpha1.KernelWhisper) bool {
		return throttled(w).Reason == v1alpha1.ReasonThrottledWhileCPULow && len(w.Status.Recommendations) > 0 &&
			len(w.Status.Recommendations[0].Resize) == 1
	})
	show(t, "before the resize", ns)
	require.GreaterOrEqual(t, *w.Status.KernelTruth.CPU.ThrottledPercent, int32(25))
	require.Less(t, *w.Status.MetricsLie.CPU.PercentOfLimit, int32(80))
	t.Logf("%s\n%s", throttled(w).Message, w.Status.Recommendations[0].Resize[0])

	shell := exec.CommandContext(t.Context(), "sh", "-c", w.Status.Recommendations[0].Resize[0])
	shell.Env = world.kubectl.Environ()
	out, err := shell.CombinedOutput()
	require.NoError(t, err, "%s", out)

	w = whisper(t, ns, name, "over",
		func(w *v1alpha1.KernelWhisper) bool { return throttled(w).Status == metav1.ConditionFalse })
	show(t, "after the resize", ns)
	require.Equal(t, v1alpha1.ReasonBelowThreshold, throttled(w).Reason)
	require.Less(t, *w.Status.KernelTruth.CPU.ThrottledPercent, int32(10))
	pod := eventually(t, &corev1.Pod{}, ns, name, "there", func(*corev1.Pod) bool { return true })
	require.Equal(t, pods.Items[0].UID, pod.UID)
	require.Zero(t, pod.Status.ContainerStatuses[0].RestartCount)
	require.Eventually(t, func() bool { return hasEvent(t, ns, name, "Warning") && hasEvent(t, ns, name, "Normal") },
		patience, time.Second)
}

// hasEvent reports whether the operator made an Event of this type about a pod.
func hasEvent(t *testing.T, namespace, pod, kind string) bool {
	t.Helper()
	var list eventsv1.EventList
	require.NoError(t, world.client.List(t.Context(), &list, client.InNamespace(namespace)))
	return slices.ContainsFunc(list.Items, func(e eventsv1.Event) bool {
		return e.ReportingController == "kernel-gossip" && e.Regarding.Name == pod && e.Type == kind
	})
}

// A loop that never rests is throttled too, and the metrics show it as well.
func TestABusyLoopIsThrottledAndTheMetricsShowIt(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	runPod(t, ns, "miner", burst("200m", "--busy"))
	// Other tests take the node's CPUs for some of its first periods, in which it needs its quota not so often.
	w := whisper(t, ns, "miner", "throttled in most periods", func(w *v1alpha1.KernelWhisper) bool {
		return isThrottled(w) && *w.Status.KernelTruth.CPU.ThrottledPercent >= 80
	})
	require.Equal(t, v1alpha1.ReasonThrottled, throttled(w).Reason)
	require.GreaterOrEqual(t, *w.Status.MetricsLie.CPU.PercentOfLimit, int32(80))
}

// Of two pods with one name in two namespaces, the healthy one has no whisper, and a user who may read one namespace
// reads nothing of the other.
func TestNamespacesAreApart(t *testing.T) {
	t.Parallel()
	sick, healthy := namespace(t, "a"), namespace(t, "b")
	runPod(t, sick, "app", bursty())
	pod := runPod(t, healthy, "app", burst("1", "--cpu 25ms --every 500ms"))
	w := whisper(t, sick, "app", "throttled", isThrottled)
	certificate := eventually(t, &v1alpha1.PodBirthCertificate{}, healthy, "app", "written",
		func(*v1alpha1.PodBirthCertificate) bool { return true })
	require.Equal(t, string(pod.UID), certificate.Spec.Pod.UID)
	require.NotEqual(t, w.Spec.Pod.UID, certificate.Spec.Pod.UID)
	require.Never(t, func() bool { // the observer reads the counters five more times
		var all v1alpha1.KernelWhisperList
		return world.client.List(t.Context(), &all, client.InNamespace(healthy)) != nil || len(all.Items) > 0
	}, 25*time.Second, time.Second, "a healthy pod has a whisper")

	for namespace, may := range map[string]bool{sick: true, healthy: false} {
		out, err := world.kubectl.Run(t.Context(), nil, "create", "rolebinding", "watcher", "--clusterrole=view",
			"--user=watcher", "--namespace", sick)
		require.True(t, err == nil || bytes.Contains([]byte(err.Error()), []byte("already exists")), out)
		_, err = world.kubectl.Run(t.Context(), nil, "get", "kw", "--namespace", namespace, "--as=watcher")
		require.Equal(t, may, err == nil, "%s: %v", namespace, err)
	}
}

// The objects about a pod are deleted with it; a later pod of the same name is another pod.
func TestPodsComeAndGo(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	first := runPod(t, ns, "db-0", bursty())
	whisper(t, ns, "db-0", "throttled", isThrottled)
	eventually(t, &v1alpha1.PodBirthCertificate{}, ns, "db-0", "written",
		func(*v1alpha1.PodBirthCertificate) bool { return true })

	require.NoError(t, world.client.Delete(t.Context(), first))
	gone(t, &corev1.Pod{}, ns, "db-0")
	second := runPod(t, ns, "db-0", bursty())
	require.NotEqual(t, first.UID, second.UID)
	w := whisper(t, ns, "db-0", "about the second pod",
		func(w *v1alpha1.KernelWhisper) bool { return w.Spec.Pod.UID == string(second.UID) && isThrottled(w) })
	require.False(t, w.Status.FirstSeenTime.Time.Before(second.CreationTimestamp.Time), "its history begins with it")
	eventually(t, &v1alpha1.PodBirthCertificate{}, ns, "db-0", "about the second pod",
		func(c *v1alpha1.PodBirthCertificate) bool { return c.Spec.Pod.UID == string(second.UID) })

	require.NoError(t, world.client.Delete(t.Context(), second))
	gone(t, &v1alpha1.KernelWhisper{}, ns, "db-0.app.cputhrottling")
	gone(t, &v1alpha1.PodBirthCertificate{}, ns, "db-0")
	require.Never(t, func() bool { // late records do not make them again
		err := world.client.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: "db-0.app.cputhrottling"},
			&v1alpha1.KernelWhisper{})
		return !apierrors.IsNotFound(err)
	}, 12*time.Second, time.Second)
}
