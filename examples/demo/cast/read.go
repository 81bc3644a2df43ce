package cast

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

// LineError says in which line of a cast something is wrong, from 1.
type LineError struct {
	Line int
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap is what is wrong.
func (e *LineError) Unwrap() error { return e.Err }

// What is read is held in memory, and bounded.
const (
	maxLine   = 1 << 20 // bytes
	maxEvents = 1 << 20
	maxTime   = 365 * 24 * time.Hour
)

// Read reads a cast. A fault of the file is a [*LineError]; any other error is one of reading. Members of the header that are not known, and
// blank lines, are passed over.
func Read(in io.Reader) (*Cast, error) {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	c := &Cast{}
	begun, n := false, 0
	for lines.Scan() {
		n++
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		var err error
		if begun {
			err = c.event(line)
		} else {
			begun, err = true, c.header(line)
		}
		if err != nil {
			return nil, &LineError{n, err}
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, &LineError{n + 1, fmt.Errorf("longer than %d bytes", maxLine)}
	case err != nil:
		return nil, err
	case !begun:
		return nil, &LineError{n + 1, errors.New("no header")}
	}
	return c, nil
}

func (c *Cast) header(line []byte) error {
	var h struct {
		Version int `json:"version"`
		Header
	}
	if err := json.Unmarshal(line, &h); err != nil {
		return fmt.Errorf("not a header: %w", err)
	}
	if h.Version != version {
		return fmt.Errorf("version %d: not %d", h.Version, version)
	}
	c.Header = h.Header
	return c.Header.check()
}

// event takes a line [SECONDS, CODE, DATA].
func (c *Cast) event(line []byte) error {
	var parts []json.RawMessage
	if err := json.Unmarshal(line, &parts); err != nil {
		return fmt.Errorf("not an event: %w", err)
	}
	if len(parts) != 3 {
		return fmt.Errorf("not an event: %d parts, not 3", len(parts))
	}
	var seconds *float64
	var code, data *string
	for i, into := range []any{&seconds, &code, &data} {
		if err := json.Unmarshal(parts[i], into); err != nil {
			return fmt.Errorf("part %d of the event: %w", i+1, err)
		}
	}
	if seconds == nil || code == nil || data == nil {
		return errors.New("a part of the event is null")
	}
	if *seconds < 0 || *seconds > maxTime.Seconds() {
		return fmt.Errorf("the event is at %v seconds: not from 0 to a year", *seconds)
	}
	at := time.Duration(math.Round(*seconds*1e6)) * time.Microsecond
	if n := len(c.Events); n > 0 && at < c.Events[n-1].Time {
		return fmt.Errorf("the event is at %v, before the one before it at %v", at, c.Events[n-1].Time)
	}
	if len(c.Events) == maxEvents {
		return fmt.Errorf("more than %d events", maxEvents)
	}
	c.Events = append(c.Events, Event{at, *code, *data})
	return nil
}
