package operator

import (
	"context"
	"sync"

	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// evictions are the subjects of existing pods that the analyzer has evicted, and that no reconciler knows of yet.
// Others have no object, so nothing follows from their eviction.
type evictions struct {
	mu      sync.Mutex
	waiting []gossip.Subject
}

// add is called by the analyzer, and must not call it.
func (v *evictions) add(about gossip.Subject, podExists bool) {
	if !podExists {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.waiting = append(v.waiting, about)
}

// takeAll returns the subjects and removes them.
func (v *evictions) takeAll() []gossip.Subject {
	v.mu.Lock()
	defer v.mu.Unlock()
	out := v.waiting
	v.waiting = nil
	return out
}

// publishEvictions queues the subjects that the analyzer has evicted: their objects must not keep a verdict that is not
// looked after any more.
func (i *intake) publishEvictions() {
	ctx := log.IntoContext(context.Background(), i.log)
	for _, about := range i.evictions.takeAll() {
		i.metrics.evictedPods.Inc()
		i.journal.logEviction(ctx, about)
		of, ok := i.subjectOf(ctx, about)
		if !ok {
			continue
		}
		i.ledger.markEvicted(of)
		i.queue.AddWithOpts(priorityqueue.AddOpts{After: i.delay}, of)
	}
}

// subjectOf returns the subject of the object about a subject of a pod, and false if the cache has no such pod.
func (i *intake) subjectOf(ctx context.Context, about gossip.Subject) (gossip.WorkloadSubject, bool) {
	pod, err := i.pods.get(ctx, about.Namespace, about.Pod)
	if err != nil || pod == nil {
		return gossip.WorkloadSubject{}, false
	}
	return objectSubject(about, i.pods.guessWorkload(ctx, pod)), true
}
