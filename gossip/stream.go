package gossip

import (
	"cmp"
	"time"
)

// stream is what one source says about one subject. A source with counters and one with percentages are two streams, even under one
// name.
type stream struct {
	source   string
	counters bool
	sampleWindow
	width  int64 // of a bucket, nanoseconds
	newest int64 // Unix nanoseconds

	container, oldContainer string            // IDs
	limit                   Optional[float64] // cores or bytes
	limitFromPod            bool              // limit is the pod's: no record has told its own yet
	epochs                  int
	dropped                 int
	previousVerdict         windowFinding // the last epoch's verdict, until this one has its own
}

// sampleWindow is the window of one source. Each kind has its own.
type sampleWindow interface {
	observe(e Event, digest fingerprint, newest int64) outcome
	expire(newest int64) int64
	isEmpty() bool
	listSpans() (list []span, gone int64)
	// restart empties it: an epoch has ended.
	startEpoch(s *stream)
	// severity is that of finding, without the rest.
	judgeSeverity(s *stream, t thresholds) Severity
	// finding judges the window: figures, level and reason.
	judgeWindow(s *stream, t thresholds) windowFinding
	// missing names the fields that would have made the verdict or the advice better.
	missingFields(s *stream) []string
}

// windowFinding is a finding about a window.
type windowFinding interface {
	Finding
	wholeReport() Report
	isPrevious() bool // it is the last epoch's verdict
	withReport(r Report, standing bool) windowFinding
}

// newStream makes the stream that the record is of.
func newStream(r *record, length time.Duration) *stream {
	s := &stream{source: r.source, counters: r.counters, width: bucketWidth(length), epochs: 1}
	switch r.event.(type) {
	case CPUSample, *CPUSample:
		s.sampleWindow = &cpuWindow{window: window[cpuSums]{width: s.width}}
	case MemorySample:
		s.sampleWindow = &memoryWindow{window: window[memorySums]{width: s.width}}
	case OOMKill:
		s.sampleWindow = &oomWindow{window[oomSums]{width: s.width}}
	case NetworkSample:
		s.sampleWindow = &networkWindow{window[networkSums]{width: s.width}}
	case PodCreation, *PodCreation: // has no window: see birth
	}
	return s
}

// compare puts counters before percentages, then sources in order of their names: the first with samples is believed.
func (s *stream) compare(r *record) int {
	if s.counters != r.counters {
		if s.counters {
			return -1
		}
		return 1
	}
	return cmp.Compare(s.source, r.source)
}

// observeRecord counts a sample; newest is that of the subject, where the window ends. A sample of another container or with another limit
// begins a new epoch: samples from before it say nothing about what is running now.
func (s *stream) observeRecord(r *record, newest int64, t thresholds) outcome {
	if s.startsEpoch(r) {
		if r.end < s.newest || (r.container != "" && r.container == s.oldContainer) {
			s.dropped++
			return tooLate
		}
		s.beginEpoch(r, newest, t)
	}
	s.container = cmp.Or(s.container, r.container)
	if r.limit.Known && (!s.limit.Known || (s.limitFromPod && !r.limitFromPod)) {
		s.limit, s.limitFromPod = r.limit, r.limitFromPod
	}
	s.newest = max(s.newest, r.end)
	got := s.observe(r.event, r.digest, newest)
	if got == tooLate {
		s.dropped++
	}
	return got
}

// startsEpoch says whether the sample is of another container or limit. Limits that were filled from the pod are compared with their
// like only: what is known of the pod may be older or newer than the records.
func (s *stream) startsEpoch(r *record) bool {
	return (s.container != "" && r.container != "" && s.container != r.container) ||
		(s.limit.Known && r.limit.Known && s.limitFromPod == r.limitFromPod && s.limit.Value != r.limit.Value)
}

// beginEpoch begins an epoch. The verdict of the one that ends stands for a while, if it is not too old itself.
func (s *stream) beginEpoch(r *record, newest int64, t thresholds) {
	s.expire(newest)
	if f := s.currentVerdict(t); f.Severity() != SeverityUnknown && !f.isPrevious() {
		old := f.wholeReport()
		old.At = time.Unix(0, s.newest).UTC()
		old.Covered = coverageOf(sortSpans(s.listSpans()))
		old.Covered.Confidence, old.Covered.Missing = old.Covered.rateConfidence(s.usesCounters(f)), s.missingFields(s)
		s.previousVerdict = f.withReport(old, false)
	}
	if r.container != "" && s.container != r.container {
		s.oldContainer, s.container = s.container, r.container
	}
	s.startEpoch(s)
	s.limit = Optional[float64]{}
	s.epochs++
}

// currentVerdict judges the window. While this epoch has too little evidence the verdict of the last one stands, for a window at most: what
// has not come by then will not come, because evidence leaves the window as fast as it enters.
func (s *stream) currentVerdict(t thresholds) windowFinding {
	f := s.judgeWindow(s, t)
	if f.Severity() == SeverityUnknown && s.hasPreviousVerdict() {
		return s.previousVerdict.withReport(s.previousVerdict.wholeReport(), true)
	}
	return f
}

// currentLevel is the severity of the verdict, and whether it is the last epoch's.
func (s *stream) currentLevel(t thresholds) (level Severity, standing bool) {
	level = s.judgeSeverity(s, t)
	if level == SeverityUnknown && s.hasPreviousVerdict() {
		return s.previousVerdict.Severity(), true
	}
	return level, false
}

// hasPreviousVerdict says whether there is a verdict of the last epoch that is young enough.
func (s *stream) hasPreviousVerdict() bool {
	return s.previousVerdict != nil && s.newest-s.previousVerdict.Time().UnixNano() <= s.width*(buckets-1)
}

// usesCounters says whether a verdict stands on counters.
func (s *stream) usesCounters(f windowFinding) bool {
	n, ok := f.(NetworkIssue)
	return s.counters && !(ok && n.Reported)
}

// field is the name of a field in the payload, and whether it is lacking.
type field struct {
	isMissing bool
	name      string
}

// missingNames lists the names of those that are lacking.
func missingNames(fields []field) []string {
	var names []string
	for _, f := range fields {
		if f.isMissing {
			names = append(names, f.name)
		}
	}
	return names
}
