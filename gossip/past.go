package gossip

import "math"

// A window that ended earlier is judged like the present one, once nothing can change it any more: what has left the
// present window is kept for as long again, in groups of four buckets. Windows that end with a group compete (see
// [Analyzer.Worst]), so there are fifteen in the length of one window.
const (
	groupSlots = 4
	pastGroups = buckets / groupSlots
)

// group is what is kept of up to four buckets that have left the window: their sums, and the number of their samples.
// All samples have a length.
type group[S sums[S]] struct {
	number                         int64 // of its slots, divided by four
	timedUsec                      int64 // total length of the samples, microseconds
	samples, firstStart, newestEnd int64 // see overflow
	sums                           S
}

// past is what has left a window, and what a window that ended earlier needs of it. Late records cannot reach it, so it
// does not depend on their order.
type past[S sums[S]] struct {
	filling group[S] // of the bucket that has left last; it has no samples before the first one
	// ring holds the groups that are complete, count of them from head on, in the order of their numbers. The last of them
	// are the ends of windows that are not judged yet. The ones before, and no others, are in the window that is judged.
	ring               []group[S]
	head, count, ended int
	// firstNumber is the number of the first group after a time without samples that was as long as a window.
	firstNumber int64
}

func newPast[S sums[S]]() *past[S] { return &past[S]{} }

// groupOf returns the number of a slot's group.
func groupOf(slot int64) int64 { return floorDiv(slot, groupSlots) }

// groupAt returns group i of the ring.
func (p *past[S]) groupAt(i int) *group[S] {
	i += p.head
	if i >= len(p.ring) {
		i -= len(p.ring)
	}
	return &p.ring[i]
}

// beginGroup makes the group of a slot the one to add to.
func (p *past[S]) beginGroup(slot int64) *group[S] {
	number := groupOf(slot)
	if p.filling.samples > 0 && p.filling.number != number {
		p.closeGroup()
	}
	p.filling.number = number
	return &p.filling
}

// closeGroup completes the group that is being filled: a window ends with it.
func (p *past[S]) closeGroup() {
	if p.filling.samples == 0 {
		return
	}
	if p.count == len(p.ring) {
		p.growRing()
	}
	p.count++
	p.ended++
	g := p.groupAt(p.count - 1)
	free := g.sums
	*g = p.filling
	p.filling = group[S]{sums: free.emptySums()}
}

// growRing makes room: for the groups of a window, and for those that leave together in a time without samples.
func (p *past[S]) growRing() {
	larger := make([]group[S], max(pastGroups+1, 2*len(p.ring)))
	for i := range p.count {
		larger[i] = *p.groupAt(i)
	}
	p.ring, p.head = larger, 0
}

// outdatedGroup returns the oldest group if the next window to judge begins after it; else nil.
func (p *past[S]) outdatedGroup() *group[S] {
	if first := p.groupAt(0); first.number <= p.groupAt(p.count-p.ended).number-pastGroups {
		return first
	}
	return nil
}

// dropOldest drops the oldest group.
func (p *past[S]) dropOldest() {
	p.head++
	p.count--
	if p.head == len(p.ring) {
		p.head = 0
	}
}

// advanceGroup makes the next window the one to judge, and returns the group that it ends with. No group may be
// outdated.
func (p *past[S]) advanceGroup() *group[S] {
	p.ended--
	g := p.lastGroup()
	if p.groupCount() == 1 {
		p.firstNumber = g.number
	}
	return g
}

// groupCount returns the number of groups in the window that is judged.
func (p *past[S]) groupCount() int { return p.count - p.ended }

// lastGroup returns the group with which the window that is judged ends.
func (p *past[S]) lastGroup() *group[S] { return p.groupAt(p.groupCount() - 1) }

// holdsAll reports whether the window that is judged has all samples that there are: for the length of a window there
// are none before them, and none after them.
func (p *past[S]) holdsAll() bool {
	last, next := p.lastGroup().number, int64(math.MaxInt64)
	switch {
	case p.ended > 0:
		next = p.groupAt(p.groupCount()).number
	case p.filling.samples > 0:
		next = p.filling.number
	}
	return p.firstNumber > last-pastGroups && next >= last+pastGroups
}

