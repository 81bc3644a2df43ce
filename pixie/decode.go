package pixie

import (
	"errors"
	"io"
	"iter"

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
}

// Decode reads events with the default limits. See Options.Decode.
func Decode(r io.Reader) iter.Seq2[gossip.Event, error] { return Options{}.Decode(r) }

// Decode yields what r holds in its order: for each record an event or a *RecordError. Any other error is final. Reading happens as the
// caller iterates; the caller may stop at any time, and closes r itself. The sequence can be ranged over once.
func (o Options) Decode(r io.Reader) iter.Seq2[gossip.Event, error] {
	return func(yield func(gossip.Event, error) bool) {
		text, release, err := decompress(r)
		if err != nil {
			yield(nil, err)
			return
		}
		defer release()
		o.decode(text, yield)
	}
}

func (o Options) decode(text io.Reader, yield func(gossip.Event, error) bool) {
	if o.MaxBytes > 0 {
		text = &limited{r: text, left: o.MaxBytes, max: o.MaxBytes}
	}
	if o.MaxRecord <= 0 {
		o.MaxRecord = DefaultMaxRecord
	}
	s := newScanner(text, min(o.MaxRecord, 1<<30))
	var rec record
	for {
		raw, err := s.next()
		var event gossip.Event
		if err == nil {
			if event, err = rec.decode(raw); err != nil {
				err = s.refuse(err)
			}
		}
		if isEnd(err) {
			return
		}
		if !yield(event, err) {
			return
		}
		if bad := (*RecordError)(nil); err != nil && !errors.As(err, &bad) {
			return
		}
	}
}
