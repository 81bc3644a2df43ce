package pixie

import (
	"bytes"
	"math/bits"
	"unicode/utf8"
)

// plainValue notes the value of a field that begins at i, and returns where it ends; -1 if it is not plain.
func (r *record) plainValue(text []byte, i int, f field) (end int) {
	v := &r.list[f]
	v.text, v.number = 0, unread
	v.record, v.begin = r.before+1, i
	switch text[i] {
	case '"':
		end, v.text = r.plainText(text, i, f)
	case '{', '[':
		end = r.inner.plainNested(text, i)
	case 't', 'f', 'n':
		if end = plainLiteral(text, i); text[i] == 'n' {
			r.drop(f)
		}
	default:
		end, v.number = plainNumber(text, i)
	}
	v.end = end
	return end
}

// plainText returns where the string ends that begins at i, and its number if it is remembered.
func (r *record) plainText(text []byte, i int, f field) (end, known int) {
	switch f {
	case numFields:
	case timestamp:
		if n := r.length; n > 0 && len(text)-i > n && string(text[i:i+n]) == string(r.quoted[:n]) {
			return i + n, 1
		}
	default:
		if end, known = r.texts[forms[f]].expected(text, i, r.last[f]); known > 0 {
			return end, known
		}
	}
	return plainString(text, i), 0
}

// plainLiteral returns where the literal ends that begins at i; -1 if it is none.
func plainLiteral(text []byte, i int) int {
	for _, literal := range [...]string{"null", "true", "false"} {
		if bytes.HasPrefix(text[i:], []byte(literal)) {
			return i + len(literal)
		}
	}
	return -1
}

// plainString returns where the string ends that begins at i; -1 if it has escapes, is not UTF-8 or is no string.
func plainString(text []byte, i int) int {
	if i == len(text) || text[i] != '"' {
		return -1
	}
	begin := i + 1
	ascii := true
	for i = begin; ; {
		x := word(text, i) // up to the first that is a quote, a backslash, a control or no ASCII
		quote, backslash := x^each*'"', x^each*'\\'
		m := ((quote-each)&^quote | (backslash-each)&^backslash | (x-each*' ')&^x | x) & (each << 7)
		if i += bits.TrailingZeros64(m) / 8; m == 0 {
			continue
		}
		switch {
		case i >= len(text):
			return -1
		case text[i] == '"':
			if !ascii && !utf8.Valid(text[begin:i]) {
				return -1
			}
			return i + 1
		case text[i] < utf8.RuneSelf:
			return -1
		}
		ascii = false
		i++
	}
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
		case 't', 'f', 'n':
			i = plainLiteral(text, i)
		default:
			i, _ = plainNumber(text, i)
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
