package gossip

// cpuWindow is the window of one source of CPU samples.
type cpuWindow struct {
	window[cpuSums]

	// running is the total, but for largest values, which may be of samples that have left; wall is its time in microseconds. It is kept
	// from sample to sample, because going through all buckets at each is most of what a sample would cost.
	running cpuSums
	wall    int64
	runs    bool // running is right
}

func (w *cpuWindow) observe(e Event, digest fingerprint, newest int64) outcome {
	if s, ok := e.(*CPUSample); ok {
		return w.count(s, digest, newest)
	}
	s := e.(CPUSample)
	return w.count(&s, digest, newest)
}

// count counts one sample.
func (w *cpuWindow) count(s *CPUSample, digest fingerprint, newest int64) outcome {
	w.slid(newest)
	fills := w.fills
	var e entry[cpuSums]
	cpuEntry(&e, s, digest)
	got := w.add(&e, newest)
	if got != counted {
		return got
	}
	if w.runs = w.runs && e.loose == nil && fills == w.fills; w.runs {
		w.running.add(&e.sums)
		w.wall = addSat(w.wall, e.period.Microseconds())
	}
	return counted
}

// slid is that of window; what leaves is taken off the total.
func (w *cpuWindow) slid(newest int64) int64 { return w.slide(newest, w.leaves) }

func (w *cpuWindow) leaves(b *bucket[cpuSums]) {
	if w.runs {
		w.wall -= b.spent
		w.runs = w.running.sub(&b.sums) && w.wall < 1<<62 // else it may have stopped at the largest number
	}
}

// restart is that of window.
func (w *cpuWindow) restart(s *stream) {
	w.runs = false
	w.window.restart(s)
}

// recent is the total, but for largest values.
func (w *cpuWindow) recent() (sum *cpuSums, wall int64) {
	if !w.runs {
		w.running, w.wall = w.total()
		w.runs = !w.untold()
	}
	return &w.running, w.wall
}
