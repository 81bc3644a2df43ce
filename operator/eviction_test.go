package operator_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/operator"
)

// What is evicted though its pod exists is Unknown, and says why. It has a verdict again as soon as there is one.
func TestAnEvictedSubjectKeepsNoVerdict(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	r := start(t, c.Config, in("evicted"), func(o *operator.Options) { o.Analysis.MaxSubjects = 2 })
	uid := map[string]string{}
	for _, name := range []string{"api-0", "api-1", "api-2"} {
		uid[name] = string(makePod(t, k, "evicted", name).UID)
	}
	r.post(t, records("evicted", "api-0", uid["api-0"], 3, 45)...)
	before := whisper(t, k, "evicted", "api-0", severity(v1alpha1.SeverityCritical))
	for _, name := range []string{"api-1", "api-2"} {
		r.post(t, records("evicted", name, uid[name], 1, 0)...)
		r.awaitWrites(t) // no more than two subjects may wait
	}
	w := whisper(t, k, "evicted", "api-0", severity(v1alpha1.SeverityUnknown))
	require.Equal(t, v1alpha1.ReasonEvicted, w.Status.Conditions[0].Reason)
	require.Equal(t, metav1.ConditionUnknown, w.Status.Conditions[0].Status)
	require.Equal(t, before.Status.Severity, w.Status.Severity)
	require.Equal(t, before.Status.Recommendations, w.Status.Recommendations, "what the last samples said stays")
	require.InDelta(t, 1, r.gauge(t, "kernelgossip_known_pods_evicted_total"), 0)
	require.Contains(t, r.Log.String(), "Evicted though its pod exists")

	w = whisper(t, k, "evicted", "api-0", func(w *v1alpha1.KernelWhisper) bool {
		if w.Status.Now.Severity == v1alpha1.SeverityNone {
			return true
		}
		// It stays only if it is newer than another subject, so it is sent in the next seconds, too.
		_, err := r.tryPost(t.Context(), strings.NewReader(records("evicted", "api-0", uid["api-0"], 1, 0)[0]))
		require.NoError(t, err)
		return false
	})
	require.Equal(t, v1alpha1.ReasonBelowThreshold, w.Status.Conditions[0].Reason)
}

// Records about pods that do not exist, stamped ten minutes ahead, take nothing from the pods that do.
func TestAFloodOfUnknownPodsTakesNothingFromOthers(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	r := start(t, c.Config, in("flood"), func(o *operator.Options) { o.Analysis.MaxSubjects = 200 })
	pod := makePod(t, k, "flood", "api-0")
	r.post(t, records("flood", "api-0", string(pod.UID), 3, 45)...)
	whisper(t, k, "flood", "api-0", severity(v1alpha1.SeverityCritical))
	ahead := time.Now().Add(598 * time.Second).UTC().Format(time.RFC3339)
	for n := range 20 {
		var lines []string
		for i := range 1000 {
			lines = append(lines, fmt.Sprintf(`{"type":"cpu_throttle","timestamp":%q,"namespace":"flood",`+
				`"pod_name":"fake-%d-%d","container_name":"app","nr_periods":50,"nr_throttled":1}`, ahead, n, i))
		}
		r.post(t, strings.Join(lines, "\n"))
	}
	require.InDelta(t, 0, r.gauge(t, "kernelgossip_known_pods_evicted_total"), 0)
	require.InDelta(t, 200, r.gauge(t, "kernelgossip_subjects"), 0)
	late := makePod(t, k, "flood", "api-1")
	require.Eventually(t, func() bool { // the cache has it
		a, err := r.tryPost(t.Context(), strings.NewReader(records("flood", "api-1", string(late.UID), 1, 45)[0]))
		return err == nil && a.Accepted == 1
	}, 10*time.Second, 20*time.Millisecond)
	r.post(t, records("flood", "api-1", string(late.UID), 3, 45)...)
	whisper(t, k, "flood", "api-1", severity(v1alpha1.SeverityCritical))
	require.InDelta(t, 0, r.gauge(t, "kernelgossip_known_pods_evicted_total"), 0)
	r.post(t, records("flood", "api-0", string(pod.UID), 30, 0)...)
	whisper(t, k, "flood", "api-0", func(w *v1alpha1.KernelWhisper) bool {
		return w.Status.Now.Severity != v1alpha1.SeverityCritical && w.Status.Now.Severity != v1alpha1.SeverityUnknown
	})
}

// awaitWrites waits until no subject waits to be written.
func (r *running) awaitWrites(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool { return r.gauge(t, "kernelgossip_subjects_waiting") == 0 }, 20*time.Second,
		10*time.Millisecond)
}
