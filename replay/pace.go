package replay

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/kernel-gossip/kernel-gossip/pixie"
)

// requestInterval is how long records are gathered into one request.
const requestInterval = time.Second

// pace decides when a record is sent.
type pace struct {
	speed float64       // how much faster than recorded; infinite: without waiting
	shift time.Duration // is added to the times of records

	firstRecorded time.Time // of the first record
	firstSent     time.Time // when it was sent
}

// dueTime returns when to send a record that has this time. The delay from the first record is the recorded one,
// divided by the speed and rounded up to the interval. A record that is older than the first is due at once.
func (p *pace) dueTime(at, now time.Time) time.Time {
	if p.firstSent.IsZero() {
		p.firstRecorded, p.firstSent = at, now
	}
	return p.firstSent.Add(p.sendOffset(at.Sub(p.firstRecorded)))
}

func (p *pace) sendOffset(recorded time.Duration) time.Duration {
	intervals := math.Ceil(float64(recorded) / p.speed / float64(requestInterval))
	return time.Duration(max(0, intervals)) * requestInterval
}

// measureShift finds the shift with which the newest record is sent at its own time. No record is then sent before its
// time.
func (s *sender) measureShift(names []string) error {
	var first, newest time.Time
	quiet := *s
	quiet.errs, quiet.progress = io.Discard, nil // bad records are reported when the others are sent
	for _, name := range names {
		if name == "-" {
			return errors.New("--now: reads its input twice, which standard input cannot be")
		}
		if err := quiet.visitRecords(name, func(_ recordPlace, raw pixie.Raw) error {
			if event, err := raw.Event(); err == nil {
				at := event.From().Time
				if first.IsZero() {
					first = at
				}
				if at.After(newest) {
					newest = at
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	if !newest.IsZero() {
		s.pace.shift = time.Now().Add(s.pace.sendOffset(newest.Sub(first))).Sub(newest)
	}
	return nil
}

// anyBytes lets strings have bytes that are not UTF-8, as Decode does. The operator cleans texts.
var anyBytes = jsontext.AllowInvalidUTF8(true)

// timelinePath matches the place of the time in a timeline entry.
var timelinePath = regexp.MustCompile(`^/timeline/\d+/timestamp$`)

// shiftTimes returns a record with its times moved: its own, which was read as at, and the times in its timeline.
func shiftTimes(record []byte, at time.Time, by time.Duration) (jsontext.Value, error) {
	in := jsontext.NewDecoder(bytes.NewBuffer(record), anyBytes)
	var text bytes.Buffer
	out := jsontext.NewEncoder(&text, anyBytes)
	for {
		token, err := in.ReadToken()
		if errors.Is(err, io.EOF) {
			return bytes.TrimSpace(text.Bytes()), nil
		}
		if err != nil {
			return nil, err
		}
		if token.Kind() == '"' && isMemberValue(in) {
			switch where := string(in.StackPointer()); {
			case where == "/timestamp", where == "/time_":
				token = jsontext.String(at.Add(by).Format(time.RFC3339Nano))
			case timelinePath.MatchString(where):
				step, err := time.Parse(time.RFC3339, token.String())
				if err != nil { // the record was good
					return nil, fmt.Errorf("timeline: %w", err)
				}
				token = jsontext.String(step.Add(by).Format(time.RFC3339Nano))
			}
		}
		if err := out.WriteToken(token); err != nil {
			return nil, err
		}
	}
}

// isMemberValue reports whether the last token is the value of a member, and not its name.
func isMemberValue(in *jsontext.Decoder) bool {
	kind, length := in.StackIndex(in.StackDepth())
	return kind == '{' && length%2 == 0
}
