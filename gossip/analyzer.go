package gossip

import (
	"cmp"
	"iter"
	"slices"
	"sync"
	"time"
)

// Options are the settings of an Analyzer. Both programs use the zero value.
type Options struct {
	// Window is the length of the sliding window of event time; 0 means 15 minutes.
	Window time.Duration
	// MaxSubjects is the highest number of subjects; 0 means 20,000. When there are more, the subject with the oldest
	// event is evicted. ObserveFrom has a fairer choice.
	MaxSubjects int
	// MaxBytes bounds the memory of all subjects, by an estimate of what each of them takes; 0 means no bound. When they
	// take more, some are evicted as above.
	MaxBytes int64
	// Evicted is called with each subject that is evicted, and with whether its pod exists (Provenance.PodExists). It must
	// not call the Analyzer. Nil is not called.
	Evicted func(about Subject, podExists bool)
	// Horizon is how far back the worst window of a subject may be (Analyzer.Worst), and a change; 0 keeps none but the
	// present one, and WholeHorizon has no end. One window is kept of each seventh of it.
	Horizon time.Duration
	// Demand returns what a container needs, to choose between windows of one severity. Only comparisons of findings about
	// one subject count.
	Demand Demand
	// ThrottleWarning and ThrottleCritical are the shares 0–1 of throttled periods from which the severity of a container
	// is Warning and Critical; 0 means 0.25 and 0.80.
	ThrottleWarning, ThrottleCritical float64
}

// defaultWindow is the length of the window without Options.Window.
const defaultWindow = 15 * time.Minute

// Stats counts the records that an Analyzer was given, by what happened to them.
type Stats struct {
	Observed int64 // all records
	Repeated int64 // identical to one that was counted
	Dropped  int64 // too late for the window, of an earlier pod or container, with impossible figures, or nil
	Evicted  int64 // subjects that were evicted because of MaxSubjects or MaxBytes
	Subjects int   // subjects that are known now
	Bytes    int64 // estimated memory of these; 0 without MaxBytes
}

// Analyzer folds events into findings. It is safe for concurrent use. The zero value is not usable: call New.
type Analyzer struct {
	window     time.Duration
	thresholds thresholds
	horizon    horizon
	demand     Demand
	onEviction func(about Subject, podExists bool)
	folded     *foldedWindows // for a past window, while it is judged

	mu         sync.Mutex
	subjects   subjectIndex
	stats      Stats
	single     Events      // the event of Observe, while it is observed
	provenance *Provenance // of that event; nil if it has none
}

// New returns an Analyzer that knows no subject.
func New(o Options) *Analyzer {
	return &Analyzer{
		window:     cmp.Or(max(0, o.Window), defaultWindow),
		thresholds: thresholds{cmp.Or(o.ThrottleWarning, warningRatio), cmp.Or(o.ThrottleCritical, criticalRatio)},
		subjects:   newSubjectIndex(cmp.Or(max(0, o.MaxSubjects), 20_000), max(0, o.MaxBytes)),
		horizon:    newHorizon(o.Horizon),
		demand:     o.Demand,
		onEviction: o.Evicted,
		folded:     &foldedWindows{},
	}
}

// Observe observes one event, or what a pointer to an event points to. It never fails: an event that cannot be counted
// is dropped, and the drop is counted, in Stats and in the coverage of the finding. nil is dropped and counted in
// Stats.
func (a *Analyzer) Observe(e Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.observeSingle(e)
}

// ObserveFrom observes one event as Observe does. When there are too many subjects, it first evicts a subject without a
// pod. Of these it chooses the sender that holds most, of its namespaces the one that holds most, and there the subject
// with the oldest event; an event of the future counts as one of Provenance.Now.
func (a *Analyzer) ObserveFrom(e Event, p Provenance) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.provenance = &p
	a.observeSingle(e)
	a.provenance = nil
}

// SetPodExists notes that the pod of a subject exists, for evictions, though no event has said so yet. It does nothing
// about a subject that is not known.
func (a *Analyzer) SetPodExists(about Subject) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e, ok := a.subjects.entries[about]; ok && !e.share.of.podExists {
		a.subjects.holdings.moveEntry(e, owner{true, e.share.of.sender, about.Namespace})
	}
}

func (a *Analyzer) observeSingle(e Event) {
	if !a.single.Add(e) {
		a.stats.Observed++
		a.stats.Dropped++
		return
	}
	a.observeAll(&a.single)
	a.single.Reset()
}

// ObserveAll observes many events, one kind after the other: different kinds are about different subjects. It neither
// keeps nor changes anything of the lists, so their memory can be used again. A birth that is kept shares its timeline
// and its system calls with the list, so these must not be changed.
func (a *Analyzer) ObserveAll(events *Events) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.observeAll(events)
}

