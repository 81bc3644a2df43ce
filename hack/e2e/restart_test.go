//go:build e2e

package e2e_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie"
)

// The operator is killed while it is busy: its verdicts stay, and it goes on.
func TestAKilledOperatorKeepsItsVerdicts(t *testing.T) {
	s := newSender(t)
	ns := s.namespace
	runPod(t, ns, "before", bursty())
	before := whisper(t, ns, "before", "throttled", isThrottled)

	ctx, stop := context.WithCancel(t.Context())
	token, flood := s.token(t, "observer", "kernel-gossip"), make(chan struct{})
	go func() { defer close(flood); s.flood(ctx, token) }()
	t.Cleanup(func() { stop(); <-flood })
	restarts := func() (n int32) {
		var pods corev1.PodList
		if world.client.List(bg(), &pods, client.InNamespace("kernel-gossip")) != nil {
			return 0
		}
		for _, p := range pods.Items {
			for _, c := range p.Status.ContainerStatuses {
				n += c.RestartCount
			}
		}
		return n
	}
	earlier := restarts()
	time.Sleep(3 * time.Second) // under load
	kill(t)
	if world.kind != nil {
		require.Eventually(t, func() bool { return restarts() > earlier }, patience, time.Second)
	}
	_, err := world.kubectl.Run(t.Context(), nil, "rollout", "status", "--timeout=2m", "--namespace", "kernel-gossip",
		"deployment/kernel-gossip-operator")
	require.NoError(t, err)

	end := time.Now().Add(20 * time.Second)
	for time.Now().Before(end) {
		w := whisper(t, ns, "before", "there", func(*v1alpha1.KernelWhisper) bool { return true })
		require.True(t, isThrottled(w), "its verdict was %s", throttled(w).Reason)
		require.Equal(t, before.UID, w.UID)
		require.True(t, before.Status.FirstSeenTime.Equal(w.Status.FirstSeenTime))
		require.True(t, throttled(before).LastTransitionTime.Equal(&throttled(w).LastTransitionTime))
		time.Sleep(time.Second)
	}
	runPod(t, ns, "after", bursty())
	whisper(t, ns, "after", "throttled", isThrottled)
}

// kill ends the operator without a warning, as far as this cluster allows it.
func kill(t *testing.T) {
	t.Helper()
	if world.kind != nil {
		n, err := world.kind.Kill(t.Context(), "kernel-gossip-operator")
		require.NoError(t, err)
		require.Equal(t, 1, n)
		return
	}
	t.Log("not kind: the pod is deleted by force, which is a new pod rather than a restart")
	_, err := world.kubectl.Run(t.Context(), nil, "delete", "pods", "--namespace", "kernel-gossip", "--selector",
		"app.kubernetes.io/name=kernel-gossip-operator", "--grace-period=0", "--force")
	require.NoError(t, err)
}

// flood posts records about pods that do not exist, a thousand at a time, as fast as one curl after another can.
func (s sender) flood(ctx context.Context, token string) {
	var body []byte
	for i := range 1000 {
		body = pixie.Append(body, gossip.CPUSample{
			Origin: gossip.Origin{
				Time: time.Now(), Namespace: "nowhere", Pod: fmt.Sprintf("nobody-%d", i), Container: "app",
			},
			Periods: gossip.Some[int64](50), ThrottledPeriods: gossip.Some[int64](40),
		})
	}
	script := `cat >/tmp/flood; while :; do curl --silent --output /dev/null --max-time 5 ` +
		`--header 'Content-Type: application/x-ndjson' --header "Authorization: Bearer $0" ` +
		`--data-binary @/tmp/flood ` + service + ` || sleep 1; done`
	_, _ = world.kubectl.Run(ctx, body, "exec", "--stdin", "--namespace", s.namespace, "sender", "--",
		"timeout", "120", "sh", "-c", script, token)
}
