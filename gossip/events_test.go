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
		many.ObserveCPU(cpu)
		many.ObserveBirths(births)
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
