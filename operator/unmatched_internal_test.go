package operator

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"

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
	queue := priorityqueue.New[gossip.Subject](t.Name())
	t.Cleanup(queue.ShutDown)
	return &intake{
		analyzer: analyzer, ledger: waiting, pods: pods{reader: reader.Build()}, metrics: m,
		isWatched: namespaceFilter(nil, nil),
		journal:   newJournal(m, 100), queue: queue, evictions: &evictions{},
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
	require.Equal(t, []gossip.Subject{birth}, i.ledger.waitingSubjects())
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
	for n := range 3 * maxUnmatched {
		s.add([]gossip.Event{bornWith("db-0", string(rune('a'+n%20)))})
		require.LessOrEqual(t, len(s.waiting), maxUnmatched)
	}
	s.add(make([]gossip.Event, 5*maxUnmatched))
	require.LessOrEqual(t, len(s.waiting), maxUnmatched)
}
