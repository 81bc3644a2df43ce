package gossip

import (
	"cmp"
	"slices"
)

// maxSources is how many sources of one subject are heard.
const maxSources = 8

// find finds the stream of a record, or where it would be.
func (s *state) find(r *record) (int, bool) {
	for i, t := range s.streams {
		if order := t.compare(r); order >= 0 {
			return i, order == 0
		}
	}
	return len(s.streams), false
}

// streamNow is the stream of a record; nil if there is none yet.
func (s *state) streamNow(r *record) *stream {
	if i, found := s.find(r); found {
		return s.streams[i]
	}
	return nil
}

// streamOf finds or makes the stream of a record. Of too many sources, the ones that would be believed last are not heard.
func (s *state) streamOf(r *record, a *Analyzer) *stream {
	i, found := s.find(r)
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

// best is the stream to believe: the first that has samples in the window that ends at the subject's newest record.
func (s *state) best() *stream {
	for _, t := range s.streams {
		t.slid(s.newest)
		if !t.empty() {
			return t
		}
	}
	return nil
}

// coverage is that of the believed source, its percentage-only samples included; other sources are only named. A standing verdict
// keeps the coverage that it was given with.
func (s *state) coverage(best *stream, f windowed) Coverage {
	c := f.Coverage()
	var list []span
	var gone int64
	var ignored []string
	c.Dropped = s.dropped
	for _, t := range s.streams {
		c.Dropped += t.dropped
		switch {
		case t.source == best.source:
			own, left := t.spans()
			if gone = max(gone, left); list == nil {
				list = own
			} else {
				list = append(list, own...)
			}
		case !t.empty():
			ignored = append(ignored, cmp.Or(t.source, "unnamed"))
		}
	}
	if !f.stands() {
		dropped := c.Dropped
		c = coverageOf(inOrder(list, gone))
		c.Confidence, c.Missing, c.Dropped = c.confidence(best.counts(f)), best.missing(best), dropped
	}
	spanLists.Put(&list)
	slices.Sort(ignored)
	c.Epochs, c.Source, c.Ignored = best.epochs, best.source, slices.Compact(ignored)
	return c
}
