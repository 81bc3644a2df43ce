package operator

import (
	"context"
	"reflect"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/gossip/kube"
)

type subjectQueue = workqueue.TypedRateLimitingInterface[gossip.WorkloadSubject]

// podHandler handles changes of pods. When a pod comes or changes, it queues the subjects with findings about the pod
// and observes the records that have waited for it; when a pod goes, it forgets the pod, and queues its workload.
func podHandler(in *intake) handler.TypedEventHandler[*corev1.Pod, gossip.WorkloadSubject] {
	queue := func(ctx context.Context, pod *corev1.Pod, q subjectQueue) {
		w := in.pods.guessWorkload(ctx, pod)
		for _, about := range subjectsOf(pod) {
			in.analyzer.SetPodExists(about)
			if _, known := in.analyzer.Finding(about); known || isIgnored(pod) {
				q.AddAfter(objectSubject(about, w), in.delay)
			}
		}
		in.observeWaiting(ctx, pod)
	}
	forget := func(ctx context.Context, pod *corev1.Pod, q subjectQueue) {
		w := in.pods.guessWorkload(ctx, pod)
		var known []gossip.Subject
		for _, about := range subjectsOf(pod) {
			if _, isKnown := in.analyzer.Finding(about); isKnown {
				known = append(known, about)
			}
		}
		in.analyzer.Forget(pod.Namespace, pod.Name, string(pod.UID))
		for _, about := range subjectsOf(pod) {
			of := objectSubject(about, w)
			switch _, isKnown := in.analyzer.Finding(about); {
			case isKnown: // about a newer pod of this name
			case of.Workload.IsPod():
				in.ledger.forgetSubject(of)
			case slices.Contains(known, about) || in.quota.hasObject(of):
				q.AddAfter(of, in.delay)
			}
		}
	}
	return handler.TypedFuncs[*corev1.Pod, gossip.WorkloadSubject]{
		CreateFunc: func(ctx context.Context, e event.TypedCreateEvent[*corev1.Pod], q subjectQueue) {
			queue(ctx, e.Object, q)
		},
		UpdateFunc: func(ctx context.Context, e event.TypedUpdateEvent[*corev1.Pod], q subjectQueue) {
			if e.ObjectOld.UID != e.ObjectNew.UID {
				forget(ctx, e.ObjectOld, q)
			}
			if !isSamePod(e.ObjectOld, e.ObjectNew) {
				queue(ctx, e.ObjectNew, q)
				in.queueFormerWorkload(ctx, e.ObjectOld, e.ObjectNew, q)
			}
		},
		DeleteFunc: func(ctx context.Context, e event.TypedDeleteEvent[*corev1.Pod], q subjectQueue) {
			forget(ctx, e.Object, q)
		},
	}
}

// queueFormerWorkload queues the objects about the workload that a pod had before, if it has another one now.
func (i *intake) queueFormerWorkload(ctx context.Context, before, after *corev1.Pod, q subjectQueue) {
	former := i.pods.guessWorkload(ctx, before).Identity()
	if former == i.pods.guessWorkload(ctx, after).Identity() {
		return
	}
	for _, about := range subjectsOf(before) {
		if of := objectSubject(about, former); i.quota.hasObject(of) {
			q.AddAfter(of, i.delay)
		}
	}
}

// isSamePod reports whether two states of a pod are the same for the rules.
func isSamePod(a, b *corev1.Pod) bool {
	return isIgnored(a) == isIgnored(b) && reflect.DeepEqual(kube.Pod(a, kube.Objects{}), kube.Pod(b, kube.Objects{}))
}

// objectHandler queues the subjects of new objects, because time ages them, and of deleted objects, because they may
// have to come back. An object that a user deletes while there is no trouble is no longer wanted: its history is
// dropped. An object without a status shows no history: the records about its subject, if there are some, are new.
func objectHandler[T crd.Object](in *intake) handler.TypedEventHandler[T, gossip.WorkloadSubject] {
	return handler.TypedFuncs[T, gossip.WorkloadSubject]{
		CreateFunc: func(_ context.Context, e event.TypedCreateEvent[T], q subjectQueue) {
			if about := crd.Subject(e.Object); about.Workload.Known() {
				q.AddAfter(about, in.delay)
			}
		},
		DeleteFunc: func(ctx context.Context, e event.TypedDeleteEvent[T], q subjectQueue) {
			about := crd.Subject(e.Object)
			if !about.Workload.Known() {
				return
			}
			c := crd.Condition(e.Object)
			isTrouble := c != nil && about.Kind != gossip.KindPodBirth && c.Status == metav1.ConditionTrue
			if c != nil && !isTrouble {
				in.dropHistory(ctx, about, crd.SubjectUID(e.Object))
			}
			q.AddAfter(about, in.delay)
		},
	}
}

// dropHistory drops what is known about the pods of a workload that exists, or of the pod with this UID.
func (i *intake) dropHistory(ctx context.Context, about gossip.WorkloadSubject, uid string) {
	pods, err := i.pods.listPods(ctx, about)
	if err != nil {
		return
	}
	for _, pod := range pods {
		if !about.Workload.IsPod() || string(pod.UID) == uid {
			i.analyzer.Drop(podSubject(about, pod.Name))
		}
	}
}

// podSubject returns the subject of a pod that an object is about.
func podSubject(about gossip.WorkloadSubject, pod string) gossip.Subject {
	return gossip.Subject{Kind: about.Kind, Namespace: about.Namespace, Pod: pod, Container: about.Container}
}
