package recommend_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// Above Info there is always a number to set, or a reason why there is none.
func TestAboveInfoThereIsANumberOrAReason(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(6_000) {
		r := rand.New(rand.NewPCG(seed, 14))
		p := randomPod(r)
		a := gossip.New(gossip.Options{})
		for _, e := range randomEvents(r) {
			if r.IntN(3) > 0 {
				e = gossip.Enrich(e, p)
			}
			a.Observe(e)
		}
		for f := range a.Findings() {
			advice := recommend.Default().For(f, p)
			for _, one := range advice {
				require.NotEmpty(t, one.Action, "seed %d: %s", seed, one.Rule)
				require.NotEmpty(t, one.Summary, "seed %d: %s", seed, one.Rule)
				require.True(t, one.Target != nil || one.Reason != "", "seed %d: %s says neither what nor why", seed, one.Rule)
			}
			if f.Severity() <= gossip.SeverityInfo {
				continue
			}
			c, _ := p.Container(f.Subject().Container)
			seen[string(f.Subject().Kind)]++
			seen[fmt.Sprintf("role %d", c.Role)]++
			if s, ok := f.(gossip.MemoryPressure); ok && s.Standing {
				seen["standing memory"]++
			}
			if s, ok := f.(gossip.CPUThrottling); ok && s.Standing {
				seen["standing CPU"]++
			}
			require.NotEmpty(t, advice, "seed %d: nothing is said about %+v\nof %+v", seed, f, p)
			for _, one := range advice {
				seen[one.Rule]++
			}
		}
	}
	wanted := []string{"role 0", "role 1", "role 2", "role 3", "standing memory", "standing CPU"}
	for _, kind := range []gossip.Kind{
		gossip.KindCPUThrottling, gossip.KindMemoryPressure, gossip.KindOOMKill, gossip.KindNetworkIssue, gossip.KindPodBirth,
	} {
		wanted = append(wanted, string(kind))
	}
	for _, rule := range recommend.Default() {
		if rule.ID() != "skewed-pod" { // it compares pods
			wanted = append(wanted, rule.ID())
		}
	}
	for _, what := range wanted {
		require.Positive(t, seen[what], "no finding above Info has had %s: the generator is too tame", what)
	}
}

// figureOrNone returns one of the figures, or none.
func figureOrNone[T comparable](r *rand.Rand, figures ...T) gossip.Optional[T] {
	if r.IntN(4) == 0 {
		return gossip.Optional[T]{}
	}
	return gossip.Some(figures[r.IntN(len(figures))])
}

// oneOf returns one of the choices.
func oneOf[T any](r *rand.Rand, choices ...T) T { return choices[r.IntN(len(choices))] }

