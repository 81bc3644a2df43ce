package replay

import (
	"fmt"
	"math"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// moment is a time, or an offset from the first record. The zero moment is not given.
type moment struct {
	at     time.Time
	offset time.Duration
	given  string // as the user wrote it
}

// parseMoment reads RFC 3339, or an offset.
func parseMoment(flag, text string) (moment, error) {
	if text == "" {
		return moment{}, nil
	}
	if offset, err := time.ParseDuration(text); err == nil {
		return moment{offset: offset, given: text}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return moment{}, fmt.Errorf("%s: %q is neither RFC 3339 (2026-11-22T12:00:00Z) nor an offset (5m)", flag, text)
	}
	return moment{at: at, given: text}, nil
}

// resolveFrom returns the time.
func (m moment) resolveFrom(first time.Time) time.Time {
	if m.at.IsZero() {
		return first.Add(m.offset)
	}
	return m.at
}

// timeRange is the time of the records that count, as --since and --until choose it: what is before and after is read
// and not observed. So a verdict is the one of that time.
type timeRange struct {
	since, until moment
	known        bool  // the next two are set
	from, to     int64 // Unix nanoseconds, both included
}

func parseTimeRange(since, until string) (r timeRange, err error) {
	if r.since, err = parseMoment("--since", since); err != nil {
		return r, err
	}
	r.until, err = parseMoment("--until", until)
	return r, err
}

// beginWith resolves offsets, from the oldest of the events that were read first.
func (r *timeRange) beginWith(events *gossip.Events) {
	if r.known {
		return
	}
	var first time.Time
	for e := range events.All() {
		if at := e.From().Time; first.IsZero() || at.Before(first) {
			first = at
		}
	}
	r.known, r.from, r.to = true, math.MinInt64, math.MaxInt64
	if r.since.given != "" {
		r.from = r.since.resolveFrom(first).UnixNano()
	}
	if r.until.given != "" {
		r.to = r.until.resolveFrom(first).UnixNano()
	}
}

func (r *timeRange) containsTime(at int64) bool { return r.from <= at && at <= r.to }

// checkOrder returns an error if the range ends before it begins.
func (r *timeRange) checkOrder() error {
	if r.from > r.to {
		return fmt.Errorf("--since %s is after --until %s", r.since.given, r.until.given)
	}
	return nil
}

// String returns the range for a sentence, with a space before it: " since 2026-11-22T12:00:00Z". It is empty where
// every record counts.
func (r *timeRange) String() string {
	var text string
	if r.since.given != "" {
		text += " since " + formatTime(time.Unix(0, r.from))
	}
	if r.until.given != "" {
		text += " until " + formatTime(time.Unix(0, r.to))
	}
	return text
}

func formatTime(at time.Time) string { return at.UTC().Format(time.RFC3339) }
