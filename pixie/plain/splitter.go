package plain

import (
	"bytes"
	"unicode/utf8"
)

// maxUnknown is the most unknown names that a plain object may have: they are compared with each other.
const maxUnknown = 8

// maxDepth is how deep brackets may nest in an object, which is the first level.
const maxDepth = 64

// Splitter splits objects one after another. It learns from each what the next one will probably look like.
type Splitter struct {
	plans    [MaxNames + 1]fieldPlan // by field; the first field of an object follows otherField
	repeated Field                   // has texts that repeat; otherField if there is none
	repeat   *Repeat
	unknown  [maxUnknown][]byte // names of the object at hand that are not in the list
	others   int                // length of unknown

	names   *Names
	isValid func([]byte) bool
}

// NewSplitter returns a splitter for objects with these names. It calls isValid with the text of each nested object or
// array, which ends where its brackets close but need not be JSON: the object is plain only if isValid returns true.
func NewSplitter(names *Names, isValid func([]byte) bool) *Splitter {
	return &Splitter{plans: names.plans, names: names, isValid: isValid, repeated: otherField}
}

// Intern makes the splitter look for the texts of a field in an interner. The caller adds texts to it.
func (s *Splitter) Intern(f Field, in *Interner) { s.plans[f].interner = in }

// Expect makes the splitter compare the texts of a field with a text that repeats. The caller sets that text. There can
// be one such field.
func (s *Splitter) Expect(f Field, repeat *Repeat) {
	s.plans[f].interner = nil
	s.repeated, s.repeat = f, repeat
}

// Repeat is the JSON string that a field had last, for texts that repeat in many objects in a row but never come again
// after that: times. It is cheaper than an Interner. The zero value is no text.
type Repeat struct {
	quoted [len(`"2006-01-02T15:04:05.999999999+00:00"`)]byte
	length int
}

// Set sets the text, unless it is too long.
func (r *Repeat) Set(quoted []byte) {
	if len(quoted) <= len(r.quoted) {
		r.length = copy(r.quoted[:], quoted)
	}
}

// Equal reports whether a JSON string is the text.
func (r *Repeat) Equal(quoted []byte) bool {
	return r.length > 0 && string(quoted) == string(r.quoted[:r.length])
}

// Split splits the JSON object at the start of text without copying, and returns its length. It returns false if the
// object is not plain. The fields stay valid until the next call, as long as text does not change.
func (s *Splitter) Split(text []byte, into *Fields) (n int, ok bool) {
	if len(text) == 0 || text[0] != '{' {
		return 0, false
	}
	into.Begin()
	s.others = 0
	before := otherField
	for i := skipSpace(text, 1); ; i = skipSpace(text, i+1) {
		f := s.plans[before].next[0] // mostly; looked at here because that is done without a call
		plan := &s.plans[f]
		end := i + int(plan.length)
		if !plan.startsMember(text, i) || into.hasName(f) {
			f, end, ok = s.splitName(text, i, before, into)
			if !ok {
				return 0, false
			}
		}
		begin := skipSpace(text, end)
		if begin == len(text) {
			return 0, false
		}
		end, ok = s.splitValue(text, begin, f, into)
		if !ok {
			return 0, false
		}
		if f != otherField {
			before = f
		}
		i = skipSpace(text, end)
		if i == len(text) {
			return 0, false
		}
		switch text[i] {
		case ',':
		case '}':
			into.Text = text[: i+1 : i+1]
			return i + 1, true
		default:
			return 0, false
		}
	}
}

// splitName reads the name at text[i] and its colon, and returns its field and where the colon ends. It returns false
// if the name is not plain, or has occurred before.
func (s *Splitter) splitName(text []byte, i int, before Field, into *Fields) (f Field, end int, ok bool) {
	next := &s.plans[before].next
	f = next[1]
	if plan := &s.plans[f]; plan.startsMember(text, i) && !into.hasName(f) {
		return f, i + int(plan.length), true
	}
	end, ok = stringEnd(text, i)
	if !ok {
		return 0, 0, false
	}
	name := text[i+1 : end-1]
	f, known := s.names.byName[string(name)]
	switch {
	case !known:
		f = otherField
		if !s.addUnknown(name) {
			return 0, 0, false
		}
	case into.hasName(f):
		return 0, 0, false
	case f != next[0]:
		next[0], next[1] = f, next[0]
	}
	end = skipSpace(text, end)
	if end == len(text) || text[end] != ':' {
		return 0, 0, false
	}
	return f, end + 1, true
}

