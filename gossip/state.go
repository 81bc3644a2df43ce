package gossip

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// maxPending is how many records of one instant are put in order before they are applied. Beyond it they are applied as they come;
// sums do not mind, only which of several containers of one instant counts as the newest may then depend on the order.
const maxPending = 256

// state is all that is kept of one subject.
type state struct {
	about  Subject
	uid    string
	oldUID string
	node   string
	newest int64 // Unix nanoseconds of the newest record

	// pending are the records of the newest instant. They are applied together, in an order of their own, once time moves on or
	// somebody asks: so lines of equal time may come in any order.
	pending []record

	streams []*cpuStream // sorted: the one to believe comes first
	birth   birth
	dropped int // records of an earlier pod of this name

	history History
	settled condition // as of History.Transition

	ranked int64 // newest, as the eviction queue last saw it
	gone   bool  // forgotten; the eviction queue may still hold it
}

type record struct {
	event Event
	print fingerprint
}

// condition is what a transition is between.
type condition int

const (
	notKnown condition = iota
	fine
	trouble
)

func newState(about Subject) *state { return &state{about: about, newest: math.MinInt64} }

// take accepts a record: of a new instant after the old one is settled, of this instant to be put in order, or of the past at once.
func (s *state) take(r record, a *Analyzer) {
	at := r.event.From().Time.UnixNano()
	if at < s.newest {
		s.apply(r, a)
		return
	}
	if at > s.newest {
		if s.newest != math.MinInt64 {
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
	switch best := s.best(); {
	case best != nil:
		f := best.finding(a.thresholds)
		best.settle(f)
		s.history, s.settled = s.after(f.Level, f.Reason, f.Standing)
	case s.birth.known:
		f := s.birth.finding()
		s.history, s.settled = s.after(f.Level, f.Reason, false)
	}
}

// after is the history once the newest instant is part of it. A standing verdict is the old epoch's: it is not seen again.
func (s *state) after(level Severity, reason Reason, standing bool) (History, condition) {
	h, now := s.history, fine
	at := time.Unix(0, s.newest).UTC()
	if level >= SeverityInfo {
		now = trouble
	}
	if level == SeverityUnknown || reason == ReasonNotMeasured {
		now = notKnown
	}
	if level >= SeverityInfo && !standing {
		if h.First.IsZero() {
			h.First = at
		}
		h.Last = at
	}
	h.Worst = max(h.Worst, level)
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
		*s = state{about: s.about, oldUID: s.uid, newest: s.newest, pending: s.pending, ranked: s.ranked}
	}
	s.uid = cmp.Or(s.uid, o.PodUID)
	s.node = cmp.Or(o.Node, s.node)
	var got outcome
	switch e := r.event.(type) {
	case CPUSample:
		i, found := s.stream(e)
		if !found {
			w := newWindow(a.window)
			s.streams = slices.Insert(s.streams, i, &cpuStream{source: e.Source, counters: e.HasCounters(), window: w, epochs: 1})
		}
		got = s.streams[i].observe(e, r.print, s.newest, a.thresholds)
	case PodCreation:
		got = s.birth.observe(e, r.print)
	}
	switch got {
	case counted:
	case repeated:
		a.stats.Repeated++
	case tooLate:
		a.stats.Dropped++
	}
}

func (s *state) stream(e CPUSample) (int, bool) {
	return slices.BinarySearchFunc(s.streams, e, func(t *cpuStream, e CPUSample) int { return t.compare(e.HasCounters(), e.Source) })
}

// best is the stream to believe: the first that has samples in the window that ends at the subject's newest record.
func (s *state) best() *cpuStream {
	for _, t := range s.streams {
		t.window.slid(s.newest)
		if len(t.window.buckets) > 0 {
			return t
		}
	}
	return nil
}

// finding says what the subject's records say, the newest instant included.
func (s *state) finding(a *Analyzer) (Finding, bool) {
	s.flush(a)
	report := Report{About: s.about, PodUID: s.uid, Node: s.node, At: time.Unix(0, s.newest).UTC()}
	switch best := s.best(); {
	case best != nil:
		f := best.finding(a.thresholds)
		report.Level, report.Reason = f.Level, f.Reason
		report.History, _ = s.after(f.Level, f.Reason, f.Standing)
		report.Covered = s.coverage(best, &f)
		f.Report = report
		return f, true
	case s.birth.known:
		f := s.birth.finding()
		report.Level, report.Reason, report.Covered = f.Level, f.Reason, f.Covered
		report.Covered.Dropped = s.dropped
		report.History, _ = s.after(f.Level, f.Reason, false)
		f.Report = report
		return f, true
	}
	return nil, false
}

// coverage is that of the believed source, its percentage-only samples included; other sources are only named.
func (s *state) coverage(best *cpuStream, f *CPUThrottling) Coverage {
	var windows []*window
	var ignored []string
	dropped := s.dropped
	for _, t := range s.streams {
		dropped += t.dropped
		switch {
		case t.source == best.source:
			windows = append(windows, &t.window)
		case len(t.window.buckets) > 0:
			ignored = append(ignored, cmp.Or(t.source, "unnamed"))
		}
	}
	slices.Sort(ignored)
	c := coverageOf(spans(windows...))
	c.Confidence = c.confidence(best.counters)
	c.Missing = f.missing(windows)
	c.Epochs, c.Dropped = best.epochs, dropped
	c.Source, c.Ignored = best.source, slices.Compact(ignored)
	return c
}
