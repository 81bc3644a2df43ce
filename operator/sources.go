package operator

import (
	"context"
	"reflect"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/gossip/kube"
)

type subjectQueue = workqueue.TypedRateLimitingInterface[gossip.Subject]

// podHandler handles changes of pods. When a pod comes or changes, it queues the subjects with findings about the pod
// and observes the records that have waited for it; when a pod goes, it forgets the pod.
func podHandler(in *intake) handler.TypedEventHandler[*corev1.Pod, gossip.Subject] {
	queue := func(ctx context.Context, pod *corev1.Pod, q subjectQueue) {
		for _, about := range subjectsOf(pod) {
			in.analyzer.SetPodExists(about)
			if _, known := in.analyzer.Finding(about); known || isIgnored(pod) {
				q.AddAfter(about, in.delay)
			}
		}
		in.observeWaiting(ctx, pod)
	}
	forget := func(pod *corev1.Pod) {
		in.analyzer.Forget(pod.Namespace, pod.Name, string(pod.UID))
		for _, about := range subjectsOf(pod) {
			if _, known := in.analyzer.Finding(about); !known {
				in.ledger.forgetSubject(about)
			}
		}
	}
	return handler.TypedFuncs[*corev1.Pod, gossip.Subject]{
		CreateFunc: func(ctx context.Context, e event.TypedCreateEvent[*corev1.Pod], q subjectQueue) {
			queue(ctx, e.Object, q)
		},
		UpdateFunc: func(ctx context.Context, e event.TypedUpdateEvent[*corev1.Pod], q subjectQueue) {
			if e.ObjectOld.UID != e.ObjectNew.UID {
				forget(e.ObjectOld)
			}
			if !isSamePod(e.ObjectOld, e.ObjectNew) {
				queue(ctx, e.ObjectNew, q)
			}
		},
		DeleteFunc: func(_ context.Context, e event.TypedDeleteEvent[*corev1.Pod], _ subjectQueue) {
			forget(e.Object)
		},
	}
}

// isSamePod reports whether two states of a pod are the same for the rules.
func isSamePod(a, b *corev1.Pod) bool {
	return isIgnored(a) == isIgnored(b) && reflect.DeepEqual(kube.Pod(a, kube.Objects{}), kube.Pod(b, kube.Objects{}))
}

// objectHandler queues the subjects of new objects, because time ages them, and of deleted objects, because they may
// have to come back. An object that a user deletes while there is no trouble is no longer wanted: its history is
// dropped. An object without a status shows no history: the records about its subject, if there are some, are new.
func objectHandler[T crd.Object](
	analyzer *gossip.Analyzer, p pods, delay time.Duration,
) handler.TypedEventHandler[T, gossip.Subject] {
	return handler.TypedFuncs[T, gossip.Subject]{
		CreateFunc: func(_ context.Context, e event.TypedCreateEvent[T], q subjectQueue) {
			q.AddAfter(crd.Subject(e.Object), delay)
		},
		DeleteFunc: func(ctx context.Context, e event.TypedDeleteEvent[T], q subjectQueue) {
			about := crd.Subject(e.Object)
			c := crd.Condition(e.Object)
			isBlank := c == nil
			trouble := about.Kind != gossip.KindPodBirth && !isBlank && c.Status == metav1.ConditionTrue
			pod, err := p.get(ctx, about.Namespace, about.Pod)
			podExists := err == nil && pod != nil && string(pod.UID) == crd.PodUID(e.Object)
			if podExists && !trouble && !isBlank {
				analyzer.Drop(about)
			}
			q.AddAfter(about, delay)
		},
	}
}