// randomPod returns a pod. How much is known about it is random, too.
func randomPod(r *rand.Rand) gossip.Pod {
	if r.IntN(6) == 0 {
		return gossip.Pod{}
	}
	p := gossip.Pod{
		Namespace: "shop", Name: "api-0", QoS: oneOf(r, "", gossip.QoSGuaranteed, gossip.QoSBurstable, gossip.QoSBestEffort),
		Workload: oneOf(
			r, gossip.Workload{}, gossip.Workload{Version: "v1", Kind: "Pod", Name: "api-0"},
			gossip.Workload{Group: "apps", Version: "v1", Kind: "Deployment", Name: "api", Guessed: true},
			gossip.Workload{Group: "apps", Kind: "Deployment", Name: "api", Guessed: true},
			gossip.Workload{Group: "batch", Version: "v1", Kind: "Job", Name: "api"},
		),
		StaticUID:  oneOf(r, "", "", "", "static"),
		Autoscaler: oneOf(r, "", "", "", "h"), MemoryAutoscaler: oneOf(r, "", "", "", "h"),
		UnreadAutoscaler: oneOf(r, "", "", "", "h"),
	}
	if r.IntN(3) == 0 {
		p.CPULimit, p.MemoryLimit = figureOrNone(r, 0.1, 1, 8), figureOrNone[int64](r, 64*mebi, 4096*mebi)
	}
	if r.IntN(4) == 0 {
		p.LimitRanges = []gossip.LimitRange{
			{
				Name: "bounds", Max: figureOrNone(r, 0.2, 1), MaxRatio: figureOrNone(r, 1.5),
				MaxMemory:      figureOrNone[int64](r, 100*mebi),
				MaxMemoryRatio: figureOrNone(r, 1.5),
			},
		}
	}
	if r.IntN(2) == 0 {
		p.Started = noon.Add(-time.Duration(r.IntN(1200)) * time.Second)
	}
	for range r.IntN(3) {
		c := gossip.Container{
			Name: oneOf(r, "app", "app", "log"), ID: oneOf(r, "", "c1", "c2"), Role: gossip.Role(r.IntN(4)),
			CPURequest: figureOrNone(r, 0.05, 0.1), CPULimit: figureOrNone(r, 0.1, 0.5, 4),
			MemoryRequest: figureOrNone[int64](r, 32*mebi, 512*mebi),
			MemoryLimit:   figureOrNone[int64](r, 64*mebi, 512*mebi), ResizeRestarts: r.IntN(4) == 0,
			MemoryResizeRestarts: r.IntN(4) == 0,
			ShowsOOMKill:         figureOrNone(r, true, false),
		}
		if r.IntN(2) == 0 {
			c.Started = noon.Add(-time.Duration(r.IntN(1200)) * time.Second)
			c.Ready = oneOf(r, time.Time{}, c.Started, c.Started.Add(time.Minute))
		}
		p.Containers = append(p.Containers, c)
	}
	return p
}

// randomEvents returns some minutes of events of one container, up to noon, of one or two kinds. Limits and containers
// change, and some figures are missing.
func randomEvents(r *rand.Rand) []gossip.Event {
	var events []gossip.Event
	kinds := []func(*rand.Rand, gossip.Origin, int) gossip.Event{
		randomCPU, randomMemory, randomLeak, randomKill, randomNetwork, randomBirth,
	}
	make1, make2 := oneOf(r, kinds...), oneOf(r, kinds...)
	n := 1 + r.IntN(40)
	origin := gossip.Origin{
		Namespace: "shop", Pod: "api-0", Container: oneOf(r, "app", "app", "app", ""), ContainerID: oneOf(r, "", "c1"),
		Source: "test",
	}
	for i := range n {
		if r.IntN(40) == 0 {
			origin.ContainerID = "c2"
		}
		o := origin
		o.Time = noon.Add(time.Duration(i-n) * 30 * time.Second)
		if r.IntN(10) > 0 {
			o.Period = 30 * time.Second
		}
		events = append(events, make1(r, o, i))
		if r.IntN(3) == 0 {
			events = append(events, make2(r, o, i))
		}
	}
	return events
}

func randomCPU(r *rand.Rand, o gossip.Origin, i int) gossip.Event {
	periods := oneOf[int64](r, 0, 3, 300)
	s := gossip.CPUSample{
		Origin: o, UsageUsec: figureOrNone(r, int64(i)*50_000, 900_000, 14_900_000),
		ThrottledUsec:  figureOrNone[int64](r, 0, 9_000_000, 60_000_000),
		ThrottledShare: figureOrNone(r, 0, 0.3, 1), UsageCores: figureOrNone(r, 0.05), ReportedShare: figureOrNone(r, 0.3, 1),
		LimitCores: figureOrNone(r, 0.1, 0.1, 0.1, 0.1, 0.1, 0, 0.5),
		Threads:    figureOrNone[int64](r, 1, 40), NodeCPUs: figureOrNone[int64](r, 2, 64),
	}
	if r.IntN(5) > 0 {
		s.Periods, s.ThrottledPeriods = gossip.Some(periods), gossip.Some(oneOf(r, 0, periods/3, periods))
	}
	return s
}

