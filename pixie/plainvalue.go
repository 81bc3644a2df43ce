package pixie

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// plainValue returns where the value ends that begins at i; -1 if it is not plain.
func (r *record) plainValue(text []byte, i int) int {
	if i == len(text) {
		return -1
	}
	switch text[i] {
	case '"':
		return plainString(text, i)
	case '{', '[':
		return r.inner.plainNested(text, i)
	default:
		return plainScalar(text, i)
	}
}

// plainScalar returns where the number or literal ends that begins at i; -1 if it is neither, or has a sign or an exponent.
func plainScalar(text []byte, i int) int {
	switch text[i] {
	case 't', 'f', 'n':
		for _, literal := range [...]string{"null", "true", "false"} {
			if bytes.HasPrefix(text[i:], []byte(literal)) {
				return i + len(literal)
			}
		}
		return -1
	}
	whole := digitsIn(text[i:])
	if whole == 0 || whole > 1 && text[i] == '0' {
		return -1
	}
	i += whole
	if i < len(text) && text[i] == '.' {
		fraction := digitsIn(text[i+1:])
		if fraction == 0 {
			return -1
		}
		i += 1 + fraction
	}
	return i // what must not follow is neither a comma nor a bracket
}

// plainString returns where the string ends that begins at i; -1 if it has escapes, is not UTF-8 or is no string.
func plainString(text []byte, i int) int {
	const each = 0x0101010101010101
	if i == len(text) || text[i] != '"' {
		return -1
	}
	begin := i + 1
	ascii := true
	for i = begin; i < len(text); i++ {
		for ; i+8 <= len(text); i += 8 { // eight bytes at a time, up to the first that is a quote, a backslash, a control or no ASCII
			x := binary.LittleEndian.Uint64(text[i:])
			quote, backslash := x^each*'"', x^each*'\\'
			if m := ((quote-each)&^quote | (backslash-each)&^backslash | (x-each*' ')&^x | x) & (each << 7); m != 0 {
				i += bits.TrailingZeros64(m) / 8
				break
			}
		}
		if i == len(text) {
			return -1
		}
		switch b := text[i]; {
		case b == '"':
			if !ascii && !utf8.Valid(text[begin:i]) {
				return -1
			}
			return i + 1
		case b == '\\', b < ' ':
			return -1
		case b >= utf8.RuneSelf:
			ascii = false
		}
	}
	return -1
}

// plainNested returns where the object or array ends that begins at i; -1 if it is not good JSON. How deep it goes is known before
// it is read.
func (m *members) plainNested(text []byte, i int) int {
	begin := i
	for open := (nesting{}); ; {
		if i = skipSpace(text, i); i == len(text) || open.token(text[i]) != nil || open.depth == maxDepth {
			return -1
		}
		switch text[i] {
		case '{', '}', '[', ']', ',', ':':
			i++
		case '"':
			i = plainString(text, i)
		default:
			i = plainScalar(text, i)
		}
		if i < 0 {
			return -1
		}
		if open.depth == 0 {
			return m.plainJSON(text, begin, i)
		}
	}
}

func (m *members) plainJSON(text []byte, begin, end int) int {
	m.buf = *bytes.NewBuffer(text[begin:end])
	m.json.Reset(&m.buf)
	if value, err := m.json.ReadValue(); err != nil || len(value) != end-begin {
		return -1
	}
	return end
}

// skipSpace returns where the white space ends that begins at i.
func skipSpace(text []byte, i int) int {
	for i < len(text) && text[i] <= ' ' && (text[i] == ' ' || text[i] == '\n' || text[i] == '\t' || text[i] == '\r') {
		i++
	}
	return i
}

// plainInteger reads up to 15 digits; false for anything else.
func plainInteger(value []byte) (n int64, ok bool) {
	if len(value) > 15 {
		return 0, false
	}
	for _, b := range value {
		if b-'0' > 9 {
			return 0, false
		}
		n = 10*n + int64(b-'0')
	}
	return n, true
}

// plainDecimal reads up to 15 digits with a point among them; false for anything else. Both parts of the quotient are exact, so it is
// rounded once, as strconv does.
func plainDecimal(value []byte) (x float64, ok bool) {
	if len(value) > 16 {
		return 0, false
	}
	var n int64
	point := len(value) - 1
	for i, b := range value {
		switch {
		case b-'0' <= 9:
			n = 10*n + int64(b-'0')
		case b == '.' && point == len(value)-1:
			point = i
		default:
			return 0, false
		}
	}
	return float64(n) / powers[len(value)-1-point], true
}

var powers = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// holds says whether a number is within the bounds of its field.
func (s spec) holds(x float64) bool { return max(0, s.min) <= x && x <= s.max }
