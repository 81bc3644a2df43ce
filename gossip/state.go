package gossip

import (
	"math"
	"slices"
	"time"
)

// noRecord is the newest time of a subject before its first record.
const noRecord = math.MinInt64

// state is what is kept of one subject. The fields that every record needs are first, side by side.
type state struct {
	about   Subject
	newest  int64 // Unix nanoseconds of the newest record, or noRecord
	oldest  int64 // Unix nanoseconds of the oldest record that counted, of earlier pods too; 0 is none
	uid     string
	streams []*stream // sorted: the one to believe is first
	former  []*stream // empty ones, of an earlier pod or long without samples: their settings are remembered
	instant instant

	previousUID string
	birth       *record // the first of this UID; nil when there is none
	dropped     int     // records of an earlier pod of this name
	history     history
	worst       worstWindows

	// lastWithoutKill and lastWithKill are the newest ends of memory samples that counted no kill, and that counted some,
	// in Unix nanoseconds; 0 is never.
	lastWithoutKill, lastWithKill int64
}

// observe accepts a record. One of a new instant is applied after the instant before is closed; one that may begin an
// epoch waits to be put in order with others of its instant; one of the past is applied at once.
func (s *state) observe(r *record, a *Analyzer) {
	if r.end < s.newest {
		s.applyRecord(r, a)
		return
	}
	if r.end > s.newest {
		if s.newest != noRecord {
			s.closeInstant(a)
		}
		s.newest = r.end
	}
	if s.continuesEpoch(r) {
		s.applyRecord(r, a)
		return
	}
	if full := s.instant.add(r); full {
		s.applyPending(a)
	}
}

// continuesEpoch reports whether a record changes nothing of what is known about pod, container and limit. It may be
// counted at once: sums do not depend on the order, and in the order of its instant it comes before those that begin an
// epoch.
func (s *state) continuesEpoch(r *record) bool {
	if r.uid != "" && r.uid != s.uid {
		return false
	}
	if s.about.Kind == KindPodBirth {
		return s.birth != nil && s.birth.end < r.end // a container that restarted
	}
	t := s.existingStream(r)
	return t != nil && t.isUnchangedBy(r)
}

// startsEpoch reports whether a record is of a new pod, container or limit.
func (s *state) startsEpoch(r *record) bool {
	if !sameUID(s.uid, r.uid) {
		return true
	}
	t := s.existingStream(r)
	return t != nil && t.isEndedBy(r)
}

// applyPending applies the records of the newest instant that wait.
func (s *state) applyPending(a *Analyzer) {
	if len(s.instant.pending) > 0 {
		s.instant.drainSorted(s.startsEpoch, func(r *record) { s.applyRecord(r, a) })
	}
}

// closeInstant ends the newest instant: what the window shows now becomes history.
func (s *state) closeInstant(a *Analyzer) {
	s.applyPending(a)
	if best := s.believedStream(); best != nil {
		level, previous := best.currentLevel(a.thresholds)
		if !previous { // this epoch has a verdict of its own, or has had its time
			best.previousVerdict = nil
		}
		s.history.advanceTo(s.instantVerdict(best, level, previous), a.window)
	}
	s.dropEmptyStreams(a)
}

func (s *state) instantVerdict(best *stream, level Severity, previous bool) instantVerdict {
	// The time is the believed stream's: records of other sources do not refresh a verdict.
	return instantVerdict{at: best.newest, level: level, previous: previous, ofKills: s.about.Kind == KindOOMKill}
}

func (s *state) dropEmptyStreams(a *Analyzer) {
	if !slices.ContainsFunc(s.streams, (*stream).isEmpty) {
		return
	}
	for i, t := range s.streams {
		if !t.isEmpty() {
			continue
		}
		s.keepAll(t, a)
		s.dropped += t.dropped
		for _, less := range s.streams[i+1:] {
			less.betterSince, less.betterUntil = t.since, t.newest
		}
	}
	s.streams = slices.DeleteFunc(s.streams, func(t *stream) bool {
		empty := t.isEmpty()
		if empty {
			s.retireStream(t)
		}
		return empty
	})
}

// retireStream empties a stream and remembers it for its setting, by which the next sample of its source shows whether
// the horizon goes on.
func (s *state) retireStream(t *stream) {
	t.startLife()
	if len(s.former) == maxSources {
		s.former = slices.Delete(s.former, 0, 1)
	}
	s.former = append(s.former, t)
}

// findFormer removes the former stream of a record's source, and returns it; nil if there is none.
func (s *state) findFormer(r *record) *stream {
	for i, t := range s.former {
		if t.compare(r) == 0 {
			s.former = slices.Delete(s.former, i, i+1)
			return t
		}
	}
	return nil
}

// applyRecord counts one record.
func (s *state) applyRecord(r *record, a *Analyzer) {
	if !sameUID(s.uid, r.uid) {
		if r.end < s.newest || r.uid == s.previousUID {
			s.dropped++
			a.stats.Dropped++
			return
		}
		s.newLife(a)
	}
	if s.uid == "" && r.uid != "" {
		s.uid = r.keptText(r.uid)
	}
	var got outcome
	if s.about.Kind == KindPodBirth {
		got = s.observeBirth(r)
	} else {
		got = s.countSample(r, a)
	}
	switch got {
	case counted:
		if s.oldest == 0 || r.end < s.oldest {
			s.oldest = r.end
		}
	case repeated:
		a.stats.Repeated++
	case tooLate:
		a.stats.Dropped++
	}
}

