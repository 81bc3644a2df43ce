package gossip

import "time"

// Change is the newest change of a container's limit, request or image, with the findings before and after it.
type Change struct {
	// Time is the end of the oldest sample with the new setting.
	Time time.Time
	// From and To are the setting before and after. What is not known is absent, and is no difference.
	From, To Setting
	// Before is the finding about the last window with the old setting; nil without a verdict.
	Before Finding
	// After is the finding about the first full window with the new setting, and about the present one until there is a
	// full one. It is nil while there is no verdict.
	After Finding
	// Complete reports that After is final: a full window has been measured since.
	Complete bool
}

// Setting is how a container is set: its limit and its request of the resource that a subject is about, in cores or
// bytes, and its image. A limit of 0 is "no limit", a request of 0 is "no request". What is not known is absent.
type Setting struct {
	Limit, Request Optional[float64]
	Image          string
}

// HasOtherLimit reports whether both limits are known and differ.
func (s Setting) HasOtherLimit(o Setting) bool { return areDifferent(s.Limit, o.Limit) }

// HasOtherRequest reports whether both requests are known and differ.
func (s Setting) HasOtherRequest(o Setting) bool { return areDifferent(s.Request, o.Request) }

// HasOtherImage reports whether both images are known and differ.
func (s Setting) HasOtherImage(o Setting) bool {
	return s.Image != o.Image && s.Image != "" && o.Image != ""
}

// DiffersFrom reports whether a part that is known in both differs.
func (s Setting) DiffersFrom(o Setting) bool {
	return s.HasOtherLimit(o) || s.HasOtherRequest(o) || s.HasOtherImage(o)
}

func areDifferent(a, b Optional[float64]) bool { return a.Known && b.Known && a.Value != b.Value }

// settingChange is the newest change of the setting of a stream, which has the new setting itself.
type settingChange struct {
	at     int64 // end of the oldest sample with the new setting, Unix nanoseconds
	from   setting
	before windowFinding // nil without a verdict
	after  windowFinding // of the first full window after it; nil until no record can change that
}

// beginChange notes that a record has another setting than the samples before it, if past windows are kept. If nothing
// was measured since the change before, both are one change.
func (s *stream) beginChange(r *record, h horizon) {
	if h.part == 0 {
		return
	}
	c := &settingChange{at: r.end, from: s.lasting, before: s.lastVerdict}
	if old := s.change; old != nil && c.before == nil {
		c.before = old.after
		if old.after == nil {
			c.from, c.before = old.from, old.before
		}
	}
	s.change, s.lastVerdict = c, nil
}

// learnTime makes the change as old as a sample that counts.
func (c *settingChange) learnTime(end int64) {
	if c != nil && end < c.at {
		c.at = end
	}
}

// fullLength is the least length of a full window, nanoseconds: past windows end with a group of buckets, and the first
// group after a change is not a whole one.
func (s *stream) fullLength() int64 { return s.width * (buckets - 1 - groupSlots) }

// noteAfter keeps the past window that is judged if it is the first full one after a change.
func (s *state) noteAfter(t *stream, w sampleWindow, a *Analyzer) {
	if c := t.change; c != nil && c.after == nil {
		c.after = s.fullVerdict(t, w, a)
	}
}

// fullVerdict returns the finding about the past window of a stream that is judged, if it is a full one and has a
// verdict; else nil.
func (s *state) fullVerdict(t *stream, w sampleWindow, a *Analyzer) windowFinding {
	if start, end, _ := w.pastBounds(); end-start < t.fullLength() {
		return nil
	}
	return s.verdictOfPast(t, w, a)
}

// verdictOfPast returns the finding about the past window of a stream that is judged; nil without a verdict.
func (s *state) verdictOfPast(t *stream, w sampleWindow, a *Analyzer) windowFinding {
	f := w.pastFinding(t, a.thresholds, a.folded, s.reportOfPast(w), nil)
	if f.Severity() == SeverityUnknown {
		return nil
	}
	return f.withReport(f.wholeReport(), false)
}

