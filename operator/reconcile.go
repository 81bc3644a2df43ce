package operator

import (
	"cmp"
	"context"
	"errors"
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
	analysis  gossip.Options
	rules     recommend.Rules
	ledger    *ledger
	pods      pods
	earlier   *earlierVerdicts
	publisher publisher
	notify    notifier
	journal   *journal
	ages      ages
	delay     time.Duration
	lease     *lease
}

// Reconcile brings the object of one subject up to date. The reason may be new records, a pod that came, changed or
// went, an object that came or went, or time that has passed; Reconcile does the same for each.
func (r *reconciler) Reconcile(ctx context.Context, about gossip.WorkloadSubject) (reconcile.Result, error) {
	ctx = log.IntoContext(ctx, log.FromContext(ctx).WithValues("kind", about.Kind, "namespace", about.Namespace,
		"workload", about.Workload.String(), "container", about.Container))
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
func (r *reconciler) reconcileSubject(
	ctx context.Context, about gossip.WorkloadSubject, seen arrival,
) (time.Duration, error) {
	stored, err := r.publisher.get(ctx, about)
	if err != nil {
		return 0, err
	}
	if stored == nil {
		r.earlier.forgetSubject(about)
	}
	all, err := r.pods.listPods(ctx, about)
	switch {
	case errors.Is(err, errHasController):
		return 0, r.dropSubject(ctx, about, stored)
	case err != nil:
		return 0, err
	}
	if len(all) == 0 && about.Workload.IsPod() {
		r.noteUnknownPod(ctx, podSubject(about, about.Workload.Name))
		return 0, nil // Kubernetes removes the objects of a deleted pod, and a pod that comes is an event
	}
	pods := r.dropUncounted(about, all)
	if len(all) > 0 && len(pods) == 0 {
		return 0, r.dropSubject(ctx, about, stored)
	}
	s := situation{about: about, pods: pods, stored: stored, seen: seen, now: time.Now()}
	if about.Kind == gossip.KindPodBirth {
		return r.reconcileBirth(ctx, s)
	}
	return r.reconcileWorkload(ctx, s)
}

// noteUnknownPod logs records about a pod that does not exist.
func (r *reconciler) noteUnknownPod(ctx context.Context, about gossip.Subject) {
	if f, known := r.analyzer.Finding(about); known {
		r.journal.logUnknownPod(ctx, about, f.UID())
	}
}

// dropUncounted returns the pods that count. It drops what is known about the others: pods that are to be ignored, and
// pods without the container, with records that came before the pod.
func (r *reconciler) dropUncounted(about gossip.WorkloadSubject, all []*corev1.Pod) (counted []*corev1.Pod) {
	for _, pod := range all {
		of := podSubject(about, pod.Name)
		switch {
		case isIgnored(pod):
			r.analyzer.Drop(of)
		case about.Container != "" && !hasContainer(pod, about.Container):
			if _, known := r.analyzer.Finding(of); known {
				r.publisher.metrics.countUnmatched(noSuchContainer)
				r.analyzer.Drop(of)
			}
		default:
			counted = append(counted, pod)
		}
	}
	return counted
}

// dropSubject drops a subject that gets no object, and its object if it has one.
func (r *reconciler) dropSubject(ctx context.Context, about gossip.WorkloadSubject, stored crd.Object) error {
	r.ledger.forgetSubject(about)
	if stored == nil {
		return nil
	}
	return r.publisher.deleteObject(ctx, stored)
}

// situation is what is known of a subject at one time.
type situation struct {
	about  gossip.WorkloadSubject
	pods   []*corev1.Pod // that count
	stored crd.Object    // nil if the cluster has none
	seen   arrival
	now    time.Time

	known   bool                   // there is a finding
	finding gossip.WorkloadFinding // not of a birth
	// unowned is the stored whisper if it does not know the UID of its workload. One that does replaces it, with its
	// history.
	unowned *v1alpha1.KernelWhisper
}

// isBlank reports whether the stored object has no status: an operator died between the two writes that make an object.
func (s *situation) isBlank() bool { return s.stored != nil && crd.Condition(s.stored) == nil }

// storedWhisper returns the stored object if it is a whisper with a status.
func (s *situation) storedWhisper() *v1alpha1.KernelWhisper {
	w, ok := s.stored.(*v1alpha1.KernelWhisper)
	if !ok || s.isBlank() {
		return nil
	}
	return w
}

// noteRecord notes when the newest record about the subject was measured, which is when it came if that is not
// remembered.
func (s *situation) noteRecord(at time.Time) {
	if s.seen.count == 0 {
		s.seen.at = time.Unix(0, max(s.seen.at.UnixNano(), min(at.UnixNano(), s.now.UnixNano())))
	}
}

// reconcileBirth reconciles the certificate of a pod.
func (r *reconciler) reconcileBirth(ctx context.Context, s situation) (time.Duration, error) {
	pod := s.pods[0]
	birth, known := r.birthOf(ctx, pod)
	var err error
	if s.stored, err = r.deleteIfOther(ctx, s.stored, string(pod.UID)); err != nil {
		return 0, err
	}
	switch {
	case !known && s.isBlank():
		return r.delay, r.publisher.deleteBlank(ctx, s.stored) // looks again: it may have changed
	case !known && s.stored == nil:
		return 0, nil
	case !known:
		return r.publishNews(ctx, s, s.stored)
	}
	s.noteRecord(birth.Time())
	facts, err := r.pods.cachedFacts(ctx, s.pods)
	if err != nil {
		return 0, err
	}
	finding := gossip.RollUp([]gossip.PodFinding{{Now: birth}}, r.analysis, nil)[0]
	report := crd.Report{Finding: finding, PodOf: facts.ofEvidence}
	return r.publishCertificate(ctx, s, crd.New(report.Advised(r.rules)))
}

// publishCertificate publishes a certificate, and deletes certificates of the workload that are too many then.
func (r *reconciler) publishCertificate(ctx context.Context, s situation, wanted crd.Object) (time.Duration, error) {
	certificate, ok := wanted.(*v1alpha1.PodBirthCertificate)
	if !ok {
		return 0, nil
	}
	if s.stored == nil {
		if surplus, err := r.publisher.isSurplus(ctx, certificate); surplus || err != nil {
			return 0, err
		}
	}
	again, err := r.publishNews(ctx, s, certificate)
	if err != nil {
		return 0, err
	}
	return again, r.deleteSurplus(ctx, certificate)
}

// birthOf returns the birth of a pod; false if none is known, or only one of an earlier pod of this name.
func (r *reconciler) birthOf(ctx context.Context, pod *corev1.Pod) (gossip.PodBirth, bool) {
	f, known := r.analyzer.Finding(gossip.Subject{Kind: gossip.KindPodBirth, Namespace: pod.Namespace, Pod: pod.Name})
	birth, ok := f.(gossip.PodBirth)
	if !known || !ok || r.isOfEarlierPod(ctx, f, pod) {
		return gossip.PodBirth{}, false
	}
	r.journal.logFirstRecord(ctx, f)
	return birth, true
}

// isOfEarlierPod reports whether a finding is about another pod of the name, and logs that.
func (r *reconciler) isOfEarlierPod(ctx context.Context, f gossip.Finding, pod *corev1.Pod) bool {
	if f.UID() == "" || f.UID() == string(pod.UID) {
		return false
	}
	r.journal.logUnknownPod(ctx, f.Subject(), f.UID())
	return true
}

// deleteIfOther deletes an object about an earlier pod or workload of the name, because a spec cannot change. It
// returns the object that is left.
func (r *reconciler) deleteIfOther(ctx context.Context, stored crd.Object, uid string) (crd.Object, error) {
	if stored == nil || uid == "" || crd.SubjectUID(stored) == uid {
		return stored, nil
	}
	r.earlier.forgetSubject(crd.Subject(stored))
	return nil, r.publisher.deleteObject(ctx, stored)
}

// reconcileWorkload reconciles the whisper about a workload.
func (r *reconciler) reconcileWorkload(ctx context.Context, s situation) (time.Duration, error) {
	facts, err := r.pods.cachedFacts(ctx, s.pods)
	if err != nil {
		return 0, err
	}
	if w := s.storedWhisper(); w != nil && crd.SubjectUID(w) == "" {
		s.unowned = w
	}
	if s.stored, err = r.deleteIfOther(ctx, s.stored, facts.findWorkload().UID); err != nil {
		return 0, err
	}
	r.rollUp(ctx, &s, facts)
	if r.ages.isOverHorizon(s) {
		return 0, r.expireObject(ctx, s)
	}
	wanted, err := r.wantedObject(ctx, s, facts)
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

// rollUp sets the finding about a workload: what the analyzer knows of its pods, and what the object remembers.
func (r *reconciler) rollUp(ctx context.Context, s *situation, facts *podFacts) {
	var found []gossip.PodFinding
	for _, pod := range s.pods {
		f, known := r.analyzer.PodFinding(podSubject(s.about, pod.Name))
		if !known || r.isOfEarlierPod(ctx, f.Now, pod) {
			continue
		}
		r.journal.logFirstRecord(ctx, f.Now)
		s.noteRecord(f.Now.Time())
		of := facts.ofPod(pod)
		found = append(found, f.WithPod(&of))
	}
	var kept []gossip.WorkloadFinding
	if w := cmp.Or(s.storedWhisper(), s.unowned); w != nil {
		kept = []gossip.WorkloadFinding{crd.Stored(w)}
		r.earlier.completeStored(&kept[0])
	}
	need := func(p gossip.PodFinding, f gossip.Finding) gossip.Need {
		return r.rules.NeedOf(f, facts.ofEvidence(gossip.PodEvidence{Pod: p.Now.Subject().Pod, UID: p.Now.UID()}))
	}
	for _, f := range gossip.RollUp(found, r.analysis, need, kept...) {
		s.known, s.finding = true, f
	}
	if !s.known {
		return
	}
	if w := &s.finding.About.Workload; w.UID == "" && len(kept) > 0 { // it was known before
		w.UID = kept[0].About.Workload.UID
	}
	if !s.finding.Restarted {
		r.earlier.forgetSubject(s.about)
	}
}

// wantedObject returns the whisper that the cluster should have, with its age applied; nil for none.
func (r *reconciler) wantedObject(ctx context.Context, s situation, facts *podFacts) (crd.Object, error) {
	w := s.storedWhisper()
	isEvicted := w != nil && (s.seen.evicted || crd.IsEvicted(w))
	switch {
	case w != nil && len(s.pods) == 0:
		return crd.NoPods(w, s.now), nil
	case isEvicted && (!s.known || s.finding.Now.Window.Finding.Severity() == gossip.SeverityUnknown):
		return r.ages.applyAge(crd.Evicted(w, s.now), s.seen, s.now), nil
	case isEvicted: // its history begins again
	case w == nil && !(s.known && crd.HasObject(s.finding)):
		return nil, nil //nolint:nilnil // no object is an answer
	case s.keepsStored():
		return r.ages.applyAge(w, s.seen, s.now), nil
	}
	return r.makeWhisper(ctx, s, facts)
}

// keepsStored reports whether the stored object stays as it is but for its age.
func (s *situation) keepsStored() bool {
	if !s.known { // after a restart there are no records, but the verdict remains
		return true
	}
	// The window began again, so a better verdict does not replace the stored one yet.
	now := s.finding.Now.Window.Finding
	return now.Seen().Restored && s.stored != nil && crd.SeverityNow(s.stored) > now.Severity()
}

// makeWhisper makes the object of a finding. Commands start from the owner's present values, so these are read again
// for each object that will be written, and only for those.
func (r *reconciler) makeWhisper(ctx context.Context, s situation, cached *podFacts) (crd.Object, error) {
	objectFrom := func(facts *podFacts) crd.Object {
		report := crd.Report{Finding: s.finding, PodOf: facts.ofEvidence}
		wanted := r.ages.applyAge(crd.New(report.Advised(r.rules)), s.seen, s.now)
		return crd.KeepChange(s.stored, wanted, s.now.Add(-r.ages.horizon))
	}
	wanted := objectFrom(cached)
	if !crd.News(s.stored, wanted) {
		return wanted, nil
	}
	present, err := r.pods.adviceFacts(ctx, s.pods)
	if err != nil {
		return nil, err
	}
	wanted = objectFrom(present)
	return wanted, present.failed
}

// publishNews writes an object that has news, deletes one that has expired, and returns the time until its age changes
// something; 0 is never.
func (r *reconciler) publishNews(ctx context.Context, s situation, wanted crd.Object) (time.Duration, error) {
	stored, seen, now := s.stored, s.seen, s.now
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
		r.notify.notifyTransition(stored, wanted)
		return r.ages.untilNextChange(wanted, seen, now, now), nil
	}
	written := lastWriteTime(stored).Time
	if r.ages.isExpired(stored, written, now) {
		return 0, r.expireObject(ctx, s)
	}
	return r.ages.untilNextChange(stored, seen, written, now), nil
}

// expireObject deletes an object that has been kept long enough, and forgets its subject.
func (r *reconciler) expireObject(ctx context.Context, s situation) error {
	if err := r.publisher.deleteObject(ctx, s.stored); err != nil {
		return err
	}
	r.journal.logExpiry(ctx, s.stored)
	for _, pod := range s.pods {
		r.analyzer.Drop(podSubject(s.about, pod.Name))
	}
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
