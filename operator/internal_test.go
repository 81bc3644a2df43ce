package operator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/kernel-gossip/kernel-gossip/crd"
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
	about := func(name string) gossip.WorkloadSubject {
		return gossip.WorkloadSubject{
			Kind: gossip.KindCPUThrottling, Namespace: "shop", Container: "app",
			Workload: gossip.Workload{Group: "apps", Kind: "Deployment", Name: name},
		}
	}
	a, b, c := about("a"), about("b"), about("c")
	now := time.Now()
	l := newLedger(2, time.Minute)
	all := func(list ...gossip.WorkloadSubject) []gossip.WorkloadSubject { return list }
	require.False(t, l.reservePlaces(all(a, b, c)))
	require.True(t, l.reservePlaces(all(a, b)))
	require.False(t, l.reservePlaces(all(c)), "the places are reserved, though nothing has come")
	require.Zero(t, l.waitingCount())
	require.Equal(t, l.startedAt, l.arrivalOf(a).at, "nothing has come")
	require.True(t, l.markWritten(a, l.arrivalOf(a), true, now))
	require.Equal(t, all(a, b), l.addArrivals(all(a, b), now))
	require.True(t, l.reservePlaces(all(a)), "it is waiting already")
	require.Empty(t, l.addArrivals(all(a), now), "it is queued already")
	require.False(t, l.reservePlaces(all(a, c)))
	require.ElementsMatch(t, all(a, b), l.waitingSubjects())

	seen := l.arrivalOf(a)
	l.addArrivals(all(a), now)
	require.False(t, l.markWritten(a, seen, true, now), "a record came while it was looked at")
	require.Equal(t, 2, l.waitingCount())
	require.True(t, l.markWritten(a, l.arrivalOf(a), true, now))
	require.Equal(t, 1, l.waitingCount())
	require.Equal(t, now, l.arrivalOf(a).at)
	require.True(t, l.reservePlaces(all(c)))
	require.False(t, l.reservePlaces(all(a)))
	l.forgetSubject(c)
	require.False(t, l.reservePlaces(all(a)), "its records are still to come")
	require.Equal(t, all(c), l.addArrivals(all(c), now))
	l.forgetSubject(c)
	require.Equal(t, all(a), l.addArrivals(all(a), now))

	l.forgetSubject(a)
	l.forgetSubject(c)
	require.Equal(t, all(b), l.waitingSubjects())
	require.True(t, l.markWritten(b, l.arrivalOf(b), true, now.Add(time.Minute)))
	require.Empty(t, l.entries, "an arrival of a window ago is not worth remembering")
	require.Equal(t, l.startedAt, l.arrivalOf(b).at)
	l.addArrivals(all(b), now)
	require.True(t, l.markWritten(b, l.arrivalOf(b), false, now))
	require.Empty(t, l.entries, "nor is one about a subject without an object")
	require.Zero(t, l.busy)
}

// A subject that was forgotten meanwhile, and has come again, is not taken for the one that was reconciled.
func TestForgottenSubjectsAreNotMistakenForNewOnes(t *testing.T) {
	about := []gossip.WorkloadSubject{crd.CertificateOf("shop", "a")}
	l := newLedger(2, time.Minute)
	l.addArrivals(about, time.Now())
	seen := l.arrivalOf(about[0])
	l.forgetSubject(about[0])
	l.addArrivals(about, time.Now())
	require.False(t, l.markWritten(about[0], seen, true, time.Now()))
	require.Equal(t, 1, l.waitingCount())
}

// However many requests come at a time, no more subjects wait than may.
func TestPlacesAreReservedInOneStep(t *testing.T) {
	const most, requests, each = 2000, 64, 100
	i, cached := newIntake(t), fakePods{}
	for n := range requests * each {
		cached[fmt.Sprintf("pod-%d", n)] = true
	}
	i.ledger.max, i.pods.reader = most, cached
	var all sync.WaitGroup
	var refused atomic.Int64
	for r := range requests {
		all.Go(func() {
			var events []gossip.Event
			for n := range each {
				events = append(events, bornWith(fmt.Sprintf("pod-%d", r*each+n), ""))
			}
			if _, err := i.takeEvents(t.Context(), events); err != nil {
				refused.Add(1)
			}
		})
	}
	all.Wait()
	require.Equal(t, most, i.ledger.waitingCount())
	require.Equal(t, most, i.ledger.busy)
	require.Equal(t, int64(requests-most/each), refused.Load())
}

// fakePods is a cache with pods of these names.
type fakePods map[string]bool

func (f fakePods) Get(_ context.Context, key client.ObjectKey, o client.Object, _ ...client.GetOption) error {
	if !f[key.Name] {
		return apierrors.NewNotFound(schema.GroupResource{Resource: "pods"}, key.Name)
	}
	o.SetName(key.Name)
	o.SetNamespace(key.Namespace)
	return nil
}

func (fakePods) List(context.Context, client.ObjectList, ...client.ListOption) error { return nil }

// Records about pods that do not exist take up no place and no entry, however many come.
func TestUnknownPodsTakeUpNoPlace(t *testing.T) {
	i := newIntake(t, podCalled("api-0", "first"))
	var events []gossip.Event
	for n := range 5000 {
		events = append(events, bornWith(fmt.Sprintf("fake-%d", n), ""))
	}
	_, err := i.takeEvents(t.Context(), append(events, bornWith("api-0", "")))
	require.NoError(t, err)
	require.Equal(t, []gossip.WorkloadSubject{crd.CertificateOf("shop", "api-0")}, i.ledger.waitingSubjects())
	require.Len(t, i.ledger.entries, 1)
	require.Equal(t, 1, i.queue.Len())
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

func TestLogsHaveNoCharacterThatATerminalObeys(t *testing.T) {
	var out strings.Builder
	log := logr.FromSlogHandler(slog.NewJSONHandler(&out, &slog.HandlerOptions{ReplaceAttr: cleanAttribute}))
	const hostile = "a\x1b[2J\u202eb\u200b\U000E0041\xff\nc"
	log.Info(hostile, "text", hostile, "number", 7)
	log.Error(errors.New(hostile), "failed")
	for line := range strings.Lines(out.String()) {
		var fields map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &fields))
		for _, value := range fields {
			if text, ok := value.(string); ok {
				require.Equal(t, gossip.CleanLines(text), text)
			}
		}
		require.NotContains(t, line, "\u202e")
	}
	require.Equal(t, 3, strings.Count(out.String(), `a�[2J�b���\nc`), out.String())
}
