package vizier

import (
	"context"
	"errors"
	"io"
	"iter"
	"regexp"
	"time"

	"github.com/cenkalti/backoff/v5"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie/vizier/vizierpb"
)

// errStopped ends an execution when the caller has stopped.
var errStopped = errors.New("the caller has stopped")

// importsPxtrace recognises scripts with probes as Pixie's own programs do.
var importsPxtrace = regexp.MustCompile(`(?m)^(from pxtrace|import pxtrace)$`)

// Execute runs a script and yields the events of its rows as they arrive. The sequence can be ranged over again, which
// runs the script again; leaving it ends the query.
func (c *Client) Execute(ctx context.Context, script string) iter.Seq2[gossip.Event, error] {
	return func(yield func(gossip.Event, error) bool) {
		waits := backoff.NewExponentialBackOff() // with jitter
		waits.InitialInterval, waits.MaxInterval = c.options.Wait, 6*c.options.Wait
		for attempt := 1; ; attempt++ {
			began := false
			err := c.runOnce(ctx, script, func(e gossip.Event, err error) bool {
				began = true
				return yield(e, err)
			})
			if err == nil || errors.Is(err, errStopped) {
				return
			}
			retry := !began && attempt < c.options.Attempts && status.Code(err) == codes.Unavailable
			if !retry || !waitFor(ctx, waits.NextBackOff()) {
				yield(nil, c.publicError(ctx, err))
				return
			}
		}
	}
}

// runOnce runs a script once.
func (c *Client) runOnce(ctx context.Context, script string, yield func(gossip.Event, error) bool) error {
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	stream, err := c.api.ExecuteScript(ctx, &vizierpb.ExecuteScriptRequest{
		QueryStr: script, QueryName: "kernel-gossip",
		ClusterId: c.options.ClusterID, Mutation: importsPxtrace.MatchString(script),
	})
	if err != nil {
		return err
	}
	known := tables{}
	for {
		r, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := known.readMessage(r, yield); err != nil {
			return err
		}
	}
}

// waitFor waits, and reports whether ctx has not ended before.
func waitFor(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
