package replay

import (
	"errors"
	"fmt"
	"io"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie"
	"github.com/kernel-gossip/kernel-gossip/pixie/otlp"
)

// maxRefused is how many record errors of one file are printed.
const maxRefused = 10

// refusals prints the record errors of one file: the first ones, and then the number of the rest. Nothing is printed
// before the file has a good record, because a file without any may be of another kind, and then one line says so.
type refusals struct {
	errs io.Writer
	name string
	head []byte // how the file begins, unpacked

	held          []string // errors that are not printed yet
	count         int
	hasGoodRecord bool

	foreignMetrics int // ResourceMetrics without a known metric; a file that has one has many
}

// noteGoodRecord prints the errors that were held until the first good record.
func (r *refusals) noteGoodRecord() {
	if !r.hasGoodRecord {
		r.hasGoodRecord = true
		r.printHeld()
	}
}

// add takes an error about a record.
func (r *refusals) add(bad *pixie.RecordError) {
	if errors.As(bad.Err, new(*otlp.ForeignError)) {
		if r.foreignMetrics++; r.foreignMetrics > 1 {
			return
		}
	} else if r.count++; r.count > maxRefused {
		return
	}
	at := r.name
	if bad.Line > 0 { // protobuf has no lines
		at = fmt.Sprintf("%s:%d", r.name, bad.Line)
	}
	r.held = append(r.held, gossip.CleanText(fmt.Sprintf("%s: %v", at, bad.Err))+"\n")
	if r.hasGoodRecord {
		r.printHeld()
	}
}

func (r *refusals) printHeld() {
	for _, text := range r.held {
		fmt.Fprint(r.errs, text)
	}
	r.held = nil
}

// finishFile is called once, with the error that ended the file, if any. It prints the rest, and returns the error
// about the file, which names the kind of a file that is no capture.
func (r *refusals) finishFile(final error) error {
	if !r.hasGoodRecord && (r.count > 0 || final != nil) {
		if what := describeOtherKind(r.head); what != "" {
			return fmt.Errorf("%s: looks like %s", r.name, what)
		}
	}
	r.printHeld()
	if more := r.count - maxRefused; more > 0 {
		fmt.Fprintf(r.errs, "%s: %s refused\n", gossip.CleanText(r.name), formatMoreRecords(more))
	}
	if r.foreignMetrics > 1 {
		fmt.Fprintf(r.errs, "%s: %d more ResourceMetrics have no such gauge\n", gossip.CleanText(r.name), r.foreignMetrics-1)
	}
	if final == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", r.name, final)
}

func formatMoreRecords(n int) string {
	if n == 1 {
		return "1 more record was"
	}
	return fmt.Sprintf("%d more records were", n)
}
