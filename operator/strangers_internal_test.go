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
		Origin:   gossip.Origin{Time: time.Date(2026, 11, 22, 22, 0, 0, 0, time.UTC), Namespace: "shop", Pod: name, PodUID: uid},
		Duration: time.Second,
	}
}

// newIntake is an intake whose cache holds pods.
func newIntake(t *testing.T, cached ...*corev1.Pod) *intake {
	t.Helper()
	reader := fake.NewClientBuilder()
	for _, pod := range cached {
		reader = reader.WithObjects(pod)
	}
	analyzer, waiting := gossip.New(gossip.Options{}), newLedger(100, time.Minute)
	m := newMetrics(analyzer, waiting, newCensus(1, 1))
	queue := priorityqueue.New[gossip.Subject](t.Name())
	t.Cleanup(queue.ShutDown)
	return &intake{
		analyzer: analyzer, ledger: waiting, pods: pods{reader: reader.Build()}, metrics: m, watched: watching(nil, nil),
		story: newStory(m, 100), queue: queue,
	}
}

// A pod is born once: a birth that comes before the cache has the pod must not be lost, though an earlier pod of the
// name is still there.
func TestABirthWaitsForItsPod(t *testing.T) {
	i := newIntake(t, podCalled("db-0", "first"))
	out, err := i.take(t.Context(), []gossip.Event{bornWith("db-0", "second")})
	require.NoError(t, err)
	require.Equal(t, 1, out.Unknown)
	birth := gossip.Subject{Kind: gossip.KindPodBirth, Namespace: "shop", Pod: "db-0"}
	_, known := i.analyzer.Finding(birth)
	require.False(t, known)

	i.welcome(podCalled("db-0", "third"))
	i.welcome(podCalled("db-1", "second"))
	_, known = i.analyzer.Finding(birth)
	require.False(t, known, "it waits for another pod")
	i.welcome(podCalled("db-0", "second"))
	f, known := i.analyzer.Finding(birth)
	require.True(t, known)
	require.Equal(t, "second", f.UID())
	require.Equal(t, []gossip.Subject{birth}, i.ledger.unwritten())
	require.Empty(t, i.strangers.waiting)
}

// Between the look at the cache and the wait the pod may come.
func TestARecordDoesNotWaitForAPodThatIsThere(t *testing.T) {
	i := newIntake(t, podCalled("db-0", "first"))
	i.wait(t.Context(), []gossip.Event{bornWith("db-0", "first"), bornWith("db-1", "first")})
	require.Len(t, i.strangers.waiting, 1)
	require.Equal(t, int64(1), i.analyzer.Stats().Observed)
}

func TestStrangersAreBounded(t *testing.T) {
	var s strangers
	for n := range 3 * maxStrangers {
		s.add([]gossip.Event{bornWith("db-0", string(rune('a'+n%20)))})
		require.LessOrEqual(t, len(s.waiting), maxStrangers)
	}
	s.add(make([]gossip.Event, 5*maxStrangers))
	require.LessOrEqual(t, len(s.waiting), maxStrangers)
}
