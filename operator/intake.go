package operator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/gossip/kube"
	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
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
	story    *story
	log      logr.Logger

	strangers strangers

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

// take observes the events of one request, all or none, and queues their subjects.
func (i *intake) take(ctx context.Context, events []gossip.Event) (ingest.Outcome, error) {
	look := i.lookup(ctx)
	heard := make([]gossip.Event, 0, len(events))
	var unknown, ignored []gossip.Event
	var out ingest.Outcome
	for _, e := range events {
		if !i.watched(e.Subject().Namespace) {
			ignored = append(ignored, e)
			continue
		}
		pod := look(e)
		if pod.stranger(e) {
			unknown = append(unknown, e)
			out.Warning = cmp.Or(out.Warning, pod.warning(e))
			continue
		}
		heard = append(heard, pod.enrich(e))
	}
	subjects := subjectsIn(heard)
	if !i.ledger.room(subjects) {
		return ingest.Outcome{}, errFull
	}
	for _, e := range ignored {
		i.metrics.ignored(e.Subject().Kind)
	}
	i.observe(heard, subjects)
	i.wait(ctx, unknown)
	out.Ignored, out.Unknown = len(ignored), len(unknown)
	return out, nil
}

// observe has the analyzer observe events, and queues their subjects.
func (i *intake) observe(events []gossip.Event, subjects []gossip.Subject) {
	for _, e := range events {
		i.analyzer.Observe(e)
		i.metrics.observed(e)
	}
	fresh := i.ledger.arrived(subjects, time.Now())
	i.queue.AddWithOpts(priorityqueue.AddOpts{After: i.delay}, fresh...)
}

// wait lets records wait for their pods. A pod that came after it was looked up is not waited for.
func (i *intake) wait(ctx context.Context, unknown []gossip.Event) {
	if len(unknown) == 0 {
		return
	}
	i.strangers.add(unknown)
	look := i.lookup(ctx)
	for _, e := range unknown {
		pod := look(e)
		if pod.stranger(e) {
			i.story.unknownPod(log.IntoContext(ctx, i.log.WithValues("subject", e.Subject().String())), e.Subject(), e.From().PodUID)
		} else {
			i.welcome(pod.Pod)
		}
	}
}

// welcome observes the records that have waited for a pod.
func (i *intake) welcome(pod *corev1.Pod) {
	events := i.strangers.leave(pod)
	if len(events) == 0 {
		return
	}
	for n, e := range events {
		events[n] = lookedUp{Pod: pod}.enrich(e)
	}
	i.observe(events, subjectsIn(events))
}

// subjectsIn lists what events are about, each subject once.
func subjectsIn(events []gossip.Event) []gossip.Subject {
	var out []gossip.Subject
	seen := make(map[gossip.Subject]struct{}, 16)
	for _, e := range events {
		about := e.Subject()
		if _, known := seen[about]; !known {
			seen[about] = struct{}{}
			out = append(out, about)
		}
	}
	return out
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

// lookedUp is a pod as the cache has it; Pod is nil when it has none, failed says that it could not be asked.
type lookedUp struct {
	*corev1.Pod
	failed bool
}

// stranger says whether a record is about a pod that the cache does not have: a record without UID is about the one
// that has the name. While the cache cannot be asked, records count.
func (p lookedUp) stranger(e gossip.Event) bool {
	uid := e.From().PodUID
	return uid != "" && !p.failed && (p.Pod == nil || string(p.UID) != uid)
}

func (p lookedUp) warning(e gossip.Event) string {
	from := e.From()
	text := fmt.Sprintf("this cluster has no pod %s/%s with the UID %s", from.Namespace, from.Pod, from.PodUID)
	if p.Pod != nil {
		text += fmt.Sprintf(" (the pod of that name has the UID %s)", p.UID)
	}
	return text + ": records about it count when it appears"
}

// enrich adds what a record lacks.
func (p lookedUp) enrich(e gossip.Event) gossip.Event {
	if p.Pod == nil || !lacking(e) {
		return e
	}
	return gossip.Enrich(e, kube.Pod(p.Pod, kube.Objects{}))
}

// lookup finds the pods of events, each once for a request.
func (i *intake) lookup(ctx context.Context) func(gossip.Event) lookedUp {
	type name struct{ namespace, pod string }
	found := map[name]lookedUp{}
	return func(e gossip.Event) lookedUp {
		from := e.From()
		if from.PodUID == "" && !lacking(e) {
			return lookedUp{}
		}
		at := name{from.Namespace, from.Pod}
		known, ok := found[at]
		if !ok {
			pod, err := i.pods.get(ctx, from.Namespace, from.Pod)
			if err != nil {
				log.FromContext(ctx).V(1).Info("Could not look a pod up", "error", err.Error())
			}
			known = lookedUp{pod, err != nil}
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
