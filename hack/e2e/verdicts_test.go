//go:build e2e

package e2e_test

import (
	"bytes"
	"os/exec"
	"slices"
	"strings"
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

// Bursts on a small limit are throttled while the CPU looks idle. The commands in the status are run unchanged, one for
// each of three pods: the throttling ends, and the object says that the change did that.
func TestThePrintedResizesEndTheThrottling(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	labels := map[string]string{"app": "api"}
	deployment := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "api"},
		Spec: appsv1.DeploymentSpec{
			Replicas: new(int32(3)),
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{bursty()}},
			},
		},
	}
	require.NoError(t, world.client.Create(t.Context(), deployment))
	const name = "deployment.api.app.cputhrottling"
	w := eventually(t, &v1alpha1.KernelWhisper{}, ns, name, "throttled in three pods while the CPU is low",
		func(w *v1alpha1.KernelWhisper) bool {
			return throttled(w).Reason == v1alpha1.ReasonThrottledWhileCPULow && *w.Status.Pods.Affected == 3 &&
				len(w.Status.Recommendations) > 0 && len(w.Status.Recommendations[0].Resize) == 3
		})
	show(t, "before the resizes", ns)
	require.Equal(t, deployment.UID, w.OwnerReferences[0].UID)
	require.Equal(t, "3/3", w.Status.Pods.AffectedOfSeen)
	require.GreaterOrEqual(t, *w.Status.KernelTruth.CPU.ThrottledPercent, int32(25))
	require.Less(t, *w.Status.MetricsLie.CPU.PercentOfLimit, int32(80))
	advice := w.Status.Recommendations[0]
	t.Logf("%s\n%s", throttled(w).Message, strings.Join(advice.Resize, "\n"))

	shell := exec.CommandContext(t.Context(), "sh", "-c", strings.Join(advice.Resize, " && "))
	shell.Env = world.kubectl.Environ()
	out, err := shell.CombinedOutput()
	require.NoError(t, err, "%s", out)

	w = eventually(t, &v1alpha1.KernelWhisper{}, ns, name, "over", func(w *v1alpha1.KernelWhisper) bool {
		return throttled(w).Status == metav1.ConditionFalse && w.Status.LastChange.Pods == "3 of 3"
	})
	show(t, "after the resizes", ns)
	t.Logf("%+v", w.Status.LastChange)
	require.Equal(t, v1alpha1.ReasonBelowThreshold, throttled(w).Reason)
	require.Less(t, *w.Status.KernelTruth.CPU.ThrottledPercent, int32(10))
	require.Regexp(t, `^cpu limit 100m → \S+( cores?)?$`, w.Status.LastChange.What)
	require.Regexp(t, `^throttled in [2-9]\d% of periods$`, w.Status.LastChange.Before)
	require.Regexp(t, `^(0%|throttled in \d% of periods)`, w.Status.LastChange.After)
	var pods corev1.PodList
	require.NoError(t, world.client.List(t.Context(), &pods, client.InNamespace(ns)))
	require.Len(t, pods.Items, 3)
	for i := range pods.Items {
		require.Zero(t, pods.Items[i].Status.ContainerStatuses[0].RestartCount)
	}
	require.Eventually(t, func() bool { return hasEvent(t, ns, "api", "Warning") && hasEvent(t, ns, "api", "Normal") },
		patience, time.Second)
}

// hasEvent reports whether the operator made an Event of this type about a workload or pod.
func hasEvent(t *testing.T, namespace, name, kind string) bool {
	t.Helper()
	var list eventsv1.EventList
	require.NoError(t, world.client.List(t.Context(), &list, client.InNamespace(namespace)))
	return slices.ContainsFunc(list.Items, func(e eventsv1.Event) bool {
		return e.ReportingController == "kernel-gossip" && e.Regarding.Name == name && e.Type == kind
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
	require.NotEqual(t, w.Spec.Workload.UID, certificate.Spec.Pod.UID)
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
		func(w *v1alpha1.KernelWhisper) bool {
			return w.Spec.Workload.UID == string(second.UID) && isThrottled(w)
		})
	require.False(t, w.Status.FirstSeenTime.Time.Before(second.CreationTimestamp.Time), "its history begins with it")
	eventually(t, &v1alpha1.PodBirthCertificate{}, ns, "db-0", "about the second pod",
		func(c *v1alpha1.PodBirthCertificate) bool { return c.Spec.Pod.UID == string(second.UID) })

	require.NoError(t, world.client.Delete(t.Context(), second))
	gone(t, &v1alpha1.KernelWhisper{}, ns, "pod.db-0.app.cputhrottling")
	gone(t, &v1alpha1.PodBirthCertificate{}, ns, "db-0")
	require.Never(t, func() bool { // late records do not make them again
		err := world.client.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: "pod.db-0.app.cputhrottling"},
			&v1alpha1.KernelWhisper{})
		return !apierrors.IsNotFound(err)
	}, 12*time.Second, time.Second)
}
