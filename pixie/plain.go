package pixie

import (
	"bytes"
	"encoding/binary"
)

// maxUnknown is how many names that are not ours a plain record may have: they are compared with each other.
const maxUnknown = 8

// layout is what a record remembers of the names in it, and in the ones before it.
type layout struct {
	unknown [maxUnknown][]byte
	others  int // length of unknown
	// after is which two fields have followed this one, because senders write the fields of a type in one order. The first of a record is
	// behind numFields.
	after [numFields + 1][2]field
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
		f := r.after[last][0] // mostly; looked at here because that is done without a call
		m := &memberOf[f]
		begin := i + m.length
		if !m.begins(text, i) || r.named(f) {
			if f, begin = r.plainName(text, i, last); begin < 0 {
				return 0
			}
		}
		if begin = skipSpace(text, begin); begin == len(text) {
			return 0
		}
		end := r.plainValue(text, begin, f)
		if end < 0 {
			return 0
		}
		if f < numFields {
			last = f
		}
		switch i = skipSpace(text, end); {
		case i == len(text):
			return 0
		case text[i] == '}':
			r.raw = text[: i+1 : i+1]
			return i + 1
		case text[i] != ',':
			return 0
		}
	}
}

// begin makes room for another record.
func (r *record) begin() {
	r.before++
	r.others, r.err = 0, nil
}

// plainName reads the name that begins at i, and its colon, and returns its field and what is behind: numFields if it is not ours, -1 if
// it is not plain or has occurred before.
func (r *record) plainName(text []byte, i int, last field) (f field, behind int) {
	f = r.after[last][1]
	if m := &memberOf[f]; m.begins(text, i) && !r.named(f) {
		return f, i + m.length
	}
	end := plainString(text, i)
	if end < 0 {
		return numFields, -1
	}
	name := text[i+1 : end-1]
	known := false
	f, known = fieldsByName[string(name)]
	switch {
	case !known:
		if f = numFields; !r.newName(name) {
			return f, -1
		}
	case r.named(f):
		return f, -1
	case f != r.after[last][0]:
		r.after[last][0], r.after[last][1] = f, r.after[last][0]
	}
	if i = skipSpace(text, end); i == len(text) || text[i] != ':' {
		return f, -1
	}
	return f, i + 1
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

// nameWords is how many words the longest name has, with its quotes and colon.
const nameWords = 3

// member is how the member of a field begins, its name in quotes and a colon, as words to compare.
type member struct {
	words, masks [nameWords]uint64
	length       int
}

// begins says whether the member begins at i. Near the end of the text it is not recognised.
func (m *member) begins(text []byte, i int) bool {
	if len(text)-i < nameWords*8 {
		return false
	}
	text = text[i : i+nameWords*8]
	a, b, c := binary.LittleEndian.Uint64(text), binary.LittleEndian.Uint64(text[8:]), binary.LittleEndian.Uint64(text[16:])
	return (a^m.words[0])&m.masks[0]|(b^m.words[1])&m.masks[1]|(c^m.words[2])&m.masks[2] == 0
}

var memberOf = func() (all [numFields]member) {
	for f, s := range fields {
		m := &all[f]
		for i, c := range []byte(`"` + s.name + `":`) {
			m.words[i/8] |= uint64(c) << (i % 8 * 8)
			m.masks[i/8] |= 0xff << (i % 8 * 8)
			m.length = i + 1
		}
	}
	return all
}()
