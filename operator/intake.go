package operator

import (
	"cmp"
	"context"
	"errors"
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

// errFull is the reason of a 503 while the API server is slower than the records.
var errFull = errors.New("too many subjects are waiting to be written")

// intake takes decoded events into memory, whatever their format was.
type intake struct {
	analyzer  *gossip.Analyzer
	ledger    *ledger
	pods      pods
	metrics   *metrics
	delay     time.Duration
	isWatched func(namespace string) bool
	journal   *journal
	log       logr.Logger

	unmatched unmatchedEvents
	evictions *evictions
	lease     *lease
	quota     *objectQuota

	ready chan struct{} // closed once queue is set
	queue priorityqueue.PriorityQueue[gossip.WorkloadSubject]
}

// setQueue takes the controller's queue when the controller starts.
func (i *intake) setQueue(_ context.Context, q workqueue.TypedRateLimitingInterface[gossip.WorkloadSubject]) error {
	queue, ok := q.(priorityqueue.PriorityQueue[gossip.WorkloadSubject])
	if !ok {
		return errors.New("the controller's queue is not a priority queue")
	}
	i.queue = queue
	close(i.ready)
	return nil
}

// takeEvents observes the events of one request, all or none, and queues their subjects.
func (i *intake) takeEvents(ctx context.Context, events []gossip.Event) (ingest.Outcome, error) {
	if !i.lease.isHolding() {
		return ingest.Outcome{}, errNotLeading
	}
	podOf := i.podFinder(ctx)
	matched := newBatch(len(events))
	var podless, unmatched, ignored []gossip.Event
	var out ingest.Outcome
	for _, e := range events {
		if !i.isWatched(e.Subject().Namespace) {
			ignored = append(ignored, e)
			continue
		}
		pod := podOf(e)
		if pod.err != nil {
			return ingest.Outcome{}, pod.err
		}
		if why := pod.mismatchOf(e); why != matches {
			unmatched = append(unmatched, e)
			i.metrics.countUnmatched(why)
			out.Warning = cmp.Or(out.Warning, why.warningAbout(pod.Pod, e))
			continue
		}
		if pod.isMissing() {
			podless = append(podless, e)
			continue
		}
		matched.add(e, pod)
	}
	if !i.ledger.reservePlaces(matched.subjects) {
		return ingest.Outcome{}, errFull
	}
	for _, e := range ignored {
		i.metrics.countIgnored(e.Subject().Kind)
	}
	i.observeBatch(ctx, matched)
	i.observePodless(ctx, podless)
	i.awaitPods(ctx, unmatched)
	out.Ignored, out.Unknown = len(ignored), len(unmatched)
	return out, nil
}

// batch is events about pods that exist, with the subjects of the objects about them.
type batch struct {
	events   []gossip.Event
	subjects []gossip.WorkloadSubject // each once
	has      map[gossip.WorkloadSubject]struct{}
}

func newBatch(events int) *batch {
	return &batch{events: make([]gossip.Event, 0, events), has: make(map[gossip.WorkloadSubject]struct{}, 16)}
}

// add adds an event, with what is known about its pod.
func (b *batch) add(e gossip.Event, pod podLookup) {
	e = pod.enrichEvent(e) // which may name its container
	b.events = append(b.events, e)
	of := pod.subjectOf(e.Subject())
	if _, known := b.has[of]; !known {
		b.has[of] = struct{}{}
		b.subjects = append(b.subjects, of)
	}
}

// observeBatch has the analyzer observe events, and queues the subjects of their objects.
func (i *intake) observeBatch(ctx context.Context, b *batch) {
	p := gossip.Provenance{Sender: ingest.SenderOf(ctx), PodExists: true, Now: time.Now()}
	for _, e := range b.events {
		i.analyzer.ObserveFrom(e, p)
		i.metrics.countEvent(e)
	}
	fresh := i.ledger.addArrivals(b.subjects, time.Now())
	i.queue.AddWithOpts(priorityqueue.AddOpts{After: i.delay}, fresh...)
	i.publishEvictions()
}

// observePodless has the analyzer observe events about pods that the cache does not have. Their subjects do not wait:
// there is nothing to write about them. They are queued when their pod comes, which may be just now.
func (i *intake) observePodless(ctx context.Context, events []gossip.Event) {
	p := gossip.Provenance{Sender: ingest.SenderOf(ctx), Now: time.Now()}
	for _, e := range events {
		i.analyzer.ObserveFrom(e, p)
		i.metrics.countEvent(e)
	}
	podOf := i.podFinder(ctx)
	for _, e := range events {
		about, pod := e.Subject(), podOf(e)
		if pod.Pod == nil {
			i.journal.logUnknownPod(log.IntoContext(ctx, i.log.WithValues("subject", about.String())), about, "")
			continue
		}
		i.analyzer.SetPodExists(about)
		i.queue.AddWithOpts(priorityqueue.AddOpts{After: i.delay}, pod.subjectOf(about))
	}
	i.publishEvictions()
}

// awaitPods lets events wait for their pods, and observes an event if its pod came since it was looked up.
func (i *intake) awaitPods(ctx context.Context, unmatched []gossip.Event) {
	if len(unmatched) == 0 {
		return
	}
	before := i.podFinder(ctx)
	for _, e := range unmatched {
		i.unmatched.add(e, before(e).mismatchOf(e), time.Now())
	}
	podOf := i.podFinder(ctx)
	for _, e := range unmatched {
		pod := podOf(e)
		switch why := pod.mismatchOf(e); {
		case why.mayPass():
		case why != matches:
			ctx := log.IntoContext(ctx, i.log.WithValues("subject", e.Subject().String()))
			i.journal.logUnknownPod(ctx, e.Subject(), e.From().PodUID)
		default:
			i.observeWaiting(ctx, pod.Pod)
		}
	}
}

// observeWaiting observes the events that have waited for a pod.
func (i *intake) observeWaiting(ctx context.Context, pod *corev1.Pod) {
	events := i.unmatched.removeFor(pod, time.Now())
	if len(events) == 0 {
		return
	}
	known, waited := i.newPodLookup(ctx, pod), newBatch(len(events))
	for _, e := range events {
		waited.add(e, known)
	}
	i.observeBatch(ctx, waited)
}

// podLookup is a pod in the cache. Pod is nil if the cache has none, or could not be asked.
type podLookup struct {
	*corev1.Pod
	facts    *gossip.Pod // nil without a pod
	workload gossip.Workload
	err      error // the cache could not be asked
}

// newPodLookup returns a pod with its facts, which all its events share.
func (i *intake) newPodLookup(ctx context.Context, pod *corev1.Pod) podLookup {
	if pod == nil {
		return podLookup{}
	}
	return podLookup{Pod: pod, facts: new(kube.PodForEvents(pod)), workload: i.pods.guessWorkload(ctx, pod).Identity()}
}

// isMissing reports whether the cache has no such pod.
func (p podLookup) isMissing() bool { return p.Pod == nil && p.err == nil }

// subjectOf returns the subject of the object about a subject of the pod.
func (p podLookup) subjectOf(about gossip.Subject) gossip.WorkloadSubject {
	return objectSubject(about, p.workload)
}

// mismatchOf returns how an event contradicts the pod. While the cache cannot be asked, nothing does.
func (p podLookup) mismatchOf(e gossip.Event) mismatch {
	if p.err != nil {
		return matches
	}
	return mismatchOf(p.Pod, e)
}

// enrichEvent adds to an event what is known about its pod.
func (p podLookup) enrichEvent(e gossip.Event) gossip.Event {
	if p.facts == nil {
		return e
	}
	return gossip.Enrich(e, *p.facts)
}

// podFinder returns a function that finds the pods of events, and looks up each pod once for a request.
func (i *intake) podFinder(ctx context.Context) func(gossip.Event) podLookup {
	type name struct{ namespace, pod string }
	found := map[name]podLookup{}
	return func(e gossip.Event) podLookup {
		from := e.From()
		at := name{from.Namespace, from.Pod}
		known, ok := found[at]
		if !ok {
			pod, err := i.pods.get(ctx, from.Namespace, from.Pod)
			known = i.newPodLookup(ctx, pod)
			known.err = err
			found[at] = known
		}
		return known
	}
}

// drainQueue queues all waiting subjects without a delay, and returns once they are written, or with an error if ctx
// ends first.
func (i *intake) drainQueue(ctx context.Context) error {
	i.queue.AddWithOpts(priorityqueue.AddOpts{}, i.ledger.waitingSubjects()...)
	return wait.PollUntilContextCancel(ctx, 20*time.Millisecond, true, func(context.Context) (bool, error) {
		return i.ledger.waitingCount() == 0, nil
	})
}

// namespaceFilter returns a function that reports whether a namespace is watched: if it is in only, or only is empty,
// and if it is not excluded.
func namespaceFilter(only, excluded []string) func(namespace string) bool {
	return func(namespace string) bool {
		return (len(only) == 0 || slices.Contains(only, namespace)) && !slices.Contains(excluded, namespace)
	}
}
