package pixie

import (
	"errors"
	"fmt"
	"io"
)

// scanner cuts a text into records. It knows brackets, strings, commas and colons; whether a record is good JSON is for the record's
// decoder.
type scanner struct {
	window
	fields  *record // decodes what is cut
	array   array
	at      place // of the record, or of what stands in its place
	tooLong bool  // the record at hand is longer than what is kept
	wrapper *wrapper

	first  bool  // the byte at pos is the first of its line that is not white space
	indent int64 // and stands behind so much of it
}

// array is the top-level array in which the scanner is.
type array struct {
	open    bool
	begin   place
	element bool // an element has just ended
	comma   bool // a comma has just been passed
	index   int  // of the next element
}

// place is a position in the text.
type place struct {
	line   int
	offset int64
	column int64 // bytes between the start of the line and here
}

func newScanner(r io.Reader, maxRecord int, w *workspace) *scanner {
	return &scanner{window: newWindow(r, maxRecord, w.buf), fields: &w.record}
}

// cut is one record, cut out of the text.
type cut struct {
	raw   []byte
	plain bool // the scanner's fields are those of this record
}

// add adds what the next record says: an event, or why it was refused. Any other error ends the text: io.EOF, or that of the reader.
func (s *scanner) add(to *Batch) error {
	c, err := s.next()
	if err == nil {
		if err = s.fields.decode(c, to); err == nil {
			return nil
		}
		s.markBehind(c)
		err = s.refuse(err)
	}
	var bad *RecordError
	if !errors.As(err, &bad) {
		return err
	}
	to.Refused = append(to.Refused, bad)
	return nil
}

// next returns the next record, valid until the next call. Errors are a *RecordError, io.EOF, or the final error of the reader.
func (s *scanner) next() (cut, error) {
	for {
		b, err := s.peek()
		if err != nil {
			return cut{}, s.finish()
		}
		switch {
		case s.wrapper != nil && !s.array.open:
			if err := s.outside(b); err != nil {
				return cut{}, err
			}
		case s.another(b):
			return cut{}, s.breakOff()
		case s.array.open && (b == ',' || b == ']'):
			if err := s.between(b); err != nil {
				return cut{}, err
			}
		case s.array.open:
			return s.element(b)
		case b == '{':
			return s.record()
		case b == '[':
			s.array = array{open: true, begin: s.mark()}
			s.pos++
		default:
			return cut{}, s.strayLine(b)
		}
	}
}

// between moves past a comma between elements or the end of the array.
func (s *scanner) between(b byte) error {
	s.mark()
	s.pos++
	was := s.array
	if b == ',' {
		s.array.comma, s.array.element = true, false
		if !was.element {
			return s.refuse(errExtraComma)
		}
		return nil
	}
	s.array = array{}
	if was.comma {
		return s.refuse(errLastComma)
	}
	return nil
}

// element returns one element of the array. A missing comma and a stray bracket or colon are reported, and cost nothing else.
func (s *scanner) element(b byte) (cut, error) {
	if b == '}' || b == ':' {
		s.mark()
		s.pos++
		return cut{}, s.refuse(unexpected(b, "array element"))
	}
	if s.array.element {
		s.mark()
		s.array.element = false
		return cut{}, s.refuse(errNoComma)
	}
	s.array.element, s.array.comma = true, false
	s.array.index++
	return s.record()
}

// record cuts out the value that begins here.
func (s *scanner) record() (cut, error) {
	if n := s.fields.plain(s.buf[s.pos:s.end]); 0 < n && n <= s.max {
		s.pos += n
		return cut{s.buf[s.pos-n : s.pos : s.pos], true}, nil
	}
	s.mark()
	s.keep, s.tooLong = s.pos, false
	err := s.value()
	if s.overlong() {
		if err == nil && s.keep < 0 {
			return cut{}, s.refuse(s.lengthError())
		}
		return cut{}, s.broken(err)
	}
	if err != nil {
		return cut{}, s.broken(err)
	}
	from := s.keep
	s.keep = -1
	return cut{raw: s.buf[from:s.pos:s.pos]}, nil
}

// strayLine moves behind a line that holds something which is no record.
func (s *scanner) strayLine(b byte) error {
	s.mark()
	err := s.refuse(fmt.Errorf("%w; the rest of the line is skipped", unexpected(b, "object or array")))
	for s.skipTo('\n'); s.pos == s.end && s.fill(); s.skipTo('\n') {
	}
	return err
}

// finish is what the end of the text means.
func (s *scanner) finish() error {
	if isEnd(s.err) && s.array.open {
		s.at, s.array.open = s.array.begin, false
		if s.wrapper != nil {
			s.wrapper.open = false
		}
		return s.refuse(errOpenArray)
	}
	if isEnd(s.err) && s.wrapper != nil && s.wrapper.open {
		s.at, s.wrapper.open = s.wrapper.begin, false
		return s.refuse(errNotClosed)
	}
	return s.err
}

// mark notes the position as that of the record at hand.
func (s *scanner) mark() place {
	s.at = s.here(s.pos)
	return s.at
}

// markBehind notes the position of the record that was just cut out. That of a plain record is looked for only when it is asked for.
func (s *scanner) markBehind(c cut) {
	if c.plain {
		s.at = s.here(s.pos - len(c.raw))
	}
}

// here is the position of buf[pos], which never goes back.
func (s *scanner) here(pos int) place {
	s.count(pos)
	offset := s.base + int64(pos)
	return place{line: s.line, offset: offset, column: offset - s.lineStart}
}

func (s *scanner) refuse(err error) *RecordError {
	return &RecordError{Line: s.at.line, Offset: s.at.offset, Err: err}
}

func (s *scanner) lengthError() error { return &LengthError{Max: s.max} }