func (a *Analyzer) observeAll(events *Events) {
	for i := range events.CPU {
		s := &events.CPU[i]
		var r record
		r.setCPU(s)
		a.observeRecord(s.containerSubject(KindCPUThrottling), &r, s.isPossible())
	}
	for i := range events.Memory {
		s := &events.Memory[i]
		var r record
		r.setMemory(s)
		a.observeRecord(s.containerSubject(KindMemoryPressure), &r, s.isPossible())
	}
	for i := range events.Kills {
		k := &events.Kills[i]
		var r record
		r.setKill(k)
		a.observeRecord(k.containerSubject(KindOOMKill), &r, k.isPossible())
	}
	for i := range events.Network {
		s := &events.Network[i]
		var r record
		r.setNetwork(s)
		a.observeRecord(s.podSubject(KindNetworkIssue), &r, s.isPossible())
	}
	for i := range events.Births {
		c := &events.Births[i]
		var r record
		r.setBirth(c)
		a.observeRecord(c.podSubject(KindPodBirth), &r, c.isPossible())
	}
}

// observeRecord observes a record of a subject, with figures that are possible or not.
func (a *Analyzer) observeRecord(about Subject, r *record, possible bool) {
	a.stats.Observed++
	e := a.subjects.getInOrder(about)
	if !possible {
		a.stats.Dropped++
		if e != nil {
			e.dropped++
		}
		return
	}
	o, rank := owner{}, r.end
	if p := a.provenance; p != nil {
		o, rank = p.ownerOf(&about, e), p.rankOf(r.end)
	}
	if e == nil {
		e = a.subjects.add(about, o, rank)
	}
	r.cloning = a.subjects.maxBytes > 0
	e.observe(r, a)
	e.seen = max(e.seen, rank)
	if a.provenance != nil && e.share.of != o {
		a.subjects.holdings.moveEntry(e, o)
	}
	a.subjects.resizeEntry(e)
	if a.subjects.isFull() {
		a.evictExcess()
	}
}

func (a *Analyzer) evictExcess() {
	a.subjects.evictExcess(func(about Subject, podExists bool) {
		a.stats.Evicted++
		if a.onEviction != nil {
			a.onEviction(about, podExists)
		}
	})
}

// Finding returns what is known about a subject now, and false when nothing is.
func (a *Analyzer) Finding(about Subject) (Finding, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.subjects.get(about)
	if s == nil {
		return nil, false
	}
	return s.makeFinding(a)
}

// Findings yields all findings, sorted by Subject.Compare: of the subjects that are known when it begins, each as it is
// when it is yielded. Events may be observed meanwhile.
func (a *Analyzer) Findings() iter.Seq[Finding] { return eachSubject(a, a.Finding) }

// PodFindings yields what PodFinding returns, of the subjects that Findings yields, in their order.
func (a *Analyzer) PodFindings() iter.Seq[PodFinding] { return eachSubject(a, a.PodFinding) }

// eachSubject yields what find returns of the subjects that are known when it begins, sorted by Subject.Compare.
func eachSubject[F any](a *Analyzer, find func(Subject) (F, bool)) iter.Seq[F] {
	return func(yield func(F) bool) {
		a.mu.Lock()
		subjects := make([]Subject, 0, a.subjects.len())
		for about := range a.subjects.all() {
			subjects = append(subjects, about)
		}
		a.mu.Unlock()
		slices.SortFunc(subjects, Subject.Compare)
		for _, about := range subjects {
			if f, ok := find(about); ok && !yield(f) {
				return
			}
		}
	}
}

// Forget removes everything that is known about a pod that was deleted. With a UID, subjects with records of another
// UID stay: they are about another pod of that name.
func (a *Analyzer) Forget(namespace, pod, uid string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for about, s := range a.subjects.all() {
		if about.Namespace == namespace && about.Pod == pod {
			s.applyPending(a) // the newest records may be another pod's
			if sameUID(s.uid, uid) {
				a.subjects.remove(about)
			}
		}
	}
}

// Drop removes one subject and its history.
func (a *Analyzer) Drop(about Subject) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.subjects.remove(about)
}

// Stats returns the counts of all records so far.
func (a *Analyzer) Stats() Stats {
	a.mu.Lock()
	defer a.mu.Unlock()
	stats := a.stats
	stats.Subjects = a.subjects.len()
	if a.subjects.maxBytes > 0 {
		stats.Bytes = a.subjects.holdings.totalBytes()
	}
	return stats
}
