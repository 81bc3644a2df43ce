package pixie

import (
	"bufio"
	"io"
	"iter"
	"sync"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// DefaultMaxRecord is the greatest length of a record in bytes unless Options have another one: 1 MiB.
const DefaultMaxRecord = 1 << 20

// Options are the limits of decoding. The zero value is right for files that the user chose.
type Options struct {
	// MaxRecord is the greatest length of one record in bytes; 0 or less means DefaultMaxRecord. More than 1 GiB means 1
	// GiB.
	MaxRecord int
	// MaxBytes is the greatest length of the whole input in bytes, after decompression; 0 or less means no limit. Set it
	// for input from the network, where a small body can decompress to a large one.
	MaxBytes int64
	// Workers is the number of goroutines that decode for Batches, besides the one that iterates; below 2 there are none.
	// They end with the iteration, and the result does not depend on them. Decode and Split always work in the goroutine
	// that iterates.
	Workers int
}

// Decode reads events with the default limits. See Options.Decode.
func Decode(r io.Reader) iter.Seq2[gossip.Event, error] { return Options{}.Decode(r) }

// Decode yields the content of r in its order: for each record an event or a *RecordError. Any other error is final.
// Decode reads while the caller iterates; the caller may stop at any time, and closes r itself. The sequence can be
// ranged over once.
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

// scan calls work with a scanner at the start of the text of r and a batch with room for one record. It returns the
// error of work.
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

// workspace is the memory that decoding needs. It is pooled, because a server decodes many small bodies: most of the
// time would go into new workspaces. Events never point into it.
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
