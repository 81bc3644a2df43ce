package replay

import (
	"sync"

	"github.com/cespare/xxhash/v2"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

const (
	// laneCount does not depend on the machine: which pods share a lane must not. It is more than there are CPUs, because a lane that comes
	// back to few pods in one batch finds them in the cache.
	laneCount = 32
	// maxSubjects is how many subjects a lane keeps: 25,600 in all.
	maxSubjects = 800
	// batchSize is how many events are handed to a lane at a time.
	batchSize = 1024
)

// lanes share the work of the analysis: each has an analyzer of its own, and all that is about one pod goes to the same, in its order.
type lanes struct {
	analyzers [laneCount]*gossip.Analyzer
	pods      catalogs

	filling [laneCount]*batch
	used    chan *batch // to be filled again
	todo    [laneCount]chan *batch
	all     sync.WaitGroup
}

// batch is events on their way into a lane. They belong to it.
type batch struct {
	cpu    []gossip.CPUSample
	births []gossip.PodCreation
	others []gossip.Event
}

// newBatch has room for the two kinds that most records are of.
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

// start starts to observe what is added, until wait.
func (l *lanes) start() {
	for i := range l.todo {
		l.todo[i] = make(chan *batch, 1)
		l.all.Go(func() { l.observe(i) })
	}
}

// wait returns when all that was added is observed.
func (l *lanes) wait() {
	for i := range l.todo {
		l.hand(i)
		close(l.todo[i])
	}
	l.all.Wait()
}

// addCPU adds a copy of a sample.
func (l *lanes) addCPU(s *gossip.CPUSample) {
	i := lane(s.Namespace, s.Pod)
	b := l.filling[i]
	if b.cpu = append(b.cpu, *s); len(b.cpu) >= batchSize {
		l.hand(i)
	}
}

// addBirth adds a copy of a birth.
func (l *lanes) addBirth(c *gossip.PodCreation) {
	i := lane(c.Namespace, c.Pod)
	b := l.filling[i]
	if b.births = append(b.births, *c); len(b.births) >= batchSize {
		l.hand(i)
	}
}

// add adds an event.
func (l *lanes) add(e gossip.Event, from gossip.Origin) {
	i := lane(from.Namespace, from.Pod)
	b := l.filling[i]
	if b.others = append(b.others, e); len(b.others) >= batchSize {
		l.hand(i)
	}
}

// hand hands a lane what was added.
func (l *lanes) hand(i int) {
	l.todo[i] <- l.filling[i]
	select {
	case l.filling[i] = <-l.used:
	default:
		l.filling[i] = newBatch()
	}
}

// observe is a lane at work. Events of different kinds are about different subjects, so their order does not matter.
func (l *lanes) observe(i int) {
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

// lane is the lane of a pod, the same on every machine.
func lane(namespace, pod string) int {
	return int((3*xxhash.Sum64String(namespace) + xxhash.Sum64String(pod)) % laneCount)
}
