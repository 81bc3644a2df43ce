package gossip

// cpuWindow is the window of one source of CPU samples.
type cpuWindow struct {
	window[cpuSums]

	// running is the total, but for largest values, which may be of samples that have left; wall is its time in microseconds. It is kept
	// from sample to sample, because going through all buckets at each is most of what a sample would cost.
	running   cpuSums
	wall      int64
	isRunning bool // running is right
}

func (w *cpuWindow) observe(e Event, digest fingerprint, newest int64) outcome {
	if s, ok := e.(*CPUSample); ok {
		return w.countSample(s, digest, newest)
	}
	s := e.(CPUSample)
	return w.countSample(&s, digest, newest)
}

// countSample counts one sample.
func (w *cpuWindow) countSample(s *CPUSample, digest fingerprint, newest int64) outcome {
	w.expire(newest)
	fills := w.fills
	var e entry[cpuSums]
	cpuEntry(&e, s, digest)
	got := w.add(&e, newest)
	if got != counted {
		return got
	}
	if w.isRunning = w.isRunning && e.onceTimed == nil && fills == w.fills; w.isRunning {
		w.running.add(&e.sums)
		w.wall = addSat(w.wall, e.period.Microseconds())
	}
	return counted
}

// expire is that of window; what leaves is taken off the total.
func (w *cpuWindow) expire(newest int64) int64 { return w.expireBuckets(newest, w.removeBucket) }

func (w *cpuWindow) removeBucket(b *bucket[cpuSums]) {
	if w.isRunning {
		w.wall -= b.timedUsec
		w.isRunning = w.running.remove(&b.sums) && w.wall < 1<<62 // else it may have stopped at the largest number
	}
}

// startEpoch is that of window.
func (w *cpuWindow) startEpoch(s *stream) {
	w.isRunning = false
	w.window.startEpoch(s)
}

// runningTotal is the total, but for largest values.
func (w *cpuWindow) runningTotal() (sum *cpuSums, wall int64) {
	if !w.isRunning {
		w.running, w.wall = w.totalSums()
		w.isRunning = !w.hasUntimed()
	}
	return &w.running, w.wall
}
