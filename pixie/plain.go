package pixie

import (
	"bytes"

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
			last = f
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
	end := 0
	if f, end = r.expectedName(text, i, last); end == 0 {
		if end = plainString(text, i); end < 0 {
			return 0, -1
		}
		name := text[i+1 : end-1]
		known := false
		if f, known = fieldsByName[string(name)]; known {
			r.after[last][0], r.after[last][1] = f, r.after[last][0]
		} else if f = numFields; !r.newName(name) {
			return 0, -1
		}
		end = skipSpace(text, end)
	}
	i = end
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

// expectedName reads a name that has followed that field before, and returns where it ends; 0 if it is another.
func (r *record) expectedName(text []byte, i int, last field) (f field, end int) {
	for _, f := range r.after[last] {
		if name := quotedNames[f]; len(text)-i > len(name) && string(text[i:i+len(name)]) == name {
			return f, i + len(name)
		}
	}
	return 0, 0
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

var quotedNames = func() (quoted [numFields]string) {
	for f, s := range fields {
		quoted[f] = `"` + s.name + `"`
	}
	return quoted
}()
