package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie/webhook"
)

// tokenVariable is the environment variable with the token for send, if no file has it.
const tokenVariable = "KERNEL_GOSSIP_TOKEN"

// sendOptions are the flags of send.
type sendOptions struct {
	URL       string
	Speed     string
	TokenFile string
	CAFile    string
	Batch     int
	Attempts  int
	Now       bool
}

func sendCommand(in io.Reader, out, errs io.Writer) *cobra.Command {
	var o sendOptions
	c := &cobra.Command{
		Use:   "send [FILE...]",
		Short: "Post captures to an operator, at their own pace",
		Long: `Post the records of captures to an operator. They are sent as far apart as they were recorded (--speed),
at most one request a second, and unchanged: the operator accepts old records, and its objects carry their times. With
--now all times, also the times of a timeline, are moved so that the newest record is sent at its own time.

Records are payloads or rows of px run -o json. Bad records are reported as FILE:LINE: why, by this command or by the
operator, and the others are sent. If the operator is busy or away, the request is sent again, after the time that the
operator names or else after a growing pause; stderr gives the reason each time. The token, if there is one, is read
from --token-file or from ` + tokenVariable + `.

Exit status: 0 every record was accepted (or ignored, because its namespace is not watched), 1 some were bad or
rejected, or all are about pods that the operator's cluster does not have, 2 trouble: an unreadable file, no good
record, an operator that cannot be reached or refuses the sender.`,
		Example: `  # to an operator on this machine, without waiting (make run-local prints this line for its capture)
  gossip-replay send capture.ndjson --speed max

  # ten times as fast as it happened, as if it happened now
  gossip-replay send capture.ndjson --speed 10x --now --url https://gossip.example.com/v1/events --token-file token`,
		Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
			defer stop()
			return o.run(ctx, args, in, out, errs)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&o.URL, "url", "http://127.0.0.1:8080/v1/events", "`URL` to post to; without a path, /v1/events")
	f.StringVar(&o.Speed, "speed", "1x", "how much faster than recorded: 1x, 10x, any `FACTOR` from 1x on, or max")
	f.BoolVar(&o.Now, "now", false,
		"move all times so that the newest record is sent at its own time; reads files twice")
	f.StringVar(&o.TokenFile, "token-file", "", "`FILE` with a bearer token; read again for each request")
	f.StringVar(&o.CAFile, "ca-file", "", "`FILE` with the certificates to trust, instead of the system's")
	f.IntVar(&o.Batch, "batch", 1000, "most records of one request")
	f.IntVar(&o.Attempts, "attempts", 8, "how often a request is sent to an operator that is busy or away")
	return c
}

// parseSpeed returns how much faster than recorded; infinite for max.
func (o *sendOptions) parseSpeed() (float64, error) {
	if o.Speed == "max" {
		return math.Inf(1), nil
	}
	factor, found := strings.CutSuffix(o.Speed, "x")
	x, err := strconv.ParseFloat(factor, 64)
	if !found || err != nil || !(x >= 1 && x <= 1e9) {
		return 0, fmt.Errorf("--speed: %q is neither max nor a factor from 1x on", o.Speed)
	}
	return x, nil
}

// newClient makes the client that posts requests. It notes each attempt that failed and is repeated.
func (o *sendOptions) newClient(note io.Writer) (*webhook.Client, error) {
	if _, err := webhook.ParseURL(o.URL); err != nil {
		return nil, fmt.Errorf("--url: %w", err)
	}
	access := webhook.Access{TokenFile: o.TokenFile, Token: os.Getenv(tokenVariable), CAFile: o.CAFile}
	transport, err := access.Transport()
	if err != nil {
		return nil, fmt.Errorf("--ca-file: %w", err)
	}
	return webhook.New(webhook.Options{
		URL: o.URL, Access: access, Transport: transport, Attempts: o.Attempts,
		Retrying: func(attempt int, err error, pause time.Duration) {
			fmt.Fprintf(note, "gossip-replay: attempt %d of %d: %s; again in %s\n",
				attempt, o.Attempts, gossip.CleanText(err.Error()), pause.Round(100*time.Millisecond))
		},
	})
}

// run sends all captures, and prints the result of their records.
func (o *sendOptions) run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) error {
	speed, err := o.parseSpeed()
	if err != nil {
		return err
	}
	if o.Batch < 1 || o.Attempts < 1 {
		return errors.New("--batch, --attempts: at least 1")
	}
	line := newProgress(errs)
	client, err := o.newClient(line)
	if err != nil {
		return &exitError{exitTrouble, err}
	}
	args = sortByFirstRecord(inputNames(args, in, errs), errs)
	s := sender{client: client, in: in, errs: line, progress: line, maxRecords: o.Batch, pace: pace{speed: speed}}
	if o.Now {
		if err := s.measureShift(args); err != nil {
			return &exitError{exitTrouble, err}
		}
	}
	trouble := s.sendAll(ctx, args)
	line.removeLine()
	fmt.Fprintln(out, s.formatSummary())
	switch {
	case trouble != nil:
		return &exitError{exitTrouble, trouble}
	case s.sent == 0:
		return &exitError{exitTrouble, errors.New("no record that could be used")}
	case s.notSent+s.rejected > 0, s.unknownPods == s.sent:
		return &exitError{code: exitFindings}
	}
	return nil
}
