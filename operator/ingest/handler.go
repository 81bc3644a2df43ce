package ingest

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// The limits that the zero Options have.
const (
	DefaultMaxBody     = 4 << 20          // bytes of a request, unpacked
	DefaultMaxRequests = 32               // at a time
	DefaultMaxAhead    = 10 * time.Minute // of a record's timestamp to this clock
)

// Take takes all good records of one request, in their order, or none. Ignored is how many of them are of no interest, which is no
// fault of the sender. An error means that none was kept and that the sender should come again.
type Take func(ctx context.Context, events []gossip.Event) (ignored int, err error)

// Options of a handler. Only Take is required.
type Options struct {
	Take Take
	// Auth says who may send; nil lets everybody in, which is for loopback.
	Auth Authenticator
	// MaxBody is the most bytes of a body, before and after it is unpacked; 0 means DefaultMaxBody.
	MaxBody int64
	// MaxRequests is how many requests are worked on at a time; 0 means DefaultMaxRequests.
	MaxRequests int
	// MaxAhead is how far in the future a record may be; 0 means DefaultMaxAhead.
	MaxAhead time.Duration
	// Rejected counts what was refused: records by "malformed" and "future", requests by "unauthenticated", "forbidden",
	// "too_large", "not_json", "broken", "busy" and "unavailable". Nil counts nothing.
	Rejected func(reason string, n int)
	// Answered is told of each answer. Nil is told nothing.
	Answered func(code int, took time.Duration)
}

// NewHandler serves both paths.
func NewHandler(o Options) http.Handler {
	h := &handler{Options: o, now: time.Now}
	if h.MaxBody <= 0 {
		h.MaxBody = DefaultMaxBody
	}
	if h.MaxRequests <= 0 {
		h.MaxRequests = DefaultMaxRequests
	}
	if h.MaxAhead <= 0 {
		h.MaxAhead = DefaultMaxAhead
	}
	if h.Rejected == nil {
		h.Rejected = func(string, int) {}
	}
	if h.Answered == nil {
		h.Answered = func(int, time.Duration) {}
	}
	h.slots = make(chan struct{}, h.MaxRequests)
	return h
}

type handler struct {
	Options
	now   func() time.Time
	slots chan struct{}
	pool  sync.Pool // of *[]gossip.Event
}

// ServeHTTP answers one request.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begin := time.Now()
	a := h.serve(w, r)
	a.write(w)
	h.Answered(a.code, time.Since(begin))
}

func (h *handler) serve(w http.ResponseWriter, r *http.Request) answer {
	switch {
	case r.URL.Path != "/webhook/pixie" && r.URL.Path != "/v1/events":
		return refusal(http.StatusNotFound, "records are posted to /v1/events or /webhook/pixie")
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		return refusal(http.StatusMethodNotAllowed, "records are posted")
	}
	if h.Auth != nil {
		if err := h.Auth.Authenticate(r); err != nil {
			return h.stranger(w, err)
		}
	}
	if why := notJSON(r.Header); why != "" {
		h.Rejected("not_json", 1)
		w.Header().Set("Accept-Encoding", "gzip, zstd")
		return refusal(http.StatusUnsupportedMediaType, why)
	}
	if r.ContentLength > h.MaxBody {
		h.Rejected("too_large", 1)
		return tooLarge(h.MaxBody)
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	default:
		h.Rejected("busy", 1)
		w.Header().Set("Connection", "close") // its body is not read
		return later(http.StatusTooManyRequests, "1", "too many requests at a time")
	}
	return h.take(w, r)
}

func (h *handler) stranger(w http.ResponseWriter, err error) answer {
	switch {
	case errors.Is(err, ErrForbidden):
		h.Rejected("forbidden", 1)
		return refusal(http.StatusForbidden, err.Error())
	case errors.Is(err, ErrUnauthenticated):
		h.Rejected("unauthenticated", 1)
		w.Header().Set("WWW-Authenticate", "Bearer")
		return refusal(http.StatusUnauthorized, err.Error())
	}
	h.Rejected("unavailable", 1)
	return later(http.StatusServiceUnavailable, "5", "cannot find out who you are: "+err.Error())
}

// take decodes the body and hands its events on.
func (h *handler) take(w http.ResponseWriter, r *http.Request) answer {
	buffer, _ := h.pool.Get().(*[]gossip.Event)
	if buffer == nil {
		buffer = new([]gossip.Event)
	}
	b := body{maxAhead: h.MaxAhead, now: h.now(), events: (*buffer)[:0]}
	defer func() {
		clear(b.events)
		*buffer = b.events
		h.pool.Put(buffer)
	}()
	final := b.decode(http.MaxBytesReader(w, r.Body, h.MaxBody), h.MaxBody)
	h.count("malformed", b.malformed)
	h.count("future", b.early)
	a := answer{code: http.StatusOK, Rejected: b.malformed + b.early, Errors: b.errors}
	switch {
	case tooLong(final):
		h.Rejected("too_large", 1)
		return tooLarge(h.MaxBody)
	case final != nil:
		h.Rejected("broken", 1)
		return a.refused(http.StatusBadRequest, "the body broke off, and nothing of it was kept: "+final.Error())
	case len(b.events) == 0 && b.malformed == 0 && b.early > 0:
		return a.refused(http.StatusUnprocessableEntity, "all records are from the future")
	case len(b.events) == 0 && a.Rejected == 0:
		h.Rejected("broken", 1)
		return a.refused(http.StatusBadRequest, "the body holds no record")
	case len(b.events) == 0:
		return a.refused(http.StatusBadRequest, "no record was good")
	}
	ignored, err := h.Take(r.Context(), b.events)
	if err != nil {
		h.Rejected("unavailable", 1)
		return later(http.StatusServiceUnavailable, "5", err.Error())
	}
	a.Accepted, a.Ignored = len(b.events)-ignored, ignored
	return a
}

func (h *handler) count(reason string, n int) {
	if n > 0 {
		h.Rejected(reason, n)
	}
}

// notJSON says why a body is not one of ours by what its sender says of it; empty when it may be. What it is packed in shows in its
// first bytes anyway, so the header need only not name something else.
func notJSON(header http.Header) string {
	kind, _, _ := strings.Cut(strings.ToLower(header.Get("Content-Type")), ";")
	switch kind = strings.TrimSpace(kind); kind {
	case "", "application/json", "application/x-ndjson", "application/ndjson", "application/jsonl", "application/jsonlines",
		"application/octet-stream", "text/plain":
	default:
		if !strings.HasSuffix(kind, "+json") {
			return "Content-Type " + kind + ": send application/json or application/x-ndjson"
		}
	}
	switch packing := strings.ToLower(strings.TrimSpace(header.Get("Content-Encoding"))); packing {
	case "", "identity", "gzip", "x-gzip", "zstd":
		return ""
	default:
		return "Content-Encoding " + packing + ": send gzip, zstd, or plain"
	}
}
