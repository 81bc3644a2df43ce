package gossip

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// maxPending is how many records of one instant are put in order before they are applied. Beyond it they are applied as they come;
// sums do not mind, only which of several containers of one instant counts as the newest may then depend on the order.
const maxPending = 32

// state is all that is kept of one subject.
type state struct {
	about  Subject
	uid    string
	oldUID string
	newest int64 // Unix nanoseconds of the newest record

	// pending are the records of the newest instant. They are applied together, in an order of their own, once time moves on or
	// somebody asks: so lines of equal time may come in any order.
	pending []record

	streams []*cpuStream // sorted: the one to believe comes first
	birth   birth
	dropped int // records of an earlier pod of this name

	history History
	settled condition // as of History.Transition

	restored bool  // see Restore; until something is known again
	since    int64 // time of the first record, Unix nanoseconds

	ranked int64 // newest, as the eviction queue last saw it
	gone   bool  // forgotten; the eviction queue may still hold it
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

// take accepts a record: of a new instant after the old one is settled, of this instant to be put in order, or of the past at once.
func (s *state) take(r record, a *Analyzer) {
	at := r.event.From().Time.UnixNano()
	if at < s.newest {
		s.apply(r, a)
		return
	}
	if at > s.newest {
		if s.newest == math.MinInt64 {
			s.since = at
		} else {
			s.settle(a)
		}
		s.newest = at
	}
	s.pending = append(s.pending, r)
	if len(s.pending) >= maxPending {
		s.flush(a)
	}
}

// flush applies the records of the newest instant: first those that go on with what is known, then those that begin something new.
func (s *state) flush(a *Analyzer) {
	if len(s.pending) > 1 {
		slices.SortFunc(s.pending, func(x, y record) int {
			return cmp.Or(
				cmp.Compare(s.news(x.event), s.news(y.event)),
				cmp.Compare(x.event.From().PodUID, y.event.From().PodUID),
				cmp.Compare(x.event.From().ContainerID, y.event.From().ContainerID),
				cmp.Compare(x.print, y.print),
			)
		})
	}
	for _, r := range s.pending {
		s.apply(r, a)
	}
	clear(s.pending)
	s.pending = s.pending[:0]
}

// news is 1 for a record of a new pod, container or limit, else 0.
func (s *state) news(e Event) int {
	if !sameUID(s.uid, e.From().PodUID) {
		return 1
	}
	if c, ok := e.(CPUSample); ok {
		if i, found := s.stream(c); found && s.streams[i].newEpoch(c) {
			return 1
		}
	}
	return 0
}

// settle closes an instant: what the window says now becomes history.
func (s *state) settle(a *Analyzer) {
	s.flush(a)
	if best := s.best(); best != nil {
		f := best.finding(a.thresholds)
		best.settle(f)
		s.history, s.settled = s.after(best, f, a.window)
		s.restored = s.history.Restored
	}
	s.streams = slices.DeleteFunc(s.streams, func(t *cpuStream) bool {
		silent := len(t.window.buckets) == 0
		if silent {
			s.dropped += t.dropped
		}
		return silent
	})
}

// after is the history once the newest instant is part of it. A standing verdict is the old epoch's: it is not seen again.
func (s *state) after(best *cpuStream, f CPUThrottling, window time.Duration) (History, condition) {
	h, now := s.history, conditionOf(f.Level)
	at := time.Unix(0, best.newest).UTC() // records that are ignored do not keep a verdict young
	if h.Restored = now == notKnown && s.standsRestored(best.newest, window); h.Restored {
		return h, s.settled
	}
	if now == trouble && !f.Standing {
		if h.First.IsZero() {
			h.First = at
		}
		h.Last = at
	}
	h.Worst = max(h.Worst, f.Level)
	if h.Transition.IsZero() || now != s.settled {
		h.Transition = at
	}
	return h, now
}

// apply counts one record.
func (s *state) apply(r record, a *Analyzer) {
	o := r.event.From()
	if !sameUID(s.uid, o.PodUID) {
		if o.Time.UnixNano() < s.newest || o.PodUID == s.oldUID {
			s.dropped++
			a.stats.Dropped++
			return
		}
		*s = state{about: s.about, oldUID: s.uid, newest: s.newest, since: s.newest, pending: s.pending, ranked: s.ranked}
	}
	s.uid = cmp.Or(s.uid, o.PodUID)
	var got outcome
	switch e := r.event.(type) {
	case CPUSample:
		got = tooLate
		if t := s.streamOf(e, a); t != nil {
			got = t.observe(e, r.print, s.newest, a.thresholds)
		}
	case PodCreation:
		got = s.birth.observe(e, r)
	}
	switch got {
	case counted:
	case repeated:
		a.stats.Repeated++
	case tooLate:
		a.stats.Dropped++
	}
}

// finding says what the subject's records say, the newest instant included.
func (s *state) finding(a *Analyzer) (Finding, bool) {
	s.flush(a)
	at := time.Unix(0, s.newest).UTC()
	if best := s.best(); best != nil {
		f := best.finding(a.thresholds)
		covered := s.coverage(best, &f)
		history, _ := s.after(best, f, a.window)
		f.Report = Report{About: s.about, PodUID: s.uid, At: at, Level: f.Level, Reason: f.Reason, History: history, Covered: covered}
		return f, true
	}
	if s.birth.known {
		f := s.birth.finding()
		f.About, f.PodUID, f.At, f.Covered.Dropped = s.about, s.uid, at, s.dropped
		return f, true
	}
	return nil, false
}
