package pixie

import (
	"errors"
	"fmt"
	"io"
)

// scanner cuts a text into records. It knows brackets, strings, commas and colons; the decoder of a record decides
// whether the record is good JSON.
type scanner struct {
	buffer
	fields  *record // decodes what is cut
	array   array
	at      place // of the record, or of what stands in its place
	tooLong bool  // the record at hand is longer than what is kept
	wrapper *wrapper

	first  bool  // the byte at pos is the first of its line that is not white space
	indent int64 // and stands behind so much of it
}

// array is the state of the top-level array that the scanner is in.
type array struct {
	open    bool
	begin   place
	element bool // an element has just ended
	comma   bool // a comma has just been passed
	index   int  // of the next element
}

// newScanner returns the scanner of a workspace, at the start of a text.
func newScanner(r io.Reader, maxRecord int, w *workspace) *scanner {
	s := &w.scanner
	s.buffer = bufferAt(place{line: 1}, w.buf[:min(2*chunk, maxRecord+chunk)], maxRecord)
	s.fields = w.record
	s.readStart(r)
	return s
}

// cutRecord is one record, cut out of the text.
type cutRecord struct {
	raw   []byte
	plain bool // the record was split as plain: the scanner has its fields already
}

// addRecord adds the event of the next record, or why it was refused. Any other error ends the text: io.EOF, or an
// error of the reader.
func (s *scanner) addRecord(to *Batch) error {
	c, err := s.next()
	if err == nil {
		if err = s.fields.decode(c, to); err == nil {
			return nil
		}
		s.markRecord(c)
		err = s.refuseRecord(err)
	}
	var bad *RecordError
	if !errors.As(err, &bad) {
		return err
	}
	to.Refused = append(to.Refused, bad)
	return nil
}

// next returns the next record, valid until the next call. The error is a *RecordError, io.EOF, or the final error of
// the reader.
func (s *scanner) next() (cutRecord, error) {
	for {
		b, err := s.peek()
		if err != nil {
			return cutRecord{}, s.finishText()
		}
		switch {
		case s.wrapper != nil && !s.array.open:
			if err := s.passOutside(b); err != nil {
				return cutRecord{}, err
			}
		case s.beginsAnother(b):
			return cutRecord{}, s.breakOff()
		case s.array.open && (b == ',' || b == ']'):
			if err := s.passSeparator(b); err != nil {
				return cutRecord{}, err
			}
		case s.array.open:
			return s.nextElement(b)
		case b == '{':
			return s.nextRecord()
		case b == '[':
			s.array = array{open: true, begin: s.markPosition()}
			s.pos++
		default:
			return cutRecord{}, s.refuseLine(b)
		}
	}
}

// passSeparator moves past a comma between elements, or the end of the array.
func (s *scanner) passSeparator(b byte) error {
	s.markPosition()
	s.pos++
	was := s.array
	if b == ',' {
		s.array.comma, s.array.element = true, false
		if !was.element {
			return s.refuseRecord(errExtraComma)
		}
		return nil
	}
	s.array = array{}
	if was.comma {
		return s.refuseRecord(errLastComma)
	}
	return nil
}

// nextElement returns one element of the array. It reports a missing comma and a stray bracket or colon, which cost
// nothing else.
func (s *scanner) nextElement(b byte) (cutRecord, error) {
	if b == '}' || b == ':' {
		s.markPosition()
		s.pos++
		return cutRecord{}, s.refuseRecord(unexpectedByte(b, "array element"))
	}
	if s.array.element {
		s.markPosition()
		s.array.element = false
		return cutRecord{}, s.refuseRecord(errNoComma)
	}
	s.array.element, s.array.comma = true, false
	s.array.index++
	return s.nextRecord()
}

// nextRecord cuts out the value that begins here.
func (s *scanner) nextRecord() (cutRecord, error) {
	if n, plain := s.fields.splitPlain(s.buf[s.pos:s.end]); plain && n <= s.max {
		s.pos += n
		return cutRecord{s.buf[s.pos-n : s.pos : s.pos], true}, nil
	}
	s.markPosition()
	s.keep, s.tooLong = s.pos, false
	err := s.skipValue()
	if s.dropOverlong() {
		if err == nil && s.keep < 0 {
			return cutRecord{}, s.refuseRecord(s.lengthError())
		}
		return cutRecord{}, s.recoverFrom(err)
	}
	if err != nil {
		return cutRecord{}, s.recoverFrom(err)
	}
	from := s.keep
	s.keep = -1
	return cutRecord{raw: s.buf[from:s.pos:s.pos]}, nil
}

// refuseLine skips the rest of a line with something that is not a record.
func (s *scanner) refuseLine(b byte) error {
	s.markPosition()
	err := s.refuseRecord(fmt.Errorf("%w; the rest of the line is skipped", unexpectedByte(b, "object or array")))
	s.skipTo('\n')
	for s.pos == s.end && s.readAhead() {
		s.skipTo('\n')
	}
	return err
}

// finishText returns the error for the end of the text.
func (s *scanner) finishText() error {
	if isEnd(s.err) && s.array.open {
		s.at, s.array.open = s.array.begin, false
		if s.wrapper != nil {
			s.wrapper.open = false
		}
		return s.refuseRecord(errOpenArray)
	}
	if isEnd(s.err) && s.wrapper != nil && s.wrapper.open {
		s.at, s.wrapper.open = s.wrapper.begin, false
		return s.refuseRecord(errNotClosed)
	}
	return s.err
}

// markPosition notes the position as the place of the next record.
func (s *scanner) markPosition() place {
	s.at = s.placeAt(s.pos)
	return s.at
}

// markRecord notes the place of the record that was just cut out. For a plain record this is done only when it is
// needed, because it counts lines.
func (s *scanner) markRecord(c cutRecord) {
	if c.plain {
		s.at = s.placeAt(s.pos - len(c.raw))
	}
}

func (s *scanner) refuseRecord(err error) *RecordError {
	return &RecordError{Line: s.at.line, Offset: s.at.offset, Err: err}
}

func (s *scanner) lengthError() error { return &LengthError{Max: s.max} }
