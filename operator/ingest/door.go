package ingest

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie/otlp"
	"github.com/kernel-gossip/kernel-gossip/pixie/webhook"
)

// The limits that the zero Options have.
const (
	DefaultMaxBody     = 4 << 20          // bytes of a request, unpacked
	DefaultMaxRequests = 32               // at a time
	DefaultMaxAhead    = 10 * time.Minute // of a record's timestamp to this clock
)

// Outcome is the part of the good records of a request that a Take did not use. Senders do not send it again.
type Outcome struct {
	Ignored int    // records about namespaces that are not watched
	Unknown int    // records about pods that do not exist, or not yet
	Warning string // about the unknown records, for people
}

// Take takes all good records of one request, in their order, or none. An error means that none was kept and that the
// sender should try again. The slice belongs to Take: it may keep and change it.
type Take func(ctx context.Context, events []gossip.Event) (Outcome, error)

// Options of a Door. Only Take is required.
type Options struct {
	Take Take
	// Auth decides who may send; nil admits every sender, which is for loopback.
	Auth Authenticator
	// MaxBody is the most bytes of a body, before and after it is unpacked; 0 means DefaultMaxBody.
	MaxBody int64
	// MaxRequests is the number of requests that are worked on at a time; 0 means DefaultMaxRequests.
	MaxRequests int
	// MaxAhead is how far a record may be in the future; 0 means DefaultMaxAhead.
	MaxAhead time.Duration
	// Rejected is called with a number of rejected records ("malformed", "future") or refused requests ("unauthenticated",
	// "forbidden", "too_large", "unsupported", "broken", "busy", "unavailable"). Nil is not called.
	Rejected func(reason string, n int)
	// Answered is called after each answer; over gRPC with the HTTP code of the same meaning. Nil is not called.
	Answered func(code int, took time.Duration)
}

// Door takes records from servers of several protocols, which share its limits. Make it with New.
type Door struct {
	options Options
	now     func() time.Time
	slots   chan struct{}
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

// Put takes records that this process has fetched itself, within the same bounds and into the same counts as records
// that are sent. An error means that none was kept: fetch them again later.
func (d *Door) Put(ctx context.Context, records iter.Seq2[gossip.Event, error]) (webhook.Answer, error) {
	var broken error
	r := d.takeBody(ctx, func(b *body) error {
		b.mayBeEmpty = true
		for event, err := range records {
			if broken = b.add(event, 1, err); broken != nil {
				break
			}
		}
		return broken
	})
	switch {
	case broken != nil:
		return webhook.Answer{}, broken
	case r.Code == http.StatusServiceUnavailable:
		return webhook.Answer{}, errors.New(r.Error)
	}
	r.Error = "" // that no record is good is in the counts
	return r.Answer, nil
}

// MaxBody returns the most bytes that a request may have, unpacked.
func (d *Door) MaxBody() int64 { return d.options.MaxBody }

// Receive takes one request of another protocol than HTTP, such as package otlpgrpc has. The sender is authenticated by
// request, which is the request as HTTP would have it. Metrics are read only if the sender may send and fewer than
// MaxRequests are worked on; they are decoded with [Door.OTLP]. An error of theirs that is no [pixie.RecordError]
// refuses the whole request: [pixie.ErrTooLarge] with 413, one that wraps [context.DeadlineExceeded] with 408, any
// other with 400.
func (d *Door) Receive(request *http.Request, metrics iter.Seq2[otlp.Record, error]) Reply {
	begin := time.Now()
	r, admitted := d.admitSender(request)
	if admitted {
		r = d.processBody(request.Context(), func(b *body) error { return b.addMetrics(metrics) })
	}
	d.options.Answered(r.Code, time.Since(begin))
	return r
}

// processBody takes a body if fewer than MaxRequests are worked on.
func (d *Door) processBody(ctx context.Context, decode func(*body) error) Reply {
	select {
	case d.slots <- struct{}{}:
	default:
		return d.countRefusal("busy", retryLater(http.StatusTooManyRequests, 1, "too many requests at a time"))
	}
	defer func() { <-d.slots }()
	return d.takeBody(ctx, decode)
}

// admitSender authenticates a sender. One that may send gets no reply yet.
func (d *Door) admitSender(request *http.Request) (r Reply, admitted bool) {
	if d.options.Auth == nil {
		return Reply{}, true
	}
	err := d.options.Auth.Authenticate(request)
	switch {
	case err == nil:
		return Reply{}, true
	case errors.Is(err, ErrForbidden):
		return d.countRefusal("forbidden", newRefusal(http.StatusForbidden, err.Error())), false
	case errors.Is(err, ErrUnauthenticated):
		r = newRefusal(http.StatusUnauthorized, err.Error()).withHeader("WWW-Authenticate", "Bearer")
		return d.countRefusal("unauthenticated", r), false
	}
	r = retryLater(http.StatusServiceUnavailable, 5, "cannot find out who you are: "+err.Error())
	return d.countRefusal("unavailable", r), false
}

// countRefusal counts a request that is refused as a whole, and returns its reply.
func (d *Door) countRefusal(reason string, r Reply) Reply {
	d.options.Rejected(reason, 1)
	return r
}

// takeBody decodes a body and hands its events on.
func (d *Door) takeBody(ctx context.Context, decode func(*body) error) Reply {
	b := body{maxAhead: d.options.MaxAhead, now: d.now()}
	failure := decode(&b)
	d.countRecords("malformed", b.malformed)
	d.countRecords("future", b.early)
	r := Reply{
		Code: http.StatusOK, Points: b.points,
		Answer: webhook.Answer{Rejected: b.malformed + b.early, Errors: b.errors},
	}
	switch {
	case isTooLong(failure):
		return d.refuseTooLarge()
	case isTooSlow(failure):
		return d.countRefusal("broken", r.withError(http.StatusRequestTimeout, failure.Error()))
	case failure != nil:
		why := "the body broke off, and nothing of it was kept: " + failure.Error()
		return d.countRefusal("broken", r.withError(http.StatusBadRequest, why))
	case len(b.events) == 0 && b.malformed == 0 && b.early > 0:
		return r.withError(http.StatusUnprocessableEntity, "all records are from the future")
	case len(b.events) == 0 && r.Rejected > 0:
		return r.withError(http.StatusBadRequest, "no record was good")
	case len(b.events) == 0 && b.mayBeEmpty:
		return r
	case len(b.events) == 0:
		return d.countRefusal("broken", r.withError(http.StatusBadRequest, "the body holds no record"))
	}
	out, err := d.options.Take(ctx, b.events)
	if err != nil {
		return d.countRefusal("unavailable", retryLater(http.StatusServiceUnavailable, 5, err.Error()))
	}
	r.Ignored, r.Unknown, r.Warning = out.Ignored, out.Unknown, out.Warning
	r.Accepted = len(b.events) - r.Ignored - r.Unknown
	return r
}

func (d *Door) countRecords(reason string, n int) {
	if n > 0 {
		d.options.Rejected(reason, n)
	}
}

func (d *Door) refuseTooLarge() Reply {
	return d.countRefusal("too_large", refuseTooLarge(d.options.MaxBody))
}