// newLife forgets the old pod: another one has its name now. The newest instant goes on, and so does the horizon, until
// a sample shows another setting.
func (s *state) newLife(a *Analyzer) {
	for _, t := range s.streams {
		s.keepAll(t, a)
		s.retireStream(t)
	}
	*s = state{
		about: s.about, newest: s.newest, instant: s.instant, previousUID: s.uid,
		former: s.former, worst: s.worst, oldest: s.oldest,
	}
}

// countSample counts a sample of a window.
func (s *state) countSample(r *record, a *Analyzer) outcome {
	t := s.streamFor(r, a)
	if t == nil {
		return tooLate
	}
	if t.isEndedBy(r) && !t.isLateForEpoch(r) {
		s.endEpoch(t, r, a)
		if t.isUnused() { // a new pod or a source that is back begins its first epoch
			t.lasting = setting{}
		}
	}
	got := t.observe(r, s.newest, a.thresholds)
	s.keepEnded(t, a)
	if got != counted || s.about.Kind != KindMemoryPressure {
		return got
	}
	if m, ok := r.event.(*MemorySample); ok && m.OOMKills.Known {
		if m.OOMKills.Value == 0 {
			s.lastWithoutKill = max(s.lastWithoutKill, r.end)
		} else {
			s.lastWithKill = max(s.lastWithKill, r.end)
		}
	}
	return got
}

// endEpoch keeps what is needed of the epoch of a stream that a record ends.
func (s *state) endEpoch(t *stream, r *record, a *Analyzer) {
	if !t.lasting.differsFrom(&r.setting) {
		s.keepAll(t, a)
		return
	}
	kept := s.worst
	s.worst = nil // what this source measured under the old setting competes with nothing
	s.keepAll(t, a)
	s.worst = kept
	s.worst.dropOtherSettings(&r.setting)
	t.beginChange(r, a.horizon)
}

// maxSources is how many sources of one subject are kept.
const maxSources = 8

// findStream returns the index of a record's stream, or where it would be.
func (s *state) findStream(r *record) (int, bool) {
	for i, t := range s.streams {
		if order := t.compare(r); order >= 0 {
			return i, order == 0
		}
	}
	return len(s.streams), false
}

// existingStream returns the stream of a record; nil if there is none yet.
func (s *state) existingStream(r *record) *stream {
	if i, found := s.findStream(r); found {
		return s.streams[i]
	}
	return nil
}

// streamFor finds or makes the stream of a record. Of too many sources, the ones that would be believed last are
// dropped, and it returns nil where that is the record's.
func (s *state) streamFor(r *record, a *Analyzer) *stream {
	i, found := s.findStream(r)
	if found {
		return s.streams[i]
	}
	if len(s.streams) == maxSources {
		if i == maxSources {
			s.dropped++
			return nil
		}
		s.dropped += s.streams[maxSources-1].dropped
		s.streams = s.streams[:maxSources-1]
	}
	t := s.findFormer(r)
	if t == nil {
		width := bucketWidth(a.window)
		t = &stream{source: r.keptText(r.source), counters: r.counters, width: width, epoch: epoch{epochs: 1}}
		t.sampleWindow = newSampleWindow(r.event, width)
		if a.horizon.part > 0 {
			s.worst.dropOtherLimits(r.limit)
			t.keepPast()
		}
	}
	s.streams = slices.Insert(s.streams, i, t)
	return t
}

// believedStream returns the first stream that has samples in the window that ends at the subject's newest record; nil
// if none has.
func (s *state) believedStream() *stream {
	for _, t := range s.streams {
		t.expire(s.newest)
		if !t.isEmpty() {
			return t
		}
	}
	return nil
}

// makeFinding returns the finding about the subject, the newest instant included.
func (s *state) makeFinding(a *Analyzer) (Finding, bool) {
	s.applyPending(a)
	at := time.Unix(0, s.newest).UTC()
	if best := s.believedStream(); best != nil {
		f := best.currentVerdict(a.thresholds)
		r := Report{
			About: s.about, PodUID: s.uid, At: at, Level: f.Severity(), Reason: f.wholeReport().Reason,
			Covered: s.measureCoverage(best, f),
		}
		now := s.history // this instant is not closed yet
		now.advanceTo(s.instantVerdict(best, r.Level, f.isPrevious()), a.window)
		r.History = now.History
		if k, ok := f.(OOMKilled); ok {
			f, r = s.completeFromMemory(k, r, a)
		}
		return f.withReport(r, f.isPrevious()), true
	}
	if s.birth != nil {
		f := birthFinding(s.birth)
		f.About, f.PodUID, f.At, f.Covered.Dropped = s.about, s.uid, at, s.dropped
		return f, true
	}
	return nil, false
}
