package cast

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode/utf8"
)

// Writer makes a cast of what is written to it, each write an event of the time at which it came. Line feeds become what a terminal gets: a
// carriage return before each.
type Writer struct {
	out      io.Writer
	now      func() time.Time
	begin    time.Time
	rest     []byte // the beginning of a character whose end has not come yet
	returned bool
}

// NewWriter writes the header. A timestamp of 0 becomes the time of now.
func NewWriter(out io.Writer, h Header, now func() time.Time) (*Writer, error) {
	w := &Writer{out: out, now: now, begin: now()}
	if h.Timestamp == 0 {
		h.Timestamp = w.begin.Unix()
	}
	return w, writeHeader(out, h)
}

// Write records output.
func (w *Writer) Write(p []byte) (int, error) {
	at := w.now().Sub(w.begin)
	var text bytes.Buffer
	text.Write(w.rest)
	for _, b := range p {
		if b == '\n' && !w.returned {
			text.WriteByte('\r')
		}
		text.WriteByte(b)
		w.returned = b == '\r'
	}
	whole := wholeCharacters(text.Bytes())
	w.rest = bytes.Clone(text.Bytes()[whole:])
	if whole == 0 {
		return len(p), nil
	}
	if err := writeEvent(w.out, Event{at, Output, string(text.Bytes()[:whole])}); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Close records what is left of a character that was not finished.
func (w *Writer) Close() error {
	if len(w.rest) == 0 {
		return nil
	}
	rest := w.rest
	w.rest = nil
	return writeEvent(w.out, Event{w.now().Sub(w.begin), Output, string(rest)})
}

// wholeCharacters is how many bytes of a text are before a character that its end cuts in two.
func wholeCharacters(text []byte) int {
	for i := len(text) - 1; i >= max(0, len(text)-utf8.UTFMax); i-- {
		if utf8.RuneStart(text[i]) {
			if utf8.FullRune(text[i:]) {
				break
			}
			return i
		}
	}
	return len(text)
}

// Write writes a cast as a file.
func (c *Cast) Write(out io.Writer) error {
	if err := writeHeader(out, c.Header); err != nil {
		return err
	}
	for _, e := range c.Events {
		if err := writeEvent(out, e); err != nil {
			return err
		}
	}
	return nil
}

func writeHeader(out io.Writer, h Header) error {
	if err := h.check(); err != nil {
		return err
	}
	return writeLine(out, struct {
		Version int `json:"version"`
		Header
	}{version, h})
}

func writeEvent(out io.Writer, e Event) error {
	seconds := json.RawMessage(strconv.FormatFloat(e.Time.Seconds(), 'f', 6, 64))
	return writeLine(out, []any{seconds, e.Code, e.Data})
}

// writeLine writes a line of JSON at once.
func writeLine(out io.Writer, value any) error {
	var line bytes.Buffer
	e := json.NewEncoder(&line)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return err
	}
	_, err := out.Write(line.Bytes())
	return err
}

func (h Header) check() error {
	for name, side := range map[string]int{"width": h.Width, "height": h.Height} {
		if side < 1 || side > maxSide {
			return fmt.Errorf("%s: %d: not from 1 to %d", name, side, maxSide)
		}
	}
	if h.IdleTimeLimit < 0 {
		return fmt.Errorf("idle_time_limit: negative: %v", h.IdleTimeLimit)
	}
	return nil
}
