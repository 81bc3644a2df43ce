package operator_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/operator"
	"github.com/kernel-gossip/kernel-gossip/pixie/webhook"
)

func in(namespace string) func(*operator.Options) {
	return func(o *operator.Options) { o.Namespaces = []string{namespace} }
}

func TestObjectsBelongToTheirPod(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	pod := makePod(t, k, "owner", "api-0")
	r := start(t, c.Config, in("owner"))
	r.post(t, records("owner", "api-0", string(pod.UID), 3, 45)...)
	w := whisper(t, k, "owner", "api-0", severity(v1alpha1.SeverityCritical))
	want := []metav1.OwnerReference{{APIVersion: "v1", Kind: "Pod", Name: "api-0", UID: pod.UID}}
	require.Empty(t, cmp.Diff(want, w.OwnerReferences))
	require.Equal(t, v1alpha1.WorkloadReference{Kind: "Pod", Name: "api-0", UID: string(pod.UID)}, w.Spec.Workload)
	require.Equal(t, "100m", w.Status.MetricsLie.CPU.Limit.String(), "the limit comes from the pod: the records have none")
}

// After a restart there are no samples, but the history continues, and too little evidence does not replace a verdict.
func TestRestartKeepsVerdictAndHistory(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	pod := makePod(t, k, "restart", "api-0")
	r := start(t, c.Config, in("restart"))
	r.post(t, records("restart", "api-0", string(pod.UID), 3, 45)...)
	before := whisper(t, k, "restart", "api-0", severity(v1alpha1.SeverityCritical))
	r.stop(t)

	r = start(t, c.Config, in("restart"), func(o *operator.Options) { o.Analysis.Window = time.Minute })
	few := strings.ReplaceAll(records("restart", "api-0", string(pod.UID), 1, 0)[0], `"nr_periods":50`, `"nr_periods":5`)
	r.post(t, few)
	require.Never(t, func() bool {
		var w v1alpha1.KernelWhisper
		must(t, k.Get(t.Context(), client.ObjectKeyFromObject(before), &w))
		return w.ResourceVersion != before.ResourceVersion
	}, time.Second, 50*time.Millisecond, "Unknown replaced a verdict")

	r.post(t, records("restart", "api-0", string(pod.UID), 3, 0)...)
	time.Sleep(time.Second) // for a write that must not come
	var kept v1alpha1.KernelWhisper
	require.NoError(t, k.Get(t.Context(), client.ObjectKeyFromObject(before), &kept))
	require.Equal(t, before.ResourceVersion, kept.ResourceVersion, "one quiet sample ended the trouble")

	r.post(t, recordsUntil(time.Now().Add(2*time.Minute), "restart", "api-0", string(pod.UID), 12, 15)...)
	after := whisper(t, k, "restart", "api-0", severity(v1alpha1.SeverityWarning))
	require.Equal(t, before.UID, after.UID)
	require.Equal(t, before.Status.FirstSeenTime, after.Status.FirstSeenTime)
	require.Equal(t, before.Status.Conditions[0].LastTransitionTime, after.Status.Conditions[0].LastTransitionTime,
		"it was throttled all the time")
}

// What was taken is written before a stop, however long the write delay is.
func TestStopWritesWhatWasTaken(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	var lines []string
	for i := range 50 {
		name := fmt.Sprintf("api-%d", i)
		pod := makePod(t, k, "drain", name)
		lines = append(lines, records("drain", name, string(pod.UID), 3, 45)...)
	}
	r := start(t, c.Config, in("drain"), func(o *operator.Options) { o.WriteDelay = time.Hour }) // it knows the pods
	r.post(t, lines...)
	r.stop(t)
	var all v1alpha1.KernelWhisperList
	require.NoError(t, k.List(t.Context(), &all, client.InNamespace("drain")))
	require.Len(t, all.Items, 50)
}

func TestRecreatedPodHasAnObjectOfItsOwn(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	first := makePod(t, k, "recreated", "db-0")
	r := start(t, c.Config, in("recreated"))
	r.post(t, records("recreated", "db-0", string(first.UID), 3, 45)...)
	old := whisper(t, k, "recreated", "db-0", severity(v1alpha1.SeverityCritical))

	require.NoError(t, k.Delete(t.Context(), first, client.GracePeriodSeconds(0)))
	second := makePod(t, k, "recreated", "db-0")
	r.post(t, records("recreated", "db-0", string(second.UID), 3, 15)...)
	w := whisper(t, k, "recreated", "db-0",
		func(w *v1alpha1.KernelWhisper) bool { return w.UID != old.UID && w.Status.Severity != "" })
	require.Equal(t, string(second.UID), w.Spec.Workload.UID)
	require.Equal(t, second.UID, w.OwnerReferences[0].UID)
	require.Equal(t, v1alpha1.SeverityWarning, w.Status.Severity,
		"the history of the first pod is not that of the second")
}

