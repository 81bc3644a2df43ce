package operator

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

func podCalled(name, uid string) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID(uid)}}
}

func bornWith(name, uid string) gossip.PodCreation {
	return gossip.PodCreation{
		Origin: gossip.Origin{
			Time: time.Date(2026, 11, 22, 22, 0, 0, 0, time.UTC), Namespace: "shop", Pod: name,
			PodUID: uid,
		},
		Duration: time.Second,
	}
}

// newIntake returns an intake with pods in its cache.
func newIntake(t *testing.T, cached ...*corev1.Pod) *intake {
	t.Helper()
	reader := fake.NewClientBuilder()
	for _, pod := range cached {
		reader = reader.WithObjects(pod)
	}
	analyzer, waiting := gossip.New(gossip.Options{}), newLedger(100, time.Minute)
	m := newMetrics(analyzer, waiting, newObjectQuota(1, 1))
	queue := priorityqueue.New[gossip.WorkloadSubject](t.Name())
	t.Cleanup(queue.ShutDown)
	return &intake{
		analyzer: analyzer, ledger: waiting, pods: pods{reader: reader.Build()}, metrics: m,
		isWatched: namespaceFilter(nil, nil),
		journal:   newJournal(m, 100), queue: queue, evictions: &evictions{}, lease: &lease{isHeld: true},
	}
}

// A pod is born once: a birth must not be lost that comes before the cache has the pod, even if an earlier pod of the
// name still exists.
func TestABirthWaitsForItsPod(t *testing.T) {
	i := newIntake(t, podCalled("db-0", "first"))
	out, err := i.takeEvents(t.Context(), []gossip.Event{bornWith("db-0", "second")})
	require.NoError(t, err)
	require.Equal(t, 1, out.Unknown)
	birth := gossip.Subject{Kind: gossip.KindPodBirth, Namespace: "shop", Pod: "db-0"}
	_, known := i.analyzer.Finding(birth)
	require.False(t, known)

	i.observeWaiting(t.Context(), podCalled("db-0", "third"))
	i.observeWaiting(t.Context(), podCalled("db-1", "second"))
	_, known = i.analyzer.Finding(birth)
	require.False(t, known, "it waits for another pod")
	i.observeWaiting(t.Context(), podCalled("db-0", "second"))
	f, known := i.analyzer.Finding(birth)
	require.True(t, known)
	require.Equal(t, "second", f.UID())
	require.Equal(t, []gossip.WorkloadSubject{crd.CertificateOf("shop", "db-0")}, i.ledger.waitingSubjects())
	require.Empty(t, i.unmatched.waiting)
}

// The pod may come between the lookup in the cache and the wait.
func TestARecordDoesNotWaitForAPodThatIsThere(t *testing.T) {
	i := newIntake(t, podCalled("db-0", "first"))
	i.awaitPods(t.Context(), []gossip.Event{bornWith("db-0", "first"), bornWith("db-1", "first")})
	require.Len(t, i.unmatched.waiting, 1)
	require.Equal(t, int64(1), i.analyzer.Stats().Observed)
}

func TestUnmatchedEventsAreBounded(t *testing.T) {
	var s unmatchedEvents
	now := time.Now()
	for n := range 3 * maxUnmatched {
		s.add(bornWith("db-0", string(rune('a'+n%20))), noSuchPod, now)
		require.LessOrEqual(t, len(s.waiting), maxUnmatched)
	}
	require.Greater(t, len(s.waiting), maxUnmatched/2)
	large := bornWith("db-0", "large")
	large.Timeline = []gossip.Step{{Details: strings.Repeat("x", maxUnmatchedBytes/8)}}
	for range 40 {
		s.add(large, noSuchPod, now)
		total := 0
		for _, e := range s.waiting {
			total += bytesOf(e.Event)
		}
		require.LessOrEqual(t, total, maxUnmatchedBytes)
		require.Equal(t, []int{len(s.waiting), total}, []int{s.count, s.bytes})
	}
	require.NotEmpty(t, s.waiting)
}

// restarted is a pod with the IDs of two containers app in its status.
func restarted(id, before string) *corev1.Pod {
	pod := podCalled("web-0", "u1")
	pod.Spec.Containers = []corev1.Container{{Name: "app"}}
	pod.Spec.InitContainers = []corev1.Container{{Name: "setup"}}
	pod.Spec.EphemeralContainers = []corev1.EphemeralContainer{
		{EphemeralContainerCommon: corev1.EphemeralContainerCommon{Name: "debugger"}},
	}
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
		Name: "app", ContainerID: "containerd://" + id,
		LastTerminationState: corev1.ContainerState{
			Terminated: &corev1.ContainerStateTerminated{ContainerID: "containerd://" + before},
		},
	}}
	return pod
}

func throttledIn(uid, container, id string) gossip.CPUSample {
	return gossip.CPUSample{Origin: gossip.Origin{
		Time: time.Date(2026, 11, 22, 22, 0, 0, 0, time.UTC), Namespace: "shop", Pod: "web-0", PodUID: uid,
		Container: container, ContainerID: id,
	}, Periods: gossip.Some[int64](50), ThrottledPeriods: gossip.Some[int64](40)}
}