// addUnknown notes a name that is not in the list. It returns false if the name has occurred before, or if there are
// too many to know that.
func (s *Splitter) addUnknown(name []byte) bool {
	for _, other := range s.unknown[:s.others] {
		if bytes.Equal(name, other) {
			return false
		}
	}
	if s.others == maxUnknown {
		return false
	}
	s.unknown[s.others] = name
	s.others++
	return true
}

// splitValue notes the value at text[i] as the value of a field, and returns where it ends.
func (s *Splitter) splitValue(text []byte, i int, f Field, into *Fields) (end int, ok bool) {
	v := &into.list[f]
	v.named = into.before + 1
	if text[i] == 'n' {
		v.generation = into.before // null is no value
		return literalEnd(text, i)
	}
	v.generation, v.begin, v.known, v.n, v.places = into.before+1, i, unknownValue, Unread.N, 0
	switch text[i] {
	case '"':
		end, ok = s.splitText(text, i, f, v)
	case '{', '[':
		end, ok = s.nestedEnd(text, i)
	case 't', 'f':
		end, ok = literalEnd(text, i)
	default:
		var number Decimal
		number, end, ok = ParseNumber(text, i)
		v.n, v.places = number.N, uint8(number.Places) //nolint:gosec // at most MaxDigits
	}
	v.end = end
	return end, ok
}

// splitText returns where the JSON string at text[i] ends, and notes it if it is a known one.
func (s *Splitter) splitText(text []byte, i int, f Field, v *fieldState) (end int, ok bool) {
	if in := s.plans[f].interner; in != nil {
		known, end := in.Predict(f, text, i)
		if known != "" {
			v.known, v.text = internedText, known
			return end, true
		}
	} else if f == s.repeated && s.repeat != nil {
		n := s.repeat.length
		if len(text)-i > n && s.repeat.Equal(text[i:i+n]) {
			v.known = repeatedText
			return i + n, true
		}
	}
	return stringEnd(text, i)
}

// literalEnd returns where the literal at text[i] ends.
func literalEnd(text []byte, i int) (end int, ok bool) {
	for _, literal := range [...]string{"null", "true", "false"} {
		if bytes.HasPrefix(text[i:], []byte(literal)) {
			return i + len(literal), true
		}
	}
	return 0, false
}

// stringEnd returns where the JSON string at text[i] ends. It returns false if there is none, or one with escapes, or
// one that is not UTF-8.
func stringEnd(text []byte, i int) (end int, ok bool) {
	if i == len(text) || text[i] != '"' {
		return 0, false
	}
	begin := i + 1
	ascii := true
	for i = begin; ; {
		n := ordinaryBytes(wordAt(text, i))
		i += n
		if n == 8 {
			continue
		}
		switch {
		case i >= len(text):
			return 0, false
		case text[i] == '"':
			return i + 1, ascii || utf8.Valid(text[begin:i])
		case text[i] < utf8.RuneSelf:
			return 0, false
		}
		ascii = false
		i++
	}
}

// nestedEnd returns where the object or array at text[i] ends. What is between its brackets is for isValid to check.
func (s *Splitter) nestedEnd(text []byte, i int) (end int, ok bool) {
	begin := i
	for depth := 0; i < len(text); {
		switch text[i] {
		case '"':
			i, ok = stringEnd(text, i)
			if !ok {
				return 0, false
			}
			continue
		case '{', '[':
			depth++
			if depth == maxDepth {
				return 0, false
			}
		case '}', ']':
			depth--
		}
		i++
		if depth == 0 {
			return i, s.isValid(text[begin:i])
		}
	}
	return 0, false
}

// skipSpace returns where the white space at text[i] ends.
func skipSpace(text []byte, i int) int {
	for i < len(text) && text[i] <= ' ' && (text[i] == ' ' || text[i] == '\n' || text[i] == '\t' || text[i] == '\r') {
		i++
	}
	return i
}
