package crd_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// Without samples the present is not known; what was measured of the worst window stays.
func TestWhatIsNotMeasuredIsUnknownNow(t *testing.T) {
	w := crd.New(adviseHidden()).(*v1alpha1.KernelWhisper)
	w.Status.Revisions = []string{"b", "a"}
	before := w.DeepCopy()
	for name, tc := range map[string]struct {
		replace      func(*v1alpha1.KernelWhisper, time.Time) *v1alpha1.KernelWhisper
		reason, says string
	}{
		"no samples": {replace: crd.NoRecentSamples, reason: "NoRecentSamples", says: "no recent samples"},
		"no pods":    {replace: crd.NoPods, reason: "NoPods", says: "no pods"},
		"evicted":    {replace: crd.Evicted, reason: "Evicted", says: "no samples are kept"},
	} {
		first := tc.replace(w, noon.Add(time.Hour))
		require.Empty(t, cmp.Diff(before, w), "%s: the argument changed", name)
		require.Empty(t, cmp.Diff(first, tc.replace(first, noon.Add(2*time.Hour))), "%s: a second time", name)
		require.Equal(t, tc.reason == "Evicted", crd.IsEvicted(first), name)

		want := before.DeepCopy()
		want.Status.Now = v1alpha1.Verdict{Severity: v1alpha1.SeverityUnknown, KernelSays: tc.says}
		want.Status.Revisions = nil
		require.Len(t, first.Status.Conditions, 1, name)
		want.Status.Conditions = []metav1.Condition{{
			Type: "Throttled", Status: metav1.ConditionUnknown, Reason: tc.reason, ObservedGeneration: 1,
			LastTransitionTime: metav1.NewTime(noon.Add(time.Hour).Truncate(time.Second)),
			Message:            first.Status.Conditions[0].Message,
		}}
		require.Empty(t, cmp.Diff(want, first), name)
		require.NotEmpty(t, first.Status.Conditions[0].Message, name)
		require.True(t, crd.News(w, first), name)
	}
	silent := crd.NoRecentSamples(w, noon.Add(time.Hour))
	scaled := crd.NoPods(silent, noon.Add(2*time.Hour))
	require.Equal(t, "NoPods", scaled.Status.Conditions[0].Reason)
	require.Equal(t, silent.Status.Conditions[0].LastTransitionTime, scaled.Status.Conditions[0].LastTransitionTime,
		"it was Unknown before, so the status has not changed")
	require.True(t, crd.News(silent, scaled), "another reason")
}

// A window without a record of a kill is a window without a kill.
func TestNoRecentKillIsHealthy(t *testing.T) {
	f := oomFinding()
	f.Report = hiddenThrottling().Report
	f.About.Kind, f.Reason = gossip.KindOOMKill, gossip.ReasonOOMKilled
	w := whisperOf(f)
	quiet := crd.NoRecentSamples(w, noon.Add(time.Hour))
	later := crd.NoRecentSamples(quiet, noon.Add(2*time.Hour))
	require.Empty(t, cmp.Diff(quiet, later))
	c := quiet.Status.Conditions[0]
	require.Equal(
		t, []string{"OOMKilled", "False", "NoKillInWindow", "2026-03-01T13:00:00Z", "Critical", "None"}, []string{
			c.Type, string(c.Status), c.Reason, c.LastTransitionTime.UTC().Format(time.RFC3339), string(quiet.Status.Severity),
			string(quiet.Status.Now.Severity),
		},
	)
	require.Equal(t, metav1.ConditionUnknown, crd.NoPods(w, noon).Status.Conditions[0].Status)
	for _, finding := range []gossip.Finding{memoryFinding(), networkFinding()} {
		w := whisperOf(finding)
		stale := crd.NoRecentSamples(w, noon)
		require.Equal(t, w.Status.Conditions[0].Type, stale.Status.Conditions[0].Type)
		require.Equal(t, "NoRecentSamples", stale.Status.Conditions[0].Reason)
	}
}
