package gossip

import "cmp"

// stream is what one source reports about one subject. A source with counters and one with percentages are two streams,
// even under one name.
type stream struct {
	source   string
	counters bool
	sampleWindow
	width  int64 // of a bucket, nanoseconds
	newest int64 // Unix nanoseconds
	since  int64 // the oldest sample of any epoch, Unix nanoseconds; 0 before it
	// A source that is believed more measured between these times, and has stopped; 0 is never.
	betterSince, betterUntil int64

	epoch
	dropped         int
	previousVerdict windowFinding // of the previous epoch; nil if there is none, or when it is no longer needed

	// Both outlive pods and times without samples. lastVerdict is of the newest epoch with this setting that has ended.
	change      *settingChange // the newest; nil if there was none
	lastVerdict windowFinding  // nil if there is none
}

// sampleWindow is the window of one source. Each kind has its own.
type sampleWindow interface {
	observe(e eventPointer, digest fingerprint, newest int64) outcome
	expire(newest int64) int64
	isEmpty() bool
	appendSpans(to *spanList)
	// startEpoch empties the window: an epoch has ended.
	startEpoch(s *stream)
	// startLife empties the window and forgets what was before: another pod has the name, or the source was silent.
	startLife(s *stream)
	// judgeSeverity returns the severity of judgeWindow, without the rest.
	judgeSeverity(s *stream, t thresholds) Severity
	// judgeWindow returns the figures, the severity and the reason.
	judgeWindow(s *stream, t thresholds) windowFinding
	// missingFields names the fields that would have made the verdict or the advice better.
	missingFields(s *stream) []string
	// The rest is about past windows (see window). nextEnded moves on to the next one to judge.
	keepPast()
	hasEnded() bool
	nextEnded() bool
	// pastBadness returns the badness of the past window, or more. It costs less than pastFinding.
	pastBadness(s *stream, t thresholds, d Demand, m *foldedWindows) badness
	// pastFinding returns the finding about the past window, and completes the report for it. It may be a pointer, and in
	// the memory of an earlier one, which is not used any more.
	pastFinding(s *stream, t thresholds, m *foldedWindows, r Report, unused windowFinding) windowFinding
	startOfPast() int64
	endOfPast() int64
	pastBounds() (start, end int64, holdsAll bool)
	// pendingPast returns a window with the past windows that end in the present window. With closed, no sample will come.
	// It is valid until the next one is made in this memory.
	pendingPast(closed bool, m *foldedWindows) sampleWindow
	// estimateSize returns the estimated size, bytes.
	estimateSize() int64
}

// windowFinding is a finding about a window.
type windowFinding interface {
	Finding
	wholeReport() Report
	isPrevious() bool // it is the verdict of the previous epoch
	// withReport returns a copy, which is a value.
	withReport(r Report, previous bool) windowFinding
}

// newSampleWindow returns an empty window for events like the given one; nil for a birth, which has no window.
func newSampleWindow(like eventPointer, width int64) sampleWindow {
	switch like.(type) {
	case *CPUSample:
		return &cpuWindow{window: window[cpuSums]{width: width}}
	case *MemorySample:
		return &memoryWindow{window: window[memorySums]{width: width}}
	case *OOMKill:
		return &oomWindow{window[oomSums]{width: width}}
	case *NetworkSample:
		return &networkWindow{window[networkSums]{width: width}}
	case *PodCreation:
	}
	return nil
}

// compare puts counters before percentages, then sources in the order of their names: the first with samples is
// believed.
func (s *stream) compare(r *record) int {
	if s.counters != r.counters {
		if s.counters {
			return -1
		}
		return 1
	}
	return cmp.Compare(s.source, r.source)
}

// observe counts a sample; newest is the subject's, where the window ends. A late sample never begins an epoch, nor
// does one of the container before.
func (s *stream) observe(r *record, newest int64, t thresholds) outcome {
	if s.isEndedBy(r) {
		if s.isLateForEpoch(r) {
			s.dropped++
			return tooLate
		}
		s.beginEpoch(r, newest, t)
	}
	s.learnFrom(r)
	s.newest = max(s.newest, r.end)
	got := s.sampleWindow.observe(r.event, r.digest, newest)
	switch {
	case got == tooLate:
		s.dropped++
	case s.since == 0:
		s.since = r.end
	default:
		s.since = min(s.since, r.end)
	}
	if got == counted {
		s.change.learnTime(r.end)
	}
	return got
}

// startLife empties the stream, but for the setting and its change.
func (s *stream) startLife() {
	s.sampleWindow.startLife(s)
	*s = stream{
		source: s.source, counters: s.counters, width: s.width, sampleWindow: s.sampleWindow,
		epoch: epoch{epochs: 1, lasting: s.lasting}, change: s.change, lastVerdict: s.lastVerdict,
	}
}

// isUnused reports whether no sample has been observed since the stream began, or began again.
func (s *stream) isUnused() bool { return s.since == 0 }

// isLateForEpoch reports whether a sample that would end the epoch comes after newer ones, or is of the container
// before.
func (s *stream) isLateForEpoch(r *record) bool {
	return r.end < s.newest || (r.container != "" && r.container == s.previousContainer)
}

// usesCounters reports whether a verdict is based on counters.
func (s *stream) usesCounters(f windowFinding) bool {
	n, ok := f.(NetworkIssue)
	return s.counters && !(ok && n.Reported)
}

// field is the name of a field in the payload, and whether it is missing.
type field struct {
	isMissing bool
	name      string
}

// missingNames returns the names of the missing fields.
func missingNames(fields []field) []string {
	var names []string
	for _, f := range fields {
		if f.isMissing {
			names = append(names, f.name)
		}
	}
	return names
}
