package pixie

import (
	"errors"
	"fmt"
	"io"
	"strconv"
)

// ErrTooLarge is wrapped by the final error of an input that is longer than Options.MaxBytes.
var ErrTooLarge = errors.New("input too large")

// RecordError is the reason why one record was refused. It never ends the decoding: the records after it count.
type RecordError struct {
	Line   int   // line in which the record starts, from 1, in the decompressed text; 0 if the input has no lines
	Offset int64 // offset in bytes at which it starts, from 0, in the decompressed text
	Err    error // the reason, which names the type and the field where they are known
}

// Error returns the line and the reason: "line 3: cpu_throttle: nr_periods: negative: -4".
func (e *RecordError) Error() string {
	if e.Line == 0 {
		return e.Err.Error()
	}
	return "line " + strconv.Itoa(e.Line) + ": " + e.Err.Error()
}

// Unwrap returns the reason.
func (e *RecordError) Unwrap() error { return e.Err }

// LengthError is the reason why a record was refused that is longer than Options.MaxRecord.
type LengthError struct {
	Max int // bytes
}

// Error returns "record longer than 1048576 bytes".
func (e *LengthError) Error() string { return "record longer than " + strconv.Itoa(e.Max) + " bytes" }

// syntaxError is a fault in brackets, quotes or commas, which cutting records out of the text finds. Faults inside of a
// record are errors of jsontext.
type syntaxError string

func (e syntaxError) Error() string { return string(e) }

const (
	errNotClosed    = syntaxError("invalid JSON: the record is not closed at the end of the input")
	errOpenString   = syntaxError("invalid JSON: a string is not closed at the end of the input")
	errLineInString = syntaxError("invalid JSON: a string is not closed at the end of its line")
	errTooDeep      = syntaxError("invalid JSON: nested deeper than 64")
	errOpenArray    = syntaxError("invalid JSON: the array that begins here is not closed at the end of the input")
	errNoComma      = syntaxError("invalid JSON: comma expected before this array element")
	errExtraComma   = syntaxError("invalid JSON: array element expected, found a comma")
	errLastComma    = syntaxError("invalid JSON: array element expected behind the comma, found ']'")
)

// isAtEnd reports whether the fault may only be the end of the input.
func isAtEnd(err error) bool { return errors.Is(err, errNotClosed) || errors.Is(err, errOpenString) }

// isEnd reports whether the text ended as it should. A wrapped io.EOF is a failure of something that the reader reads
// from.
func isEnd(err error) bool { return err == io.EOF } //nolint:errorlint // identity is what is meant

// unexpectedByte returns the error about a byte at which cutting cannot go on.
func unexpectedByte(b byte, wanted string) error {
	found := fmt.Sprintf("byte 0x%02x", b)
	if b > ' ' && b < 0x7f {
		found = strconv.QuoteRune(rune(b))
	}
	return syntaxError("invalid JSON: " + wanted + " expected, found " + found)
}

// quoteInput makes a text of the input fit for an error: one line, printable, at most 64 bytes of it.
func quoteInput[Bytes ~[]byte | ~string](b Bytes) string {
	const limit = 64
	if len(b) > limit {
		return strconv.Quote(string(b[:limit])) + "…"
	}
	return strconv.Quote(string(b))
}
