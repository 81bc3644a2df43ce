package operator_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/operator"
)

// memoryPod makes a pod with a running container app that requests 128Mi and has a limit of 512Mi.
func memoryPod(t *testing.T, k client.Client, namespace string) *corev1.Pod {
	t.Helper()
	pod := makePod(t, k, namespace, "api-0", func(p *corev1.Pod) {
		p.Spec.Containers[0].Resources = corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("128Mi")},
			Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("512Mi")},
		}
	})
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
		Name: "app", ContainerID: "containerd://c1", Image: "none", ImageID: "none",
		State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
	}}
	require.NoError(t, k.Status().Update(t.Context(), pod))
	return pod
}

// head returns the begin of a record about a pod of these tests; the record ends now.
func head(kind, namespace string, pod *corev1.Pod) string {
	return fmt.Sprintf(`{"type":%q,"timestamp":%q,"namespace":%q,"pod_name":%q,"pod_uid":%q,"source":"test"`,
		kind, time.Now().UTC().Format(time.RFC3339), namespace, pod.Name, pod.UID)
}

// Every kind has its object. Facts that the records lack come from the pod, also the name of the container.
func TestEveryKindHasItsObject(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	pod := memoryPod(t, k, "kinds")
	r := start(t, c.Config, in("kinds"))
	r.post(t,
		head("memory_pressure", "kinds", pod)+
			`,"container_name":"app","period_seconds":10,"working_set_bytes":503316480,"limit_hits":7,"oom_kills":0}`,
		head("oom_kill", "kinds", pod)+`,"container_id":"c1","victim_comm":"worker","usage_bytes":536870912,"scope":"memcg"}`,
		head("network_issue", "kinds", pod)+`,"period_seconds":60,"tcp_segments_sent":12000,"tcp_retransmits":240}`,
	)
	said := map[string][]string{}
	for _, name := range []string{"pod.api-0.app.memorypressure", "pod.api-0.app.oomkill", "pod.api-0.networkissue"} {
		w := whisperNamed(t, k, "kinds", name, func(w *v1alpha1.KernelWhisper) bool { return w.Status.Severity != "" })
		said[name] = []string{
			w.Status.Conditions[0].Type, string(w.Status.Severity), w.Status.KernelSays,
			w.Status.MetricsSay, w.Status.Advice,
		}
		require.Equal(t, pod.UID, w.OwnerReferences[0].UID)
	}
	require.Empty(t, cmp.Diff(map[string][]string{
		"pod.api-0.app.memorypressure": {
			"MemoryPressured", "Warning", "limit hit 7 times", "94% of the memory limit",
			"memory limit 512Mi → 592Mi",
		},
		"pod.api-0.app.oomkill": {
			"OOMKilled", "Critical", "killed 1 process, called worker", "Kubernetes shows no OOM kill",
			"memory limit 512Mi → 624Mi",
		},
		"pod.api-0.networkissue": {
			"NetworkDegraded", "Warning", "2% of TCP segments sent again", "not measured",
			"Find where segments are lost",
		},
	}, said))
	require.Contains(t, r.Log.String(),
		"container app: killed 1 process, called worker, Kubernetes shows no OOM kill; memory limit 512Mi → 624Mi")
	require.Contains(t, r.Log.String(),
		"pod api-0: 2% of TCP segments sent again, metrics say not measured; Find where segments are lost")
}

// The wall clock makes a window without a kill False; about memory and networks nothing is known then. A restart does
// not lose what was before.
func TestSilenceEndsAVerdictByItsKind(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	pod := memoryPod(t, k, "ages")
	short := func(o *operator.Options) { o.Analysis.Window = 3 * time.Second }
	r := start(t, c.Config, in("ages"), short)
	r.post(t,
		head("oom_kill", "ages", pod)+`,"container_name":"app"}`,
		head("network_issue", "ages", pod)+`,"period_seconds":60,"connect_failures":50}`,
	)
	whisperNamed(t, k, "ages", "pod.api-0.app.oomkill", severity(v1alpha1.SeverityCritical))
	whisperNamed(t, k, "ages", "pod.api-0.networkissue", severity(v1alpha1.SeverityHigh))
	r.stop(t)
	start(t, c.Config, in("ages"), short)
	w := whisperNamed(t, k, "ages", "pod.api-0.app.oomkill", severity(v1alpha1.SeverityNone))
	require.Equal(t, v1alpha1.ReasonNoKillInWindow, w.Status.Conditions[0].Reason)
	require.Equal(t, v1alpha1.SeverityCritical, w.Status.Severity)
	w = whisperNamed(t, k, "ages", "pod.api-0.networkissue", severity(v1alpha1.SeverityUnknown))
	require.Equal(t, v1alpha1.ReasonNoRecentSamples, w.Status.Conditions[0].Reason)
}

// All findings about a deleted pod are forgotten.
func TestAPodThatGoesIsForgottenInEveryKind(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	pod := memoryPod(t, k, "forgotten")
	r := start(t, c.Config, in("forgotten"))
	r.post(t,
		head("memory_pressure", "forgotten", pod)+`,"memory_usage_pct":95}`,
		head("memory_pressure", "forgotten", pod)+`,"container_name":"app","memory_usage_pct":95}`,
		head("oom_kill", "forgotten", pod)+`,"container_name":"app"}`,
		head("oom_kill", "forgotten", pod)+`,"container_id":"of nobody"}`,
		head("network_issue", "forgotten", pod)+`,"retransmit_pct":5}`,
	)
	for _, name := range []string{
		"pod.api-0.memorypressure", "pod.api-0.app.memorypressure", "pod.api-0.app.oomkill",
		"pod.api-0.oomkill", "pod.api-0.networkissue",
	} {
		whisperNamed(t, k, "forgotten", name, func(w *v1alpha1.KernelWhisper) bool { return w.Status.Severity != "" })
	}
	require.InDelta(t, 5, r.gauge(t, "kernelgossip_subjects"), 0)
	require.NoError(t, k.Delete(t.Context(), pod, client.GracePeriodSeconds(0)))
	require.Eventually(t, func() bool { return r.gauge(t, "kernelgossip_subjects") == 0 }, 10*time.Second,
		20*time.Millisecond)
}
