package operator

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// reconciler makes the object of a subject say what the analyzer says.
type reconciler struct {
	analyzer  *gossip.Analyzer
	rules     recommend.Rules
	ledger    *ledger
	pods      pods
	publisher publisher
	notify    notifier
	story     *story
	ages      ages
	delay     time.Duration
}

// Reconcile looks at one subject. What it is asked about may be new records, a pod that came, changed or went, an object that came
// or went, or time that has passed; it does not matter which.
func (r *reconciler) Reconcile(ctx context.Context, about gossip.Subject) (reconcile.Result, error) {
	ctx = log.IntoContext(ctx, log.FromContext(ctx).WithValues("kind", about.Kind, "namespace", about.Namespace, "pod", about.Pod, "container", about.Container))
	seen := r.ledger.look(about)
	again, err := r.look(ctx, about, seen)
	if err != nil {
		return reconcile.Result{}, err
	}
	if !r.ledger.settle(about, seen, time.Now()) {
		again = r.delay // for the records that came meanwhile
	}
	return reconcile.Result{RequeueAfter: again}, nil
}

// look compares what should be with what is, writes the difference, and returns when to look again if nothing happens; 0 is never.
func (r *reconciler) look(ctx context.Context, about gossip.Subject, seen arrival) (time.Duration, error) {
	stored, err := r.publisher.get(ctx, about)
	if err != nil {
		return 0, err
	}
	pod, err := r.pods.get(ctx, about.Namespace, about.Pod)
	if err != nil {
		return 0, err
	}
	if pod != nil && ignored(pod) {
		return 0, r.ignore(ctx, about, stored)
	}
	f, known := r.analyzer.Finding(about)
	if pod == nil || known && f.UID() != "" && f.UID() != string(pod.UID) {
		if known {
			r.story.unknownPod(ctx, about, f.UID())
		}
		return r.ages.untilSilent(seen), nil // objects of a pod that is gone go with it
	}
	if stored, err = r.sameUID(ctx, stored, pod); err != nil {
		return 0, err
	}
	if known {
		r.story.firstRecord(ctx, f)
	}
	s := situation{pod: pod, stored: stored, seen: seen, now: time.Now()}
	if known {
		s.finding = f
	}
	wanted, err := r.wanted(ctx, s)
	switch {
	case err != nil:
		return 0, err
	case wanted == nil:
		return r.ages.untilSilent(seen), nil
	}
	return r.settle(ctx, s, wanted)
}

// situation is what is known of a subject at one time.
type situation struct {
	pod     *corev1.Pod
	stored  crd.Object     // nil where the cluster has none
	finding gossip.Finding // nil where the analyzer has none
	seen    arrival
	now     time.Time
}

// ignore lets go of a subject whose pod is not to be seen.
func (r *reconciler) ignore(ctx context.Context, about gossip.Subject, stored crd.Object) error {
	r.analyzer.Drop(about)
	r.ledger.forget(about)
	if stored == nil {
		return nil
	}
	return r.publisher.delete(ctx, stored)
}

// sameUID deletes an object that is about an earlier pod of this name, for a spec cannot change.
func (r *reconciler) sameUID(ctx context.Context, stored crd.Object, pod *corev1.Pod) (crd.Object, error) {
	if stored == nil || crd.PodUID(stored) == string(pod.UID) {
		return stored, nil
	}
	return nil, r.publisher.delete(ctx, stored)
}

// wanted is the object that ought to be, or nil for none; its age is considered. Commands start from what the owner has
// at this moment, so that it is read anew for each object that will be written, and only for those.
func (r *reconciler) wanted(ctx context.Context, s situation) (crd.Object, error) {
	switch {
	case s.finding == nil:
		return r.ages.aged(s.stored, s.seen, s.now), nil // records are gone with a restart, the verdict is not
	case s.finding.Seen().Restored && s.stored != nil:
		return r.ages.aged(s.stored, s.seen, s.now), nil // too little has been measured since to replace it
	case !crd.HasObject(s.finding):
		return r.ages.aged(s.stored, s.seen, s.now), nil
	}
	var wanted crd.Object
	for _, know := range []func(context.Context, *corev1.Pod) (gossip.Pod, error){r.pods.cached, r.pods.advised} {
		known, err := know(ctx, s.pod)
		if err != nil {
			return nil, err
		}
		wanted = r.ages.aged(crd.New(s.finding, known, r.rules.For(s.finding, known)), s.seen, s.now)
		if !crd.News(s.stored, wanted) {
			break
		}
	}
	return wanted, nil
}

// settle writes what is news, and ends what has been kept long enough.
func (r *reconciler) settle(ctx context.Context, s situation, wanted crd.Object) (time.Duration, error) {
	pod, stored, seen, now := s.pod, s.stored, s.seen, s.now
	if crd.News(stored, wanted) {
		full, err := r.write(ctx, stored, wanted)
		if err != nil {
			return 0, err
		}
		if full.Bound != "" {
			r.story.full(ctx, wanted, full)
			return fullRetry, nil
		}
		r.story.written(ctx, stored, wanted)
		r.notify.transition(pod, stored, wanted)
		return r.ages.next(wanted, seen, now, now), nil
	}
	last := lastWrite(stored).Time
	if r.ages.expired(stored, last, now) {
		if err := r.publisher.delete(ctx, stored); err != nil {
			return 0, err
		}
		r.story.expired(ctx, stored)
		r.analyzer.Drop(crd.Subject(stored))
		return 0, nil
	}
	return r.ages.next(stored, seen, last, now), nil
}

// write makes the object where there is none, and writes its status.
func (r *reconciler) write(ctx context.Context, stored, wanted crd.Object) (fullness, error) {
	if stored != nil {
		return fullness{}, r.publisher.writeStatus(ctx, wanted, stored.GetUID())
	}
	if full := r.publisher.census.admit(crd.Subject(wanted)); full.Bound != "" {
		return full, nil
	}
	uid, err := r.publisher.create(ctx, wanted)
	if err != nil {
		r.publisher.census.remove(crd.Subject(wanted))
		return fullness{}, err
	}
	return fullness{}, r.publisher.writeStatus(ctx, wanted, uid)
}
