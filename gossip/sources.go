package gossip

import (
	"cmp"
	"slices"
)

// maxSources is how many sources of one subject are heard.
const maxSources = 8

// stream finds the stream of a sample, or where it would be.
func (s *state) stream(e CPUSample) (int, bool) {
	return slices.BinarySearchFunc(s.streams, e, func(t *cpuStream, e CPUSample) int { return t.compare(e.HasCounters(), e.Source) })
}

// streamOf finds or makes the stream of a sample. Of too many sources, the ones that would be believed last are not heard.
func (s *state) streamOf(e CPUSample, a *Analyzer) *cpuStream {
	i, found := s.stream(e)
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
	t := &cpuStream{source: e.Source, counters: e.HasCounters(), window: newWindow(a.window), epochs: 1}
	s.streams = slices.Insert(s.streams, i, t)
	return t
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

// coverage is that of the believed source, its percentage-only samples included; other sources are only named. A standing verdict
// keeps the coverage that it was given with.
func (s *state) coverage(best *cpuStream, f *CPUThrottling) Coverage {
	c := f.Covered
	var windows []*window
	var ignored []string
	c.Dropped = s.dropped
	for _, t := range s.streams {
		c.Dropped += t.dropped
		switch {
		case t.source == best.source:
			windows = append(windows, &t.window)
		case len(t.window.buckets) > 0:
			ignored = append(ignored, cmp.Or(t.source, "unnamed"))
		}
	}
	if !f.Standing {
		dropped := c.Dropped
		c = coverageOf(spans(windows...))
		c.Confidence, c.Missing, c.Dropped = c.confidence(best.counters), best.missing(f), dropped
	}
	slices.Sort(ignored)
	c.Epochs, c.Source, c.Ignored = best.epochs, best.source, slices.Compact(ignored)
	return c
}
