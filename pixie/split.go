package pixie

import (
	"bytes"
	"errors"
	"io"
	"iter"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// Raw is one record as it is in the input.
type Raw struct {
	Line   int    // in which it starts, from 1
	Offset int64  // at which it starts, from 0
	Index  int    // in its array, from 0; 0 outside of arrays
	JSON   []byte // valid until the next one; whether it is good JSON shows when it is decoded
}

// Split yields the records of an input that Decode would find, and does not decode them, for programs that pass records
// on. Errors are the ones of Decode, without the errors about the content of a record.
func (o Options) Split(r io.Reader) iter.Seq2[Raw, error] { return o.split(r, nil) }

func (o Options) split(r io.Reader, in *wrapper) iter.Seq2[Raw, error] {
	return func(yield func(Raw, error) bool) {
		err := o.scan(r, func(s *scanner, _ *Batch) error {
			s.wrapper = in
			for {
				c, err := s.next()
				var bad *RecordError
				if err != nil && !errors.As(err, &bad) {
					return err
				}
				s.markRecord(c)
				if !yield(Raw{Line: s.at.line, Offset: s.at.offset, Index: max(0, s.array.index-1), JSON: c.raw}, err) {
					return io.EOF
				}
			}
		})
		if !isEnd(err) {
			yield(Raw{}, err)
		}
	}
}

// Event decodes the record. The error is a *RecordError.
func (r Raw) Event() (gossip.Event, error) {
	w := workspaces.Get().(*workspace)
	defer w.returnToPool()
	w.one.truncateTo(batchLengths{})
	if err := w.record.decode(cutRecord{raw: r.JSON}, &w.one); err != nil {
		return nil, &RecordError{Line: r.Line, Offset: r.Offset, Err: err}
	}
	return w.one.singleResult()
}

// Unpack returns the text of an input, which may be packed as for Decode, for programs that look at its format. What is
// packed twice is refused. Close frees the memory of the decompressor; it does not close r.
func Unpack(r io.Reader) (io.ReadCloser, error) {
	w := workspaces.Get().(*workspace)
	text, release, err := w.unpackInput(r)
	if err != nil {
		w.returnToPool()
		return nil, err
	}
	return &unpacked{Reader: text, release: release, workspace: w}, nil
}

type unpacked struct {
	io.Reader
	release   func()
	workspace *workspace
}

func (u *unpacked) Close() error {
	if u.workspace != nil {
		u.release()
		u.workspace.returnToPool()
		u.Reader, u.workspace = bytes.NewReader(nil), nil
	}
	return nil
}
