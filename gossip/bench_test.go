package gossip_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// A large cluster sends this: 5,000 containers, one sample per 10 s each.
func BenchmarkObserve(b *testing.B) { observeMany(b, gossip.Options{}) }

// A week of worst windows is kept, of containers that are throttled all the time.
func BenchmarkObserveWithHorizon(b *testing.B) {
	observeMany(b, gossip.Options{Horizon: 7 * 24 * time.Hour})
}

func observeMany(b *testing.B, o gossip.Options) {
	b.Helper()
	const containers = 5000
	var events []gossip.Event
	for i := range containers {
		events = append(events, sample(0, 40, func(s *gossip.CPUSample) { s.Pod = fmt.Sprintf("api-%d", i) }))
	}
	a := gossip.New(o)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		e := events[i%containers].(gossip.CPUSample)
		e.Time = t0.Add(time.Duration(i/containers) * 10 * time.Second)
		a.Observe(e)
	}
}

// Programs that read a large capture observe batches like these, of pods in turn or in no order, with counters or
// percentages. The figure is per sample.
func BenchmarkObserveAll(b *testing.B) {
	for _, horizon := range []time.Duration{0, gossip.WholeHorizon} {
		for _, percentages := range []bool{false, true} {
			name := fmt.Sprintf("counters/horizon=%t", horizon > 0)
			if percentages {
				name = fmt.Sprintf("percentages/horizon=%t", horizon > 0)
			}
			work := captureBatches(percentages)
			b.Run(name, func(b *testing.B) { observeBatches(b, work, gossip.Options{MaxSubjects: 800, Horizon: horizon}) })
		}
	}
}

// captureBatches returns the batches of each lane.
func captureBatches(percentages bool) (work [32][][]gossip.CPUSample) {
	const pods, steps = 156, 200
	r := rand.New(rand.NewPCG(1, 2))
	for l := range work {
		var batch []gossip.CPUSample
		for s := range steps {
			for p := range pods {
				if r.IntN(10) < 3 {
					continue
				}
				batch = append(batch, sample(0, int64((p%50)*(50+r.IntN(50))/100), func(c *gossip.CPUSample) {
					c.Time = t0.Add(time.Duration(s) * 10 * time.Second)
					c.UsageUsec = gossip.Some(int64(r.IntN(1000000)))
					if percentages {
						p = r.IntN(pods)
						c.Periods.Known, c.ThrottledPeriods.Known, c.UsageUsec.Known = false, false, false
						c.ThrottledUsec.Known = false
						c.ThrottledShare, c.UsageCores = gossip.Some(float64(p%50)/50), gossip.Some(r.Float64())
					}
					c.Pod = fmt.Sprintf("api-%d-%d", l, p)
					c.Source, c.ContainerID, c.PodUID, c.Node = "", "", "", ""
				}))
				if len(batch) == 1024 {
					work[l] = append(work[l], batch)
					batch = nil
				}
			}
		}
	}
	return work
}

func observeBatches(b *testing.B, work [32][][]gossip.CPUSample, o gossip.Options) {
	b.Helper()
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		var all [len(work)]*gossip.Analyzer
		for l := range all {
			all[l] = gossip.New(o)
		}
		n = 0
		for k := range work[0] {
			for l := range all {
				if k < len(work[l]) {
					all[l].ObserveAll(&gossip.Events{CPU: work[l][k]})
					n += len(work[l][k])
				}
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/sample")
}

// The operator makes a finding about a full window for each object that it writes.
func BenchmarkFinding(b *testing.B) {
	a := gossip.New(gossip.Options{})
	for _, e := range every5s(180, 40) {
		a.Observe(e)
	}
	about := sample(0, 0).Subject()
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := a.Finding(about); !ok {
			b.Fatal("no finding")
		}
	}
}

// The working set climbs steadily, so a leak is looked for at each instant.
func BenchmarkObserveLeak(b *testing.B) {
	a := gossip.New(gossip.Options{})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		a.Observe(memorySample(
			time.Duration(i)*10*time.Second, int64(i), func(s *gossip.MemorySample) { s.LimitBytes.Value = 1 << 60 },
		))
	}
}
