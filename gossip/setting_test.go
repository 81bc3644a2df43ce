package gossip_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// podOf returns the pod of cpuEvents, with a container that a change may differ.
func podOf(change ...func(*gossip.Container)) gossip.Pod {
	c := gossip.Container{
		Name: "app", ID: "containerd://a", Image: "shop/api:1", CPURequest: gossip.Some(0.1),
		MemoryRequest: gossip.Some[int64](64 << 20),
	}
	for _, f := range change {
		f(&c)
	}
	return gossip.Pod{Namespace: "shop", Name: "api-0", Containers: []gossip.Container{c}}
}

func enriched(events []gossip.Event, pod gossip.Pod) []gossip.Event {
	var all []gossip.Event
	for _, e := range events {
		all = append(all, gossip.Enrich(e, pod))
	}
	return all
}

// A container is throttled for half an hour; then something changes, and it is not.
func TestOnlyAnotherSettingEndsTheHorizon(t *testing.T) {
	type sample = func(*gossip.CPUSample)
	none := func(*gossip.CPUSample) {}
	anyPod := podOf()
	for what, tc := range map[string]struct {
		before, after       sample
		podBefore, podAfter *gossip.Pod
		pause               int // minutes without a sample
		ends                bool
	}{
		"nothing": {before: none, after: none},
		"a new container": {
			before: none, after: func(s *gossip.CPUSample) { s.ContainerID = "b" },
		},
		"a new pod of the same name": {
			before: func(s *gossip.CPUSample) { s.PodUID = "u1" },
			after:  func(s *gossip.CPUSample) { s.PodUID, s.ContainerID = "u2", "b" },
		},
		"the limit": {
			before: none, after: func(s *gossip.CPUSample) { s.LimitCores = gossip.Some(2.0) }, ends: true,
		},
		"the limit of a new container": {
			before: none, ends: true,
			after: func(s *gossip.CPUSample) { s.LimitCores, s.ContainerID = gossip.Some(2.0), "b" },
		},
		"the limit of a new pod": {
			before: func(s *gossip.CPUSample) { s.PodUID = "u1" }, ends: true,
			after: func(s *gossip.CPUSample) { s.PodUID, s.LimitCores = "u2", gossip.Some(2.0) },
		},
		"the limit, after a long silence": {
			before: none, pause: 90, ends: true, after: func(s *gossip.CPUSample) { s.LimitCores = gossip.Some(2.0) },
		},
		"nothing, after a long silence": {before: none, after: none, pause: 90},
		"the limit is not known any more": {
			before: none, after: func(s *gossip.CPUSample) { s.LimitCores = gossip.Optional[float64]{} },
		},
		"the request": {
			before: none, after: none, podBefore: &anyPod, ends: true,
			podAfter: new(podOf(func(c *gossip.Container) { c.CPURequest = gossip.Some(0.2) })),
		},
		"the request is removed": {
			before: none, after: none, podBefore: &anyPod, ends: true,
			podAfter: new(podOf(func(c *gossip.Container) { c.CPURequest = gossip.Optional[float64]{} })),
		},
		"the request of memory": {
			before: none, after: none, podBefore: &anyPod,
			podAfter: new(podOf(func(c *gossip.Container) { c.MemoryRequest = gossip.Some[int64](1 << 30) })),
		},
		"the image": {
			before: none, after: none, podBefore: &anyPod, ends: true,
			podAfter: new(podOf(func(c *gossip.Container) { c.Image = "shop/api:2" })),
		},
		"the image of a new pod": {
			before: func(s *gossip.CPUSample) { s.PodUID = "u1" }, podBefore: &anyPod, ends: true,
			after:    func(s *gossip.CPUSample) { s.PodUID, s.ContainerID = "u2", "b" },
			podAfter: new(podOf(func(c *gossip.Container) { c.Image = "shop/api:2" })),
		},
		"the request, after a long silence": {
			before: none, after: none, podBefore: &anyPod, pause: 90, ends: true,
			podAfter: new(podOf(func(c *gossip.Container) { c.CPURequest = gossip.Some(0.2) })),
		},
		"the pod becomes known":         {before: none, after: none, podAfter: &anyPod},
		"the pod is not known any more": {before: none, after: none, podBefore: &anyPod},
		"the image is not known any more": {
			before: none, after: none, podBefore: &anyPod,
			podAfter: new(podOf(func(c *gossip.Container) { c.Image = "" })),
		},
	} {
		before, after := cpuEvents(0, 30, 0.9, tc.before), cpuEvents(30+tc.pause, 60+tc.pause, 0, tc.after)
		if tc.podBefore != nil {
			before = enriched(before, *tc.podBefore)
		}
		if tc.podAfter != nil {
			after = enriched(after, *tc.podAfter)
		}
		want := gossip.SeverityCritical
		if tc.ends {
			want = gossip.SeverityNone
		}
		require.Equal(t, want, worstOf(t, aWeek, before, after).Finding.Severity(), what)
	}
}

