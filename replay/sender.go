package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/kernel-gossip/kernel-gossip/pixie"
	"github.com/kernel-gossip/kernel-gossip/pixie/otlp"
)

// maxPosted is the most bytes of a request: well below what an operator takes by default, 4 MiB.
const maxPosted = 2 << 20

// sender is captures on their way to an operator.
type sender struct {
	poster   *poster
	in       io.Reader
	errs     io.Writer
	progress *progress
	most     int // records of a request
	clock    clock
	pace     pace

	body  []byte
	lines []origin // of body

	bad, sent, requests         int // records not sent, records sent, and in how many requests
	accepted, ignored, rejected int // as the operator counts
	unknown                     int // about pods that its cluster does not have
	explained, unexplained      int // of the rejected ones: printed with their reasons, and not
	warned                      bool
}

// origin is where a record stands.
type origin struct {
	name string
	line int
}

func (s *sender) summary() string {
	text := fmt.Sprintf("%s in %s: %d accepted, %d ignored, %d rejected", many(s.sent, "record"), many(s.requests, "request"), s.accepted, s.ignored, s.rejected)
	if s.unknown > 0 {
		text += fmt.Sprintf(", %d about pods that the cluster does not have", s.unknown)
	}
	if s.bad > 0 {
		text += fmt.Sprintf("; %d bad ones were not sent", s.bad)
	}
	return text
}

func many(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// sendAll sends all files, in their order. One that cannot be read does not keep the others from being sent; an operator that takes nothing does.
func (s *sender) sendAll(ctx context.Context, names []string) error {
	names, err := inDirectories(names)
	trouble := []error{err}
	for _, name := range names {
		err := s.each(name, func(at origin, raw pixie.Raw) error { return s.send(ctx, at, raw) })
		if final := (*finalError)(nil); errors.As(err, &final) {
			return final.err
		}
		trouble = append(trouble, err)
	}
	if err := s.flush(ctx); err != nil {
		return err
	}
	if s.unexplained > 0 {
		fmt.Fprintf(s.errs, "gossip-replay: %s rejected\n", moreRecords(s.unexplained))
	}
	return errors.Join(trouble...)
}

// finalError ends it all: the operator takes nothing more, or the user has had enough.
type finalError struct{ err error }

func (e *finalError) Error() string { return e.err.Error() }

// each calls visit with each record of a file. What is no record is reported, and so is one that visit has a record
// error about.
func (s *sender) each(name string, visit func(origin, pixie.Raw) error) error {
	shown, in := name, s.in
	if name == "-" {
		shown = "stdin"
	} else {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	text, begin, err := open(in)
	if err != nil {
		return fmt.Errorf("%s: %w", shown, err)
	}
	defer func() { _ = text.Close() }()
	if otlp.Is(begin) {
		return fmt.Errorf("%s: OpenTelemetry metrics are sent as they are, to port 4318: curl --data-binary @FILE, a request at a time", shown)
	}
	bad := refused{errs: s.errs, name: shown, head: begin}
	for raw, err := range (pixie.Options{}).Split(text) {
		if err == nil {
			err = visit(origin{shown, raw.Line}, raw)
		}
		switch one := (*pixie.RecordError)(nil); {
		case err == nil:
			bad.accept()
		case errors.As(err, &one):
			s.bad++
			bad.add(one)
		case errors.As(err, new(*finalError)):
			bad.print()
			return err
		default:
			return bad.end(err)
		}
	}
	return bad.end(nil)
}

// send sends a record when it is time to, together with those whose time it is too.
func (s *sender) send(ctx context.Context, at origin, raw pixie.Raw) error {
	event, err := raw.Event()
	if err != nil {
		return err
	}
	when := event.From().Time
	if due := s.pace.due(when, s.clock.now()); due.After(s.clock.now()) {
		if err := s.flush(ctx); err != nil {
			return &finalError{err}
		}
		if err := s.clock.sleep(ctx, due.Sub(s.clock.now())); err != nil {
			return &finalError{errors.New("interrupted")}
		}
	}
	line := jsontext.Value(bytes.Clone(raw.JSON))
	if s.pace.shift != 0 {
		line, err = shifted(line, when, s.pace.shift)
	} else {
		err = line.Compact() // a line of its own, so that the operator's line numbers are ours
	}
	if err != nil {
		return &pixie.RecordError{Line: raw.Line, Offset: raw.Offset, Err: err}
	}
	if len(s.lines) == s.most || len(s.body)+len(line) >= maxPosted {
		if err := s.flush(ctx); err != nil {
			return &finalError{err}
		}
	}
	s.body = append(append(s.body, line...), '\n')
	s.lines = append(s.lines, at)
	return nil
}

// flush posts what has been gathered.
func (s *sender) flush(ctx context.Context) error {
	if len(s.lines) == 0 {
		return nil
	}
	a, err := s.poster.post(ctx, s.body, s.clock)
	if err != nil {
		return err
	}
	s.requests++
	s.sent += len(s.lines)
	s.accepted += a.Accepted
	s.ignored += a.Ignored
	s.rejected += a.Rejected
	s.unknown += a.Unknown
	if a.Warning != "" && !s.warned { // once: other records say the same of other pods
		s.warned = true
		fmt.Fprintln(s.errs, "gossip-replay: "+a.Warning)
	}
	s.explain(a)
	s.body, s.lines = s.body[:0], s.lines[:0]
	s.progress.tell(func() string { return s.summary() })
	return nil
}

// explain prints why the operator rejected records of a request: of the first ones, and then how many more there were.
func (s *sender) explain(a answer) {
	if s.explained >= maxRefused {
		s.unexplained += a.Rejected
		return
	}
	for _, text := range a.Errors {
		s.explained++
		fmt.Fprintln(s.errs, located(text, s.lines))
	}
	if untold := a.Rejected - len(a.Errors); untold > 0 {
		fmt.Fprintf(s.errs, "gossip-replay: %d more of these %d were rejected\n", untold, len(s.lines))
	}
}

// located is an error of the operator about a line of a request, with the place of that record.
func located(text string, lines []origin) string {
	rest, about := strings.CutPrefix(text, "line ")
	number, why, found := strings.Cut(rest, ": ")
	n, err := strconv.Atoi(number)
	if !about || !found || err != nil || n < 1 || n > len(lines) {
		return "gossip-replay: rejected: " + text
	}
	return fmt.Sprintf("%s:%d: %s", lines[n-1].name, lines[n-1].line, why)
}

// clock is the time; tests have one of their own.
type clock interface {
	now() time.Time
	sleep(ctx context.Context, d time.Duration) error
}

type wallClock struct{}

func (wallClock) now() time.Time { return time.Now() }

func (wallClock) sleep(ctx context.Context, d time.Duration) error {
	enough := time.NewTimer(d)
	defer enough.Stop()
	select {
	case <-enough.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
