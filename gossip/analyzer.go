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
	// MaxSubjects bounds the memory; 0 means 20,000. When there are more, the subject with the oldest event is evicted.
	MaxSubjects int
	// ThrottleWarning and ThrottleCritical are the shares 0–1 of throttled periods from which the severity of a container
	// is Warning and Critical; 0 means 0.25 and 0.80.
	ThrottleWarning, ThrottleCritical float64
}

// Stats counts the records that an Analyzer was given, by what happened to them.
type Stats struct {
	Observed int64 // all records
	Repeated int64 // identical to one that was counted
	Dropped  int64 // too late for the window, of an earlier pod or container, with impossible figures, or nil
	Evicted  int64 // subjects that were evicted because there were more than MaxSubjects
	Subjects int   // subjects that are known now
}

// Analyzer folds events into findings. It is safe for concurrent use. The zero value is not usable: call New.
type Analyzer struct {
	window     time.Duration
	thresholds thresholds

	mu       sync.Mutex
	subjects subjectIndex
	stats    Stats
	single   Events // the event of Observe, while it is observed
}

// New returns an Analyzer that knows no subject.
func New(o Options) *Analyzer {
	return &Analyzer{
		window:     cmp.Or(max(0, o.Window), 15*time.Minute),
		thresholds: thresholds{cmp.Or(o.ThrottleWarning, warningRatio), cmp.Or(o.ThrottleCritical, criticalRatio)},
		subjects:   newSubjectIndex(cmp.Or(max(0, o.MaxSubjects), 20_000)),
	}
}

// Observe observes one event, or what a pointer to an event points to. It never fails: an event that cannot be counted
// is dropped, and the drop is counted, in Stats and in the coverage of the finding. nil is dropped and counted in
// Stats.
func (a *Analyzer) Observe(e Event) {
	a.mu.Lock()
	defer a.mu.Unlock()
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
	s := a.subjects.getInOrder(about)
	switch {
	case !possible:
		a.stats.Dropped++
		if s != nil {
			s.dropped++
		}
	case s != nil:
		s.observe(r, a)
	default:
		a.subjects.add(about, r.end).observe(r, a)
		a.stats.Evicted += a.subjects.evictOldest()
	}
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
func (a *Analyzer) Findings() iter.Seq[Finding] {
	return func(yield func(Finding) bool) {
		a.mu.Lock()
		subjects := make([]Subject, 0, a.subjects.len())
		for about := range a.subjects.all() {
			subjects = append(subjects, about)
		}
		a.mu.Unlock()
		slices.SortFunc(subjects, Subject.Compare)
		for _, about := range subjects {
			if f, ok := a.Finding(about); ok && !yield(f) {
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
	return stats
}
