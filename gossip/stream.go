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
	samples
	width  int64 // of a bucket, nanoseconds
	newest int64 // Unix nanoseconds

	container, oldContainer string            // IDs
	limit                   Optional[float64] // cores or bytes
	filled                  bool              // limit is the pod's: no record has told its own yet
	epochs                  int
	dropped                 int
	standing                windowed // the last epoch's verdict, until this one has its own
}

// samples is the window of one source. Each kind has its own.
type samples interface {
	observe(e Event, digest fingerprint, newest int64) outcome
	slid(newest int64) int64
	empty() bool
	spans() (list []span, gone int64)
	// restart empties it: an epoch has ended.
	restart(s *stream)
	// severity is that of finding, without the rest.
	severity(s *stream, t thresholds) Severity
	// finding judges the window: figures, level and reason.
	finding(s *stream, t thresholds) windowed
	// missing names the fields that would have made the verdict or the advice better.
	missing(s *stream) []string
}

// windowed is a finding about a window.
type windowed interface {
	Finding
	report() Report
	stands() bool // it is the last epoch's verdict
	with(r Report, standing bool) windowed
}

// newStream makes the stream that the record is of.
func newStream(r *record, length time.Duration) *stream {
	s := &stream{source: r.source, counters: r.counters, width: bucketWidth(length), epochs: 1}
	switch r.event.(type) {
	case CPUSample, *CPUSample:
		s.samples = &cpuWindow{window: window[cpuSums]{width: s.width}}
	case MemorySample:
		s.samples = &memoryWindow{window: window[memorySums]{width: s.width}}
	case OOMKill:
		s.samples = &oomWindow{window[oomSums]{width: s.width}}
	case NetworkSample:
		s.samples = &networkWindow{window[networkSums]{width: s.width}}
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

// take counts a sample; newest is that of the subject, where the window ends. A sample of another container or with another limit
// begins a new epoch: samples from before it say nothing about what is running now.
func (s *stream) take(r *record, newest int64, t thresholds) outcome {
	if s.newEpoch(r) {
		if r.end < s.newest || (r.container != "" && r.container == s.oldContainer) {
			s.dropped++
			return tooLate
		}
		s.begin(r, newest, t)
	}
	s.container = cmp.Or(s.container, r.container)
	if r.limit.Known && (!s.limit.Known || (s.filled && !r.filled)) {
		s.limit, s.filled = r.limit, r.filled
	}
	s.newest = max(s.newest, r.end)
	got := s.observe(r.event, r.print, newest)
	if got == tooLate {
		s.dropped++
	}
	return got
}

// newEpoch says whether the sample is of another container or limit. Limits that were filled from the pod are compared with their
// like only: what is known of the pod may be older or newer than the records.
func (s *stream) newEpoch(r *record) bool {
	return (s.container != "" && r.container != "" && s.container != r.container) ||
		(s.limit.Known && r.limit.Known && s.filled == r.filled && s.limit.Value != r.limit.Value)
}

// begin begins an epoch. The verdict of the one that ends stands for a while, if it is not too old itself.
func (s *stream) begin(r *record, newest int64, t thresholds) {
	s.slid(newest)
	if f := s.verdict(t); f.Severity() != SeverityUnknown && !f.stands() {
		old := f.report()
		old.At = time.Unix(0, s.newest).UTC()
		old.Covered = coverageOf(inOrder(s.spans()))
		old.Covered.Confidence, old.Covered.Missing = old.Covered.confidence(s.counts(f)), s.missing(s)
		s.standing = f.with(old, false)
	}
	if r.container != "" && s.container != r.container {
		s.oldContainer, s.container = s.container, r.container
	}
	s.restart(s)
	s.limit = Optional[float64]{}
	s.epochs++
}

// verdict judges the window. While this epoch has too little evidence the verdict of the last one stands, for a window at most: what
// has not come by then will not come, because evidence leaves the window as fast as it enters.
func (s *stream) verdict(t thresholds) windowed {
	f := s.finding(s, t)
	if f.Severity() == SeverityUnknown && s.stands() {
		return s.standing.with(s.standing.report(), true)
	}
	return f
}

// level is the severity of the verdict, and whether it is the last epoch's.
func (s *stream) level(t thresholds) (level Severity, standing bool) {
	level = s.severity(s, t)
	if level == SeverityUnknown && s.stands() {
		return s.standing.Severity(), true
	}
	return level, false
}

// stands says whether there is a verdict of the last epoch that is young enough.
func (s *stream) stands() bool {
	return s.standing != nil && s.newest-s.standing.Time().UnixNano() <= s.width*(buckets-1)
}

// counts says whether a verdict stands on counters.
func (s *stream) counts(f windowed) bool {
	n, ok := f.(NetworkIssue)
	return s.counters && !(ok && n.Reported)
}

// field is the name of a field in the payload, and whether it is lacking.
type field struct {
	lacking bool
	name    string
}

// named lists the names of those that are lacking.
func named(fields []field) []string {
	var names []string
	for _, f := range fields {
		if f.lacking {
			names = append(names, f.name)
		}
	}
	return names
}