// The container that runs now has no limit in its first records: the limit of the one before it is remembered.
func TestALimitIsRememberedOverRestarts(t *testing.T) {
	silent := func(s *gossip.CPUSample) { s.LimitCores, s.ContainerID = gossip.Optional[float64]{}, "b" }
	raised := func(s *gossip.CPUSample) { s.LimitCores, s.ContainerID = gossip.Some(2.0), "b" }
	before := cpuEvents(0, 30, 0.9, nil)
	worst := worstOf(t, aWeek, before, cpuEvents(30, 40, 0, silent))
	require.Equal(t, gossip.SeverityCritical, worst.Finding.Severity())
	worst = worstOf(t, aWeek, before, cpuEvents(30, 40, 0, silent), cpuEvents(40, 50, 0, raised))
	require.Equal(t, gossip.SeverityNone, worst.Finding.Severity())
}

// A limit that is changed and changed back has ended the horizon twice.
func TestAHorizonDoesNotComeBack(t *testing.T) {
	raised := func(s *gossip.CPUSample) { s.LimitCores = gossip.Some(2.0) }
	worst := worstOf(t, aWeek, cpuEvents(0, 30, 0.9, nil), cpuEvents(30, 50, 0, raised), cpuEvents(50, 70, 0, nil))
	require.Equal(t, gossip.SeverityNone, worst.Finding.Severity())
}

// A pod that is created again under its name has nothing but the horizon of the one before.
func TestANewPodHasAFindingOfItsOwn(t *testing.T) {
	of := func(uid string) func(*gossip.CPUSample) { return func(s *gossip.CPUSample) { s.PodUID = uid } }
	both, alone := gossip.New(aWeek), gossip.New(aWeek)
	for _, e := range cpuEvents(0, 30, 0.9, of("u1")) {
		both.Observe(e)
	}
	after := cpuEvents(30, 35, 0.3, of("u2"))
	for _, e := range after {
		both.Observe(e)
		alone.Observe(e)
	}
	got, _ := both.Finding(after[0].Subject())
	want, _ := alone.Finding(after[0].Subject())
	require.Equal(t, want, got)
	worst, _ := both.Worst(after[0].Subject())
	require.Equal(t, "u1", worst.Finding.UID())
}

func TestEnrichSaysWhatIsKnownOfTheContainer(t *testing.T) {
	pod := podOf()
	spec := func(e gossip.Event) *gossip.Container { return gossip.Enrich(e, pod).From().Spec }
	at := gossip.Origin{Time: time.Unix(0, 0), Namespace: "shop", Pod: "api-0", Container: "app"}
	byID, other, whole := at, at, at
	byID.Container, byID.ContainerID = "", "a"
	other.Container, whole.Container = "other", ""
	for what, e := range map[string]gossip.Event{
		"CPU":                gossip.CPUSample{Origin: at},
		"a limit of its own": gossip.CPUSample{Origin: at, LimitCores: gossip.Some(1.0)},
		"memory":             gossip.MemorySample{Origin: at},
		"memory, by ID":      gossip.MemorySample{Origin: byID},
		"a kill":             gossip.OOMKill{Origin: at},
	} {
		require.Equal(t, &pod.Containers[0], spec(e), what)
	}
	for what, e := range map[string]gossip.Event{
		"another container": gossip.CPUSample{Origin: other},
		"the pod as whole":  gossip.MemorySample{Origin: whole},
		"a network":         gossip.NetworkSample{Origin: at},
	} {
		require.Nil(t, spec(e), what)
	}
}
