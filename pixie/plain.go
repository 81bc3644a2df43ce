package pixie

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// maxUnknown is how many names that are not ours a plain record may have: they are compared with each other.
const maxUnknown = 8

// layout is what a record remembers of the ones before it, and of the names in the one at hand.
type layout struct {
	set     []field           // the fields that were given a value
	turn    uint32            // number of the record at hand
	seen    [numFields]uint32 // turn in which the name was last seen
	unknown [maxUnknown][]byte
	others  int // length of unknown
	// after is which field followed this one the last time, because senders write their fields in one order.
	after [numFields + 1]field // the first is behind numFields
}

// plain notes where the fields of the record are that text begins with, and returns its length; 0 when it is not plain. A plain record
// is good JSON without escapes, signs and exponents, that no name occurs twice in. All others are left to the strict way, which is the
// only one that words errors.
func (r *record) plain(text []byte) int {
	if len(text) == 0 || text[0] != '{' {
		return 0
	}
	r.begin()
	last := numFields
	for i := skipSpace(text, 1); ; i = skipSpace(text, i+1) {
		f, begin := r.plainName(text, i, last)
		if begin < 0 {
			return 0
		}
		end := r.plainValue(text, begin)
		if end < 0 {
			return 0
		}
		if f < numFields {
			if text[begin] != 'n' {
				r.note(f, text[begin:end:end])
			}
			r.after[last], last = f, f
		}
		switch i = skipSpace(text, end); {
		case i == len(text):
			return 0
		case text[i] == '}':
			return i + 1
		case text[i] != ',':
			return 0
		}
	}
}

// begin makes room for another record.
func (r *record) begin() {
	for _, f := range r.set {
		r.values[f] = nil
	}
	r.set, r.others, r.err = r.set[:0], 0, nil
	if r.turn++; r.turn == 0 {
		r.seen, r.turn = [numFields]uint32{}, 1
	}
}

// note notes the value of a field.
func (r *record) note(f field, value jsontext.Value) {
	if r.values[f] == nil {
		r.set = append(r.set, f)
	}
	r.values[f] = value
}

// plainName reads the name that begins at i, and returns its field and where its value begins: numFields if it is not ours, -1 if it is
// not plain or has occurred before.
func (r *record) plainName(text []byte, i int, last field) (f field, value int) {
	f = r.after[last]
	if name := quotedNames[f]; len(text)-i > len(name) && string(text[i:i+len(name)]) == name {
		i += len(name)
	} else {
		end := plainString(text, i)
		if end < 0 {
			return 0, -1
		}
		known := false
		if f, known = fieldsByName[string(text[i+1:end-1])]; !known {
			f = numFields
			if !r.newName(text[i+1 : end-1]) {
				return 0, -1
			}
		}
		i = skipSpace(text, end)
	}
	if f < numFields {
		if r.seen[f] == r.turn {
			return 0, -1
		}
		r.seen[f] = r.turn
	}
	if i == len(text) || text[i] != ':' {
		return 0, -1
	}
	return f, skipSpace(text, i+1)
}

// newName says whether a name that is not ours has not occurred before, as far as can be remembered.
func (r *record) newName(name []byte) bool {
	for _, other := range r.unknown[:r.others] {
		if bytes.Equal(name, other) {
			return false
		}
	}
	if r.others == maxUnknown {
		return false
	}
	r.unknown[r.others] = name
	r.others++
	return true
}

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

var quotedNames = func() (quoted [numFields]string) {
	for f, s := range fields {
		quoted[f] = `"` + s.name + `"`
	}
	return quoted
}()
