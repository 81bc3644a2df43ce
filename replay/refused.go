package replay

import (
	"errors"
	"fmt"
	"io"

	"github.com/kernel-gossip/kernel-gossip/pixie"
	"github.com/kernel-gossip/kernel-gossip/pixie/otlp"
)

// maxRefused is how many record errors of one file are printed.
const maxRefused = 10

// refused prints why records of one file are refused: the first of them, and then how many more there are. Nothing is
// printed before the file has a good record, because a file without any may be something else altogether, and then one
// line says it all.
type refused struct {
	errs io.Writer
	name string
	head []byte // how the file begins, unpacked

	held  []string // not printed yet
	count int
	good  bool // the file has a good record

	foreign int // ResourceMetrics without a metric that is read; a file that has one has many
}

// accept notes that a record is good.
func (r *refused) accept() {
	if !r.good {
		r.good = true
		r.print()
	}
}

// add takes an error about a record.
func (r *refused) add(bad *pixie.RecordError) {
	if errors.As(bad.Err, new(*otlp.ForeignError)) {
		if r.foreign++; r.foreign > 1 {
			return
		}
	} else if r.count++; r.count > maxRefused {
		return
	}
	at := r.name
	if bad.Line > 0 { // protobuf has no lines
		at = fmt.Sprintf("%s:%d", r.name, bad.Line)
	}
	r.held = append(r.held, fmt.Sprintf("%s: %v\n", at, bad.Err))
	if r.good {
		r.print()
	}
}

func (r *refused) print() {
	for _, text := range r.held {
		fmt.Fprint(r.errs, text)
	}
	r.held = nil
}

// end is called once, with what ended the file, and returns the error about the file: what it is, where that is no
// capture.
func (r *refused) end(final error) error {
	if !r.good && (r.count > 0 || final != nil) {
		if what := otherKind(r.head); what != "" {
			return fmt.Errorf("%s: looks like %s", r.name, what)
		}
	}
	r.print()
	if more := r.count - maxRefused; more > 0 {
		fmt.Fprintf(r.errs, "%s: %s refused\n", r.name, moreRecords(more))
	}
	if r.foreign > 1 {
		fmt.Fprintf(r.errs, "%s: %d more ResourceMetrics have no such gauge\n", r.name, r.foreign-1)
	}
	if final == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", r.name, final)
}

func moreRecords(n int) string {
	if n == 1 {
		return "1 more record was"
	}
	return fmt.Sprintf("%d more records were", n)
}
