package ingest

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"sync"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie/otlp"
)

// The limits that the zero Options have.
const (
	DefaultMaxBody     = 4 << 20          // bytes of a request, unpacked
	DefaultMaxRequests = 32               // at a time
	DefaultMaxAhead    = 10 * time.Minute // of a record's timestamp to this clock
)

// Outcome is what a Take did not use of the good records of a request. None of it is to be sent again.
type Outcome struct {
	Ignored int    // records about namespaces that are not watched
	Unknown int    // records about pods that do not exist, or not yet
	Warning string // about the unknown ones, for people
}

// Take takes all good records of one request, in their order, or none. An error means that none was kept and that the
// sender should come again. The slice is used again after Take returns: keep events, not the slice.
type Take func(ctx context.Context, events []gossip.Event) (Outcome, error)

// Options of a Door. Only Take is required.
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
	// "too_large", "unsupported", "broken", "busy" and "unavailable". Nil counts nothing.
	Rejected func(reason string, n int)
	// Answered is called after each answer; for one over gRPC with the HTTP code that means the same. Nil is not called.
	Answered func(code int, took time.Duration)
}

// Door is where records come in. Its servers share its limits. Make it with New.
type Door struct {
	options Options
	now     func() time.Time
	slots   chan struct{}
	pool    sync.Pool // of *[]gossip.Event
}

// New makes a door.
func New(o Options) *Door {
	if o.MaxBody <= 0 {
		o.MaxBody = DefaultMaxBody
	}
	if o.MaxRequests <= 0 {
		o.MaxRequests = DefaultMaxRequests
	}
	if o.MaxAhead <= 0 {
		o.MaxAhead = DefaultMaxAhead
	}
	if o.Rejected == nil {
		o.Rejected = func(string, int) {}
	}
	if o.Answered == nil {
		o.Answered = func(int, time.Duration) {}
	}
	return &Door{options: o, now: time.Now, slots: make(chan struct{}, o.MaxRequests)}
}

// Taken is what became of records: see Door.Put.
type Taken struct {
	Accepted, Ignored, Unknown, Rejected int
	Errors                               []string // of the first that were rejected
}

// Put takes records that this process has fetched itself, and holds them to what holds for those that are sent: the same bounds, the same
// counts. An error means that none was kept; those that fetch them should come again.
func (d *Door) Put(ctx context.Context, records iter.Seq2[gossip.Event, error]) (Taken, error) {
	var broken error
	a := d.take(ctx, func(b *body) error {
		b.mayBeEmpty = true
		for event, err := range records {
			if broken = b.note(event, 1, err); broken != nil {
				break
			}
		}
		return broken
	})
	switch {
	case broken != nil:
		return Taken{}, broken
	case a.Code == http.StatusServiceUnavailable:
		return Taken{}, errors.New(a.Error)
	}
	return Taken{Accepted: a.Accepted, Ignored: a.Ignored, Unknown: a.Unknown, Rejected: a.Rejected, Errors: a.Errors}, nil
}

// MaxBody returns the most bytes that a request may have, unpacked.
func (d *Door) MaxBody() int64 { return d.options.MaxBody }

// Receive takes one request of another protocol than HTTP; package otlpgrpc is such a door. The sender is authenticated
// by r, which is the request as HTTP would have it. Metrics are read only when the sender may send and fewer than
// MaxRequests are worked on; they are decoded with [Door.OTLP]. An error of theirs that is no [pixie.RecordError]
// refuses the whole request: [pixie.ErrTooLarge] with 413, one that wraps [context.DeadlineExceeded] with 408, any
// other with 400.
func (d *Door) Receive(r *http.Request, metrics iter.Seq2[otlp.Record, error]) Answer {
	begin := time.Now()
	a, welcome := d.admit(r)
	if welcome {
		a = d.work(r.Context(), func(b *body) error { return b.metrics(metrics) })
	}
	d.options.Answered(a.Code, time.Since(begin))
	return a
}

// work takes a body when there is a place for it.
func (d *Door) work(ctx context.Context, decode func(*body) error) Answer {
	leave, ok := d.enter()
	if !ok {
		return d.refuse("busy", later(http.StatusTooManyRequests, 1, "too many requests at a time"))
	}
	defer leave()
	return d.take(ctx, decode)
}

// admit asks who the sender is. Whoever may send gets no answer yet.
func (d *Door) admit(r *http.Request) (Answer, bool) {
	if d.options.Auth == nil {
		return Answer{}, true
	}
	err := d.options.Auth.Authenticate(r)
	switch {
	case err == nil:
		return Answer{}, true
	case errors.Is(err, ErrForbidden):
		return d.refuse("forbidden", refusal(http.StatusForbidden, err.Error())), false
	case errors.Is(err, ErrUnauthenticated):
		return d.refuse("unauthenticated", refusal(http.StatusUnauthorized, err.Error()).with("WWW-Authenticate", "Bearer")), false
	}
	return d.refuse("unavailable", later(http.StatusServiceUnavailable, 5, "cannot find out who you are: "+err.Error())), false
}

// enter takes one of the places of requests that are worked on, if one is free.
func (d *Door) enter() (leave func(), ok bool) {
	select {
	case d.slots <- struct{}{}:
		return func() { <-d.slots }, true
	default:
		return nil, false
	}
}

// refuse counts a request that is refused as a whole.
func (d *Door) refuse(reason string, a Answer) Answer {
	d.options.Rejected(reason, 1)
	return a
}

// take decodes a body and hands its events on.
func (d *Door) take(ctx context.Context, decode func(*body) error) Answer {
	buffer, _ := d.pool.Get().(*[]gossip.Event)
	if buffer == nil {
		buffer = new([]gossip.Event)
	}
	b := body{maxAhead: d.options.MaxAhead, now: d.now(), events: (*buffer)[:0]}
	defer func() {
		clear(b.events)
		*buffer = b.events
		d.pool.Put(buffer)
	}()
	final := decode(&b)
	d.count("malformed", b.malformed)
	d.count("future", b.early)
	a := Answer{Code: http.StatusOK, Points: b.points, Rejected: b.malformed + b.early, Errors: b.errors}
	switch {
	case tooLong(final):
		return d.tooLarge()
	case errors.Is(final, context.DeadlineExceeded):
		return d.refuse("broken", a.refused(http.StatusRequestTimeout, final.Error()))
	case final != nil:
		return d.refuse("broken", a.refused(http.StatusBadRequest, "the body broke off, and nothing of it was kept: "+final.Error()))
	case len(b.events) == 0 && b.malformed == 0 && b.early > 0:
		return a.refused(http.StatusUnprocessableEntity, "all records are from the future")
	case len(b.events) == 0 && a.Rejected > 0:
		return a.refused(http.StatusBadRequest, "no record was good")
	case len(b.events) == 0 && b.mayBeEmpty:
		return a
	case len(b.events) == 0:
		return d.refuse("broken", a.refused(http.StatusBadRequest, "the body holds no record"))
	}
	out, err := d.options.Take(ctx, b.events)
	if err != nil {
		return d.refuse("unavailable", later(http.StatusServiceUnavailable, 5, err.Error()))
	}
	a.Ignored, a.Unknown, a.Warning = out.Ignored, out.Unknown, out.Warning
	a.Accepted = len(b.events) - a.Ignored - a.Unknown
	return a
}

func (d *Door) count(reason string, n int) {
	if n > 0 {
		d.options.Rejected(reason, n)
	}
}

func (d *Door) tooLarge() Answer { return d.refuse("too_large", tooLarge(d.options.MaxBody)) }
