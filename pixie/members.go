package pixie

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// members walks through JSON objects and arrays. It is reused from record to record.
type members struct {
	buf     bytes.Buffer
	json    jsontext.Decoder
	scratch []byte
}

// eachMember calls visit with the name and the value of each member of an object. Both are parts of raw, except for
// names with escapes.
func (m *members) eachMember(raw []byte, visit func(name, value []byte) error) error {
	if err := m.beginValue(raw, '{'); err != nil {
		return err
	}
	for m.json.PeekKind() != '}' {
		name, err := m.json.ReadValue()
		if err != nil {
			return describeSyntax(raw, err)
		}
		text, err := m.unquoteText(name)
		if err != nil {
			return err
		}
		value, err := m.json.ReadValue()
		if err != nil {
			return describeSyntax(raw, err)
		}
		if err := visit(text, value); err != nil {
			return err
		}
	}
	_, err := m.json.ReadToken()
	return describeSyntax(raw, err)
}

// eachElement calls visit with each element of an array.
func (m *members) eachElement(raw []byte, visit func(i int, value []byte) error) error {
	if err := m.beginValue(raw, '['); err != nil {
		return err
	}
	for i := 0; m.json.PeekKind() != ']'; i++ {
		value, err := m.json.ReadValue()
		if err != nil {
			return describeSyntax(raw, err)
		}
		if err := visit(i, value); err != nil {
			return err
		}
	}
	_, err := m.json.ReadToken()
	return describeSyntax(raw, err)
}

// isJSON reports whether the text is one JSON value.
func (m *members) isJSON(text []byte) bool {
	m.buf = *bytes.NewBuffer(text)
	m.json.Reset(&m.buf)
	value, err := m.json.ReadValue()
	return err == nil && len(value) == len(text)
}

// anyBytes lets strings have bytes that are not UTF-8: the kernel cuts the name of a process anywhere.
var anyBytes = jsontext.AllowInvalidUTF8(true)

func (m *members) beginValue(raw []byte, kind jsontext.Kind) error {
	m.buf = *bytes.NewBuffer(raw) // the decoder reads a bytes.Buffer in place, and never writes to it
	m.json.Reset(&m.buf, anyBytes)
	if m.json.PeekKind() != kind {
		value, err := m.json.ReadValue()
		if err != nil {
			return describeSyntax(raw, err)
		}
		return wrongKind(kind, value)
	}
	_, err := m.json.ReadToken()
	return describeSyntax(raw, err)
}

// unquoteText returns the text of a JSON string that has been checked. It is valid until the next call. What an escape
// cannot mean, such as half of a surrogate pair, becomes U+FFFD.
func (m *members) unquoteText(quoted []byte) ([]byte, error) {
	if len(quoted) < 2 || quoted[0] != '"' {
		return nil, wrongKind('"', quoted)
	}
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1], nil
	}
	m.scratch, _ = jsontext.AppendUnquote(m.scratch[:0], quoted) // the error says that characters were replaced
	return m.scratch, nil
}

// wrongKind returns the error about a value of the wrong JSON type.
func wrongKind(want jsontext.Kind, value jsontext.Value) error {
	return fmt.Errorf("%s expected, found %s", kindName(want), kindName(value.Kind()))
}

func kindName(k jsontext.Kind) string {
	switch k {
	case 'n':
		return "null"
	case 't', 'f':
		return "boolean"
	case '"':
		return "string"
	case '0':
		return "number"
	case '{':
		return "object"
	case '[':
		return "array"
	}
	return "invalid JSON"
}

// describeSyntax words a fault that jsontext found: where in the record it is, and what it is. Text of the record is
// quoted.
func describeSyntax(raw []byte, err error) error {
	var at *jsontext.SyntacticError
	if !errors.As(err, &at) {
		return err
	}
	where := ""
	if n := bytes.Count(raw[:min(at.ByteOffset, int64(len(raw)))], []byte{'\n'}); n > 0 {
		where = fmt.Sprintf(" on line %d of the record", n+1)
	}
	if at.JSONPointer != "" {
		where += " at " + quoteInput(at.JSONPointer)
	}
	return &jsonError{text: "invalid JSON" + where + ": " + at.Err.Error(), err: err}
}

// jsonError is our wording of an error of jsontext, which stays available to errors.As.
type jsonError struct {
	text string
	err  error
}

func (e *jsonError) Error() string { return e.text }
func (e *jsonError) Unwrap() error { return e.err }
