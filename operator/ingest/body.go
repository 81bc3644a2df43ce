package ingest

import (
	"errors"
	"fmt"
	"iter"
	"net/http"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie"
	"github.com/kernel-gossip/kernel-gossip/pixie/otlp"
)

// maxErrors is how many errors of one body are told.
const maxErrors = 10

// body is what a request holds, whatever the format. Another format needs another loop around note, and nothing else.
type body struct {
	now        time.Time
	maxAhead   time.Duration
	mayBeEmpty bool // a request without a record is as good as any

	events    []gossip.Event
	malformed int // records
	early     int // records from the future
	points    int // data points of both, in OTLP
	foreign   int // ResourceMetrics without a metric that is read; a file that has one has many
	errors    []string
}

// note takes what was decoded: an event, or why there is none. The error is about the body as a whole.
func (b *body) note(event gossip.Event, points int, err error) error {
	switch {
	case err != nil:
		if _, one := errors.AsType[*pixie.RecordError](err); !one {
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
		b.refuse(points, err)
	case event.From().Time.Sub(b.now) > b.maxAhead:
		b.early++
		at := event.From().Time
		b.refuse(points, fmt.Errorf("%s: timestamp %s is %s ahead of this clock", event.Subject(), at.Format(time.RFC3339), span(at.Sub(b.now))))
	default:
		b.events = append(b.events, event)
	}
	return nil
}

// metrics notes the records of an OTLP request.
func (b *body) metrics(records iter.Seq2[otlp.Record, error]) error {
	b.mayBeEmpty = true // Pixie sends such
	for record, err := range records {
		if err := b.note(record.Event, record.Points, err); err != nil {
			return err
		}
	}
	if b.foreign > 1 {
		b.errors = append(b.errors, fmt.Sprintf("%d more ResourceMetrics have no such gauge", b.foreign-1))
	}
	return nil
}

// refuse tells of a record. Its points are at least one: how many there are in one that cannot be read, nobody knows.
func (b *body) refuse(points int, err error) {
	b.points += max(points, 1)
	if len(b.errors) < maxErrors {
		b.errors = append(b.errors, err.Error())
	}
}

// span writes a length of time in units that a reader can imagine: years, not 27129 hours.
func span(d time.Duration) string {
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

// tooLong says whether a body was longer than it may be, packed or not.
func tooLong(err error) bool {
	var packed *http.MaxBytesError
	return errors.As(err, &packed) || errors.Is(err, pixie.ErrTooLarge)
}
