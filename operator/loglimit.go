package operator

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"
)

// Bounds of the log, which strangers and senders must not fill.
const (
	maxLines    = 20 // with the same message
	linesPeriod = time.Minute
	maxMessages = 256 // that are counted apart; all others count together
)

// limitedHandler passes on at most maxLines lines with the same message in linesPeriod. The first line that passes
// after others did not has their number. Lines of debug level pass always: who asks for them wants each.
type limitedHandler struct {
	slog.Handler

	lines *lineCounts
}

func newLimitedHandler(h slog.Handler) slog.Handler {
	return limitedHandler{h, &lineCounts{of: map[string]*lineCount{}}}
}

// Handle passes a line on, or counts it.
func (h limitedHandler) Handle(ctx context.Context, r slog.Record) error {
	if r.Level < slog.LevelInfo {
		return h.Handler.Handle(ctx, r)
	}
	passes, left := h.lines.countLine(r.Message, r.Time)
	if !passes {
		return nil
	}
	if left > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int("leftOut", left))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs is for slog.
func (h limitedHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return limitedHandler{h.Handler.WithAttrs(attrs), h.lines}
}

// WithGroup is for slog.
func (h limitedHandler) WithGroup(name string) slog.Handler {
	return limitedHandler{h.Handler.WithGroup(name), h.lines}
}

// lineCounts counts lines by their message.
type lineCounts struct {
	mu sync.Mutex
	of map[string]*lineCount
}

// lineCount is the number of lines since a time, and of those that were left out.
type lineCount struct {
	since       time.Time
	passed, out int
}

// countLine counts one line. It reports whether the line passes, and how many before it did not.
func (l *lineCounts) countLine(message string, now time.Time) (passes bool, left int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.of[message]
	if c == nil && len(l.of) >= maxMessages {
		l.forgetOld(now)
	}
	if c == nil && len(l.of) >= maxMessages {
		message = ""
		c = l.of[message]
	}
	if c == nil {
		c = &lineCount{since: now}
		l.of[message] = c
	}
	if now.Sub(c.since) >= linesPeriod {
		c.since, c.passed = now, 0
	}
	if c.passed >= maxLines {
		c.out++
		return false, 0
	}
	c.passed++
	left, c.out = c.out, 0
	return true, left
}

// forgetOld forgets the messages that did not come for a period. The caller holds mu.
func (l *lineCounts) forgetOld(now time.Time) {
	maps.DeleteFunc(l.of, func(_ string, c *lineCount) bool { return now.Sub(c.since) >= linesPeriod })
}
