package gossip_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// 5,000 containers, one sample per 10 s each: what a large cluster sends.
func BenchmarkObserve(b *testing.B) {
	const containers = 5000
	var events []gossip.Event
	for i := range containers {
		events = append(events, sample(0, 40, func(s *gossip.CPUSample) { s.Pod = fmt.Sprintf("api-%d", i) }))
	}
	a := gossip.New(gossip.Options{})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		e := events[i%containers].(gossip.CPUSample)
		e.Time = t0.Add(time.Duration(i/containers) * 10 * time.Second)
		a.Observe(e)
	}
}

// A finding about a full window: what a write of the operator costs.
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
