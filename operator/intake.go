package operator

import (
	"context"
	"errors"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/gossip/kube"
)

// errFull is what a sender hears while the API server lags behind.
var errFull = errors.New("too many subjects are waiting to be written")

// intake is the way of events into memory: whatever decodes them, this takes them.
type intake struct {
	analyzer *gossip.Analyzer
	ledger   *ledger
	pods     pods
	metrics  *metrics
	delay    time.Duration
	watched  func(namespace string) bool

	ready chan struct{} // closed once queue is set
	queue priorityqueue.PriorityQueue[gossip.Subject]
}

// handOver gets the controller's queue when the controller starts.
func (i *intake) handOver(_ context.Context, q workqueue.TypedRateLimitingInterface[gossip.Subject]) error {
	queue, ok := q.(priorityqueue.PriorityQueue[gossip.Subject])
	if !ok {
		return errors.New("the controller's queue is not a priority queue")
	}
	i.queue = queue
	close(i.ready)
	return nil
}

// take observes the events of one request, all or none, and queues their subjects. It returns how many were about namespaces that are
// not watched.
func (i *intake) take(ctx context.Context, events []gossip.Event) (ignored int, err error) {
	look := i.lookup(ctx)
	heard := make([]gossip.Event, 0, len(events))
	var subjects []gossip.Subject
	seen := make(map[gossip.Subject]struct{}, 16)
	for _, e := range events {
		if !i.watched(e.Subject().Namespace) {
			continue
		}
		if lacking(e) {
			e = gossip.Enrich(e, look(e.Subject()))
		}
		heard = append(heard, e)
		about := e.Subject() // which container it is may have come from the pod
		if _, known := seen[about]; !known {
			seen[about] = struct{}{}
			subjects = append(subjects, about)
		}
	}
	if !i.ledger.room(subjects) {
		return 0, errFull
	}
	for _, e := range events {
		if about := e.Subject(); !i.watched(about.Namespace) {
			ignored++
			i.metrics.ignored(about.Kind)
		}
	}
	for _, e := range heard {
		i.analyzer.Observe(e)
		i.metrics.observed(e)
	}
	fresh := i.ledger.arrived(subjects, time.Now())
	i.queue.AddWithOpts(priorityqueue.AddOpts{After: i.delay}, fresh...)
	return ignored, nil
}

// lacking says whether gossip.Enrich may add something: most records have all they need, and a look at the pod costs.
func lacking(e gossip.Event) bool {
	switch e := e.(type) {
	case gossip.CPUSample:
		return !e.LimitCores.Known
	case gossip.MemorySample:
		return !e.LimitBytes.Known || (e.Container == "" && e.ContainerID != "")
	case gossip.OOMKill:
		return !e.LimitBytes.Known || e.Container == ""
	case gossip.NetworkSample, gossip.PodCreation:
	}
	return false
}

// lookup finds pods, each once for a request. A pod that cannot be looked up is not known: the record counts nevertheless.
func (i *intake) lookup(ctx context.Context) func(gossip.Subject) gossip.Pod {
	type name struct{ namespace, pod string }
	found := map[name]gossip.Pod{}
	return func(about gossip.Subject) gossip.Pod {
		at := name{about.Namespace, about.Pod}
		known, ok := found[at]
		if !ok {
			pod, err := i.pods.get(ctx, about.Namespace, about.Pod)
			if err != nil {
				log.FromContext(ctx).V(1).Info("Could not look a pod up", "error", err.Error())
			}
			known = kube.Pod(pod, kube.Objects{})
			found[at] = known
		}
		return known
	}
}

// drain makes what is waiting ready, and returns when it has been written, or with an error when ctx ends before.
func (i *intake) drain(ctx context.Context) error {
	i.queue.AddWithOpts(priorityqueue.AddOpts{}, i.ledger.unwritten()...)
	return wait.PollUntilContextCancel(ctx, 20*time.Millisecond, true, func(context.Context) (bool, error) {
		return i.ledger.backlog() == 0, nil
	})
}

// watching says which namespaces are watched: those of the list, or all, and none that is excluded.
func watching(only, but []string) func(namespace string) bool {
	return func(namespace string) bool {
		return (len(only) == 0 || slices.Contains(only, namespace)) && !slices.Contains(but, namespace)
	}
}
