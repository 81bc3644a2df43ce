package replay

import (
	"bufio"
	"errors"
	"iter"
	"runtime"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie"
	"github.com/kernel-gossip/kernel-gossip/pixie/otlp"
)

// lookAhead is how much of a text is looked at to know its format.
const lookAhead = 4096

// batches reads a text in the format that it is in: OTLP, or records of package pixie, which tell their own formats. A batch is valid until
// the next one.
func batches(text *bufio.Reader) iter.Seq2[*pixie.Batch, error] {
	if head, _ := text.Peek(lookAhead); !otlp.Is(head) { // an error comes again when it is read
		return pixie.Options{Workers: runtime.GOMAXPROCS(0)}.Batches(text)
	}
	return func(yield func(*pixie.Batch, error) bool) {
		for record, err := range (otlp.Options{}).Decode(text) {
			b := &pixie.Batch{}
			switch bad := (*pixie.RecordError)(nil); {
			case errors.As(err, &bad):
				b.Refused = []*pixie.RecordError{bad}
			case err != nil:
				yield(nil, err)
				return
			default:
				b.Others = []gossip.Event{record.Event}
			}
			if !yield(b, nil) {
				return
			}
		}
	}
}
