package pixie

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
)

// SplitWithin is Split for records that are wrapped in objects: it yields the elements of the array with that name in
// each object of the input, and passes over the other members. Only an element is held in memory, so an object may have
// any length. What was before a fault counts.
func (o Options) SplitWithin(name string, r io.Reader) iter.Seq2[Raw, error] {
	return o.split(r, &wrapper{name: name})
}

// wrapper is an object around an array of records.
type wrapper struct {
	name string // of the array

	open  bool // the scanner is in the object
	begin place
	found bool   // it had the array already
	other string // a name that it has
}

var (
	errArrayTwice    = errors.New("occurs twice")
	errArrayExpected = errors.New("array expected")
	errBrokenOff     = syntaxError("invalid JSON: the object breaks off before the next one begins")
)

// passOutside moves on where no array is open: to the next object, or through the members of one.
func (s *scanner) passOutside(b byte) error {
	w := s.wrapper
	switch {
	case !w.open && b == '{':
		*w = wrapper{name: w.name, open: true, begin: s.markPosition()}
		s.pos++
		return nil
	case !w.open && (b == '[' || b == ',' || b == ']'): // objects may be in an array
		s.pos++
		return nil
	case !w.open:
		return s.refuseLine(b)
	}
	s.at = w.begin
	switch b {
	case ',':
		s.pos++
		return nil
	case '}':
		return s.leaveObject()
	case '"':
		return s.passMember()
	}
	return s.recoverFrom(unexpectedByte(b, "name"))
}

// leaveObject moves to the end of the object.
func (s *scanner) leaveObject() error {
	s.pos++
	s.wrapper.open = false
	if w := s.wrapper; !w.found && w.other != "" {
		return s.refuseRecord(fmt.Errorf("%s expected, found %s", w.name, quoteInput(w.other)))
	}
	return nil
}

// passMember moves past a member of the object, or into the array.
func (s *scanner) passMember() error {
	w := s.wrapper
	s.keep, s.tooLong = s.pos, false
	err := s.skipString()
	if err != nil {
		return s.recoverFrom(err)
	}
	name := string(s.buf[s.keep+1 : s.pos-1])
	s.keep = -1
	b, err := s.peek()
	if err == nil && b != ':' {
		err = unexpectedByte(b, "colon")
	}
	if err != nil {
		return s.recoverFrom(err)
	}
	s.pos++
	switch b, err = s.peek(); {
	case err != nil:
		return s.recoverFrom(err)
	case name == w.name && !w.found && b == '[':
		w.found = true
		s.array = array{open: true, begin: s.markPosition()}
		s.pos++
		return nil
	}
	if err := s.skipValue(); err != nil {
		return s.recoverFrom(err)
	}
	switch {
	case name != w.name:
		w.other = name
	case w.found:
		return s.refuseRecord(fmt.Errorf("%s: %w", name, errArrayTwice))
	case b != 'n':
		w.found = true
		return s.refuseRecord(fmt.Errorf("%s: %w", name, errArrayExpected))
	}
	w.found = w.found || name == w.name
	return nil
}

// beginsAnother reports whether another object begins where an element might: at a line that is indented no deeper than
// the object around it, and with the name of the array first, which no element has. Then the object before it has
// broken off.
func (s *scanner) beginsAnother(b byte) bool {
	w := s.wrapper
	if w == nil || b != '{' || !s.first || s.indent > w.begin.column {
		return false
	}
	quoted := []byte(`"` + w.name + `"`)
	for s.keep = s.pos; s.end-s.pos < 64+len(quoted) && s.readAhead(); {
	}
	s.keep = -1
	return bytes.HasPrefix(bytes.TrimLeft(s.buf[s.pos+1:s.end], " \t\r\n"), quoted)
}

// breakOff leaves an object that is not closed.
func (s *scanner) breakOff() error {
	s.at, s.array, s.wrapper.open = s.wrapper.begin, array{}, false
	return s.refuseRecord(errBrokenOff)
}

// leaveEndedObject leaves the object if reading went on at a line that is indented no deeper than the object: that line
// begins another one.
func (s *scanner) leaveEndedObject() {
	if s.wrapper != nil && s.placeAt(s.pos).column <= s.wrapper.begin.column {
		s.array, s.wrapper.open = array{}, false
	}
}
