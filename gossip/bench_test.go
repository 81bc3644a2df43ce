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

// Programs that read a large capture observe batches like these. The figure is per sample.
func BenchmarkObserveAll(b *testing.B) {
	const lanes, pods, steps = 32, 156, 200
	r := rand.New(rand.NewPCG(1, 2))
	var work [lanes][][]gossip.CPUSample
	for l := range work {
		var batch []gossip.CPUSample
		for s := range steps {
			for p := range pods {
				if r.IntN(10) < 3 {
					continue
				}
				batch = append(batch, sample(0, int64(p%50), func(c *gossip.CPUSample) {
					c.Pod = fmt.Sprintf("api-%d-%d", l, p)
					c.Source, c.ContainerID, c.PodUID, c.Node = "", "", "", ""
					c.Time = t0.Add(time.Duration(s) * 10 * time.Second)
					c.UsageUsec = gossip.Some(int64(r.IntN(1000000)))
				}))
				if len(batch) == 1024 {
					work[l] = append(work[l], batch)
					batch = nil
				}
			}
		}
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		var all [lanes]*gossip.Analyzer
		for l := range all {
			all[l] = gossip.New(gossip.Options{MaxSubjects: 800})
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
