package gossip

import (
	"cmp"
	"slices"
)

// maxSources is how many sources of one subject are heard.
const maxSources = 8

// findStream finds the stream of a record, or where it would be.
func (s *state) findStream(r *record) (int, bool) {
	for i, t := range s.streams {
		if order := t.compare(r); order >= 0 {
			return i, order == 0
		}
	}
	return len(s.streams), false
}

// existingStream is the stream of a record; nil if there is none yet.
func (s *state) existingStream(r *record) *stream {
	if i, found := s.findStream(r); found {
		return s.streams[i]
	}
	return nil
}

// streamFor finds or makes the stream of a record. Of too many sources, the ones that would be believed last are not
// heard.
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
	t := newStream(r, a.window)
	s.streams = slices.Insert(s.streams, i, t)
	return t
}

// believedStream is the stream to believe: the first that has samples in the window that ends at the subject's newest
// record.
func (s *state) believedStream() *stream {
	for _, t := range s.streams {
		t.expire(s.newest)
		if !t.isEmpty() {
			return t
		}
	}
	return nil
}

// measureCoverage is that of the believed source, its percentage-only samples included; other sources are only named. A standing verdict
// keeps the coverage that it was given with.
func (s *state) measureCoverage(best *stream, f windowFinding) Coverage {
	c := f.Coverage()
	var list []span
	var gone int64
	var ignored []string
	c.Dropped = s.dropped
	for _, t := range s.streams {
		c.Dropped += t.dropped
		switch {
		case t.source == best.source:
			own, left := t.listSpans()
			if gone = max(gone, left); list == nil {
				list = own
			} else {
				list = append(list, own...)
			}
		case !t.isEmpty():
			ignored = append(ignored, cmp.Or(t.source, "unnamed"))
		}
	}
	if !f.isPrevious() {
		dropped := c.Dropped
		c = coverageOf(sortSpans(list, gone))
		c.Confidence, c.Missing, c.Dropped = c.rateConfidence(best.usesCounters(f)), best.missingFields(best), dropped
	}
	spanLists.Put(&list)
	slices.Sort(ignored)
	c.Epochs, c.Source, c.Ignored = best.epochs, best.source, slices.Compact(ignored)
	return c
}
