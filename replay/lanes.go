package replay

import (
	"sync"

	"github.com/cespare/xxhash/v2"

	"github.com/kernel-gossip/kernel-gossip/gossip"
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

	filling [laneCount]*batch
	used    chan *batch // free to be filled again
	todo    [laneCount]chan *batch
	workers sync.WaitGroup
}

// batch is the events for one lane. The lane owns them.
type batch struct {
	cpu    []gossip.CPUSample
	births []gossip.PodCreation
	others []gossip.Event
}

// newBatch has room for the two most frequent kinds.
func newBatch() *batch {
	return &batch{cpu: make([]gossip.CPUSample, 0, batchSize), births: make([]gossip.PodCreation, 0, batchSize)}
}

func newLanes(pods catalogs) *lanes {
	l := &lanes{pods: pods, used: make(chan *batch, 2*laneCount)}
	for i := range l.analyzers {
		l.analyzers[i] = gossip.New(gossip.Options{MaxSubjects: maxSubjects})
		l.filling[i] = newBatch()
	}
	return l
}

// start begins to observe what is added, until wait.
func (l *lanes) start() {
	for i := range l.todo {
		l.todo[i] = make(chan *batch, 1)
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

// addCPU adds a copy of a sample.
func (l *lanes) addCPU(s *gossip.CPUSample) {
	i := laneOf(s.Namespace, s.Pod)
	b := l.filling[i]
	if b.cpu = append(b.cpu, *s); len(b.cpu) >= batchSize {
		l.handOver(i)
	}
}

// addBirth adds a copy of a birth.
func (l *lanes) addBirth(c *gossip.PodCreation) {
	i := laneOf(c.Namespace, c.Pod)
	b := l.filling[i]
	if b.births = append(b.births, *c); len(b.births) >= batchSize {
		l.handOver(i)
	}
}

// add adds an event.
func (l *lanes) add(e gossip.Event, from gossip.Origin) {
	i := laneOf(from.Namespace, from.Pod)
	b := l.filling[i]
	if b.others = append(b.others, e); len(b.others) >= batchSize {
		l.handOver(i)
	}
}

// handOver hands the gathered events to lane i.
func (l *lanes) handOver(i int) {
	l.todo[i] <- l.filling[i]
	select {
	case l.filling[i] = <-l.used:
	default:
		l.filling[i] = newBatch()
	}
}

// observeBatches is the work of lane i. Events of different kinds are about different subjects, so their order does not
// matter.
func (l *lanes) observeBatches(i int) {
	analyzer := l.analyzers[i]
	for b := range l.todo[i] {
		if len(l.pods) > 0 {
			l.pods.enrichAll(b)
		}
		analyzer.ObserveCPU(b.cpu)
		analyzer.ObserveBirths(b.births)
		for _, e := range b.others {
			analyzer.Observe(e)
		}
		b.cpu = b.cpu[:0]
		for i := range b.births {
			if c := &b.births[i]; c.Timeline != nil || c.Syscalls != nil {
				*c = gossip.PodCreation{} // these may be large
			}
		}
		b.births = b.births[:0]
		clear(b.others)
		b.others = b.others[:0]
		select {
		case l.used <- b:
		default:
		}
	}
}

// laneOf returns the lane of a pod, the same on every machine.
func laneOf(namespace, pod string) int {
	return int((3*xxhash.Sum64String(namespace) + xxhash.Sum64String(pod)) % laneCount)
}
