package gossip_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// kill is synthetic: a process of a container with a limit of 512Mi that uses the given number of MiB.
func kill(at time.Duration, used int64, change ...func(*gossip.OOMKill)) gossip.OOMKill {
	k := gossip.OOMKill{
		Origin: gossip.Origin{
			Time: t0.Add(at), Namespace: "shop", Pod: "api-0", PodUID: "u1", Container: "app", ContainerID: "c1",
			Source: "trace",
		},
		VictimPID: gossip.Some[int64](4711), VictimComm: "java", UsageBytes: gossip.Some(used * mebi),
		LimitBytes: gossip.Some[int64](512 * mebi),
		Scope:      gossip.ScopeMemcg,
	}
	for _, f := range change {
		f(&k)
	}
	return k
}

func TestOOMFindingSaysWhatTheKillsAddUpTo(t *testing.T) {
	got := seen[gossip.OOMKilled](
		t, kill(0, 512), kill(5*time.Minute, 511, func(k *gossip.OOMKill) { k.ContainerID, k.VictimComm = "c2", "worker" }),
	)
	want := gossip.OOMKilled{
		Report: gossip.Report{
			About:  gossip.Subject{Kind: gossip.KindOOMKill, Namespace: "shop", Pod: "api-0", Container: "app"},
			PodUID: "u1", At: t0.Add(5 * time.Minute), Level: gossip.SeverityCritical, Reason: gossip.ReasonOOMKilled,
			History: gossip.History{First: t0, Last: t0.Add(5 * time.Minute), Worst: gossip.SeverityCritical, Transition: t0},
			Covered: gossip.Coverage{
				Window: 5 * time.Minute, Samples: 2, Expected: 2, Epochs: 1, Confidence: gossip.ConfidenceHigh, Source: "trace",
			},
		},
		Kills: 2, LastKill: t0.Add(5 * time.Minute), VictimPID: gossip.Some[int64](4711), VictimComm: "worker",
		Scope: gossip.ScopeMemcg, ContainerID: "c2",
		Usage: gossip.Some[int64](511 * mebi), Peak: gossip.Some[int64](512 * mebi), Limit: gossip.Some[int64](512 * mebi),
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestOOMKillsOfAWindowAreCountedOnce(t *testing.T) {
	again := kill(0, 512)
	got := seen[gossip.OOMKilled](
		t, again, again, kill(0, 512, func(k *gossip.OOMKill) { k.VictimPID = gossip.Some[int64](4712) }),
	)
	require.EqualValues(t, 2, got.Kills, "the identical record counts once")

	got = seen[gossip.OOMKilled](t, kill(0, 512), kill(0, 512, func(k *gossip.OOMKill) { k.Source = "another" }))
	require.EqualValues(t, 1, got.Kills, "two sources see one kill")
	require.Equal(t, []string{"trace"}, got.Covered.Ignored)

	got = seen[gossip.OOMKilled](t, kill(0, 512), kill(20*time.Minute, 512))
	require.EqualValues(t, 1, got.Kills, "the first has left the window")
	require.Equal(t, t0.Add(20*time.Minute), got.History.Transition, "in between there was none")
	require.Equal(t, t0, got.History.First)

	raised := func(k *gossip.OOMKill) { k.LimitBytes = gossip.Some[int64](640 * mebi) }
	got = seen[gossip.OOMKilled](t, kill(0, 512), kill(time.Minute, 640, raised))
	require.EqualValues(t, 1, got.Kills, "another limit begins anew")
	require.Equal(t, gossip.Some[int64](640*mebi), got.Peak)

	got = seen[gossip.OOMKilled](t, kill(0, 0, func(k *gossip.OOMKill) {
		k.UsageBytes, k.LimitBytes, k.Scope = gossip.Optional[int64]{}, gossip.Optional[int64]{}, ""
	}))
	require.Equal(t, []string{"usage_bytes", "limit_bytes", "scope"}, got.Covered.Missing)
	require.False(t, got.Outside())
}

func TestKillFarBelowTheLimitIsOutside(t *testing.T) {
	for name, test := range map[string]struct {
		kill gossip.OOMKill
		want bool
	}{
		"at its limit":        {kill(0, 512), false},
		"at 90 %":             {kill(0, 461), false},
		"below 90 %":          {kill(0, 460), true},
		"the node":            {kill(0, 512, func(k *gossip.OOMKill) { k.Scope = gossip.ScopeGlobal }), true},
		"no limit":            {kill(0, 512, func(k *gossip.OOMKill) { k.LimitBytes.Value = 0 }), true},
		"limit unknown":       {kill(0, 512, func(k *gossip.OOMKill) { k.LimitBytes.Known = false }), false},
		"usage unknown":       {kill(0, 0, func(k *gossip.OOMKill) { k.UsageBytes.Known = false }), false},
		"scope is not needed": {kill(0, 100, func(k *gossip.OOMKill) { k.Scope = "" }), true},
	} {
		require.Equal(t, test.want, seen[gossip.OOMKilled](t, test.kill).Outside(), name)
	}
}

// Memory samples of the container that count kills, and count none, show that a window has passed without one.
func TestWindowWithoutKillIsMeasuredByMemorySamples(t *testing.T) {
	counted := func(n int64) func(*gossip.MemorySample) {
		return func(s *gossip.MemorySample) { s.OOMKills = gossip.Some(n) }
	}
	for name, test := range map[string]struct {
		memory []gossip.Event
		quiet  bool
	}{
		"a window later":         {[]gossip.Event{memorySample(15*time.Minute, 100, counted(0))}, true},
		"a little earlier":       {[]gossip.Event{memorySample(15*time.Minute-1, 100, counted(0))}, false},
		"kills were not counted": {[]gossip.Event{memorySample(20*time.Minute, 100)}, false},
		"one was counted":        {[]gossip.Event{memorySample(20*time.Minute, 100, counted(1))}, false},
		"one was counted between": {
			[]gossip.Event{memorySample(10*time.Minute, 100, counted(1)), memorySample(20*time.Minute, 100, counted(0))}, false,
		},
		"and a window after that": {
			[]gossip.Event{memorySample(10*time.Minute, 100, counted(1)), memorySample(25*time.Minute, 100, counted(0))}, true,
		},
		"another container": {
			[]gossip.Event{memorySample(20*time.Minute, 100, counted(0), func(s *gossip.MemorySample) { s.Container = "log" })},
			false,
		},
		"another pod": {
			[]gossip.Event{memorySample(20*time.Minute, 100, counted(0), func(s *gossip.MemorySample) { s.PodUID = "u2" })},
			false,
		},
	} {
		got := seen[gossip.OOMKilled](t, append(test.memory, kill(0, 512))...)
		if !test.quiet {
			require.Equal(t, gossip.ReasonOOMKilled, got.Reason, name)
			continue
		}
		require.Equal(t, gossip.ReasonNoKillInWindow, got.Reason, name)
		require.Equal(t, gossip.SeverityNone, got.Level, name)
		require.Equal(t, gossip.SeverityCritical, got.History.Worst, name)
		require.Zero(t, got.Kills, name)
		require.Equal(t, "java", got.VictimComm, name)
	}
	got := seen[gossip.OOMKilled](t, kill(0, 512), memorySample(20*time.Minute, 100, counted(0)))
	require.Equal(t, t0.Add(15*time.Minute), got.History.Transition)
	require.Equal(t, t0.Add(20*time.Minute), got.At)
	require.Equal(t, "cgroup", got.Covered.Source, "that is who measured it")
}

// A kill at the end of a leak is recognised, whether or not the records name the new container.
func TestKillAtTheEndOfALeakIsRecognised(t *testing.T) {
	after := func(id string) gossip.Event {
		return memorySample(21*30*time.Second, 20, func(s *gossip.MemorySample) { s.ContainerID = id })
	}
	for name, events := range map[string][]gossip.Event{
		"at once":           climbing(21, 20),
		"a new container":   append(climbing(21, 20), after("c2")),
		"IDs are not known": append(climbing(21, 20, func(_ int, s *gossip.MemorySample) { s.ContainerID = "" }), after("")),
		"records come late": append([]gossip.Event{kill(20*30*time.Second, 512)}, climbing(21, 20)...),
	} {
		got := seen[gossip.OOMKilled](t, append(events, kill(20*30*time.Second, 512))...)
		require.True(t, got.Leak.Known, name)
	}
	require.False(t, seen[gossip.OOMKilled](t, append(climbing(21, 0), kill(20*30*time.Second, 512))...).Leak.Known)
	require.False(
		t, seen[gossip.OOMKilled](t, append(climbing(21, 20), kill(40*time.Minute, 512))...).Leak.Known, "long ago",
	)
	again := func(at time.Duration) gossip.Event {
		return memorySample(at, 100, func(s *gossip.MemorySample) { s.ContainerID = "c2" })
	}
	require.False(t, seen[gossip.OOMKilled](
		t, append(climbing(21, 20), again(11*time.Minute), again(13*time.Minute), kill(14*time.Minute, 512))...,
	).Leak.Known,
		"the container that leaked was another one")
}

// The limit of a kill without one comes from the memory samples of that time, whatever arrives first.
func TestAKillHasTheLimitOfItsMemorySamples(t *testing.T) {
	limit := func(mib int64) func(*gossip.MemorySample) {
		return func(s *gossip.MemorySample) { s.LimitBytes = gossip.Some(mib * mebi) }
	}
	filled := func(s *gossip.MemorySample) { s.LimitFilled = true }
	unlimited := func(k *gossip.OOMKill) { k.LimitBytes = gossip.Optional[int64]{} }
	ofThePod := func(k *gossip.OOMKill) { k.LimitBytes, k.LimitFilled = gossip.Some[int64](700*mebi), true }
	const at = 5 * time.Minute
	for name, test := range map[string]struct {
		kill   func(*gossip.OOMKill)
		memory []gossip.Event
		want   int64 // MiB; 0 is not known
	}{
		"before the kill": {kill: unlimited, memory: []gossip.Event{memorySample(at-time.Minute, 400)}, want: 512},
		"at the kill":     {kill: unlimited, memory: []gossip.Event{memorySample(at, 400)}, want: 512},
		"after it":        {kill: unlimited, memory: []gossip.Event{memorySample(at+time.Minute, 400)}, want: 512},
		"the pod's":       {kill: unlimited, memory: []gossip.Event{memorySample(at, 400, filled)}, want: 512},
		"raised before": {
			kill: unlimited, memory: []gossip.Event{memorySample(0, 400), memorySample(time.Minute, 400, limit(600))}, want: 600,
		},
		"raised after": {
			kill: unlimited, memory: []gossip.Event{memorySample(0, 400), memorySample(at+time.Minute, 400, limit(600))},
			want: 512,
		},
		"raised twice after": {
			kill: unlimited,
			memory: []gossip.Event{
				memorySample(0, 400), memorySample(at+time.Minute, 400, limit(600)),
				memorySample(at+2*time.Minute, 400, limit(700)),
			},
			want: 0,
		},
		"another container": {
			kill: unlimited, memory: []gossip.Event{memorySample(at, 400, func(s *gossip.MemorySample) { s.Container = "log" })},
			want: 0,
		},
		"another pod": {
			kill: unlimited, memory: []gossip.Event{memorySample(at, 400, func(s *gossip.MemorySample) { s.PodUID = "u2" })},
			want: 0,
		},
		"no limit known": {
			kill:   unlimited,
			memory: []gossip.Event{memorySample(at, 400, func(s *gossip.MemorySample) { s.LimitBytes.Known = false })}, want: 0,
		},
		"the kill's own wins": {memory: []gossip.Event{memorySample(at, 400, limit(600))}, want: 512},
		"the pod's gives way": {kill: ofThePod, memory: []gossip.Event{memorySample(at, 400, limit(600))}, want: 600},
		"the pod's, both times": {
			kill: ofThePod, memory: []gossip.Event{memorySample(at, 400, limit(600), filled)}, want: 700,
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := kill(at, 512)
			if test.kill != nil {
				test.kill(&k)
			}
			got := seen[gossip.OOMKilled](t, append(test.memory, k)...)
			require.Equal(t, gossip.Optional[int64]{Value: test.want * mebi, Known: test.want > 0}, got.Limit)
			require.Equal(t, test.want == 0, slices.Contains(got.Covered.Missing, "limit_bytes"))
		})
	}
}

func TestEnrichFillsTheMemoryLimitAndTheContainer(t *testing.T) {
	pod := gossip.Pod{Name: "api-0", UID: "u1", MemoryLimit: gossip.Some[int64](900), Containers: []gossip.Container{
		{
			Name: "app", ID: "containerd://c1", LastID: "containerd://c0", MemoryLimit: gossip.Some[int64](700),
		}, {Name: "free", ID: "containerd://c2"},
	}}
	lacking := func(s *gossip.MemorySample) { s.LimitBytes = gossip.Optional[int64]{} }
	filled := func(change ...func(*gossip.MemorySample)) gossip.MemorySample {
		return gossip.Enrich(memorySample(0, 1, change...), pod).(gossip.MemorySample)
	}
	own := filled()
	require.Equal(t, &pod.Containers[0], own.Spec)
	own.Spec = nil
	require.Equal(t, memorySample(0, 1), own, "the record's own limit wins")
	require.Equal(t, gossip.Some[int64](700), filled(lacking).LimitBytes)
	require.True(t, filled(lacking).LimitFilled)
	require.Equal(
		t, gossip.Some[int64](900), filled(lacking, func(s *gossip.MemorySample) { s.Container = "free" }).LimitBytes,
		"the pod's limit is shared",
	)
	require.Equal(
		t, gossip.Some[int64](900),
		filled(lacking, func(s *gossip.MemorySample) { s.Container, s.ContainerID = "", "" }).LimitBytes, "the pod's own",
	)
	require.False(t, filled(lacking, func(s *gossip.MemorySample) { s.Container = "other" }).LimitBytes.Known)
	require.False(
		t, filled(lacking, func(s *gossip.MemorySample) { s.PodUID = "u0" }).LimitBytes.Known, "another pod of that name",
	)
	require.Equal(t, "free", filled(func(s *gossip.MemorySample) { s.Container, s.ContainerID = "", "c2" }).Container)

	byID := func(id string) gossip.OOMKill {
		return gossip.Enrich(kill(0, 1, func(k *gossip.OOMKill) {
			k.Container, k.ContainerID, k.LimitBytes = "", id, gossip.Optional[int64]{}
		}), pod).(gossip.OOMKill)
	}
	require.Equal(t, "app", byID("containerd://c1").Container)
	require.Equal(t, "free", byID("c2").Container, "with or without the runtime")
	require.Equal(t, "app", byID("c0").Container, "the container that was killed is the last one by now")
	require.Equal(t, gossip.Some[int64](700), byID("c1").LimitBytes)
	require.Empty(t, byID("c3").Container)
	pod.MemoryLimit = gossip.Optional[int64]{}
	require.Equal(
		t, gossip.Some[int64](0), filled(lacking, func(s *gossip.MemorySample) { s.Container = "free" }).LimitBytes,
		"no limit is known to be none",
	)
	require.False(t, byID("c3").LimitBytes.Known)
}
