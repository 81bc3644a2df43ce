package pixie

import (
	"bufio"
	"io"
	"iter"
	"sync"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// DefaultMaxRecord is the length of a record, in bytes, above which it is refused unless Options say otherwise: 1 MiB.
const DefaultMaxRecord = 1 << 20

// Options are the limits of decoding. The zero value is right for files that the user chose.
type Options struct {
	// MaxRecord is the most bytes that one record may have; 0 or less means DefaultMaxRecord. It is cut at 1 GiB.
	MaxRecord int
	// MaxBytes is the most bytes that the whole input may have, after decompression; 0 or less means no limit. Set it for input
	// from the network, where a small body can decompress to a large one.
	MaxBytes int64
	// Workers is how many goroutines decode for Batches, beside the one that iterates; below 2 there is none beside it. They live no
	// longer than the iteration, and what is yielded does not depend on them.
	Workers int
}

// Decode reads events with the default limits. See Options.Decode.
func Decode(r io.Reader) iter.Seq2[gossip.Event, error] { return Options{}.Decode(r) }

// Decode yields what r holds in its order: for each record an event or a *RecordError. Any other error is final. Reading happens as the
// caller iterates; the caller may stop at any time, and closes r itself. The sequence can be ranged over once.
func (o Options) Decode(r io.Reader) iter.Seq2[gossip.Event, error] {
	return func(yield func(gossip.Event, error) bool) {
		err := o.scan(r, func(s *scanner, one *Batch) error {
			for {
				one.truncateTo(batchLengths{})
				if err := s.addRecord(one); err != nil {
					return err
				}
				if !yield(one.singleResult()) {
					return io.EOF
				}
			}
		})
		if !isEnd(err) {
			yield(nil, err)
		}
	}
}

// scan lets work go through the text of r, with room for one record, and returns its error.
func (o Options) scan(r io.Reader, work func(*scanner, *Batch) error) error {
	w := workspaces.Get().(*workspace)
	defer w.returnToPool()
	text, release, err := w.unpackInput(r)
	if err != nil {
		return err
	}
	defer release()
	if o.MaxBytes > 0 {
		text = &limitedReader{r: text, left: o.MaxBytes, max: o.MaxBytes}
	}
	if o.MaxRecord <= 0 {
		o.MaxRecord = DefaultMaxRecord
	}
	return work(newScanner(text, min(o.MaxRecord, 1<<30), w), &w.one)
}

// workspace is the memory that decoding needs. A server decodes many small bodies, and most of their cost would be to make it anew.
// Events never point into it.
type workspace struct {
	packed  *bufio.Reader
	buf     []byte // of the scanner, which allocates a larger one if it must
	scanner scanner
	record  *record
	one     Batch
}

var workspaces = sync.Pool{New: func() any { return newWorkspace() }}

func newWorkspace() *workspace {
	return &workspace{packed: bufio.NewReaderSize(nil, chunk), buf: make([]byte, 2*chunk), record: newRecord()}
}

func (w *workspace) returnToPool() {
	w.packed.Reset(nil)
	w.record.beginRecord()
	w.record.fields.Text = nil
	w.scanner = scanner{}
	w.one.truncateTo(batchLengths{})
	workspaces.Put(w)
}
