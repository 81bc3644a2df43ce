package ingest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"os"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie"
	"github.com/kernel-gossip/kernel-gossip/pixie/otlp"
)

// maxErrors is how many errors an answer has at most.
const maxErrors = 10

// body is the content of a request, whatever its format. Another format needs another loop around add, and nothing
// else.
type body struct {
	now        time.Time
	maxAhead   time.Duration
	mayBeEmpty bool // a request without a record is a success

	events    []gossip.Event             // a piece
	size      int64                      // of these, bytes
	good      int                        // events
	isWhole   bool                       // all events are one piece
	isLong    bool                       // they are more than a piece, and events has none of them
	take      func([]gossip.Event) error // a piece; nil to count the others only
	malformed int                        // records
	early     int                        // records from the future
	points    int                        // OTLP data points of malformed and early records
	foreign   int                        // ResourceMetrics without a metric that is read; a file that has one has many
	errors    []string
}

// add adds one decoded record: an event, or why there is none. It returns errors about the body as a whole.
func (b *body) add(event gossip.Event, points int, err error) error {
	switch {
	case err != nil:
		if _, isOne := errors.AsType[*pixie.RecordError](err); !isOne {
			return err
		}
		if lost, ok := errors.AsType[*otlp.ResourceError](err); ok {
			points = lost.Points
		}
		b.malformed++
		if errors.As(err, new(*otlp.ForeignError)) {
			if b.foreign++; b.foreign > 1 {
				b.points += points
				return nil
			}
		}
		b.addRejected(points, err)
	case event.From().Time.Sub(b.now) > b.maxAhead:
		b.early++
		at := event.From().Time
		b.addRejected(points, fmt.Errorf("%s: timestamp %s is %s ahead of this clock",
			event.Subject(), at.Format(time.RFC3339), formatDuration(at.Sub(b.now))))
	default:
		return b.addEvent(event)
	}
	return nil
}

// addEvent adds an event to the piece.
func (b *body) addEvent(event gossip.Event) error {
	b.good++
	size := gossip.SizeOf(event)
	if isFull := len(b.events) == maxPiece || b.size+size > maxPieceBytes; isFull && !b.isWhole && len(b.events) > 0 {
		if err := b.endPiece(); err != nil {
			return err
		}
	}
	if !b.isLong {
		b.events, b.size = append(b.events, event), b.size+size
	}
	return nil
}

// endPiece hands on the events of a piece, if they are wanted.
func (b *body) endPiece() error {
	events := b.events
	b.events, b.size = nil, 0
	if b.take == nil {
		b.isLong = true
		return nil
	}
	return b.take(events)
}

// addMetrics adds the records of an OTLP request.
func (b *body) addMetrics(records iter.Seq2[otlp.Record, error]) error {
	b.mayBeEmpty = true // Pixie sends such requests
	for record, err := range records {
		if err := b.add(record.Event, record.Points, err); err != nil {
			return err
		}
	}
	if b.foreign > 1 {
		b.errors = append(b.errors, fmt.Sprintf("%d more ResourceMetrics have no such gauge", b.foreign-1))
	}
	return nil
}

// addRejected counts the points of a bad record, at least one because an unreadable record may have any number of them,
// and keeps the first errors.
func (b *body) addRejected(points int, err error) {
	b.points += max(points, 1)
	if len(b.errors) < maxErrors {
		b.errors = append(b.errors, err.Error())
	}
}

// formatDuration writes a length of time in units that a reader can imagine: years, not 27129 hours.
func formatDuration(d time.Duration) string {
	const day, year = 24 * time.Hour, 365 * 24 * time.Hour
	switch {
	case d >= 290*year: // a time.Duration ends at 292 years
		return "290 years or more"
	case d >= 2*year:
		return fmt.Sprintf("%d years", d/year)
	case d >= 2*day:
		return fmt.Sprintf("%d days", d/day)
	}
	return d.Round(time.Second).String()
}

// isTooLong reports whether a body was longer than the limit, packed or unpacked.
func isTooLong(err error) bool {
	var packed *http.MaxBytesError
	return errors.As(err, &packed) || errors.Is(err, pixie.ErrTooLarge)
}

// isTooSlow reports whether a body did not arrive in time: the server's ReadTimeout over HTTP, or the patience of the
// gRPC server.
func isTooSlow(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
}
