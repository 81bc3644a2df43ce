//go:build e2e

package e2e_test

import (
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
)

// strain is a container that needs memory or connections, on a limit of 48 MiB.
func strain(args ...string) corev1.Container {
	return corev1.Container{
		Name: "app", Image: world.images.Strain, ImagePullPolicy: corev1.PullIfNotPresent, Args: args,
		Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{
				corev1.ResourceCPU:    resource.MustParse("10m"),
				corev1.ResourceMemory: resource.MustParse("32Mi"),
			},
			Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("48Mi")},
		},
	}
}

// inTrouble waits until the whisper of this name says that there is trouble, and returns it with its condition.
func inTrouble(t *testing.T, namespace, name, condition string) (*v1alpha1.KernelWhisper, *metav1.Condition) {
	t.Helper()
	find := func(w *v1alpha1.KernelWhisper) *metav1.Condition {
		return meta.FindStatusCondition(w.Status.Conditions, condition)
	}
	w := eventually(t, &v1alpha1.KernelWhisper{}, namespace, name, "in trouble", func(w *v1alpha1.KernelWhisper) bool {
		c := find(w)
		return c != nil && c.Status == metav1.ConditionTrue
	})
	show(t, name, namespace)
	return w, find(w)
}

// The kernel kills a worker, not the container's first process. If the container lives on, Kubernetes shows nothing.
func TestAKilledChildIsReportedThoughItsContainerLives(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	pod := runPod(t, ns, "workers", strain("pool", "leak", "--from=8Mi", "--every-second=4Mi"))
	w, c := inTrouble(t, ns, "pod.workers.app.oomkill", v1alpha1.ConditionOOMKilled)
	t.Log(c.Message)
	require.Equal(t, string(pod.UID), w.Spec.Workload.UID)
	require.Equal(t, "Critical", string(w.Status.Severity))
	killed := w.Status.KernelTruth.Memory
	require.Positive(t, *killed.OOMKills)
	require.Equal(t, int64(48<<20), *killed.LimitBytes)
	require.Greater(t, *killed.PeakBytes, *killed.LimitBytes*9/10)
	require.Contains(t, w.Status.Advice, "memory limit 48Mi → ")

	now := eventually(t, &corev1.Pod{}, ns, "workers", "there", func(*corev1.Pod) bool { return true })
	if now.Status.ContainerStatuses[0].RestartCount > 0 {
		t.Log("this kubelet has the whole container killed (cgroup v2 without singleProcessOOMKill), and shows it")
		return
	}
	require.Equal(t, "Kubernetes shows no OOM kill", w.Status.MetricsSay)
}

// Memory close to its limit is reported before anything is killed.
func TestMemoryNearItsLimitIsReported(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	runPod(t, ns, "cache", strain("leak", "--from=42Mi"))
	w, _ := inTrouble(t, ns, "pod.cache.app.memorypressure", v1alpha1.ConditionMemoryPressured)
	truth := w.Status.KernelTruth.Memory
	require.Equal(t, int64(48<<20), *truth.LimitBytes)
	require.GreaterOrEqual(t, *truth.WorkingSetBytes, int64(42<<20))
	require.LessOrEqual(t, *truth.WorkingSetBytes, int64(48<<20))
}

// Connects to a Service that has no pod fail.
func TestFailedConnectsAreReported(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	require.NoError(t, world.client.Create(t.Context(), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "db"},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"app": "nobody"},
			Ports:    []corev1.ServicePort{{Port: 8080}},
		},
	}))
	runPod(t, ns, "client", strain("connect", "$(DB_SERVICE_HOST):8080", "--every=500ms"))
	w, c := inTrouble(t, ns, "pod.client.networkissue", v1alpha1.ConditionNetworkDegraded)
	require.Equal(t, v1alpha1.ReasonFailedConnects, c.Reason)
	require.GreaterOrEqual(t, *w.Status.KernelTruth.Network.ConnectFailures, int64(10))
}

// A server that loses a twentieth of what arrives: its client sends that again, and the whisper about the client says
// so.
func TestRetransmitsAreReportedOfTheirSender(t *testing.T) {
	t.Parallel()
	ns := namespace(t)
	runPod(t, ns, "server", strain("serve", ":8080"), func(p *corev1.Pod) {
		p.Spec.InitContainers = []corev1.Container{{
			Name: "lossy", Image: world.images.Base, ImagePullPolicy: corev1.PullIfNotPresent,
			Command: strings.Fields("iptables --append INPUT --protocol tcp --destination-port 8080" +
				" --match statistic --mode random --probability 0.05 --jump DROP"),
			SecurityContext: &corev1.SecurityContext{
				Capabilities: &corev1.Capabilities{Add: []corev1.Capability{"NET_ADMIN"}},
			},
		}}
	})
	server := eventually(t, &corev1.Pod{}, ns, "server", "running",
		func(p *corev1.Pod) bool { return p.Status.Phase == corev1.PodRunning })
	runPod(t, ns, "client", strain("stream", net.JoinHostPort(server.Status.PodIP, "8080")))
	w, c := inTrouble(t, ns, "pod.client.networkissue", v1alpha1.ConditionNetworkDegraded)
	require.Equal(t, v1alpha1.ReasonRetransmits, c.Reason)
	truth := w.Status.KernelTruth.Network
	require.GreaterOrEqual(t, *truth.Segments, int64(1000))
	require.Positive(t, *truth.Retransmits)
}
