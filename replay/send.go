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

	"github.com/spf13/cobra"
)

// tokenVariable is where send finds a token when no file has it.
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
		Long: `Post the records of captures to an operator. They are sent as far apart as they were recorded (--speed), once a second at
most, and as they are: the operator takes old records, and dates what it says by them. With --now all times are moved by
as much as it takes for the newest record to be sent at its own time, and with them those of a timeline.

Records are payloads or rows of px run -o json. Bad ones are reported as FILE:LINE: why, by this command or by the
operator, and the others are sent. An operator that is busy or away is asked again, after the time it names or else after
a growing pause, and stderr says why each time. The token, if there is one, is that of --token-file or of ` + tokenVariable + `.

Exit status: 0 every record was accepted (or ignored, being about a namespace that is not watched), 1 some were bad or
rejected, or all are about pods that the operator's cluster does not have, 2 trouble: an unreadable file, no good record, an operator that cannot be reached or refuses the sender.`,
		Example: `  # to an operator on this machine, as fast as it goes (make run-local prints this line for its own copy of a capture)
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
	f.StringVar(&o.Speed, "speed", "1x", "how much faster than it was recorded: 1x, 10x, any `FACTOR` from 1x on, or max")
	f.BoolVar(&o.Now, "now", false, "move all times so that the newest record is sent at its own time; reads files twice")
	f.StringVar(&o.TokenFile, "token-file", "", "`FILE` with a bearer token; read again for each request")
	f.StringVar(&o.CAFile, "ca-file", "", "`FILE` with the certificates to trust, instead of the system's")
	f.IntVar(&o.Batch, "batch", 1000, "records of one request")
	f.IntVar(&o.Attempts, "attempts", 8, "how often a request is sent before giving up on an operator that is busy or away")
	return c
}

// speed is how many times as fast as recorded; infinite for max.
func (o *sendOptions) speed() (float64, error) {
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

// run sends all captures, and says what became of their records.
func (o *sendOptions) run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) error {
	speed, err := o.speed()
	if err != nil {
		return err
	}
	if o.Batch < 1 || o.Attempts < 1 {
		return errors.New("--batch, --attempts: at least 1")
	}
	told := newProgress(errs)
	p, err := newPoster(o, told)
	if err != nil {
		return &exitError{exitTrouble, err}
	}
	args = inOrder(inputs(args, in, errs), errs)
	s := sender{poster: p, in: in, errs: told, progress: told, most: o.Batch, pace: pace{speed: speed}, clock: wallClock{}}
	if o.Now {
		if err := s.measure(args); err != nil {
			return &exitError{exitTrouble, err}
		}
	}
	trouble := s.sendAll(ctx, args)
	told.done()
	fmt.Fprintln(out, s.summary())
	switch {
	case trouble != nil:
		return &exitError{exitTrouble, trouble}
	case s.sent == 0:
		return &exitError{exitTrouble, errors.New("no record that could be used")}
	case s.bad+s.rejected > 0, s.unknown == s.sent:
		return &exitError{code: exitFindings}
	}
	return nil
}
