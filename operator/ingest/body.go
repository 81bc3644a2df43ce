package ingest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie"
)

// maxErrors is how many errors of one body are told.
const maxErrors = 10

// body is what a request holds. Another format needs another decode, and nothing else.
type body struct {
	now      time.Time
	maxAhead time.Duration

	events    []gossip.Event
	malformed int // records
	early     int // records from the future
	errors    []string
}

// decode reads all records. The error is about the body as a whole.
func (b *body) decode(r io.Reader, most int64) error {
	for event, err := range (pixie.Options{MaxBytes: most}).Decode(r) {
		var bad *pixie.RecordError
		switch {
		case errors.As(err, &bad):
			b.malformed++
			b.tell(err)
		case err != nil:
			return err
		case event.From().Time.Sub(b.now) > b.maxAhead:
			b.early++
			at := event.From().Time
			b.tell(fmt.Errorf("%s: timestamp %s is %s ahead of this clock", event.Subject(), at.Format(time.RFC3339), at.Sub(b.now).Round(time.Second)))
		default:
			b.events = append(b.events, event)
		}
	}
	return nil
}

func (b *body) tell(err error) {
	if len(b.errors) < maxErrors {
		b.errors = append(b.errors, err.Error())
	}
}

// tooLong says whether a body was longer than it may be, packed or not.
func tooLong(err error) bool {
	var packed *http.MaxBytesError
	return errors.As(err, &packed) || errors.Is(err, pixie.ErrTooLarge)
}
