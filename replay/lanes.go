package replay

import (
	"runtime"
	"sync"

	"github.com/cespare/xxhash/v2"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

const (
	// laneCount does not depend on the machine, because the pods that share a lane must not. It exceeds the number of
	// CPUs, because a lane with few pods in a batch finds them in the cache.
	laneCount = 32
	// maxSubjects is how many subjects a lane keeps: 25,600 in all.
	maxSubjects = 800
	// batchSize is how many events are handed to a lane at a time.
	batchSize = 1024
)

// lanes divide the analysis among CPUs. Each lane has its own analyzer. All events about one pod go to the same lane,
// in their order.
type lanes struct {
	analyzers [laneCount]*gossip.Analyzer
	pods      catalogs

	filling [laneCount]*gossip.Events // a lane owns its events
	used    chan *gossip.Events       // free to be filled again; it has room for all
	made    int                       // number of batches
	todo    [laneCount]chan *gossip.Events
	workers sync.WaitGroup
}

// newBatch has room for the two most frequent kinds.
func newBatch() *gossip.Events {
	return &gossip.Events{CPU: make([]gossip.CPUSample, 0, batchSize), Births: make([]gossip.PodCreation, 0, batchSize)}
}

// completeSettings returns settings with what is the same for all captures.
func completeSettings(settings gossip.Options) gossip.Options {
	settings.MaxSubjects, settings.Horizon, settings.Demand = maxSubjects, gossip.WholeHorizon, recommend.Demand()
	return settings
}

func newLanes(pods catalogs, settings gossip.Options) *lanes {
	settings = completeSettings(settings)
	// One is filled for each lane, and each CPU has one in work and one that waits.
	most := laneCount + 2*min(runtime.GOMAXPROCS(0), laneCount)
	l := &lanes{pods: pods, used: make(chan *gossip.Events, most)}
	for i := range l.analyzers {
		l.analyzers[i] = gossip.New(settings)
		l.filling[i] = l.nextBatch()
	}
	return l
}

// nextBatch returns an empty batch. It waits for a lane if there are enough: new memory costs more than the wait.
func (l *lanes) nextBatch() *gossip.Events {
	if l.made == cap(l.used) {
		return <-l.used
	}
	select {
	case b := <-l.used:
		return b
	default:
		l.made++
		return newBatch()
	}
}

// start begins to observe what is added, until wait.
func (l *lanes) start() {
	for i := range l.todo {
		l.todo[i] = make(chan *gossip.Events, 1)
		l.workers.Go(func() { l.observeBatches(i) })
	}
}

// wait returns when everything that was added is observed.
func (l *lanes) wait() {
	for i := range l.todo {
		l.handOver(i)
		close(l.todo[i])
	}
	l.workers.Wait()
}

// add counts events, and adds copies of those that count.
func (l *lanes) add(events *gossip.Events, count *recordCount) {
	addKind(l, events.CPU, count, func(s *gossip.CPUSample) *gossip.Origin { return &s.Origin },
		func(lane *gossip.Events) *[]gossip.CPUSample { return &lane.CPU })
	addKind(l, events.Memory, count, func(s *gossip.MemorySample) *gossip.Origin { return &s.Origin },
		func(lane *gossip.Events) *[]gossip.MemorySample { return &lane.Memory })
	addKind(l, events.Kills, count, func(k *gossip.OOMKill) *gossip.Origin { return &k.Origin },
		func(lane *gossip.Events) *[]gossip.OOMKill { return &lane.Kills })
	addKind(l, events.Network, count, func(s *gossip.NetworkSample) *gossip.Origin { return &s.Origin },
		func(lane *gossip.Events) *[]gossip.NetworkSample { return &lane.Network })
	addKind(l, events.Births, count, func(c *gossip.PodCreation) *gossip.Origin { return &c.Origin },
		func(lane *gossip.Events) *[]gossip.PodCreation { return &lane.Births })
}

// addKind adds copies of the events of one kind. originOf and listOf return the fields of the kind.
func addKind[E any](
	l *lanes, events []E, count *recordCount, originOf func(*E) *gossip.Origin, listOf func(*gossip.Events) *[]E,
) {
	for i := range events {
		from := originOf(&events[i])
		if !count.add(from.Time.UnixNano()) {
			continue
		}
		lane := laneOf(from.Namespace, from.Pod)
		list := listOf(l.filling[lane])
		*list = append(*list, events[i])
		if len(*list) >= batchSize {
			l.handOver(lane)
		}
	}
}

// handOver hands the gathered events to lane i.
func (l *lanes) handOver(i int) {
	l.todo[i] <- l.filling[i]
	l.filling[i] = l.nextBatch()
}

// observeBatches is the work of lane i.
func (l *lanes) observeBatches(i int) {
	analyzer := l.analyzers[i]
	for b := range l.todo[i] {
		if len(l.pods) > 0 {
			b.Enrich(l.pods.findPod)
		}
		analyzer.ObserveAll(b)
		b.Reset()
		l.used <- b
	}
}

// laneOf returns the lane of a pod, the same on every machine.
func laneOf(namespace, pod string) int {
	return int((3*xxhash.Sum64String(namespace) + xxhash.Sum64String(pod)) % laneCount)
}
