// Package plain is the fast way to read JSON objects of known names: it splits an object into its fields in one pass
// and without copying. It knows nothing of records and events.
//
// It accepts only plain objects, the form that senders write: good JSON without escapes, signs and exponents, in which
// no name occurs twice. It does not word errors: for all other text a [Splitter] returns false, and the caller reads
// the text with a complete JSON parser.
//
// Three things make it fast:
//
//   - It expects names in the order of the object before. A name is compared as three words of eight bytes.
//   - It expects texts in the order in which they occurred before (see [Interner]), so that most need no allocation.
//   - It reads digits, and looks for the end of a string, eight bytes at a time (swar.go).
package plain
