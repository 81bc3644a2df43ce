package observer

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie"
	"github.com/kernel-gossip/kernel-gossip/pixie/webhook"
)

const (
	maxBatch  = 1000        // records in a request
	lastPause = time.Minute // between two tries
)

// sender posts records in batches. While the operator is away they wait in a bounded buffer. When it is full the oldest
// are dropped, which shows as gaps in the coverage of the verdict, because each record says how far it reaches back.
type sender struct {
	client *webhook.Client
	max    int // bytes of lines
	log    *slog.Logger

	wake    chan struct{}
	idle    chan struct{} // gets one value each time that all is sent
	failing bool          // a try of the current batch failed

	mu       sync.Mutex
	lines    [][]byte // waiting, oldest first; the first inFlight of them are being sent
	size     int      // bytes of lines
	inFlight int
	records  int
	dropped  int
}

func newSender(o options, log *slog.Logger) (*sender, error) {
	s := &sender{max: o.maxBuffer, log: log, wake: make(chan struct{}, 1), idle: make(chan struct{}, 1)}
	client, err := webhook.New(webhook.Options{
		URL: o.url, Access: webhook.Access{TokenFile: o.tokenFile, CAFile: o.caFile},
		RetryRefused: true, FirstPause: o.firstPause, LastPause: lastPause, Retrying: s.logFailure,
	})
	if err != nil {
		return nil, fmt.Errorf("--url, --ca-file: %w", err)
	}
	s.client = client
	return s, nil
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

// deliverBatch posts a body until the operator has dealt with it: see package webhook for which answers are final. It
// reports false if ctx ended before.
func (s *sender) deliverBatch(ctx context.Context, body []byte, n int) bool {
	answer, err := s.client.Post(ctx, body)
	switch {
	case ctx.Err() != nil:
		return false
	case err != nil:
		s.log.Error("Records were refused", "records", n, "error", err)
		s.countDropped(n)
	case answer.Rejected > 0:
		s.log.Error("Some records were refused", "records", answer.Rejected, "answer", answer.Message())
		s.countDropped(answer.Rejected)
	}
	if err == nil && s.failing {
		_, dropped := s.countRecords()
		s.log.Info("Sending again", "dropped", dropped)
	}
	s.failing = false
	return true
}

// logFailure logs the first failed try of a batch.
func (s *sender) logFailure(_ int, err error, _ time.Duration) {
	if !s.failing {
		s.failing = true
		s.log.Error("Cannot send; trying again", "error", err)
	}
}

func (s *sender) countDropped(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropped += n
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
