package gossip

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// maxPending is how many records of one instant are put in order before they are applied. Beyond it they are applied as
// they come;
// sums do not mind, only which of several containers of one instant counts as the newest may then depend on the order.
const maxPending = 32

// state is all that is kept of one subject. What every record needs stands first, side by side.
type state struct {
	about   Subject
	next    *state // has followed this one; see Analyzer.find
	newest  int64  // Unix nanoseconds of the newest record
	uid     string
	streams []*stream // sorted: the one to believe comes first
	gone    bool      // forgotten; the eviction queue may still hold it
	oldUID  string

	// pending are the records of the newest instant. They are applied together, in an order of their own, once time moves on or
	// somebody asks: so lines of equal time may come in any order.
	pending []record

	birth   *record // the first of this UID; nil when there is none
	dropped int     // records of an earlier pod of this name

	history History
	settled condition // as of History.Transition

	lastWithoutKill, lastWithKill int64 // of memory samples that counted kills: newest end without one, and with one; Unix nanoseconds, 0 is never

	restored bool  // see Restore; until something is known again
	since    int64 // time of the first record, Unix nanoseconds

	ranked int64 // newest, as the eviction queue last saw it
}

// condition is what a transition is between.
type condition int

const (
	notKnown condition = iota
	fine
	trouble
)

func conditionOf(s Severity) condition {
	switch {
	case s >= SeverityInfo:
		return trouble
	case s == SeverityUnknown:
		return notKnown
	}
	return fine
}

func newState(about Subject) *state { return &state{about: about, newest: math.MinInt64} }

// observe accepts a record: of a new instant after the old one is settled, of this instant to be put in order, or of
// the past at once.
func (s *state) observe(r *record, a *Analyzer) {
	if r.end < s.newest {
		s.applyRecord(r, a)
		return
	}
	if r.end > s.newest {
		if s.newest == math.MinInt64 {
			s.since = r.end
		} else {
			s.closeInstant(a)
		}
		s.newest = r.end
	}
	if s.continuesEpoch(r) {
		s.applyRecord(r, a)
		return
	}
	r.detach()
	s.pending = append(s.pending, *r)
	if len(s.pending) >= maxPending {
		s.applyPending(a)
	}
}

// continuesEpoch says whether a record changes nothing of what is known of pod, container and limit. Sums do not mind when it is counted, and in
// the order of its instant it would stand before those that begin something new.
func (s *state) continuesEpoch(r *record) bool {
	if r.uid != "" && r.uid != s.uid {
		return false
	}
	if s.about.Kind == KindPodBirth {
		return s.birth != nil && s.birth.end < r.end // a container that restarted
	}
	t := s.existingStream(r)
	return t != nil && (r.container == "" || r.container == t.container) &&
		(!r.limit.Known || (t.limit == r.limit && t.limitFromPod == r.limitFromPod))
}

// applyPending applies the records of the newest instant: first those that go on with what is known, then those that
// begin something new.
func (s *state) applyPending(a *Analyzer) {
	if len(s.pending) == 0 {
		return
	}
	if len(s.pending) > 1 {
		slices.SortFunc(s.pending, func(x, y record) int {
			return cmp.Or(
				cmp.Compare(s.startsEpoch(&x), s.startsEpoch(&y)),
				cmp.Compare(x.uid, y.uid),
				cmp.Compare(x.container, y.container),
				cmp.Compare(x.digest, y.digest),
			)
		})
	}
	for i := range s.pending {
		s.applyRecord(&s.pending[i], a)
	}
	clear(s.pending)
	s.pending = s.pending[:0]
}

// startsEpoch is 1 for a record of a new pod, container or limit, else 0.
func (s *state) startsEpoch(r *record) int {
	if !sameUID(s.uid, r.uid) {
		return 1
	}
	if t := s.existingStream(r); t != nil && t.startsEpoch(r) {
		return 1
	}
	return 0
}

// closeInstant closes an instant: what the window says now becomes history.
func (s *state) closeInstant(a *Analyzer) {
	s.applyPending(a)
	if best := s.believedStream(); best != nil {
		level, standing := best.currentLevel(a.thresholds)
		if !standing { // this epoch has a verdict of its own, or has had its time
			best.previousVerdict = nil
		}
		s.settled = s.advanceHistory(&s.history, best, level, standing, a.window)
		s.restored = s.history.Restored
	}
	if !slices.ContainsFunc(s.streams, (*stream).isEmpty) {
		return
	}
	s.streams = slices.DeleteFunc(s.streams, func(t *stream) bool {
		silent := t.isEmpty()
		if silent {
			s.dropped += t.dropped
		}
		return silent
	})
}

// advanceHistory makes the newest instant part of the history, and returns what has settled. A standing verdict is the old epoch's: it is not seen
// again.
func (s *state) advanceHistory(h *History, best *stream, level Severity, standing bool, window time.Duration) condition {
	now := conditionOf(level)
	if h.Restored = now == notKnown && s.keepsRestored(best.newest, window); h.Restored {
		return s.settled
	}
	at := time.Unix(0, best.newest).UTC() // records that are ignored do not keep a verdict young
	// A kill that comes a window after the last one is trouble anew: in between there was none.
	anew := s.about.Kind == KindOOMKill && !h.Last.IsZero() && at.Sub(h.Last) >= window
	if now == trouble && !standing {
		if h.First.IsZero() {
			h.First = at
		}
		h.Last = at
	}
	h.Worst = max(h.Worst, level)
	if h.Transition.IsZero() || now != s.settled || anew {
		h.Transition = at
	}
	return now
}

// applyRecord counts one record.
func (s *state) applyRecord(r *record, a *Analyzer) {
	if !sameUID(s.uid, r.uid) {
		if r.end < s.newest || r.uid == s.oldUID {
			s.dropped++
			a.stats.Dropped++
			return
		}
		*s = state{about: s.about, next: s.next, oldUID: s.uid, newest: s.newest, since: s.newest, pending: s.pending, ranked: s.ranked}
	}
	s.uid = cmp.Or(s.uid, r.uid)
	var got outcome
	if s.about.Kind == KindPodBirth {
		got = s.observeBirth(r)
	} else {
		got = s.countSample(r, a)
	}
	switch got {
	case counted:
	case repeated:
		a.stats.Repeated++
	case tooLate:
		a.stats.Dropped++
	}
}

// countSample counts a sample of a window.
func (s *state) countSample(r *record, a *Analyzer) outcome {
	t := s.streamFor(r, a)
	if t == nil {
		return tooLate
	}
	got := t.observeRecord(r, s.newest, a.thresholds)
	if got != counted || s.about.Kind != KindMemoryPressure {
		return got
	}
	if m, ok := r.event.(MemorySample); ok && m.OOMKills.Known {
		if m.OOMKills.Value == 0 {
			s.lastWithoutKill = max(s.lastWithoutKill, r.end)
		} else {
			s.lastWithKill = max(s.lastWithKill, r.end)
		}
	}
	return got
}

// makeFinding says what the subject's records say, the newest instant included.
func (s *state) makeFinding(a *Analyzer) (Finding, bool) {
	s.applyPending(a)
	at := time.Unix(0, s.newest).UTC()
	if best := s.believedStream(); best != nil {
		f := best.currentVerdict(a.thresholds)
		r := Report{About: s.about, PodUID: s.uid, At: at, Level: f.Severity(), Reason: f.wholeReport().Reason, Covered: s.measureCoverage(best, f)}
		r.History = s.history
		s.advanceHistory(&r.History, best, r.Level, f.isPrevious(), a.window)
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
