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

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie"
	"github.com/kernel-gossip/kernel-gossip/pixie/otlp"
	"github.com/kernel-gossip/kernel-gossip/pixie/webhook"
)

// maxPosted is the most bytes of a request. It is well below what an operator takes by default, 4 MiB.
const maxPosted = 2 << 20

// sender sends captures to an operator.
type sender struct {
	client     *webhook.Client
	in         io.Reader
	errs       io.Writer
	progress   *progress
	maxRecords int // most records of a request
	pace       pace

	body  []byte
	lines []recordPlace // where the lines of body come from

	notSent, sent, requests     int // bad records, sent records, and requests
	accepted, ignored, rejected int // records, as the operator counts
	unknownPods                 int // records about pods that its cluster does not have
	explained, unexplained      int // rejected records with a printed reason, and without
	warned                      bool
}

// recordPlace is the file and line of a record.
type recordPlace struct {
	name string
	line int
}

func (s *sender) formatSummary() string {
	text := fmt.Sprintf("%s in %s: %d accepted, %d ignored, %d rejected",
		formatCount(s.sent, "record"), formatCount(s.requests, "request"), s.accepted, s.ignored, s.rejected)
	if s.unknownPods > 0 {
		text += fmt.Sprintf(", %d about pods that the cluster does not have", s.unknownPods)
	}
	if s.notSent > 0 {
		text += fmt.Sprintf("; %d bad ones were not sent", s.notSent)
	}
	return text
}

func formatCount(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// sendAll sends all files, in their order. A file that cannot be read does not stop the others; an operator that takes
// nothing does.
func (s *sender) sendAll(ctx context.Context, names []string) error {
	names, err := expandDirectories(names)
	trouble := []error{err}
	for _, name := range names {
		err := s.visitRecords(name, func(at recordPlace, raw pixie.Raw) error { return s.sendRecord(ctx, at, raw) })
		if final := (*finalError)(nil); errors.As(err, &final) {
			return final.err
		}
		trouble = append(trouble, err)
	}
	if err := s.flush(ctx); err != nil {
		return err
	}
	if s.unexplained > 0 {
		fmt.Fprintf(s.errs, "gossip-replay: %s rejected\n", formatMoreRecords(s.unexplained))
	}
	return errors.Join(trouble...)
}

var errInterrupted = errors.New("interrupted")

// finalError ends the sending: the operator takes nothing more, or the user interrupted it.
type finalError struct{ err error }

func (e *finalError) Error() string { return e.err.Error() }

// visitRecords calls visit with each record of a file. It reports what is no record, and each record error that visit
// returns.
func (s *sender) visitRecords(name string, visit func(recordPlace, pixie.Raw) error) error {
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
	text, begin, err := openText(in)
	if err != nil {
		return fmt.Errorf("%s: %w", shown, err)
	}
	defer func() { _ = text.Close() }()
	if otlp.Is(begin) {
		return fmt.Errorf("%s: OpenTelemetry metrics are sent as they are, to port 4318: "+
			"curl --data-binary @FILE, a request at a time", shown)
	}
	bad := refusals{errs: s.errs, name: shown, head: begin}
	for raw, err := range (pixie.Options{}).Split(text) {
		if err == nil {
			err = visit(recordPlace{shown, raw.Line}, raw)
		}
		switch one := (*pixie.RecordError)(nil); {
		case err == nil:
			bad.noteGoodRecord()
		case errors.As(err, &one):
			s.notSent++
			bad.add(one)
		case errors.As(err, new(*finalError)):
			bad.printHeld()
			return err
		default:
			return bad.finishFile(err)
		}
	}
	return bad.finishFile(nil)
}

// sendRecord sends a record at its time, together with the others that are due then.
func (s *sender) sendRecord(ctx context.Context, at recordPlace, raw pixie.Raw) error {
	event, err := raw.Event()
	if err != nil {
		return err
	}
	when := event.From().Time
	if due := s.pace.dueTime(when, time.Now()); due.After(time.Now()) {
		if err := s.flush(ctx); err != nil {
			return &finalError{err}
		}
		if !waitUntil(ctx, due) {
			return &finalError{errInterrupted}
		}
	}
	line := jsontext.Value(bytes.Clone(raw.JSON))
	if s.pace.shift != 0 {
		line, err = shiftTimes(line, when, s.pace.shift)
	} else {
		err = line.Compact(anyBytes) // on one line, so that the operator's line numbers are ours
	}
	if err != nil {
		return &pixie.RecordError{Line: raw.Line, Offset: raw.Offset, Err: err}
	}
	if len(s.lines) == s.maxRecords || len(s.body)+len(line) >= maxPosted {
		if err := s.flush(ctx); err != nil {
			return &finalError{err}
		}
	}
	s.body = append(append(s.body, line...), '\n')
	s.lines = append(s.lines, at)
	return nil
}

// flush posts the gathered records.
func (s *sender) flush(ctx context.Context) error {
	if len(s.lines) == 0 {
		return nil
	}
	a, err := s.client.Post(ctx, s.body)
	switch {
	case err != nil && ctx.Err() != nil:
		return errInterrupted
	case err != nil:
		return errors.New(gossip.CleanText(err.Error())) // a server may have put lines into it
	}
	s.requests++
	s.sent += len(s.lines)
	s.accepted += a.Accepted
	s.ignored += a.Ignored
	s.rejected += a.Rejected
	s.unknownPods += a.Unknown
	if a.Warning != "" && !s.warned { // once: it is the same for other pods
		s.warned = true
		fmt.Fprintln(s.errs, "gossip-replay: "+gossip.CleanText(a.Warning))
	}
	s.printRejections(a)
	s.body, s.lines = s.body[:0], s.lines[:0]
	s.progress.showLine(func() string { return s.formatSummary() })
	return nil
}

// printRejections prints why the operator rejected records of a request: the first reasons, and then the number of the
// rest.
func (s *sender) printRejections(a webhook.Answer) {
	if s.explained >= maxRefused {
		s.unexplained += a.Rejected
		return
	}
	for _, text := range a.Errors {
		s.explained++
		fmt.Fprintln(s.errs, gossip.CleanText(locateError(text, s.lines)))
	}
	if untold := a.Rejected - len(a.Errors); untold > 0 {
		fmt.Fprintf(s.errs, "gossip-replay: %d more of these %d were rejected\n", untold, len(s.lines))
	}
}

// locateError replaces the line of a request, in an error of the operator, by the place of that record in its file.
func locateError(text string, lines []recordPlace) string {
	rest, about := strings.CutPrefix(text, "line ")
	number, why, found := strings.Cut(rest, ": ")
	n, err := strconv.Atoi(number)
	if !about || !found || err != nil || n < 1 || n > len(lines) {
		return "gossip-replay: rejected: " + text
	}
	return fmt.Sprintf("%s:%d: %s", lines[n-1].name, lines[n-1].line, why)
}

// waitUntil waits, and reports false if ctx ends before.
func waitUntil(ctx context.Context, due time.Time) bool {
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
