package pixie

import "errors"

// maxDepth is how deep brackets may nest in a record. Payloads need three levels; the rest is for unknown fields.
const maxDepth = 64

// skipValue moves past one JSON value. A scalar inside of it is any text without brackets, quotes, commas, colons and
// white space, so that a value such as NaN costs no more than its record.
func (s *scanner) skipValue() error {
	var open nesting
	for {
		b, err := s.peek()
		if err != nil {
			return err
		}
		if s.tooLong && s.first && s.indent <= s.at.column && s.beginsRecord(b) {
			return s.lengthError() // the next record, rather than more of this one
		}
		if s.keep < 0 && s.beginsAnother(b) {
			return errBrokenOff
		}
		if err := open.addToken(b); err != nil {
			return err
		}
		switch b {
		case '{', '}', '[', ']', ',', ':':
			s.pos++
		case '"':
			err = s.skipString()
		default:
			err = s.skipScalar()
		}
		if err != nil || open.depth == 0 {
			return err
		}
	}
}

// peek moves to the next byte that is not white space, and returns it.
func (s *scanner) peek() (byte, error) {
	s.first = false
	for {
		for ; s.pos < s.end; s.pos++ {
			switch b := s.buf[s.pos]; b {
			case ' ', '\t', '\r':
				s.indent++
			case '\n':
				s.first, s.indent = true, 0
			default:
				return b, nil
			}
		}
		if err := s.readMore(errNotClosed); err != nil {
			return 0, err
		}
	}
}

// skipString moves past a string.
func (s *scanner) skipString() error {
	s.pos++
	escaped := false
	for {
		for ; s.pos < s.end; s.pos++ {
			switch b := s.buf[s.pos]; {
			case b == '\n':
				return errLineInString
			case escaped:
				escaped = false
			case b == '\\':
				escaped = true
			case b == '"':
				s.pos++
				return nil
			}
		}
		if err := s.readMore(errOpenString); err != nil {
			return err
		}
	}
}

// skipScalar moves past a number, a literal, or whatever is in its place.
func (s *scanner) skipScalar() error {
	for {
		for ; s.pos < s.end; s.pos++ {
			switch s.buf[s.pos] {
			case ' ', '\t', '\r', '\n', '"', '{', '}', '[', ']', ',', ':':
				return nil
			}
		}
		if err := s.readMore(errNotClosed); err != nil {
			if errors.Is(err, errNotClosed) {
				return nil // the end of the text ends a scalar
			}
			return err
		}
	}
}

// readMore reads more of the text, and returns atEnd if there is no more.
func (s *scanner) readMore(atEnd error) error {
	if s.dropOverlong() && s.keep >= 0 {
		return s.lengthError()
	}
	if !s.readAhead() {
		return atEnd
	}
	return nil
}

// dropOverlong reports whether the record is longer than what is kept, and then stops keeping it, so that it can stream
// by. It is still kept if a line in it looks like the start of another record: then the brackets do not match, and it
// must not swallow the records after it. This depends on the text only, not on how much of it happens to be in memory.
func (s *scanner) dropOverlong() bool {
	if s.keep < 0 || s.pos-s.keep <= s.max {
		return s.tooLong
	}
	s.tooLong = true
	probe := scanner{buffer: bufferAt(s.at, s.buf, s.max), array: s.array, at: s.at}
	probe.pos, probe.end, probe.err = s.keep, s.keep+s.max+1, errNotClosed
	if !probe.findNextRecord() {
		s.keep = -1
	}
	return true
}

// nesting is the grammar of brackets, commas and colons, as far as it is needed to notice that the end of a record was
// missed. The open brackets are a stack of bits.
type nesting struct {
	objects uint64 // bit 0 is the innermost bracket: 1 for '{', 0 for '['
	depth   int
	want    expectation
}

type expectation uint8

const (
	wantValue expectation = iota
	wantName
	wantColon
	wantComma // or the closing bracket
)

// addToken checks the first byte of the next token.
func (n *nesting) addToken(b byte) error {
	switch b {
	case '{', '[':
		if n.want != wantValue {
			return n.unexpectedToken(b)
		}
		if n.depth == maxDepth {
			return errTooDeep
		}
		n.depth++
		n.objects <<= 1
		if b == '{' {
			n.objects |= 1
		}
		n.next()
	case '}', ']':
		if n.depth == 0 || n.isInObject() != (b == '}') {
			return n.unexpectedToken(b)
		}
		n.depth--
		n.objects >>= 1
		n.want = wantComma
	case ',':
		if n.depth == 0 {
			return n.unexpectedToken(b)
		}
		n.next()
	case ':':
		if n.want != wantColon {
			return n.unexpectedToken(b)
		}
		n.want = wantValue
	default:
		switch n.want {
		case wantValue:
			n.want = wantComma
		case wantName:
			n.want = wantColon
		default:
			return n.unexpectedToken(b)
		}
	}
	return nil
}

// next sets what may follow an opening bracket or a comma.
func (n *nesting) next() {
	n.want = wantValue
	if n.isInObject() {
		n.want = wantName
	}
}

func (n *nesting) isInObject() bool { return n.objects&1 == 1 }

func (n *nesting) unexpectedToken(b byte) error {
	return unexpectedByte(b, [...]string{"value", "name", "colon", "comma or closing bracket"}[n.want])
}
