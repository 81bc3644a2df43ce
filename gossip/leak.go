package gossip

import (
	"math"
	"strings"
	"time"
)

// Leak is a working set that climbs steadily: at least 10 samples over at least 10 minutes, on a straight line with R²
// ≥ 0.9, never down by more than 5 %, and at the limit within 24 h at this slope. (The test is Coroot's, the bounds are
// ours.)
type Leak struct {
	BytesPerSecond float64
	R2             float64
	// Until is the time from the newest sample until the limit is reached.
	Until time.Duration
}

const (
	leakSamples = 10
	leakSpan    = 10 * time.Minute
	leakFit     = 0.9 // R²
	leakHorizon = 24 * time.Hour

	highLeak, warningLeak = time.Hour, 6 * time.Hour // until it is at the limit, and Info beyond
)

// findLeak looks for a working set that climbs steadily in the samples up to a time. It uses the first and the last
// sample of each bucket.
func (w *memoryWindow) findLeak(limit Optional[int64], until int64) Optional[Leak] {
	var room [2 * buckets]point
	points, samples, ok := w.climbingPoints(room[:0], until)
	if !ok || samples < leakSamples || limit.Value <= 0 {
		return Optional[Leak]{}
	}
	newest := points[len(points)-1]
	if newest.end-points[0].end < int64(leakSpan) {
		return Optional[Leak]{}
	}
	slope, fit := fitLine(points)
	if slope <= 0 || fit < leakFit {
		return Optional[Leak]{}
	}
	seconds := max(0, float64(limit.Value-newest.value)) / slope
	if seconds > leakHorizon.Seconds() {
		return Optional[Leak]{}
	}
	return Some(Leak{BytesPerSecond: slope, R2: fit, Until: time.Duration(seconds * float64(time.Second))})
}

// firstMeasured returns the time of the first working set of this epoch that is in the window.
func (w *memoryWindow) firstMeasured() int64 {
	for i := range w.buckets {
		if m := &w.buckets[i].sums; m.sets > 0 {
			return m.first.end
		}
	}
	return math.MaxInt64
}

// Severity depends on the time until the limit is reached: High within an hour, Warning within six, else Info.
func (l Leak) Severity() Severity {
	switch {
	case l.Until < highLeak:
		return SeverityHigh
	case l.Until < warningLeak:
		return SeverityWarning
	}
	return SeverityInfo
}

// TimeLeft returns Until as people say it: "50s", "12m", "3h20m". Below two minutes it is rounded to seconds, else to
// minutes.
func (l Leak) TimeLeft() string {
	unit := time.Minute
	if l.Until < 2*time.Minute {
		unit = time.Second
	}
	text := l.Until.Round(unit).String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}

// climbingPoints appends the working sets up to a time to an empty list, in their order, and returns how many samples
// they represent. ok is false when the working set went down by more than 5 %.
func (w *memoryWindow) climbingPoints(points []point, until int64) (_ []point, samples int64, ok bool) {
	var top int64
	falls := func(value int64) bool { return value < top-top/20 }
	for i := range w.buckets {
		m := &w.buckets[i].sums
		whole := m.last.end <= until
		switch {
		case m.sets == 0 || m.first.end > until:
			continue
		case falls(m.first.value) || (whole && falls(m.low)):
			return nil, 0, false
		}
		points = append(points, m.first)
		top = max(top, m.first.value)
		if !whole {
			samples++
			continue
		}
		top = max(top, m.high)
		if falls(m.last.value) {
			return nil, 0, false
		}
		if m.last != m.first {
			points = append(points, m.last)
		}
		samples += m.sets
	}
	return points, samples, len(points) > 1
}

// fitLine fits a straight line by least squares. It returns the slope in bytes per second, and R².
func fitLine(points []point) (slope, fit float64) {
	var x, y float64
	n := float64(len(points))
	from := points[0]
	for _, p := range points {
		x += secondsOf(p.end - from.end)
		y += float64(p.value - from.value)
	}
	x, y = x/n, y/n
	var xx, xy, yy float64
	for _, p := range points {
		dx, dy := secondsOf(p.end-from.end)-x, float64(p.value-from.value)-y
		xx, xy, yy = xx+dx*dx, xy+dx*dy, yy+dy*dy
	}
	if xx == 0 || yy == 0 {
		return 0, 0
	}
	return xy / xx, xy * xy / (xx * yy)
}

// secondsOf converts nanoseconds. Duration.Seconds divides twice, and this is computed for each point of each instant.
func secondsOf(nanoseconds int64) float64 { return float64(nanoseconds) / float64(time.Second) }