// addBuckets adds buckets that leave the window, which are the first ones of it.
func (p *past[S]) addBuckets(w *window[S], leaving []*bucket[S]) {
	var lengths *spanList // of samples without a period
	for i, b := range leaving {
		g := p.beginGroup(b.slot)
		if b.countUntimed() == 0 {
			g.addTimed(b)
			continue
		}
		if lengths == nil {
			lengths = newSpanList()
			defer lengths.releaseSpans()
			reach := window[S]{buckets: leaving, lastExpired: w.lastExpired}
			if reach.lastExpired == 0 { // the first one is as long as the median of all
				reach.buckets = w.buckets
			}
			reach.appendSpans(lengths)
			lengths.sort()
		}
		g.addUntimed(b, i, lengths)
	}
}

// addTimed adds a bucket of samples that all have a period.
func (g *group[S]) addTimed(b *bucket[S]) {
	g.sums = g.sums.merge(b.sums)
	g.timedUsec = addSat(g.timedUsec, b.timedUsec)
	if b.isFolded() {
		g.addStretch(b.overflow.firstStart, b.overflow.newestEnd, b.overflow.samples)
		return
	}
	for _, s := range b.singleSamples() {
		g.addStretch(s.end-int64(s.period), s.end, 1)
	}
}

// addUntimed adds bucket i of a window. lengths has its samples.
func (g *group[S]) addUntimed(b *bucket[S], i int, lengths *spanList) {
	g.timedUsec = addSat(g.timedUsec, b.timedUsec)
	if !b.isFolded() {
		g.sums = g.sums.merge(b.sums)
	}
	for _, s := range lengths.spans {
		if s.bucket != i {
			continue
		}
		g.addStretch(s.start, s.end, s.samples)
		usec := (s.end - s.start) / 1000
		switch {
		case b.isFolded():
			usec = max(0, usec-b.timedUsec)
			g.sums = g.sums.merge(b.sums.completeUntimed(usec, b.overflow.untimed))
		case s.timed:
			continue
		default:
			g.sums = b.onceTimedAt(s.sample)(g.sums, usec)
		}
		g.timedUsec = addSat(g.timedUsec, usec)
	}
}

// addStretch counts samples that cover a stretch of time together.
func (g *group[S]) addStretch(start, end, samples int64) {
	if g.samples == 0 {
		g.firstStart, g.newestEnd = start, end
	}
	g.samples += samples
	g.firstStart, g.newestEnd = min(g.firstStart, start), max(g.newestEnd, end)
}

// appendSpans appends the groups of the window that is judged, which are in order of time.
func (p *past[S]) appendSpans(to *spanList) {
	for i := range p.groupCount() {
		g := p.groupAt(i)
		to.spans = append(to.spans, span{start: g.firstStart, end: g.newestEnd, samples: g.samples, timed: true})
	}
}

// findBounds returns the oldest start and the newest end of the samples of the window that is judged.
func (p *past[S]) findBounds() (start, end int64) {
	start, end = math.MaxInt64, p.lastGroup().newestEnd
	for i := range p.groupCount() {
		start = min(start, p.groupAt(i).firstStart)
	}
	return start, end
}

// foldedWindow is a past window as folded buckets. It is large, and needed only for a moment.
type foldedWindow[S sums[S]] struct {
	buckets   [pastGroups]bucket[S]
	overflows [pastGroups]overflow[S]
	list      [pastGroups]*bucket[S]
	pending   past[S] // see pendingWindow
}

// fillFrom makes the groups of the window that is judged folded buckets, and returns these. They share with the groups
// what the sums point to.
func (f *foldedWindow[S]) fillFrom(p *past[S]) []*bucket[S] {
	n := p.groupCount()
	for i := range n {
		g, o, b := p.groupAt(i), &f.overflows[i], &f.buckets[i]
		*o = overflow[S]{folded: true, samples: g.samples, firstStart: g.firstStart, newestEnd: g.newestEnd}
		b.slot, b.timedUsec, b.sums, b.overflow = g.number, g.timedUsec, g.sums, o
		f.list[i] = b
	}
	return f.list[:n:n]
}

