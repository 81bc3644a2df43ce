package ingest

import (
	"cmp"
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie/webhook"
)

// The limits that the zero Options have.
const (
	DefaultMaxBody     = 4 << 20          // bytes of a request, unpacked
	DefaultMaxRequests = 32               // at a time
	DefaultMaxMemory   = 64 << 20         // bytes of all requests together
	DefaultMaxAhead    = 10 * time.Minute // of a record's timestamp to this clock
)

// Outcome is the part of the good records of a request that a Take did not use. Senders do not send it again.
type Outcome struct {
	Ignored int    // records about namespaces that are not watched
	Unknown int    // records about pods or containers that do not exist, or not yet
	Warning string // about the unknown records, for people
}

// Take takes good records of one request, in their order, all or none: a request of more than a thousand records is
// taken in pieces. An error means that none of the piece was kept and that the sender should send the request again.
// SenderOf(ctx) is who sent it. The slice belongs to Take: it may keep and change it.
type Take func(ctx context.Context, events []gossip.Event) (Outcome, error)

// Options of a Door. Only Take is required.
type Options struct {
	Take Take
	// Auth decides who may send; nil admits every sender. On loopback, Local admits every program of this machine.
	Auth Authenticator
	// MaxBody is the most bytes of a body, before and after it is unpacked; 0 means DefaultMaxBody.
	MaxBody int64
	// MaxRequests is the number of requests that are worked on at a time; 0 means DefaultMaxRequests.
	MaxRequests int
	// MaxMemory is the most bytes that requests take together while they are received, unpacked and decoded; 0 means
	// DefaultMaxMemory, and less than LeastMemory means that. It leaves out what Take keeps.
	MaxMemory int64
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
	memory  memory
}

