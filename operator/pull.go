package operator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
	"github.com/kernel-gossip/kernel-gossip/pixie"
	"github.com/kernel-gossip/kernel-gossip/pixie/vizier"
)

// pieceRows is how many rows are taken at a time.
const pieceRows = 1000

// puller has Pixie run scripts, each on a schedule of its own, and takes what they show. It is one more entrance of the server: it works
// while this operator leads, and stops before what was taken is written for the last time. When it fails, the operator works on.
type puller struct {
	client  *vizier.Client
	door    *ingest.Door
	metrics *metrics
	log     logr.Logger
	maxWait time.Duration
	scripts []*pulled
}

// newPuller is nil when nothing is to be pulled.
func newPuller(o Options, door *ingest.Door, m *metrics, log logr.Logger) (*puller, error) {
	if !o.PixiePull {
		return nil, nil //nolint:nilnil // it is off
	}
	settings, err := o.pixie()
	if err != nil {
		return nil, err
	}
	client, err := vizier.New(settings)
	if err != nil {
		return nil, fmt.Errorf("--pixie-pull: %w", err)
	}
	return &puller{client: client, door: door, metrics: m, log: log, maxWait: o.PixieMaxWait, scripts: scriptsOf(o)}, nil
}

// run pulls until ctx ends.
func (p *puller) run(ctx context.Context) {
	var all sync.WaitGroup
	for _, s := range p.scripts {
		all.Go(func() { p.follow(ctx, s) })
	}
	all.Wait()
	_ = p.client.Close() // nothing runs over it any more
}

// follow runs a script again and again, more seldom while that fails.
func (p *puller) follow(ctx context.Context, s *pulled) {
	waits := p.waits(s)
	for ctx.Err() == nil {
		begin := time.Now()
		refused, err := p.once(ctx, s, begin)
		if ctx.Err() != nil {
			return
		}
		s.seen.prune(time.Now(), s.maxBack)
		pause := max(wait.Jitter(s.interval*9/10, 0.2)-time.Since(begin), s.interval/4)
		switch result := pullResult(err); {
		case err == nil:
			s.last = begin
			waits.Reset()
			p.metrics.pulled(s.name, begin)
		case result == "unauthorized" || result == "refused":
			pause = p.longWait() // it will say the same again
		default:
			pause = waits.NextBackOff()
		}
		p.metrics.pixieRuns.WithLabelValues(s.name, pullResult(err)).Inc()
		s.tell(p.log.WithValues("script", s.name), err, refused)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// once runs a script once, and returns the first reason for which a row was refused.
func (p *puller) once(ctx context.Context, s *pulled, now time.Time) (refused string, err error) {
	text, err := s.text(now)
	if err != nil {
		return "", err
	}
	piece := make([]row, 0, pieceRows)
	take := func() error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		why, err := p.take(ctx, s, piece)
		refused = cmp.Or(refused, why)
		piece = piece[:0]
		return err
	}
	rows := 0
	for event, err := range p.client.Execute(ctx, text) {
		if _, one := errors.AsType[*pixie.RecordError](err); err != nil && !one {
			return refused, errors.Join(take(), err) // what came before it stands
		}
		rows++
		if piece = append(piece, row{event, err}); len(piece) == pieceRows {
			if err := take(); err != nil {
				return refused, err
			}
		}
	}
	s.cut = rows >= maxRows
	return refused, take()
}

// row is what a row of Pixie says, or why that cannot be told.
type row struct {
	event gossip.Event
	err   error
}

// take takes those rows that no run before has shown.
func (p *puller) take(ctx context.Context, s *pulled, piece []row) (refused string, err error) {
	fresh := make([]gossip.Event, 0, len(piece))
	future := time.Now().Add(ingest.DefaultMaxAhead) // the door refuses what is beyond; a later run may show it again, in its time
	records := iter.Seq2[gossip.Event, error](func(yield func(gossip.Event, error) bool) {
		for _, r := range piece {
			if r.event != nil {
				if s.seen.has(r.event) {
					continue
				}
				if !r.event.From().Time.After(future) {
					fresh = append(fresh, r.event)
				}
			}
			if !yield(r.event, r.err) {
				return
			}
		}
	})
	taken, err := p.door.Put(ctx, records)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errTake, err)
	}
	for _, e := range fresh {
		s.seen.add(e)
	}
	count := func(result string, n int) { p.metrics.pixieRows.WithLabelValues(s.name, result).Add(float64(n)) }
	count("accepted", taken.Accepted)
	count("ignored", taken.Ignored)
	count("unknown", taken.Unknown)
	count("rejected", taken.Rejected)
	count("repeated", len(piece)-taken.Accepted-taken.Ignored-taken.Unknown-taken.Rejected)
	if len(taken.Errors) > 0 {
		refused = taken.Errors[0]
	}
	return refused, nil
}

// errTake is the reason of a run whose rows could not be taken, which is not Pixie's fault.
var errTake = errors.New("rows could not be taken")

// pullResult is how a run went, in a word.
func pullResult(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, errTake):
		return "full"
	case errors.Is(err, vizier.ErrDeploying):
		return "deploying"
	}
	switch status.Code(err) {
	case codes.Unavailable, codes.Aborted, codes.ResourceExhausted:
		return "unavailable"
	case codes.DeadlineExceeded:
		return "timeout"
	case codes.Unauthenticated, codes.PermissionDenied:
		return "unauthorized"
	case codes.InvalidArgument, codes.FailedPrecondition, codes.NotFound, codes.Unimplemented:
		return "refused"
	default:
		return "broken"
	}
}