// A deleted pod is forgotten: its object is not made again. (Nothing collects garbage here; a cluster deletes the
// object.)
func TestDeletedPodIsForgotten(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	pod := makePod(t, k, "deleted", "api-0")
	r := start(t, c.Config, in("deleted"))
	r.post(t, records("deleted", "api-0", string(pod.UID), 3, 45)...)
	w := whisper(t, k, "deleted", "api-0", severity(v1alpha1.SeverityCritical))
	require.NoError(t, k.Delete(t.Context(), pod, client.GracePeriodSeconds(0)))
	require.Eventually(t, func() bool { return r.gauge(t, "kernelgossip_subjects") == 0 }, 10*time.Second,
		20*time.Millisecond)
	require.NoError(t, k.Delete(t.Context(), w))
	require.Never(t, func() bool { return k.Get(t.Context(), client.ObjectKeyFromObject(w), w) == nil }, time.Second,
		50*time.Millisecond)
}

// Records that come before their pod is known are written once it is.
func TestRecordsAreWrittenOncePodAppears(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	makeNamespace(t, k, "unknown")
	r := start(t, c.Config, in("unknown"))
	r.post(t, records("unknown", "api-0", "", 3, 45)...)
	require.Eventually(t, func() bool { return r.gauge(t, "kernelgossip_unknown_pods_total") == 1 }, 10*time.Second,
		20*time.Millisecond)
	r.post(t, records("unknown", "api-0", "", 4, 45)...)
	makePod(t, k, "unknown", "api-0")
	whisper(t, k, "unknown", "api-0", severity(v1alpha1.SeverityCritical))
	require.Equal(t, 1, strings.Count(r.Log.String(), "there is no such pod"))
	require.InDelta(t, 1, r.gauge(t, "kernelgossip_unknown_pods_total"), 0)

	other := makePod(t, k, "unknown", "api-1")
	known := records("unknown", "api-1", string(other.UID), 1, 0)
	require.Eventually(t, func() bool { // the cache has it
		a, err := r.tryPost(t.Context(), strings.NewReader(known[0]))
		return err == nil && a.Accepted == 1
	}, 10*time.Second, 20*time.Millisecond)
	before := r.gauge(t, "kernelgossip_unknown_pods_total") // more by one if the cache was slow
	a, err := r.tryPost(t.Context(), strings.NewReader(strings.Join(records("unknown", "api-1", stranger, 3, 45), "\n")))
	require.NoError(t, err)
	require.Equal(t, answer{
		Code: 200,
		Answer: webhook.Answer{Unknown: 3, Warning: "this cluster has no pod unknown/api-1 with the UID " + stranger +
			" (the pod of that name has the UID " + string(other.UID) + "): records about it count when it appears"},
	}, a)
	require.Eventually(t, func() bool { return r.gauge(t, "kernelgossip_unknown_pods_total") == before+1 },
		10*time.Second, 20*time.Millisecond)
	var all v1alpha1.KernelWhisperList
	require.NoError(t, k.List(t.Context(), &all, client.InNamespace("unknown")))
	require.Len(t, all.Items, 1, "records about another pod than %s were written", other.UID)
}

// stranger is the UID of no pod.
const stranger = "00000000-0000-0000-0000-000000000000"

// Once, records with another UID began the subject anew, and the findings about the pod were lost, with later records
// about it: a capture of another cluster had this effect, and a malicious sender could have it.
func TestRecordsWithAnotherUIDNeverPushOutAPod(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	pod := makePod(t, k, "pushed", "api-0")
	r := start(t, c.Config, in("pushed"))
	r.post(t, records("pushed", "api-0", string(pod.UID), 3, 45)...)
	before := whisper(t, k, "pushed", "api-0", severity(v1alpha1.SeverityCritical))

	hostile := strings.Join(records("pushed", "api-0", stranger, 6, 0), "\n")
	year := time.Now().UTC().Format("2006-01-02T15:04")
	hostile = strings.ReplaceAll(hostile, year, time.Now().UTC().Add(5*time.Minute).Format("2006-01-02T15:04"))
	a, err := r.tryPost(t.Context(), strings.NewReader(hostile))
	require.NoError(t, err)
	require.Equal(t, [2]int{0, 6}, [2]int{a.Accepted, a.Unknown}, a)

	r.post(t, records("pushed", "api-0", string(pod.UID), 30, 15)...)
	after := whisper(t, k, "pushed", "api-0", severity(v1alpha1.SeverityWarning))
	require.Equal(t, before.UID, after.UID)
	require.Equal(t, before.Status.FirstSeenTime, after.Status.FirstSeenTime)
	require.Zero(t, *after.Status.Coverage.Dropped)
}

