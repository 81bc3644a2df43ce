package plain

import "math"

// Field is the number of a name, by its place in the list that Names were made of.
type Field uint8

// MaxNames is the most names that Names may have.
const MaxNames = 255

// otherField is the Field of every name that is not in the list. An array by Field has MaxNames+1 places, so that no
// index is out of its bounds.
const otherField Field = MaxNames

// Fields are the fields of one object: where their values are in its text, and what is known of them already. They are
// not cleared from object to object: each has a generation. The zero value is an object without fields.
type Fields struct {
	Text   []byte // of the object, and what Put added after it
	before uint32 // number of objects before: the generation of this object is one more
	list   [MaxNames + 1]fieldState
}

// fieldState is what is known of a field. The generations are numbers of objects: stale states are ignored, so that
// nothing is cleared between objects.
type fieldState struct {
	named      uint32 // generation of the object in which the name occurred last
	generation uint32 // generation of the object in which the field had a value other than null last
	begin, end int    // where the value is in the text
	n          int64  // of a number; negative if it is not known
	places     uint8  // of a number
	known      knownValue
	text       string // of an interned text
}

// knownValue is what is known of a value besides its place in the text and its number.
type knownValue uint8

const (
	unknownValue knownValue = iota
	internedText            // text is the value of the JSON string
	repeatedText            // the JSON string is the Repeat of the field
)

// Begin forgets all fields, to make room for another object.
func (v *Fields) Begin() {
	v.before++
	if v.before == math.MaxUint32 { // the next generation would be 0, as in states that were never set
		v.list = [MaxNames + 1]fieldState{}
		v.before = 0
	}
}

// hasName reports whether a field has occurred, if only as null.
func (v *Fields) hasName(f Field) bool { return v.list[f].named == v.before+1 }

// Has reports whether a field has a value: it is neither absent nor null.
func (v *Fields) Has(f Field) bool { return v.list[f].generation == v.before+1 }

// Value returns the JSON text of the value of a field; nil if it has none.
func (v *Fields) Value(f Field) []byte {
	if !v.Has(f) {
		return nil
	}
	return v.Text[v.list[f].begin:v.list[f].end:v.list[f].end]
}

// Number returns the number that a field was split with; Unread if it is not known. The field must have a value.
func (v *Fields) Number(f Field) Decimal {
	state := &v.list[f]
	return Decimal{state.n, int(state.places)}
}

// InternedText returns the text that a field was split with, if an Interner had it; else "". The field must have a
// value.
func (v *Fields) InternedText(f Field) string {
	if state := &v.list[f]; state.known == internedText {
		return state.text
	}
	return ""
}

// IsRepeated reports whether the field was split with the text of its Repeat. The field must have a value.
func (v *Fields) IsRepeated(f Field) bool { return v.list[f].known == repeatedText }

// Set sets where the value of a field is in the text.
func (v *Fields) Set(f Field, begin, end int) {
	state := &v.list[f]
	state.named, state.generation = v.before+1, v.before+1
	state.begin, state.end, state.known, state.n, state.places = begin, end, unknownValue, Unread.N, 0
}

// Put gives a field a value that is not in the text yet: it appends it.
func (v *Fields) Put(f Field, value []byte) {
	begin := len(v.Text)
	v.Text = append(v.Text, value...)
	v.Set(f, begin, len(v.Text))
}

// Drop makes a field null.
func (v *Fields) Drop(f Field) { v.list[f].named, v.list[f].generation = v.before+1, v.before }
