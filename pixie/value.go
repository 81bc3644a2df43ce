package pixie

import "github.com/go-json-experiment/json/jsontext"

// values are the fields of a record: where their values stand in its text. They are not cleared from record to record, but numbered.
type values struct {
	raw    []byte               // the text of the record, and what was put behind it
	before int                  // how many records there were before
	list   [numFields + 1]value // the last is of names that are not ours
}

// value is where the value of a field stands, and what is known of it already.
type value struct {
	record     int // number of the record that has it, from 1; negative if it is null
	begin, end int
	text       int     // number of the text among those that are remembered, 1 for the time that is; 0 if it is another
	number     decimal // unread if it is not known
}

// has says whether a field has a value: it is neither absent nor null.
func (v *values) has(f field) bool { return v.list[f].record > v.before }

// named says whether a field has occurred.
func (v *values) named(f field) bool { return max(v.list[f].record, -v.list[f].record) > v.before }

// of returns the value of a field; nil if it has none.
func (v *values) of(f field) jsontext.Value {
	if !v.has(f) {
		return nil
	}
	return v.raw[v.list[f].begin:v.list[f].end:v.list[f].end]
}

// note notes where the value of a field stands.
func (v *values) note(f field, begin, end int) {
	v.list[f] = value{record: v.before + 1, begin: begin, end: end, number: unread}
}

// put gives a field a value that is not in the text yet.
func (v *values) put(f field, value jsontext.Value) {
	begin := len(v.raw)
	v.raw = append(v.raw, value...)
	v.note(f, begin, len(v.raw))
}

// drop makes a field null.
func (v *values) drop(f field) { v.list[f].record = -v.before - 1 }
