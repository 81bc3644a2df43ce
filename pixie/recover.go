package pixie

import (
	"bytes"
	"fmt"
)

// recoverFrom moves to the next record after one without a recognisable end, and returns the fault with the place where
// reading goes on.
func (s *scanner) recoverFrom(err error) error {
	ended := isAtEnd(err)
	if s.tooLong {
		err = s.lengthError()
	}
	refused := s.at
	if s.findNextRecord() {
		s.array.element, s.array.comma = false, false
		s.leaveEndedObject()
		s.countLines(s.pos)
		if s.line > refused.line+1 {
			err = fmt.Errorf("%w; skipped to line %d", err, s.line)
		}
		return s.refuseRecord(err)
	}
	if ended && !isEnd(s.err) {
		return s.err
	}
	if s.wrapper != nil {
		s.wrapper.open = false
	}
	switch {
	case s.array.open:
		s.array.open = false
		err = fmt.Errorf("%w; the rest of the array is lost", err)
	case !ended:
		err = fmt.Errorf("%w; skipped to the end of the input", err)
	}
	return s.refuseRecord(err)
}

// findNextRecord moves to the next line that begins like a record and is indented no deeper than the broken one. It
// looks from the broken record on while that is in memory, because the lines after its first may be good records; else
// from where its brackets failed.
func (s *scanner) findNextRecord() bool {
	first, indent := s.first, s.indent
	if s.keep >= 0 {
		s.pos, s.keep, first = s.keep, -1, false
	}
	for {
		for ; s.pos < s.end; s.pos++ {
			switch b := s.buf[s.pos]; {
			case b == '\n':
				first, indent = true, 0
			case first && (b == ' ' || b == '\t' || b == '\r'):
				indent++
			case first && indent <= s.at.column && s.beginsRecord(b):
				return true
			default:
				first = false
				s.skipTo('\n')
				if s.pos < s.end {
					s.pos-- // the loop moves on to it
				}
			}
			if s.pos == s.end {
				break
			}
		}
		if !s.readAhead() {
			return false
		}
	}
}

// beginsRecord reports whether reading can go on at a line that begins with this byte.
func (s *scanner) beginsRecord(b byte) bool {
	return b == '{' || b == ']' && s.array.open || b == '[' && !s.array.open
}

// skipTo moves to the byte, or to the end of the text in memory.
func (s *scanner) skipTo(b byte) {
	if i := bytes.IndexByte(s.buf[s.pos:s.end], b); i >= 0 {
		s.pos += i
		return
	}
	s.pos = s.end
}
