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

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie"
)

// The size of a request, and the pauses between tries.
const (
	maxBatch   = 1000 // records
	firstPause = time.Second
	lastPause  = time.Minute
)

// sender posts records in batches. While the operator is away they wait in a bounded buffer. When it is full the oldest are dropped, which
// shows as gaps in the coverage of the verdict, because each record says how far it reaches back.
type sender struct {
	client    *http.Client
	url       string
	tokenFile string
	max       int // bytes of lines
	log       *slog.Logger
	pause     time.Duration // the first one

	wake chan struct{}
	idle chan struct{} // gets one value each time that all is sent

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

func (s *sender) addEvent(event gossip.Event) {
	line := pixie.Append(nil, event)
	s.mu.Lock()
	s.lines = append(s.lines, line)
	s.size += len(line)
	s.records++
	for s.size > s.max && len(s.lines) > s.inFlight {
		s.size -= len(s.lines[s.inFlight])
		s.lines = append(s.lines[:s.inFlight], s.lines[s.inFlight+1:]...)
		s.dropped++
	}
	s.mu.Unlock()
	wakeUp(s.wake)
}

// wakeUp sends a value, unless one waits already.
func wakeUp(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (s *sender) countRecords() (records, dropped int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.records, s.dropped
}

// run sends until ctx ends.
func (s *sender) run(ctx context.Context) {
	for {
		body, n := s.nextBatch()
		if n == 0 {
			wakeUp(s.idle)
			select {
			case <-s.wake:
				continue
			case <-ctx.Done():
				return
			}
		}
		if !s.deliverBatch(ctx, body, n) {
			return
		}
		s.removeSent(n)
	}
}

// flush waits until all is sent, for the given time at most.
func (s *sender) flush(limit time.Duration) {
	timeout := time.After(limit)
	for {
		s.mu.Lock()
		left := len(s.lines)
		s.mu.Unlock()
		if left == 0 {
			return
		}
		select {
		case <-s.idle:
		case <-timeout:
			s.log.Error("Not sent at the end", "records", left)
			return
		}
	}
}

// nextBatch is the body of the next request, and its number of records.
func (s *sender) nextBatch() (body []byte, records int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight = min(len(s.lines), maxBatch)
	return bytes.Join(s.lines[:s.inFlight], nil), s.inFlight
}

// removeSent removes the oldest n records.
func (s *sender) removeSent(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, line := range s.lines[:n] {
		s.size -= len(line)
	}
	s.lines = append([][]byte(nil), s.lines[n:]...)
	s.inFlight = 0
}

// deliverBatch posts a body until it is taken or refused for good. It reports false if ctx ended before.
func (s *sender) deliverBatch(ctx context.Context, body []byte, n int) bool {
	pause, failing := s.pause, false
	for {
		after, err := s.postBody(ctx, body)
		var refused refusedError
		switch {
		case err == nil:
			if failing {
				_, dropped := s.countRecords()
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

// refusedError is an answer that would be the same the next time.
type refusedError struct{ answer string }

func (e refusedError) Error() string { return e.answer }

// postBody sends a body once. After is how long the receiver asks to wait before the next request.
func (s *sender) postBody(ctx context.Context, body []byte) (after time.Duration, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/x-ndjson")
	if err := addToken(r, s.tokenFile); err != nil {
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
	default: // 401 and 403 too: tokens and rights are mended meanwhile
		seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After"))
		return min(time.Duration(max(0, seconds))*time.Second, lastPause), errors.New(said)
	}
}

// printer writes records as lines.
type printer struct {
	w       io.Writer
	line    []byte // reused
	written int
}

func (p *printer) addEvent(event gossip.Event) {
	p.line = pixie.Append(p.line[:0], event)
	p.written++
	_, _ = p.w.Write(p.line) // a reader that ended ends the program by SIGPIPE
}

func (p *printer) countRecords() (records, dropped int) { return p.written, 0 }
