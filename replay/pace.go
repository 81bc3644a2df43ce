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

// tick is how long records are gathered into one request.
const tick = time.Second

// pace says when a record is to be sent.
type pace struct {
	speed float64       // times as fast as recorded; infinite for at once
	shift time.Duration // added to the times of records

	first time.Time // of the first record
	begin time.Time // when it was sent
}

// due is when a record of that time is to be sent, to a tick: as long after the first as it was recorded after it, divided by the speed. A
// record that is older than the first is due at once.
func (p *pace) due(at, now time.Time) time.Time {
	if p.begin.IsZero() {
		p.first, p.begin = at, now
	}
	return p.begin.Add(p.offset(at.Sub(p.first)))
}

func (p *pace) offset(recorded time.Duration) time.Duration {
	ticks := math.Ceil(float64(recorded) / p.speed / float64(tick))
	return time.Duration(max(0, ticks)) * tick
}

// measure finds the shift with which the newest record is sent at its own time. No record is then sent before its time.
func (s *sender) measure(names []string) error {
	var first, newest time.Time
	quiet := *s
	quiet.errs, quiet.progress = io.Discard, nil // what is bad is told when it is not sent
	for _, name := range names {
		if name == "-" {
			return errors.New("--now: reads its input twice, which standard input cannot be")
		}
		if err := quiet.each(name, func(_ origin, raw pixie.Raw) error {
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
		s.pace.shift = s.clock.now().Add(s.pace.offset(newest.Sub(first))).Sub(newest)
	}
	return nil
}

// stepTime is where an entry of a timeline has its time.
var stepTime = regexp.MustCompile(`^/timeline/\d+/timestamp$`)

// shifted is a record with its times moved: its own, which was read as at, and those in its timeline.
func shifted(record []byte, at time.Time, by time.Duration) (jsontext.Value, error) {
	in := jsontext.NewDecoder(bytes.NewBuffer(record))
	var text bytes.Buffer
	out := jsontext.NewEncoder(&text)
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
			case stepTime.MatchString(where):
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

// isMemberValue says whether the token that was read last is the value of a member, rather than its name.
func isMemberValue(in *jsontext.Decoder) bool {
	kind, length := in.StackIndex(in.StackDepth())
	return kind == '{' && length%2 == 0
}
