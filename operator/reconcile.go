package operator

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
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
	journal   *journal
	ages      ages
	delay     time.Duration
	lease     *lease
}

// Reconcile brings the object of one subject up to date. The reason may be new records, a pod that came, changed or
// went, an object that came or went, or time that has passed; Reconcile does the same for each.
func (r *reconciler) Reconcile(ctx context.Context, about gossip.Subject) (reconcile.Result, error) {
	ctx = log.IntoContext(ctx, log.FromContext(ctx).WithValues(
		"kind", about.Kind, "namespace", about.Namespace, "pod", about.Pod, "container", about.Container))
	if err := r.lease.wait(ctx); err != nil { // what is to be written waits in memory
		return reconcile.Result{}, err
	}
	seen := r.ledger.arrivalOf(about)
	again, err := r.reconcileSubject(ctx, about, seen)
	if err != nil {
		return reconcile.Result{}, err
	}
	if !r.ledger.markWritten(about, seen, again > 0, time.Now()) {
		again = r.delay // for the records that came meanwhile
	}
	return reconcile.Result{RequeueAfter: again}, nil
}

// reconcileSubject compares the wanted object with the stored one, writes the difference, and returns the time until it
// has to be called again if nothing happens; 0 is never.
func (r *reconciler) reconcileSubject(ctx context.Context, about gossip.Subject, seen arrival) (time.Duration, error) {
	stored, err := r.publisher.get(ctx, about)
	if err != nil {
		return 0, err
	}
	pod, err := r.pods.get(ctx, about.Namespace, about.Pod)
	if err != nil {
		return 0, err
	}
	if pod != nil && isIgnored(pod) {
		return 0, r.dropSubject(ctx, about, stored)
	}
	s := situation{pod: pod, stored: stored, seen: seen, now: time.Now()}
	if f, known := r.analyzer.PodFinding(about); known {
		s.finding, s.worst, s.windows = f.Now, f.Worst, f.Windows
		s.change = gossip.SumChanges([]gossip.PodFinding{f}, gossip.Options{})
		if seen.count == 0 { // the arrival is not remembered, so it was when the newest record was measured
			s.seen.at = time.Unix(0, max(seen.at.UnixNano(), min(f.Now.Time().UnixNano(), s.now.UnixNano())))
		}
	}
	if pod == nil || s.isOfEarlierPod() {
		if s.finding != nil {
			r.journal.logUnknownPod(ctx, about, s.finding.UID())
		}
		if pod == nil {
			return 0, nil // Kubernetes removes the objects of a deleted pod, and a pod that comes is an event
		}
		return r.ages.untilSilent(seen), nil
	}
	if about.Container != "" && !hasContainer(pod, about.Container) {
		if s.finding != nil { // its records came before the pod
			r.publisher.metrics.countUnmatched(noSuchContainer)
		}
		return 0, r.dropSubject(ctx, about, stored)
	}
	return r.publishSituation(ctx, s)
}

// publishSituation publishes the object that is wanted in a situation.
func (r *reconciler) publishSituation(ctx context.Context, s situation) (time.Duration, error) {
	var err error
	if s.stored, err = r.deleteIfEarlierPod(ctx, s.stored, s.pod); err != nil {
		return 0, err
	}
	if s.finding != nil {
		r.journal.logFirstRecord(ctx, s.finding)
	}
	if r.ages.isOverHorizon(s) {
		return 0, r.expireObject(ctx, s.stored)
	}
	wanted, err := r.wantedObject(ctx, s)
	switch {
	case err != nil:
		return 0, err
	case wanted == nil && s.isBlank():
		return r.delay, r.publisher.deleteBlank(ctx, s.stored) // looks again: it may have changed
	case wanted == nil:
		return 0, nil
	}
	return r.publishNews(ctx, s, wanted)
}

// situation is what is known of a subject at one time.
type situation struct {
	pod     *corev1.Pod    // nil if the cluster has none
	stored  crd.Object     // nil if the cluster has none
	finding gossip.Finding // nil if the analyzer has none
	worst   gossip.WorstWindow
	windows []gossip.WorstWindow
	change  *gossip.WorkloadChange // nil if there was none
	seen    arrival
	now     time.Time
}

// isOfEarlierPod reports whether the finding is about another pod of this name.
func (s *situation) isOfEarlierPod() bool {
	return s.finding != nil && s.finding.UID() != "" && s.finding.UID() != string(s.pod.UID)
}

// isBlank reports whether the stored object has no status: an operator died between the two writes that make an object.
func (s *situation) isBlank() bool { return s.stored != nil && crd.Condition(s.stored) == nil }

// dropSubject drops a subject that gets no object, and its object if it has one.
func (r *reconciler) dropSubject(ctx context.Context, about gossip.Subject, stored crd.Object) error {
	r.analyzer.Drop(about)
	r.ledger.forgetSubject(about)
	if stored == nil {
		return nil
	}
	return r.publisher.deleteObject(ctx, stored)
}

