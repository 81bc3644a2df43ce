package operator

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/gossip/kube"
	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
	"github.com/kernel-gossip/kernel-gossip/operator/ingest/otlpgrpc"
)

// The rules read the same facts of a pod before and after stripObject.
func TestRulesReadNothingThatIsStripped(t *testing.T) {
	files, err := filepath.Glob("../examples/captures/*.pods.yaml")
	require.NoError(t, err)
	more, err := filepath.Glob("../gossip/kube/testdata/*.yaml")
	require.NoError(t, err)
	pods := 0
	for _, file := range append(files, more...) {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		var list corev1.PodList // other kinds in it read as pods without containers
		require.NoError(t, yaml.Unmarshal(content, &list))
		for i := range list.Items {
			pod := &list.Items[i]
			if pod.Kind != "Pod" {
				continue
			}
			pods++
			stripped, err := stripObject(pod.DeepCopy())
			require.NoError(t, err)
			require.Empty(t, cmp.Diff(kube.Pod(pod, kube.Objects{}), kube.Pod(stripped.(*corev1.Pod), kube.Objects{})),
				"%s: %s", file, pod.Name)
			require.Empty(t, stripped.(*corev1.Pod).ManagedFields)
		}
	}
	require.Greater(t, pods, 20)
}

func TestLedgerKnowsWhichSubjectsWait(t *testing.T) {
	about := func(pod string) gossip.Subject {
		return gossip.Subject{Kind: gossip.KindCPUThrottling, Namespace: "shop", Pod: pod, Container: "app"}
	}
	a, b, c := about("a"), about("b"), about("c")
	now := time.Now()
	l := newLedger(2, time.Minute)
	require.True(t, l.hasRoom([]gossip.Subject{a, b}))
	require.False(t, l.hasRoom([]gossip.Subject{a, b, c}))
	require.Equal(t, []gossip.Subject{a, b}, l.addArrivals([]gossip.Subject{a, b}, now))
	require.Empty(t, l.addArrivals([]gossip.Subject{a}, now), "it is queued already")
	require.True(t, l.hasRoom([]gossip.Subject{a}), "it is waiting already")
	require.False(t, l.hasRoom([]gossip.Subject{c}))
	require.ElementsMatch(t, []gossip.Subject{a, b}, l.waitingSubjects())

	seen := l.arrivalOf(a)
	l.addArrivals([]gossip.Subject{a}, now)
	require.False(t, l.markWritten(a, seen, now), "a record came while it was looked at")
	require.Equal(t, 2, l.waitingCount())
	require.True(t, l.markWritten(a, l.arrivalOf(a), now))
	require.Equal(t, 1, l.waitingCount())
	require.True(t, l.hasRoom([]gossip.Subject{c}))
	require.Equal(t, now, l.arrivalOf(a).at)
	require.Equal(t, []gossip.Subject{a}, l.addArrivals([]gossip.Subject{a}, now))

	l.forgetSubject(a)
	l.forgetSubject(c)
	require.Equal(t, []gossip.Subject{b}, l.waitingSubjects())
	require.True(t, l.markWritten(b, l.arrivalOf(b), now.Add(time.Minute)))
	require.Empty(t, l.entries, "an arrival of a window ago is not worth remembering")
	require.Equal(t, l.startedAt, l.arrivalOf(b).at)
}

func TestSourcesAreBounded(t *testing.T) {
	m := newMetrics(gossip.New(gossip.Options{}), newLedger(1, time.Minute), newObjectQuota(1, 1))
	for i := range 100 {
		m.countEvent(gossip.CPUSample{Origin: gossip.Origin{Time: time.Now(), Source: string(rune('a' + i))}})
	}
	require.LessOrEqual(t, len(m.sources), maxSources)
}

// An operator that is stopped before it serves stops without an error.
func TestGRPCServerStoppedBeforeItServesHasNoError(t *testing.T) {
	l, err := ingest.NewConnections(0, nil).Listen("127.0.0.1:0", nil)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	door := ingest.New(ingest.Options{Take: func(context.Context, []gossip.Event) (ingest.Outcome,
		error,
	) {
		return ingest.Outcome{}, nil
	}})
	s := otlpgrpc.NewServer(door, nil)
	s.GracefulStop()
	require.NoError(t, serveGRPC(ctx, s, l, time.Second))
}

// Connections of the largest headers take at most a quarter of the memory limit, and without one as many are open as
// ever.
func TestConnectionsFitIntoTheMemoryLimit(t *testing.T) {
	for limit, want := range map[int64]int{
		230 << 20: 841, 460 << 20: 1682, 8 << 30: 4096, math.MaxInt64: 4096, 1 << 20: 64,
	} {
		require.Equal(t, want, maxConnections(limit), limit)
	}
}