// totalSums adds up the window that is judged.
func (p *past[S]) totalSums() (sum S, usec int64) {
	for i := range p.groupCount() {
		g := p.groupAt(i)
		sum, usec = sum.merge(g.sums), addSat(usec, g.timedUsec)
	}
	return sum, usec
}

// copyTo makes c a copy that can be added to, with room for the groups of a window, in the memory that c has.
func (p *past[S]) copyTo(c *past[S]) {
	ring := c.ring
	if n := p.count + pastGroups + 1; len(ring) < n {
		ring = make([]group[S], n)
	}
	for i := range p.count {
		ring[i] = *p.groupAt(i)
	}
	clear(ring[p.count:]) // what an earlier copy left there belongs to others
	*c = *p
	c.filling.sums = p.filling.sums.cloneSums()
	c.ring, c.head = ring, 0
}

// keepPast has what leaves the window kept for past windows.
func (w *window[S]) keepPast() { w.past = newPast[S]() }

// hasEnded reports whether past windows have ended that are not judged yet.
func (w *window[S]) hasEnded() bool { return w.past != nil && w.past.ended > 0 }

// nextEnded moves on to the next past window to judge; it returns false when there is none.
func (w *window[S]) nextEnded() bool {
	if !w.hasEnded() {
		return false
	}
	for w.past.outdatedGroup() != nil {
		w.past.dropOldest()
	}
	w.past.advanceGroup()
	return true
}

// startOfPast returns the oldest start of the samples of the first group of the past window that is judged.
func (w *window[S]) startOfPast() int64 { return w.past.groupAt(0).firstStart }

// endOfPast returns the newest end of the samples of the past window that is judged.
func (w *window[S]) endOfPast() int64 { return w.past.lastGroup().newestEnd }

// pastBounds returns the oldest start and the newest end of the samples of the past window that is judged, and whether
// these are all that there are.
func (w *window[S]) pastBounds() (start, end int64, holdsAll bool) {
	start, end = w.past.findBounds()
	return start, end, w.past.holdsAll()
}

// foldPast returns the past window that is judged, without a place for further samples, in memory that is valid until
// the next one is folded there.
func (w *window[S]) foldPast(memory *foldedWindow[S]) window[S] {
	return window[S]{width: w.width * groupSlots, buckets: memory.fillFrom(w.past)}
}

// coverPast returns the coverage of the past window that is judged. counters reports whether the verdict is based on
// counters, and missing are the fields that would have helped.
func (p *past[S]) coverPast(s *stream, counters bool, missing []string) Coverage {
	spans := newSpanList()
	defer spans.releaseSpans()
	p.appendSpans(spans)
	c := spans.toCoverage()
	c.Confidence, c.Missing = c.rateConfidence(counters), missing
	c.Epochs, c.Source = s.epochs, s.source
	return c
}

// pendingWindow returns a copy of the past with which the windows are judged that end in the present window: late
// records may still change them. With closed, no record will, and the newest group has ended too. The copy is valid
// until the next one is made in this memory.
func (w *window[S]) pendingWindow(closed bool, memory *foldedWindow[S]) window[S] {
	pending := window[S]{width: w.width}
	if w.past == nil {
		return pending
	}
	w.past.copyTo(&memory.pending)
	pending.past = &memory.pending
	pending.past.addBuckets(w, w.buckets)
	if closed {
		pending.past.closeGroup()
	}
	return pending
}

// foldedWindows is the memory for past windows of each kind: an analyzer judges one at a time.
type foldedWindows struct {
	cpu     foldedWindow[cpuSums]
	memory  foldedWindow[memorySums]
	kills   foldedWindow[oomSums]
	network foldedWindow[networkSums]

	// findings are the memory for those that are shown next; shown is their number.
	findings []*CPUThrottling
	shown    int

	// See pendingPast.
	cpuPending     cpuWindow
	memoryPending  memoryWindow
	killsPending   oomWindow
	networkPending networkWindow
}

// nextShown returns memory for a finding that is needed until the windows of a subject are shown.
func (m *foldedWindows) nextShown() windowFinding {
	if m.shown == len(m.findings) {
		m.findings = append(m.findings, &CPUThrottling{})
	}
	m.shown++
	return m.findings[m.shown-1]
}