// noteLast keeps the verdict on the last window of an epoch, or of a time without samples after it. It is the verdict
// before a change that may come. Where containers never live for a full window, it is the one after a change.
func (s *state) noteLast(t *stream, w sampleWindow, a *Analyzer) {
	f := s.verdictOfPast(t, w, a)
	if f == nil {
		return
	}
	t.lastVerdict = f
	if c := t.change; c != nil && c.after == nil && w.endOfPast()-c.at >= t.fullLength() {
		c.after = f
	}
}

// newestChange returns the newest change of the setting within the horizon; nil if there is none. now is the present
// finding, kept are the windows that are kept.
func (s *state) newestChange(now Finding, kept worstWindows, a *Analyzer) *Change {
	change := s.ownChange(now, a)
	k, ok := now.(OOMKilled)
	if !ok {
		return change
	}
	m := s.memoryState(a)
	if m == nil {
		return change
	}
	of := m.shownChange(a) // there may be no kill after it that would show it
	switch {
	case of == nil:
		return change
	case change != nil && !change.To.DiffersFrom(of.To):
		change.Time = of.Time
		return change
	}
	return m.completeByKills(of, k, kept, a)
}

// ownChange returns the newest change that the records of the subject show.
func (s *state) ownChange(now Finding, a *Analyzer) *Change {
	change := s.shownChange(a)
	if change == nil {
		return nil
	}
	t := s.believedStream()
	if f := t.change.before; f != nil {
		change.Before = f
	}
	if f, complete := s.findAfter(t, now, a); f != nil {
		change.After, change.Complete = f, complete
	}
	return change
}

// shownChange returns the newest change that the source in use shows, without findings; nil if there is none within the
// horizon, or if it was changed back before anything was measured.
func (s *state) shownChange(a *Analyzer) *Change {
	t := s.believedStream()
	if t == nil || t.change == nil || a.horizon.isOver(t.change.at, s.newest) ||
		!t.change.from.differsFrom(&t.lasting) {
		return nil
	}
	from := &t.change.from
	change := &Change{Time: time.Unix(0, t.change.at).UTC(), From: from.forUsers(), To: t.lasting.forUsers()}
	if !from.hasOtherLimit(&t.lasting) {
		change.From.Limit = change.To.Limit // limits of records and of the pod are not compared
	}
	return change
}

// completeByKills returns a change that memory samples show with what it did to the kills of the same container. Before
// it are the last kills within the horizon, and after it any kills.
func (s *state) completeByKills(of *Change, now OOMKilled, kept worstWindows, a *Analyzer) *Change {
	at := of.Time.UnixNano()
	for i := range kept {
		if kept[i].end < at {
			of.Before = kept[i].finding
		}
	}
	if now.Kills > 0 && now.LastKill.Before(of.Time) {
		of.Before = now
	}
	switch {
	case now.Kills > 0 && !now.LastKill.Before(of.Time):
		of.After, of.Complete = now, s.newest-at >= int64(a.window)
	case s.lastWithoutKill-at >= int64(a.window):
		now.Kills, now.Level, now.Reason = 0, SeverityNone, ReasonNoKillInWindow
		now.At = time.Unix(0, s.lastWithoutKill).UTC()
		of.After, of.Complete = now, true
	}
	return of
}

// findAfter returns the finding about the time after the change of a stream, and whether it is final. It is nil while
// there is no verdict.
func (s *state) findAfter(t *stream, now Finding, a *Analyzer) (after windowFinding, complete bool) {
	if t.change.after != nil {
		return t.change.after, true
	}
	for w := t.pendingPast(false, a.folded); w.nextEnded(); {
		if f := s.fullVerdict(t, w, a); f != nil {
			return f, true
		}
	}
	if f, ok := now.(windowFinding); ok && f.Severity() != SeverityUnknown && !f.isPrevious() {
		return f, int64(f.Coverage().Window) >= t.fullLength()
	}
	return t.lastVerdict, false
}

// forUsers returns the setting without where the limit comes from.
func (s *setting) forUsers() Setting {
	return Setting{Limit: s.limit, Request: s.request, Image: s.image}
}

// estimateSize returns the estimated size, bytes.
func (c *settingChange) estimateSize() int64 {
	if c == nil {
		return 0
	}
	n := sizeOf[settingChange]() + int64(len(c.from.image))
	for _, f := range []windowFinding{c.before, c.after} {
		if f != nil {
			n += verdictSize
		}
	}
	return n
}
