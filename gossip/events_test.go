package gossip_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// Many records at once give the same findings as one by one, and nothing of the caller's memory is kept.
func TestObservingManyKeepsNothingOfTheirMemory(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	single, many := gossip.New(gossip.Options{}), gossip.New(gossip.Options{})
	cpu, births := make([]gossip.CPUSample, 5), make([]gossip.PodCreation, 3)
	for i := range 200 {
		for j := range cpu {
			cpu[j] = sample(time.Duration(i)*7*time.Second, r.Int64N(50), func(s *gossip.CPUSample) {
				s.ContainerID = []string{"c1", "", "c2"}[i/90]
				s.Period = time.Duration(r.IntN(3)) * 5 * time.Second
				s.LimitCores.Known = r.IntN(4) > 0
			})
			single.Observe(cpu[j])
		}
		for j := range births {
			births[j] = gossip.PodCreation{
				Origin: gossip.Origin{
					Time: t0.Add(time.Duration(200-i) * time.Second), Namespace: "shop", Pod: "api-0", PodUID: "u1",
				},
				Duration: time.Duration(r.IntN(9)) * time.Second,
				Timeline: make([]gossip.Step, 31+r.IntN(3)),
			}
			single.Observe(births[j])
		}
		many.ObserveAll(&gossip.Events{CPU: cpu, Births: births})
		clear(cpu)
		clear(births)
	}
	want, got := slices.Collect(single.Findings()), slices.Collect(many.Findings())
	require.Len(t, want, 2)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-single +many)\n%s", d)
	}
	require.Equal(t, single.Stats(), many.Stats())
}

func TestObserveAcceptsWhatAPointerPointsTo(t *testing.T) {
	cpu, memory, oom := sample(0, 40), memorySample(0, 500), kill(0, 512)
	network, birth := networkSample(0), born(0, time.Second)
	values, pointers := gossip.New(gossip.Options{}), gossip.New(gossip.Options{})
	for _, e := range []gossip.Event{cpu, memory, oom, network, birth} {
		values.Observe(e)
	}
	for _, e := range []gossip.Event{&cpu, &memory, &oom, &network, &birth} {
		pointers.Observe(e)
	}
	require.Empty(t, cmp.Diff(slices.Collect(values.Findings()), slices.Collect(pointers.Findings())))
	require.Equal(t, gossip.Stats{Observed: 5, Subjects: 5}, pointers.Stats())
}

func TestNilAndForeignEventsAreDroppedAndCounted(t *testing.T) {
	a := gossip.New(gossip.Options{})
	foreign := struct{ gossip.CPUSample }{sample(0, 40)}
	for _, e := range []gossip.Event{
		nil, (*gossip.CPUSample)(nil), (*gossip.MemorySample)(nil), (*gossip.OOMKill)(nil), (*gossip.NetworkSample)(nil),
		(*gossip.PodCreation)(nil), foreign,
	} {
		a.Observe(e)
		require.False(t, new(gossip.Events).Add(e))
	}
	require.Equal(t, gossip.Stats{Observed: 7, Dropped: 7}, a.Stats())
}

func TestEventsKeepEachKindInItsOrder(t *testing.T) {
	all := []gossip.Event{
		sample(0, 1), sample(time.Second, 2), memorySample(0, 1), kill(0, 1), kill(time.Second, 1), networkSample(0),
		born(0, time.Second),
	}
	var events gossip.Events
	for _, i := range []int{6, 3, 0, 5, 4, 1, 2} {
		require.True(t, events.Add(all[i]))
	}
	require.Equal(t, len(all), events.Len())
	require.Empty(t, cmp.Diff(all, slices.Collect(events.All())))
	for range events.All() {
		break // an iterator stops when it is asked to
	}
	kept := slices.Collect(events.All())
	events.Reset()
	require.Zero(t, events.Len())
	require.Empty(t, slices.Collect(events.All()))
	events.Add(sample(time.Minute, 7))
	require.Equal(t, all, kept, "what All yields does not change with the lists")
}

func TestEventsAreEnrichedAsOneByOne(t *testing.T) {
	pod := gossip.Pod{Name: "api-0", UID: "u1", MemoryLimit: gossip.Some[int64](900), Containers: []gossip.Container{
		{Name: "app", ID: "containerd://c1", CPULimit: gossip.Some(0.2), MemoryLimit: gossip.Some[int64](700)},
	}}
	none := gossip.Optional[int64]{}
	var events gossip.Events
	var want []gossip.Event
	for _, e := range []gossip.Event{
		sample(0, 1), sample(0, 2, func(s *gossip.CPUSample) { s.LimitCores = gossip.Optional[float64]{} }),
		memorySample(0, 1, func(s *gossip.MemorySample) { s.Container, s.LimitBytes = "", none }),
		kill(0, 1, func(k *gossip.OOMKill) { k.LimitBytes = none }), kill(0, 1, func(k *gossip.OOMKill) { k.PodUID = "u0" }),
		networkSample(0), born(0, time.Second),
	} {
		events.Add(e)
		want = append(want, gossip.Enrich(e, pod))
	}
	events.Enrich(func(about gossip.Subject, uid string) gossip.Pod {
		require.Equal(t, "api-0", about.Pod)
		require.Contains(t, []string{"u0", "u1"}, uid)
		return pod
	})
	require.Empty(t, cmp.Diff(want, slices.Collect(events.All())))
	cpu := want[1].(gossip.CPUSample)
	cpu.LimitCores, cpu.LimitFilled = gossip.Optional[float64]{}, false
	require.Equal(t, want[1], gossip.Enrich(&cpu, pod), "a pointer means what it points to")
}
