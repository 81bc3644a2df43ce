package gossip

import "time"

// epoch is the time in which a source reports about one container with one setting. Samples from before it say nothing
// about what runs now.
type epoch struct {
	container, previousContainer string            // IDs
	limit                        Optional[float64] // cores or bytes, as records of this container have it
	limitFromPod                 bool              // limit is the pod's: no record has had its own yet
	epochs                       int               // number of epochs, this one included
	// lasting is how the container is set, as records of this container or of those before have it: a restart changes
	// nothing of it.
	lasting setting
}

// isEndedBy reports whether a sample is of another container or has another setting.
func (e *epoch) isEndedBy(r *record) bool {
	return (e.container != "" && r.container != "" && e.container != r.container) || e.lasting.differsFrom(&r.setting)
}

// isUnchangedBy reports whether a sample adds nothing to what is known about the epoch.
func (e *epoch) isUnchangedBy(r *record) bool {
	return (r.container == "" || r.container == e.container) && e.lasting.hasAllOf(&r.setting) &&
		(!r.limit.Known || e.limit.Known)
}

// learnFrom completes the epoch with what a sample of it has.
func (e *epoch) learnFrom(r *record) {
	if e.container == "" && r.container != "" {
		e.container = r.keptText(r.container)
	}
	own := setting{limit: e.limit, limitFromPod: e.limitFromPod}
	own.learnLimit(&r.setting)
	e.limit, e.limitFromPod = own.limit, own.limitFromPod
	e.lasting.learnFrom(r)
}

// beginNext begins the next epoch, with the sample that ends this one.
func (e *epoch) beginNext(r *record) {
	if r.container != "" && e.container != r.container {
		e.previousContainer, e.container = e.container, r.keptText(r.container)
	}
	if e.lasting.differsFrom(&r.setting) {
		e.lasting = setting{}
	}
	e.limit, e.limitFromPod = Optional[float64]{}, false
	e.epochs++
}

// beginEpoch empties the window for a new epoch, and keeps the verdict of the one that ends, if that is not itself the
// verdict of the epoch before.
func (s *stream) beginEpoch(r *record, newest int64, t thresholds) {
	s.expire(newest)
	if f := s.currentVerdict(t); f.Severity() != SeverityUnknown && !f.isPrevious() {
		report := f.wholeReport()
		report.At = time.Unix(0, s.newest).UTC()
		list := newSpanList()
		s.appendSpans(list)
		report.Covered = list.toCoverage()
		list.releaseSpans()
		report.Covered.Confidence = report.Covered.rateConfidence(s.usesCounters(f))
		report.Covered.Missing = s.missingFields(s)
		s.previousVerdict = f.withReport(report, false)
	}
	s.startEpoch(s)
	s.beginNext(r)
}

// currentVerdict judges the window. While this epoch has too little evidence, the verdict of the previous one holds,
// for one window at most: evidence that has not arrived by then will not arrive, because it leaves the window as fast
// as it enters.
func (s *stream) currentVerdict(t thresholds) windowFinding {
	f := s.judgeWindow(s, t)
	if f.Severity() == SeverityUnknown && s.hasPreviousVerdict() {
		return s.previousVerdict.withReport(s.previousVerdict.wholeReport(), true)
	}
	return f
}

// currentLevel returns the severity of currentVerdict, and whether that is the verdict of the previous epoch.
func (s *stream) currentLevel(t thresholds) (level Severity, previous bool) {
	level = s.judgeSeverity(s, t)
	if level == SeverityUnknown && s.hasPreviousVerdict() {
		return s.previousVerdict.Severity(), true
	}
	return level, false
}

// hasPreviousVerdict reports whether there is a verdict of the previous epoch that is at most a window old.
func (s *stream) hasPreviousVerdict() bool {
	return s.previousVerdict != nil && s.newest-s.previousVerdict.Time().UnixNano() <= s.width*(buckets-1)
}
