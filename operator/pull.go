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

// batchRows is the number of rows that are taken at a time.
const batchRows = 1000

// puller has Pixie run scripts, each on its own schedule, and takes their rows. It is one more entrance of the server:
// it works while this operator leads, and stops before the last writes. When it fails, the operator works on.
type puller struct {
	client  *vizier.Client
	door    *ingest.Door
	metrics *metrics
	log     logr.Logger
	maxWait time.Duration
	scripts []*pulledScript
}

// newPuller makes a puller; nil if pulling is off.
func newPuller(o Options, door *ingest.Door, m *metrics, log logr.Logger) (*puller, error) {
	if !o.PixiePull {
		return nil, nil //nolint:nilnil // it is off
	}
	settings, err := o.pixieOptions()
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
		all.Go(func() { p.pullRepeatedly(ctx, s) })
	}
	all.Wait()
	_ = p.client.Close() // nothing runs over it any more
}

// pullRepeatedly runs a script at its interval until ctx ends, and after growing pauses while runs fail.
func (p *puller) pullRepeatedly(ctx context.Context, s *pulledScript) {
	pauses := p.newBackoff(s)
	for ctx.Err() == nil {
		begin := time.Now()
		rejection, err := p.pullOnce(ctx, s, begin)
		if ctx.Err() != nil {
			return
		}
		s.taken.forgetOld(time.Now(), s.maxBack)
		pause := max(wait.Jitter(s.interval*9/10, 0.2)-time.Since(begin), s.interval/4)
		switch result := pullResult(err); {
		case err == nil:
			s.last = begin
			pauses.Reset()
			p.metrics.setLastPull(s.name, begin)
		case result == "unauthorized" || result == "refused":
			pause = p.longestPause() // the next run would fail in the same way
		default:
			pause = pauses.NextBackOff()
		}
		p.metrics.pixieRuns.WithLabelValues(s.name, pullResult(err)).Inc()
		s.logChanges(p.log.WithValues("script", s.name), err, rejection)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// pullOnce runs a script once, and returns the first reason for which a row was rejected.
func (p *puller) pullOnce(ctx context.Context, s *pulledScript, now time.Time) (rejection string, err error) {
	text, err := s.renderText(now)
	if err != nil {
		return "", err
	}
	batch := make([]row, 0, batchRows)
	takeBatch := func() error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		first, err := p.takeRows(ctx, s, batch)
		rejection = cmp.Or(rejection, first)
		batch = batch[:0]
		return err
	}
	rows := 0
	for event, err := range p.client.Execute(ctx, text) {
		if _, isOne := errors.AsType[*pixie.RecordError](err); err != nil && !isOne {
			return rejection, errors.Join(takeBatch(), err) // the rows before the error are good
		}
		rows++
		if batch = append(batch, row{event, err}); len(batch) == batchRows {
			if err := takeBatch(); err != nil {
				return rejection, err
			}
		}
	}
	s.truncated = rows >= maxRows
	return rejection, takeBatch()
}

// row is the event of a row of Pixie, or the reason for which there is none.
type row struct {
	event gossip.Event
	err   error
}

// takeRows takes the rows that no earlier run has shown, and returns the first reason for which a row was rejected.
func (p *puller) takeRows(ctx context.Context, s *pulledScript, batch []row) (rejection string, err error) {
	fresh := make([]gossip.Event, 0, len(batch))
	// The door rejects rows beyond this time; a later run may show them again when their time has come.
	future := time.Now().Add(ingest.DefaultMaxAhead)
	records := iter.Seq2[gossip.Event, error](func(yield func(gossip.Event, error) bool) {
		for _, r := range batch {
			if r.event != nil {
				if s.taken.hasRow(r.event) {
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
		s.taken.add(e)
	}
	count := func(result string, n int) { p.metrics.pixieRows.WithLabelValues(s.name, result).Add(float64(n)) }
	count("accepted", taken.Accepted)
	count("ignored", taken.Ignored)
	count("unknown", taken.Unknown)
	count("rejected", taken.Rejected)
	count("repeated", len(batch)-taken.Accepted-taken.Ignored-taken.Unknown-taken.Rejected)
	if len(taken.Errors) > 0 {
		rejection = taken.Errors[0]
	}
	return rejection, nil
}

// errTake is the reason of a run with rows that the operator could not take, which is not Pixie's fault.
var errTake = errors.New("rows could not be taken")

// pullResult returns how a run ended, as the value of a label.
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
