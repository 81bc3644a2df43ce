package operator_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/operator"
)

// incident returns records of two minutes of trouble that ended some time ago, and of nine quiet minutes after it.
func incident(namespace, pod, uid string, ended time.Duration) []string {
	end := time.Now().Add(-ended)
	return slices.Concat(recordsUntil(end, namespace, pod, uid, 24, 45),
		recordsUntil(end.Add(9*time.Minute), namespace, pod, uid, 108, 0))
}

// After an incident a whisper says how bad it was, when, and what to set, though its condition is False. A restart of
// the operator changes nothing of that.
func TestAnIncidentKeepsItsTimeAndItsNumber(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	pod := makePod(t, k, "incident", "api-0")
	short := func(o *operator.Options) { o.Analysis.Window = time.Minute }
	r := start(t, c.Config, in("incident"), short)
	began := time.Now()
	r.post(t, incident("incident", "api-0", string(pod.UID), 10*time.Minute)...)
	w := whisper(t, k, "incident", "api-0", severity(v1alpha1.SeverityNone))
	require.Equal(t, v1alpha1.SeverityCritical, w.Status.Severity)
	require.Equal(t, "throttled in 90% of periods", w.Status.KernelSays)
	require.Equal(t, v1alpha1.Verdict{
		Severity: v1alpha1.SeverityNone, KernelSays: "throttled in 0% of periods",
		Pod: v1alpha1.MeasuredPod{Name: "api-0", UID: string(pod.UID)},
	}, w.Status.Now)
	require.WithinRange(t, w.Status.Worst.EndTime.Time, began.Add(-12*time.Minute), began.Add(-9*time.Minute))
	require.Equal(t, metav1.ConditionFalse, w.Status.Conditions[0].Status)
	require.NotNil(t, w.Status.Recommendations[0].Target)
	r.stop(t)

	r = start(t, c.Config, in("incident"), short)
	r.post(t, recordsUntil(time.Now().Add(2*time.Minute), "incident", "api-0", string(pod.UID), 24, 15)...)
	after := whisper(t, k, "incident", "api-0", severity(v1alpha1.SeverityWarning))
	require.Equal(t, w.UID, after.UID)
	require.Equal(t, v1alpha1.SeverityCritical, after.Status.Severity)
	require.Equal(t, w.Status.Worst, after.Status.Worst)
	require.Equal(t, w.Status.KernelTruth, after.Status.KernelTruth)
	require.Equal(t, w.Status.Recommendations, after.Status.Recommendations)
	require.Equal(t, metav1.ConditionTrue, after.Status.Conditions[0].Status)
}

// The windows in trouble beside the worst one are in the object, and a restart keeps them.
func TestARestartKeepsTheOtherWindowsInTrouble(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	pod := makePod(t, k, "windows", "api-0")
	parts := func(o *operator.Options) { o.Analysis.Window, o.Analysis.Horizon = time.Minute, 70*time.Minute }
	until := func(end time.Time, n, throttled int) []string {
		return recordsUntil(end, "windows", "api-0", string(pod.UID), n, throttled)
	}
	part := time.Now().Truncate(10 * time.Minute) // of the horizon: no trouble is in two of them
	r := start(t, c.Config, in("windows"), parts)
	r.post(t, slices.Concat(until(part.Add(-35*time.Minute), 24, 45), until(part.Add(-15*time.Minute), 24, 15),
		until(time.Now(), 36, 0))...)
	before := whisper(t, k, "windows", "api-0", severity(v1alpha1.SeverityNone))
	require.Equal(t, v1alpha1.SeverityCritical, before.Status.Severity)
	require.NotEmpty(t, before.Status.OtherWindows)
	require.Equal(t, v1alpha1.SeverityWarning, before.Status.OtherWindows[0].Severity)
	r.stop(t)

	r = start(t, c.Config, in("windows"), parts)
	r.post(t, until(time.Now().Add(2*time.Minute), 24, 30)...)
	after := whisper(t, k, "windows", "api-0", severity(v1alpha1.SeverityHigh))
	require.Equal(t, before.Status.Worst, after.Status.Worst)
	require.Greater(t, len(after.Status.OtherWindows), len(before.Status.OtherWindows))
	for i, w := range before.Status.OtherWindows {
		require.Equal(t, w, after.Status.OtherWindows[i])
	}
}

// A whisper about a container that is healthy goes when its last trouble is older than the horizon.
func TestAnIncidentOlderThanTheHorizonIsForgotten(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	pod := makePod(t, k, "forgotten", "api-0")
	r := start(t, c.Config, in("forgotten"), func(o *operator.Options) {
		o.Analysis.Window, o.Analysis.Horizon = time.Minute, 14*time.Minute
	})
	r.post(t, incident("forgotten", "api-0", string(pod.UID), 10*time.Minute)...)
	w := whisper(t, k, "forgotten", "api-0", severity(v1alpha1.SeverityNone))
	require.Equal(t, v1alpha1.SeverityCritical, w.Status.Severity)
	r.post(t, recordsUntil(time.Now().Add(8*time.Minute), "forgotten", "api-0", string(pod.UID), 36, 0)...)
	gone(t, k, w)
}

// With a negative time to live it stays, and says that there is no trouble within the horizon.
func TestAWhisperThatIsKeptForEverStaysAfterTheHorizon(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	pod := makePod(t, k, "forever", "api-0")
	r := start(t, c.Config, in("forever"), func(o *operator.Options) {
		o.Analysis.Window, o.Analysis.Horizon, o.WhisperTTL = time.Minute, 14*time.Minute, -1
	})
	r.post(t, incident("forever", "api-0", string(pod.UID), 10*time.Minute)...)
	before := whisper(t, k, "forever", "api-0", severity(v1alpha1.SeverityNone))
	require.Equal(t, v1alpha1.SeverityCritical, before.Status.Severity)
	r.post(t, recordsUntil(time.Now().Add(8*time.Minute), "forever", "api-0", string(pod.UID), 36, 0)...)
	after := whisper(t, k, "forever", "api-0",
		func(w *v1alpha1.KernelWhisper) bool { return w.Status.Severity == v1alpha1.SeverityNone })
	require.Equal(t, before.UID, after.UID)
}