func TestOnlyEventsThatFitTheirPodMatchIt(t *testing.T) {
	pod, static := restarted("new", "old"), restarted("new", "old")
	static.Annotations = map[string]string{corev1.MirrorPodAnnotationKey: "hash"}
	later := restarted("new", "old")
	later.Status.ContainerStatuses[0].LastTerminationState.Terminated.StartedAt = metav1.NewTime(
		throttledIn("", "", "").Time.Add(time.Minute))
	for name, tc := range map[string]struct {
		pod *corev1.Pod
		e   gossip.Event
		is  mismatch
	}{
		"no pod, no UID":              {pod: nil, e: throttledIn("", "app", "new"), is: matches},
		"no pod":                      {pod: nil, e: throttledIn("u1", "app", "new"), is: noSuchPod},
		"all fits":                    {pod: pod, e: throttledIn("u1", "app", "new"), is: matches},
		"the ID with its runtime":     {pod: pod, e: throttledIn("u1", "app", "containerd://new"), is: matches},
		"the container before":        {pod: pod, e: throttledIn("u1", "app", "old"), is: matches},
		"no UID":                      {pod: pod, e: throttledIn("", "app", "new"), is: matches},
		"no container":                {pod: pod, e: throttledIn("u1", "", "other"), is: matches},
		"another UID":                 {pod: pod, e: throttledIn("u2", "app", "new"), is: otherUID},
		"another container":           {pod: pod, e: throttledIn("u1", "fake", ""), is: noSuchContainer},
		"another container, no UID":   {pod: pod, e: throttledIn("", "fake", ""), is: noSuchContainer},
		"an init container":           {pod: pod, e: throttledIn("u1", "setup", "x"), is: matches},
		"an ephemeral container":      {pod: pod, e: throttledIn("u1", "debugger", ""), is: matches},
		"another ID":                  {pod: pod, e: throttledIn("u1", "app", "other"), is: otherContainerID},
		"an ID of an earlier time":    {pod: later, e: throttledIn("u1", "app", "earlier"), is: matches},
		"a static pod":                {pod: static, e: throttledIn("hash", "app", "new"), is: matches},
		"a static pod by the API":     {pod: static, e: throttledIn("u1", "app", "new"), is: matches},
		"a static pod, another UID":   {pod: static, e: throttledIn("u2", "app", "new"), is: otherUID},
		"a pod that is not static":    {pod: pod, e: throttledIn("hash", "app", "new"), is: otherUID},
		"a status without containers": {pod: podCalled("web-0", "u1"), e: throttledIn("u1", "", "x"), is: matches},
	} {
		require.Equal(t, tc.is, mismatchOf(tc.pod, tc.e), name)
		require.Equal(t, tc.is == matches, tc.is.warningAbout(tc.pod, tc.e) == "", name)
	}
}

// The kubelet reports a restart after the first records about the new container.
func TestARecordOfANewContainerWaitsForTheStatus(t *testing.T) {
	i := newIntake(t, restarted("b", "a"))
	about := throttledIn("u1", "app", "").Subject()
	out, err := i.takeEvents(t.Context(), []gossip.Event{throttledIn("u1", "app", "c")})
	require.NoError(t, err)
	require.Equal(t, 1, out.Unknown)
	require.Contains(t, out.Warning, "records about it count if it appears within 30s")
	i.observeWaiting(t.Context(), restarted("b", "a"))
	_, known := i.analyzer.Finding(about)
	require.False(t, known)
	i.observeWaiting(t.Context(), restarted("c", "b"))
	_, known = i.analyzer.Finding(about)
	require.True(t, known)
	require.Empty(t, i.unmatched.waiting)
}

func TestARecordWaitsForTheStatusForThirtySeconds(t *testing.T) {
	var u unmatchedEvents
	begin := time.Now()
	u.add(throttledIn("u1", "app", "c"), otherContainerID, begin)
	u.add(throttledIn("u1", "app", "c"), otherContainerID, begin.Add(10*time.Second))
	require.Len(t, u.removeFor(restarted("c", "b"), begin.Add(31*time.Second)), 1)
	require.Empty(t, u.waiting)
	require.Zero(t, u.bytes)
}

// Objects belong to pods of the API, and a static pod has another UID there than at the kubelet.
func TestAStaticPodIsKnownByTheUIDOfItsMirror(t *testing.T) {
	mirror := restarted("new", "old")
	mirror.Annotations = map[string]string{corev1.MirrorPodAnnotationKey: "hash"}
	i := newIntake(t, mirror)
	birth := bornWith("web-0", "hash")
	events := []gossip.Event{throttledIn("hash", "app", "new"), birth}
	out, err := i.takeEvents(t.Context(), slices.Clone(events))
	require.NoError(t, err)
	require.Zero(t, out.Unknown)
	for _, e := range events {
		f, known := i.analyzer.Finding(e.Subject())
		require.True(t, known)
		require.Equal(t, "u1", f.UID())
	}
}
