package pixie

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// decimal is the number n/10^places.
type decimal struct {
	n      int64
	places int
}

// unread is below every bound.
var unread = decimal{n: -1}

// maxDigits is how many digits an int64 holds, whatever they are.
const maxDigits = 18

// plainNumber returns where the number ends that begins at i, and the number itself unless it has too many digits; -1 if it is none, or
// has a sign. What must not follow it is neither a comma nor a bracket.
func plainNumber(text []byte, i int) (end int, number decimal) {
	n, whole := digits(word(text, i))
	if whole == 8 {
		n, end = moreDigits(text, i+8, n)
		whole = end - i
	}
	places := 0
	switch end = i + whole; {
	case whole == 0, whole <= maxDigits && n < smallest[whole], whole > maxDigits && text[i] == '0':
		return -1, unread
	case end < len(text) && text[end] == '.':
		n, end = moreDigits(text, end+1, n)
		if places = end - i - whole - 1; places == 0 {
			return -1, unread
		}
	}
	if whole+places > maxDigits {
		return end, unread
	}
	return end, decimal{n, places}
}

// within says whether it is an integer within the bounds of its field.
func (d *decimal) within(s *spec) bool { return d.places == 0 && s.min <= d.n && d.n <= s.max }

// float returns the number, and false if that might not be the nearest. Both parts of the quotient are exact, so it is rounded once, as
// strconv does.
func (d decimal) float() (x float64, ok bool) {
	switch {
	case d.n > 1<<53:
		return 0, false
	case d.places == 0:
		return float64(d.n), true
	default:
		return float64(d.n) / float64(powers[d.places]), true
	}
}

var (
	powers = [...]int64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}
	// smallest is the smallest integer of so many digits that begins as JSON wants it.
	smallest = [...]int64{0, 0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17}
)

// moreDigits returns n with the digits behind it that begin at i, and where they end. Beyond maxDigits it is wrong.
func moreDigits(text []byte, i int, n int64) (all int64, end int) {
	for count := 8; count == 8; i += count {
		var more int64
		more, count = digits(word(text, i))
		n = n*powers[count] + more
	}
	return n, i
}

// digits returns the integer of the digits that a word begins with, and how many there are: eight at a time, without a branch for each.
func digits(x uint64) (n int64, count int) {
	x ^= each * '0'
	count = bits.TrailingZeros64((x+each*(0x7f-9)|x)&(each<<7)) / 8
	x <<= 64 - 8*count // zeros before them
	x = x * (10<<8 + 1) >> 8 & 0x00ff00ff00ff00ff
	x = x * (100<<16 + 1) >> 16 & 0x0000ffff0000ffff
	x = x * (10000<<32 + 1) >> 32
	return int64(x), count
}

// each times a byte is a word of that byte.
const each = 0x0101010101010101

// word returns the eight bytes at i. Those behind the text are zero.
func word(text []byte, i int) uint64 {
	if len(text)-i >= 8 {
		return binary.LittleEndian.Uint64(text[i:])
	}
	return lastWord(text, i)
}

//go:noinline
func lastWord(text []byte, i int) uint64 {
	var padded [8]byte
	copy(padded[:], text[min(i, len(text)):])
	return binary.LittleEndian.Uint64(padded[:])
}

// isNumber says whether b is a number as JSON writes it.
func isNumber(b []byte) bool {
	b = bytes.TrimPrefix(b, []byte{'-'})
	n := digitsIn(b)
	if n == 0 || n > 1 && b[0] == '0' {
		return false
	}
	b = b[n:]
	if len(b) > 0 && b[0] == '.' {
		if n = digitsIn(b[1:]); n == 0 {
			return false
		}
		b = b[1+n:]
	}
	if len(b) > 0 && (b[0] == 'e' || b[0] == 'E') {
		if b = b[1:]; len(b) > 0 && (b[0] == '+' || b[0] == '-') {
			b = b[1:]
		}
		if n = digitsIn(b); n == 0 {
			return false
		}
		b = b[n:]
	}
	return len(b) == 0
}

// digitsIn counts the digits at the start of b.
func digitsIn(b []byte) int {
	n := 0
	for n < len(b) && '0' <= b[n] && b[n] <= '9' {
		n++
	}
	return n
}