func randomMemory(r *rand.Rand, o gossip.Origin, i int) gossip.Event {
	return gossip.MemorySample{
		Origin: o, WorkingSet: figureOrNone(r, int64(20+10*i)*mebi, 500*mebi), UsedBytes: figureOrNone[int64](r, 400*mebi),
		UsedShare:  figureOrNone(r, 0.5, 0.95),
		LimitBytes: figureOrNone[int64](r, 512*mebi, 512*mebi, 512*mebi, 512*mebi, 512*mebi, 0, 640*mebi),
		SomeAvg60:  figureOrNone(r, 0, 0.2), FullAvg10: figureOrNone(r, 0, 0, 0, 0.1), SomeAvg10: figureOrNone(r, 0.0),
		MajorFaults: figureOrNone[int64](r, 0, 50_000),
		LimitHits:   figureOrNone[int64](r, 0, 7), OOMKills: figureOrNone[int64](r, 0, 0, 0, 0, 0, 0, 1),
	}
}

func randomLeak(r *rand.Rand, o gossip.Origin, i int) gossip.Event {
	s := randomMemory(r, o, i).(gossip.MemorySample)
	s.WorkingSet = gossip.Some(int64(20+10*i) * mebi)
	if r.IntN(40) > 0 {
		s.LimitBytes = gossip.Some[int64](512 * mebi)
	}
	return s
}

func randomKill(r *rand.Rand, o gossip.Origin, _ int) gossip.Event {
	return gossip.OOMKill{
		Origin: o, VictimComm: oneOf(r, "", "java"), UsageBytes: figureOrNone[int64](r, 30*mebi, 300*mebi, 512*mebi),
		LimitBytes: figureOrNone[int64](r, 512*mebi, 512*mebi, 512*mebi, 0),
		Scope:      oneOf(r, "", gossip.ScopeMemcg, gossip.ScopeGlobal),
	}
}

func randomNetwork(r *rand.Rand, o gossip.Origin, _ int) gossip.Event {
	return gossip.NetworkSample{
		Origin: o, Segments: figureOrNone[int64](r, 10, 5000), Retransmits: figureOrNone[int64](r, 0, 200),
		RxPackets: figureOrNone[int64](r, 10, 5000), RxDrops: figureOrNone[int64](r, 0, 200),
		FailedConnects: figureOrNone[int64](r, 0, 20), RetransmitShare: figureOrNone(r, 0, 0.05),
		DropShare: figureOrNone(r, 0, 0.05),
	}
}

func randomBirth(r *rand.Rand, o gossip.Origin, _ int) gossip.Event {
	c := gossip.PodCreation{
		Origin: o, Duration: oneOf(r, time.Second, 4*time.Second, 40*time.Second),
		ImagePull: figureOrNone(r, 0, 30*time.Second),
		Init:      figureOrNone(r, 0, time.Second),
	}
	if r.IntN(2) == 0 {
		c.Timeline = []gossip.Step{
			{Offset: 0, Actor: gossip.ActorKernel, Action: "a"}, {Offset: c.Duration, Actor: gossip.ActorKernel, Action: "b"},
		}
	}
	return c
}

// The generator finds the gaps that it is meant to find: if a rule is left out, some of its findings get no advice.
func TestTheGeneratorMissesNoRule(t *testing.T) {
	for _, without := range []string{
		"raise-cpu-limit", "memory-leak", "node-out-of-memory", "raise-pod-memory-limit", "raise-memory-limit", "slow-birth",
	} {
		rules := slices.DeleteFunc(
			recommend.Default(), func(r recommend.Rule) bool { return strings.HasPrefix(r.ID(), without) },
		)
		gaps := 0
		for seed := range uint64(1_000) {
			r := rand.New(rand.NewPCG(seed, 14))
			p := randomPod(r)
			a := gossip.New(gossip.Options{})
			for _, e := range randomEvents(r) {
				a.Observe(e)
			}
			for f := range a.Findings() {
				if f.Severity() > gossip.SeverityInfo && len(rules.For(f, p)) == 0 {
					gaps++
				}
			}
		}
		require.Positive(t, gaps, without)
	}
}