// New makes a door.
func New(o Options) *Door {
	if o.MaxBody <= 0 {
		o.MaxBody = DefaultMaxBody
	}
	if o.MaxRequests <= 0 {
		o.MaxRequests = DefaultMaxRequests
	}
	if o.MaxMemory <= 0 {
		o.MaxMemory = DefaultMaxMemory
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
	return &Door{
		options: o, now: time.Now, slots: make(chan struct{}, o.MaxRequests), memory: newMemory(o.MaxMemory, o.MaxBody),
	}
}

// Put takes records that this process has fetched itself, within the same bounds and into the same counts as records
// that are sent. An error means that none was kept: fetch them again later. All of them are in memory at a time,
// outside of MaxMemory.
func (d *Door) Put(ctx context.Context, records iter.Seq2[gossip.Event, error]) (webhook.Answer, error) {
	var broken error
	r := d.takeBody(ctx, func(b *body) error {
		b.mayBeEmpty, b.isWhole = true, true
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
// request, which is the request as HTTP would have it. read reads the metrics, in protobuf and unpacked; it is called
// only if the sender may send, fewer than MaxRequests are worked on, and there is memory for twice MaxBody. Its error
// refuses the whole request: [pixie.ErrTooLarge] with 413, one that wraps [context.DeadlineExceeded] with 408, any
// other with 400.
func (d *Door) Receive(request *http.Request, read func() ([]byte, error)) Reply {
	begin := time.Now()
	ctx, r, admitted := d.admitSender(request)
	if admitted {
		r = d.processBody(ctx, func(held *reservation) (content, error) {
			if err := held.growBy(2 * d.options.MaxBody); err != nil { // packed and unpacked
				return nil, err
			}
			metrics, err := read()
			held.shrinkTo(int64(len(metrics)))
			return content{metrics}, err
		}, func(b *body, text io.Reader) error { return b.addMetrics(d.OTLP().Protobuf(text)) })
	}
	d.options.Answered(r.Code, time.Since(begin))
	return r
}

// processBody receives and takes a body if fewer than MaxRequests are worked on, and if there is memory for it.
func (d *Door) processBody(
	ctx context.Context, receive func(*reservation) (content, error), decode func(*body, io.Reader) error,
) Reply {
	select {
	case d.slots <- struct{}{}:
	default:
		return d.refuseBusy(errors.New("too many requests at a time"))
	}
	defer func() { <-d.slots }()
	held := reservation{of: d.memory.bodies}
	defer held.shrinkTo(0)
	received, err := receive(&held)
	switch {
	case errors.Is(err, errNoRoom):
		return d.refuseBusy(err)
	case err != nil:
		return d.refuseBroken(Reply{}, err)
	}
	if err := d.memory.decoders.Acquire(ctx, 1); err != nil { // the sender has gone
		return d.refuseBusy(err)
	}
	defer d.memory.decoders.Release(1)
	return d.takeBody(ctx, func(b *body) error { return decode(b, received.newReader()) })
}

func (d *Door) refuseBusy(why error) Reply {
	return d.countRefusal("busy", retryLater(http.StatusTooManyRequests, 1, why.Error()))
}

// refuseBroken refuses a body that could not be received or decoded to its end. r has what was counted of it.
func (d *Door) refuseBroken(r Reply, why error) Reply {
	switch {
	case isTooLong(why):
		return d.refuseTooLarge()
	case isTooSlow(why):
		return d.countRefusal("broken", r.withError(http.StatusRequestTimeout, why.Error()))
	}
	text := "the body broke off, and nothing of it was kept: " + why.Error()
	return d.countRefusal("broken", r.withError(http.StatusBadRequest, text))
}

// admitSender authenticates a sender, and returns a context that names it. One that may send gets no reply yet.
func (d *Door) admitSender(request *http.Request) (ctx context.Context, r Reply, admitted bool) {
	ctx = request.Context()
	if d.options.Auth == nil {
		return ctx, Reply{}, true
	}
	sender, err := d.options.Auth.Authenticate(request)
	switch {
	case err == nil:
		return WithSender(ctx, sender), Reply{}, true
	case errors.Is(err, ErrForbidden):
		return ctx, d.countRefusal("forbidden", newRefusal(http.StatusForbidden, err.Error())), false
	case errors.Is(err, ErrUnauthenticated):
		r = newRefusal(http.StatusUnauthorized, err.Error()).withHeader("WWW-Authenticate", "Bearer")
		return ctx, d.countRefusal("unauthenticated", r), false
	}
	r = retryLater(http.StatusServiceUnavailable, 5, "cannot find out who you are: "+err.Error())
	return ctx, d.countRefusal("unavailable", r), false
}

// countRefusal counts a request that is refused as a whole, and returns its reply.
func (d *Door) countRefusal(reason string, r Reply) Reply {
	d.options.Rejected(reason, 1)
	return r
}

// takeBody decodes a body and hands its events on. A body of more than one piece is decoded twice: nothing of it is
// kept unless it can be decoded to its end, and only a piece of its events is in memory.
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
	case failure != nil:
		return d.refuseBroken(r, failure)
	case b.good == 0 && b.malformed == 0 && b.early > 0:
		return r.withError(http.StatusUnprocessableEntity, "all records are from the future")
	case b.good == 0 && r.Rejected > 0:
		return r.withError(http.StatusBadRequest, "no record was good")
	case b.good == 0 && b.mayBeEmpty:
		return r
	case b.good == 0:
		return d.countRefusal("broken", r.withError(http.StatusBadRequest, "the body holds no record"))
	}
	out, err := d.takePieces(ctx, &b, decode)
	if err != nil {
		return d.countRefusal("unavailable", retryLater(http.StatusServiceUnavailable, 5, err.Error()))
	}
	r.Ignored, r.Unknown, r.Warning = out.Ignored, out.Unknown, out.Warning
	r.Accepted = b.good - r.Ignored - r.Unknown
	return r
}

// takePieces hands on the events of a body that was decoded, piece by piece.
func (d *Door) takePieces(ctx context.Context, b *body, decode func(*body) error) (all Outcome, err error) {
	if !b.isLong {
		return d.options.Take(ctx, b.events)
	}
	again := body{maxAhead: b.maxAhead, now: b.now, take: func(events []gossip.Event) error {
		out, err := d.options.Take(ctx, events)
		all.Ignored, all.Unknown = all.Ignored+out.Ignored, all.Unknown+out.Unknown
		all.Warning = cmp.Or(all.Warning, out.Warning)
		return err
	}}
	if err := decode(&again); err != nil {
		return Outcome{}, err
	}
	return all, again.endPiece()
}

func (d *Door) countRecords(reason string, n int) {
	if n > 0 {
		d.options.Rejected(reason, n)
	}
}

func (d *Door) refuseTooLarge() Reply {
	return d.countRefusal("too_large", refuseTooLarge(d.options.MaxBody))
}
