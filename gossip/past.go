package gossip

import (
	"math"
	"slices"
)

// A window that ended earlier is judged like the present one, once nothing can change it any more: what has left the
// present window is kept for as long again, in groups of four buckets. Windows that end with a group compete (see
// [Analyzer.Worst]), so there are fifteen in the length of one window.
const (
	groupSlots = 4
	pastGroups = buckets / groupSlots
)

// past is what has left a window, and what a window that ended earlier needs of it. Late records cannot reach it, so it
// does not depend on their order. A group is a folded bucket: sums, and the number of its samples.
type past[S sums[S]] struct {
	groups []*bucket[S] // in the order of their slots, which are the numbers of the groups
	judged int64        // number of the last group with which a window has ended
	aged   bool         // some group of this epoch is no longer kept
}

func newPast[S sums[S]]() *past[S] { return &past[S]{judged: math.MinInt64} }

// groupOf returns the number of a slot's group.
func groupOf(slot int64) int64 { return floorDiv(slot, groupSlots) }

// addBuckets adds buckets that leave the window, which are the first ones of it.
func (p *past[S]) addBuckets(w *window[S], leaving []*bucket[S]) {
	if len(leaving) == 0 {
		return
	}
	var lengths *spanList // of samples without a period
	if slices.ContainsFunc(leaving, func(b *bucket[S]) bool { return b.countUntimed() > 0 }) {
		lengths = newSpanList()
		defer lengths.releaseSpans()
		w.appendSpans(lengths)
		lengths.sort()
	}
	for i, b := range leaving {
		g := p.groupAt(groupOf(b.slot))
		if b.countUntimed() == 0 {
			g.absorbTimed(b)
		} else {
			g.absorbUntimed(b, i, lengths)
		}
	}
}

// groupAt finds or makes the group of a number, which is the newest one or newer.
func (p *past[S]) groupAt(number int64) *bucket[S] {
	if n := len(p.groups); n > 0 && p.groups[n-1].slot == number {
		return p.groups[n-1]
	}
	g := &bucket[S]{slot: number, overflow: &overflow[S]{folded: true}}
	p.groups = append(p.groups, g)
	return g
}

// absorbTimed adds a bucket of samples that all have a period.
func (b *bucket[S]) absorbTimed(other *bucket[S]) {
	b.sums = b.sums.merge(other.sums)
	b.timedUsec = addSat(b.timedUsec, other.timedUsec)
	if other.isFolded() {
		b.overflow.foldStretch(other.overflow.firstStart, other.overflow.newestEnd, other.overflow.samples)
		return
	}
	for _, s := range other.singleSamples() {
		b.overflow.foldSample(s)
	}
}

// absorbUntimed adds bucket i of a window. lengths are the samples of that window.
func (b *bucket[S]) absorbUntimed(other *bucket[S], i int, lengths *spanList) {
	b.timedUsec = addSat(b.timedUsec, other.timedUsec)
	if !other.isFolded() {
		b.sums = b.sums.merge(other.sums)
	}
	for _, s := range lengths.spans {
		if s.bucket != i {
			continue
		}
		b.overflow.foldStretch(s.start, s.end, s.samples)
		usec := (s.end - s.start) / 1000
		switch {
		case other.isFolded():
			usec = max(0, usec-other.timedUsec)
			b.sums = b.sums.merge(other.sums.completeUntimed(usec, other.overflow.untimed))
		case s.timed:
			continue
		default:
			b.sums = b.sums.merge(other.onceTimedAt(s.sample)(usec))
		}
		b.timedUsec = addSat(b.timedUsec, usec)
	}
}

// foldStretch counts samples of a folded bucket that cover a stretch of time together.
func (o *overflow[S]) foldStretch(start, end, samples int64) {
	if o.samples == 0 {
		o.firstStart, o.newestEnd = start, end
	}
	o.samples += samples
	o.firstStart, o.newestEnd = min(o.firstStart, start), max(o.newestEnd, end)
}

// takeEnded returns the windows that have ended since it was called last, the oldest first: those that end with a group
// up to last, and have no place for further samples. They are valid until more is added.
func (p *past[S]) takeEnded(last, width int64) []window[S] {
	if last <= p.judged || len(p.groups) == 0 {
		return nil
	}
	var ended []window[S]
	for i, g := range p.groups {
		if g.slot > p.judged && g.slot <= last {
			ended = append(ended, p.windowUntil(i, width))
		}
	}
	p.judged = last
	p.dropBefore(last + 2 - pastGroups)
	return ended
}

// windowUntil returns the window that ends with group i.
func (p *past[S]) windowUntil(i int, width int64) window[S] {
	first := i
	for first > 0 && p.groups[first-1].slot > p.groups[i].slot-pastGroups {
		first--
	}
	return window[S]{width: width * groupSlots, buckets: p.groups[first : i+1 : i+1]}
}

// pastBounds returns the oldest start and the newest end of the samples of a past window.
func (w *window[S]) pastBounds() (start, end int64) {
	start, end = w.buckets[0].overflow.firstStart, math.MinInt64
	for _, g := range w.buckets {
		start, end = min(start, g.overflow.firstStart), max(end, g.overflow.newestEnd)
	}
	return start, end
}

// dropBefore drops groups that no window needs any more.
func (p *past[S]) dropBefore(number int64) {
	n := 0
	for n < len(p.groups) && p.groups[n].slot < number {
		n++
	}
	if n > 0 { // not in place: windows that were returned share the list
		p.groups, p.aged = p.groups[n:], true
	}
}

// cloneForPending returns a copy that can be added to.
func (p *past[S]) cloneForPending() *past[S] {
	c := *p
	c.groups = slices.Clone(p.groups)
	for i, g := range c.groups {
		copied, o := *g, *g.overflow
		copied.overflow = &o
		copied.sums = *new(S)
		copied.sums = copied.sums.merge(g.sums) // what it points to is not shared
		c.groups[i] = &copied
	}
	return &c
}