// deleteIfEarlierPod deletes an object about an earlier pod of this name, because a spec cannot change. It returns the
// object that is left.
func (r *reconciler) deleteIfEarlierPod(ctx context.Context, stored crd.Object, pod *corev1.Pod) (crd.Object, error) {
	if stored == nil || crd.PodUID(stored) == string(pod.UID) {
		return stored, nil
	}
	return nil, r.publisher.deleteObject(ctx, stored)
}

// wantedObject returns the object that the cluster should have, with its age applied; nil for none.
func (r *reconciler) wantedObject(ctx context.Context, s situation) (crd.Object, error) {
	forgotten, isWhisper := s.stored.(*v1alpha1.KernelWhisper)
	isEvicted := isWhisper && (s.seen.evicted || crd.IsEvicted(forgotten))
	switch {
	case isEvicted && (s.finding == nil || s.finding.Severity() == gossip.SeverityUnknown):
		return r.ages.applyAge(crd.Evicted(forgotten, s.now), s.seen, s.now), nil
	case isEvicted: // its history begins again
	case (s.stored == nil || s.isBlank()) && !s.hasTrouble():
		return nil, nil //nolint:nilnil // no object is an answer
	case s.keepsStored():
		return r.ages.applyAge(s.stored, s.seen, s.now), nil
	}
	return r.makeObject(ctx, s)
}

// keepsStored reports whether the stored object stays as it is but for its age.
func (s *situation) keepsStored() bool {
	switch {
	case s.finding == nil: // after a restart there are no records, but the verdict remains
		return true
	case s.finding.Seen().Restored && s.stored != nil && crd.SeverityNow(s.stored) > s.finding.Severity():
		return true // the window began again, so a better verdict does not replace the stored one yet
	}
	return false
}

// makeReport returns what an object of the situation is made of.
func (s *situation) makeReport(pod gossip.Pod) crd.Report {
	return crd.Report{Now: s.finding, Worst: s.worst, Windows: s.windows, Change: s.change, Pod: pod}
}

// hasTrouble reports whether the finding says anything that a new object would be about.
func (s *situation) hasTrouble() bool {
	return s.finding != nil && crd.HasObject(s.makeReport(gossip.Pod{}))
}

// makeObject makes the object of a finding. Commands start from the owner's present values, so these are read again for
// each object that will be written, and only for those.
func (r *reconciler) makeObject(ctx context.Context, s situation) (crd.Object, error) {
	var wanted crd.Object
	readers := []func(context.Context, *corev1.Pod) (gossip.Pod, error){r.pods.cachedFacts, r.pods.adviceFacts}
	for _, readFacts := range readers {
		facts, err := readFacts(ctx, s.pod)
		if err != nil {
			return nil, err
		}
		wanted = r.ages.applyAge(crd.New(s.makeReport(facts).Advised(r.rules)), s.seen, s.now)
		wanted = crd.KeepChange(s.stored, wanted, s.now.Add(-r.ages.horizon))
		if !crd.News(s.stored, wanted) {
			break
		}
	}
	return wanted, nil
}

// publishNews writes an object that has news, deletes one that has expired, and returns the time until its age changes
// something; 0 is never.
func (r *reconciler) publishNews(ctx context.Context, s situation, wanted crd.Object) (time.Duration, error) {
	pod, stored, seen, now := s.pod, s.stored, s.seen, s.now
	if crd.News(stored, wanted) {
		refusal, err := r.writeObject(ctx, stored, wanted)
		if err != nil {
			return 0, err
		}
		if refusal.Bound != "" {
			r.journal.logQuotaRefusal(ctx, wanted, refusal)
			return fullRetry, nil
		}
		r.journal.logWrite(ctx, stored, wanted)
		r.notify.notifyTransition(pod, stored, wanted, s.finding)
		return r.ages.untilNextChange(wanted, seen, now, now), nil
	}
	written := lastWriteTime(stored).Time
	if r.ages.isExpired(stored, written, now) {
		return 0, r.expireObject(ctx, stored)
	}
	return r.ages.untilNextChange(stored, seen, written, now), nil
}

// expireObject deletes an object that has been kept long enough, and forgets its subject.
func (r *reconciler) expireObject(ctx context.Context, stored crd.Object) error {
	if err := r.publisher.deleteObject(ctx, stored); err != nil {
		return err
	}
	r.journal.logExpiry(ctx, stored)
	r.analyzer.Drop(crd.Subject(stored))
	return nil
}

// writeObject makes the object if there is none, within the quota, and writes its status.
func (r *reconciler) writeObject(ctx context.Context, stored, wanted crd.Object) (quotaRefusal, error) {
	if stored != nil {
		return quotaRefusal{}, r.publisher.writeStatus(ctx, wanted, stored.GetUID())
	}
	if refusal := r.publisher.quota.admitObject(crd.Subject(wanted)); refusal.Bound != "" {
		return refusal, nil
	}
	uid, err := r.publisher.createObject(ctx, wanted)
	if err != nil {
		r.publisher.quota.removeObject(crd.Subject(wanted))
		return quotaRefusal{}, err
	}
	return quotaRefusal{}, r.publisher.writeStatus(ctx, wanted, uid)
}
