package observer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// What goes into one request, and how long one waits between tries.
const (
	maxBatch   = 1000
	firstPause = time.Second
	lastPause  = time.Minute
)

// sender posts records in batches. While the operator is away they wait in a bounded buffer; when it is full the oldest are dropped,
// which the verdict shows as gaps in its coverage, because each record says how long it reached back.
type sender struct {
	client    *http.Client
	url       string
	tokenFile string
	max       int
	log       *slog.Logger
	pause     time.Duration // the first one

	wake chan struct{}
	idle chan struct{} // one for each time that all is sent

	mu       sync.Mutex
	lines    [][]byte // waiting, oldest first; the first inFlight of them are being sent
	size     int      // bytes of lines
	inFlight int
	records  int
	dropped  int
}

func newSender(o options, log *slog.Logger) (*sender, error) {
	client, err := newClient(o.caFile)
	if err != nil {
		return nil, fmt.Errorf("--ca-file: %w", err)
	}
	return &sender{
		client: client, url: o.url, tokenFile: o.tokenFile, max: o.maxBuffer, log: log, pause: firstPause,
		wake: make(chan struct{}, 1), idle: make(chan struct{}, 1),
	}, nil
}

func (s *sender) put(record any) {
	line, err := json.Marshal(record)
	if err != nil { // numbers and strings: cannot be
		s.log.Error("A record cannot be written", "error", err)
		return
	}
	s.mu.Lock()
	s.lines = append(s.lines, append(line, '\n'))
	s.size += len(line) + 1
	s.records++
	for s.size > s.max && len(s.lines) > s.inFlight {
		s.size -= len(s.lines[s.inFlight])
		s.lines = append(s.lines[:s.inFlight], s.lines[s.inFlight+1:]...)
		s.dropped++
	}
	s.mu.Unlock()
	notify(s.wake)
}

func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (s *sender) counts() (records, dropped int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.records, s.dropped
}

// run sends until ctx ends.
func (s *sender) run(ctx context.Context) {
	for {
		body, n := s.batch()
		if n == 0 {
			notify(s.idle)
			select {
			case <-s.wake:
				continue
			case <-ctx.Done():
				return
			}
		}
		if !s.deliver(ctx, body, n) {
			return
		}
		s.sent(n)
	}
}

// flush waits until all is sent, but not for ever.
func (s *sender) flush(most time.Duration) {
	enough := time.After(most)
	for {
		s.mu.Lock()
		left := len(s.lines)
		s.mu.Unlock()
		if left == 0 {
			return
		}
		select {
		case <-s.idle:
		case <-enough:
			s.log.Error("Not sent at the end", "records", left)
			return
		}
	}
}

// batch is the next body, and how many records it has.
func (s *sender) batch() (body []byte, records int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight = min(len(s.lines), maxBatch)
	return bytes.Join(s.lines[:s.inFlight], nil), s.inFlight
}

func (s *sender) sent(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, line := range s.lines[:n] {
		s.size -= len(line)
	}
	s.lines = append([][]byte(nil), s.lines[n:]...)
	s.inFlight = 0
}

// deliver posts a body until it is taken or refused for good; false when ctx ended before.
func (s *sender) deliver(ctx context.Context, body []byte, n int) bool {
	pause, failing := s.pause, false
	for {
		after, err := s.post(ctx, body)
		var refused refusedError
		switch {
		case err == nil:
			if failing {
				_, dropped := s.counts()
				s.log.Info("Sending again", "dropped", dropped)
			}
			return true
		case errors.As(err, &refused):
			s.log.Error("Records were refused", "records", n, "error", err)
			s.mu.Lock()
			s.dropped += n
			s.mu.Unlock()
			return true
		case !failing && ctx.Err() == nil:
			failing = true
			s.log.Error("Cannot send; trying again", "error", err)
		}
		wait := max(after, pause/2+rand.N(pause)) //nolint:gosec // it spreads requests, it guards nothing
		pause = min(2*pause, lastPause)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return false
		}
	}
}

// refusedError is an answer that will be the same next time.
type refusedError struct{ answer string }

func (e refusedError) Error() string { return e.answer }

// post sends a body once. After is how long the receiver wants to be left alone.
func (s *sender) post(ctx context.Context, body []byte) (after time.Duration, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/x-ndjson")
	if err := authorize(r, s.tokenFile); err != nil {
		return 0, err
	}
	answer, err := s.client.Do(r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 4096))
	said := answer.Status + " " + string(bytes.TrimSpace(text))
	switch answer.StatusCode {
	case http.StatusOK:
		var counts struct{ Rejected int }
		if json.Unmarshal(text, &counts) == nil && counts.Rejected > 0 {
			s.log.Error("Some records were refused", "answer", said)
		}
		return 0, nil
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return 0, refusedError{said}
	default: // 401 and 403 too: tokens and rights are mended while one waits
		seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After"))
		return min(time.Duration(max(0, seconds))*time.Second, lastPause), errors.New(said)
	}
}

// printer writes records as lines.
type printer struct {
	w       io.Writer
	written int
}

func (p *printer) put(record any) {
	p.written++
	_ = json.NewEncoder(p.w).Encode(record) // a reader that has gone ends the program by SIGPIPE
}

func (p *printer) counts() (records, dropped int) { return p.written, 0 }