func TestIgnoredPodHasNoObject(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	pod := makePod(t, k, "ignored", "api-0")
	r := start(t, c.Config, in("ignored"))
	r.post(t, records("ignored", "api-0", string(pod.UID), 3, 45)...)
	w := whisper(t, k, "ignored", "api-0", severity(v1alpha1.SeverityCritical))
	pod.Annotations = map[string]string{"kernel.gossip.io/ignore": "true"}
	require.NoError(t, k.Update(t.Context(), pod))
	gone(t, k, w)
	r.post(t, records("ignored", "api-0", string(pod.UID), 4, 45)...)
	require.Never(t, func() bool { return k.Get(t.Context(), client.ObjectKeyFromObject(w), w) == nil }, time.Second,
		50*time.Millisecond)
}

func TestOnlyWatchedNamespacesAreWritten(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	pods := map[string]*corev1.Pod{}
	for _, namespace := range []string{"watched", "excluded", "elsewhere"} {
		pods[namespace] = makePod(t, k, namespace, "api-0")
	}
	all := func() []string {
		var out []string
		for _, namespace := range []string{"watched", "excluded", "elsewhere"} {
			out = append(out, records(namespace, "api-0", string(pods[namespace].UID), 3, 45)...)
		}
		return out
	}
	count := func(namespace string) int {
		var all v1alpha1.KernelWhisperList
		require.NoError(t, k.List(t.Context(), &all, client.InNamespace(namespace)))
		return len(all.Items)
	}
	r := start(t, c.Config, func(o *operator.Options) { o.ExcludeNamespaces = []string{"excluded"} })
	a, err := r.tryPost(t.Context(), strings.NewReader(strings.Join(all(), "\n")))
	require.NoError(t, err)
	require.Equal(t, answer{Code: 200, Answer: webhook.Answer{Accepted: 6, Ignored: 3}}, a)
	r.stop(t)
	require.Equal(t, []int{1, 0, 1}, []int{count("watched"), count("excluded"), count("elsewhere")})

	r = start(t, c.Config, in("excluded"))
	a, err = r.tryPost(t.Context(), strings.NewReader(strings.Join(all(), "\n")))
	require.NoError(t, err)
	require.Equal(t, answer{Code: 200, Answer: webhook.Answer{Accepted: 3, Ignored: 6}}, a)
	r.stop(t)
	require.Equal(t, 1, count("excluded"))
}

// A recovery shows in the condition of the whisper and in an Event on the pod.
func TestRecoveryIsReportedByConditionAndEvent(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	pod := makePod(t, k, "recovery", "api-0")
	r := start(t, c.Config, in("recovery"), func(o *operator.Options) { o.Analysis.Window = time.Minute })
	lines := records("recovery", "api-0", string(pod.UID), 40, 0)
	r.post(t, strings.ReplaceAll(strings.Join(lines[:5], "\n"), `"nr_throttled":0,"throttled_usec":0`,
		`"nr_throttled":45,"throttled_usec":3300000`))
	whisper(t, k, "recovery", "api-0", severity(v1alpha1.SeverityCritical))
	r.post(t, lines[5:]...)
	w := whisper(t, k, "recovery", "api-0", severity(v1alpha1.SeverityNone))
	require.Equal(t, metav1.ConditionFalse, w.Status.Conditions[0].Status)
	r.post(t, lines[30:]...) // nothing new

	var told []string
	require.Eventually(t, func() bool {
		var all eventsv1.EventList
		must(t, k.List(t.Context(), &all, client.InNamespace("recovery")))
		told = nil
		for _, e := range all.Items {
			if e.Regarding.UID == pod.UID {
				told = append(told, e.Type+" "+e.Reason)
			}
		}
		return len(told) >= 2
	}, 20*time.Second, 50*time.Millisecond)
	require.ElementsMatch(t, []string{"Warning ThrottledWhileCPULow", "Normal BelowThreshold"}, told)
}

// A whisper without samples for a window becomes Unknown, and is deleted after its time to live.
func TestSilentWhisperBecomesUnknownAndExpires(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	pod := makePod(t, k, "silence", "api-0")
	r := start(t, c.Config, in("silence"), func(o *operator.Options) {
		o.Analysis.Window, o.WhisperTTL = 2*time.Second, 3*time.Second
	})
	lines := records("silence", "api-0", string(pod.UID), 1, 45)
	r.post(t, lines...)
	whisper(t, k, "silence", "api-0", severity(v1alpha1.SeverityCritical))
	w := whisper(t, k, "silence", "api-0", severity(v1alpha1.SeverityUnknown))
	require.Equal(t, v1alpha1.ReasonNoRecentSamples, w.Status.Conditions[0].Reason)
	require.Equal(t, v1alpha1.SeverityCritical, w.Status.Severity)
	require.NotEmpty(t, w.Status.Recommendations, "what the last samples said stays")
	gone(t, k, w)
	require.Never(t, func() bool { return k.Get(t.Context(), client.ObjectKeyFromObject(w), w) == nil }, time.Second,
		50*time.Millisecond)
}

