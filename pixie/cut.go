package pixie

import "errors"

// maxDepth is how deep brackets may nest in a record. Payloads need three levels; the rest is for fields that are not ours.
const maxDepth = 64

// value moves past one JSON value. Inside of it, a scalar is whatever has no bracket, quote, comma, colon or white space, so that a
// value such as NaN costs no more than its record.
func (s *scanner) value() error {
	var open nesting
	for {
		b, err := s.peek()
		if err != nil {
			return err
		}
		if s.tooLong && s.first && s.indent <= s.at.column && s.begins(b) {
			return s.lengthError() // the next record, rather than more of this one
		}
		if s.keep < 0 && s.another(b) {
			return errBrokenOff
		}
		if err := open.token(b); err != nil {
			return err
		}
		switch b {
		case '{', '}', '[', ']', ',', ':':
			s.pos++
		case '"':
			err = s.quoted()
		default:
			err = s.scalar()
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
		if err := s.more(errNotClosed); err != nil {
			return 0, err
		}
	}
}

// quoted moves past a string.
func (s *scanner) quoted() error {
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
		if err := s.more(errOpenString); err != nil {
			return err
		}
	}
}

// scalar moves past a number, a literal, or what stands in its place.
func (s *scanner) scalar() error {
	for {
		for ; s.pos < s.end; s.pos++ {
			switch s.buf[s.pos] {
			case ' ', '\t', '\r', '\n', '"', '{', '}', '[', ']', ',', ':':
				return nil
			}
		}
		if err := s.more(errNotClosed); err != nil {
			if errors.Is(err, errNotClosed) {
				return nil // the end of the text ends a scalar
			}
			return err
		}
	}
}

// more reads on, and returns atEnd when there is no more.
func (s *scanner) more(atEnd error) error {
	if s.overlong() && s.keep >= 0 {
		return s.lengthError()
	}
	if !s.fill() {
		return atEnd
	}
	return nil
}

// overlong says whether the record has outgrown what is kept, and lets go of it then, so that it can stream by. It is still kept when
// a line in it looks like the start of another record: then the brackets do not match, and it must not swallow its successors. What it
// looks at depends on the text only, not on how much of it happens to be in memory.
func (s *scanner) overlong() bool {
	if s.keep < 0 || s.pos-s.keep <= s.max {
		return s.tooLong
	}
	s.tooLong = true
	probe := scanner{window: window{buf: s.buf, pos: s.keep, end: s.keep + s.max + 1, keep: -1, err: errNotClosed}, array: s.array, at: s.at}
	if !probe.resume() {
		s.keep = -1
	}
	return true
}

// nesting is the grammar of brackets, commas and colons, as far as it tells that a record's end was missed. Which brackets are open is
// a stack of bits.
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

// token takes the first byte of the next token.
func (n *nesting) token(b byte) error {
	switch b {
	case '{', '[':
		if n.want != wantValue {
			return n.unexpected(b)
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
		if n.depth == 0 || n.inObject() != (b == '}') {
			return n.unexpected(b)
		}
		n.depth--
		n.objects >>= 1
		n.want = wantComma
	case ',':
		if n.depth == 0 {
			return n.unexpected(b)
		}
		n.next()
	case ':':
		if n.want != wantColon {
			return n.unexpected(b)
		}
		n.want = wantValue
	default:
		switch n.want {
		case wantValue:
			n.want = wantComma
		case wantName:
			n.want = wantColon
		default:
			return n.unexpected(b)
		}
	}
	return nil
}

// next is what follows an opening bracket or a comma.
func (n *nesting) next() {
	n.want = wantValue
	if n.inObject() {
		n.want = wantName
	}
}

func (n *nesting) inObject() bool { return n.objects&1 == 1 }

func (n *nesting) unexpected(b byte) error {
	return unexpected(b, [...]string{"value", "name", "colon", "comma or closing bracket"}[n.want])
}