// A certificate is deleted after its time to live. A restarted container does not replace it, not even after a restart
// of the operator.
func TestCertificateLastsForItsTimeToLive(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	pod := makePod(t, k, "certificate", "api-0")
	uid := string(pod.UID)
	get := func() (v1alpha1.PodBirthCertificate, error) {
		var got v1alpha1.PodBirthCertificate
		err := k.Get(t.Context(), client.ObjectKeyFromObject(pod), &got)
		return got, err
	}
	born := time.Now().Add(-time.Minute)
	r := start(t, c.Config, in("certificate"))
	r.post(t, birth("certificate", "api-0", uid, born, 13942))
	r.stop(t)
	first, err := get()
	require.NoError(t, err)
	require.Equal(t, int64(13942), *first.Status.KernelStats.TotalSyscalls)

	r = start(t, c.Config, in("certificate"))
	r.post(t, birth("certificate", "api-0", uid, born.Add(30*time.Second), 1))
	r.stop(t)
	second, err := get()
	require.NoError(t, err)
	require.Equal(t, first.ResourceVersion, second.ResourceVersion)

	start(t, c.Config, in("certificate"), func(o *operator.Options) { o.CertificateTTL = time.Millisecond })
	require.Eventually(t, func() bool { _, err := get(); return apierrors.IsNotFound(err) }, 20*time.Second,
		50*time.Millisecond)
}

// A whisper that a user deletes while there is trouble is made again; without trouble it is not.
func TestDeletedWhisperComesBackOnlyInTrouble(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	pod := makePod(t, k, "by-hand", "api-0")
	r := start(t, c.Config, in("by-hand"), func(o *operator.Options) { o.Analysis.Window = time.Minute })
	lines := records("by-hand", "api-0", string(pod.UID), 30, 0)
	r.post(t, strings.ReplaceAll(strings.Join(lines[:5], "\n"), `"nr_throttled":0,"throttled_usec":0`,
		`"nr_throttled":45,"throttled_usec":3300000`))
	w := whisper(t, k, "by-hand", "api-0", severity(v1alpha1.SeverityCritical))
	require.NoError(t, k.Delete(t.Context(), w))
	again := whisper(t, k, "by-hand", "api-0", severity(v1alpha1.SeverityCritical))
	require.NotEqual(t, w.UID, again.UID)

	r.post(t, lines[5:]...)
	w = whisper(t, k, "by-hand", "api-0", severity(v1alpha1.SeverityNone))
	require.NoError(t, k.Delete(t.Context(), w))
	r.post(t, lines[29])
	require.Never(t, func() bool { return k.Get(t.Context(), client.ObjectKeyFromObject(w), w) == nil }, time.Second,
		50*time.Millisecond)
}

func TestObjectsOfANamespaceAreBounded(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	r := start(t, c.Config, in("caps"), func(o *operator.Options) { o.MaxObjectsPerNamespace = 3 })
	for i := range 6 {
		name := fmt.Sprintf("api-%d", i)
		pod := makePod(t, k, "caps", name)
		r.post(t, records("caps", name, string(pod.UID), 3, 45)...)
	}
	require.Eventually(t, func() bool { return r.gauge(t, "kernelgossip_objects_refused_total") >= 3 }, 20*time.Second,
		50*time.Millisecond)
	var all v1alpha1.KernelWhisperList
	require.Eventually(t, func() bool { // the three that are not refused may be written last
		require.NoError(t, k.List(t.Context(), &all, client.InNamespace("caps")))
		return len(all.Items) == 3
	}, 10*time.Second, 50*time.Millisecond)
	require.Equal(t, 1, strings.Count(r.Log.String(), "the highest number of objects is reached"))
	require.Eventually(t, func() bool { return r.gauge(t, "kernelgossip_objects") == 3 }, 10*time.Second,
		50*time.Millisecond)
}

// gone waits until an object does not exist any more.
func gone(t *testing.T, k client.Client, o client.Object) {
	t.Helper()
	require.Eventually(t, func() bool {
		return apierrors.IsNotFound(k.Get(t.Context(), client.ObjectKeyFromObject(o), o))
	}, 30*time.Second, 20*time.Millisecond)
}

// gauge is the sum of a metric over its labels.
func (r *running) gauge(t *testing.T, name string) float64 {
	t.Helper()
	families, err := r.Metrics.Gather()
	require.NoError(t, err)
	sum := 0.0
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			sum += m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	return sum
}
