package operator

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/kernel-gossip/kernel-gossip/pixie/vizier"
	"github.com/kernel-gossip/kernel-gossip/pxl"
)

// A run looks back to the begin of the last run that went well, and further by a slack, so that it shows whole windows
// that the last run could not show yet. After a longer outage it looks back only as far as the window of the analysis:
// older rows do not count.
const (
	windowSlack  = time.Minute      // a window of 15 s, rows that are 10 s late, and as much again
	birthSlack   = 10 * time.Minute // a birth is shown only if its begin was read too
	maxBirths    = 30 * time.Minute // births count at any age; reading more would be a burden
	firstPull    = 5 * time.Minute  // the first run looks back as if there had been a run this long ago
	minTTL       = 10 * time.Minute // of probes
	intervalsTTL = 4                // a probe stays for this number of intervals
	maxRows      = 10_000           // of a table in a run
)

// pulledScript is a script that runs at an interval.
type pulledScript struct {
	name       string
	interval   time.Duration
	namespaces string        // a regular expression
	slack      time.Duration // how much further than the last run it looks back
	maxBack    time.Duration
	last       time.Time // begin of the last run that went well
	taken      takenRows

	// truncated is true if the last run that went well showed maxRows rows: there may have been more.
	truncated bool

	lastResult, lastRejection string // when they were last logged
	lastTruncated             bool
}

// scriptsOf returns the scripts that have a schedule.
func scriptsOf(o Options) []*pulledScript {
	var all []*pulledScript
	for _, name := range pxl.Names() {
		interval := o.PixieSchedule.intervalOf(name)
		if interval == 0 {
			continue
		}
		s := &pulledScript{
			name: name, interval: interval, namespaces: strings.Join(o.Namespaces, "|"),
			slack: windowSlack, maxBack: o.Analysis.Window,
		}
		if name == "pod_creation_trace" {
			s.slack, s.maxBack = birthSlack, maxBirths
		}
		s.maxBack = max(s.maxBack, s.slack+2*interval)
		all = append(all, s)
	}
	return all
}

// renderText returns the text of a run that begins now. The run deploys the probes, or keeps them.
func (s *pulledScript) renderText(now time.Time) (string, error) {
	return pxl.Render(s.name, pxl.Display, pxl.Params{
		Lookback: s.lookbackAt(now), Namespaces: s.namespaces, Rows: maxRows,
		TTL: max(minTTL, intervalsTTL*s.interval.Round(time.Second)),
	})
}

func (s *pulledScript) lookbackAt(now time.Time) time.Duration {
	since := firstPull
	if !s.last.IsZero() {
		since = now.Sub(s.last)
	}
	back := min(since+s.slack, s.maxBack)
	return (back + time.Second - 1).Truncate(time.Second) // scripts take whole seconds
}

// newBackoff returns the pauses after one failure and the next. With jitter, which adds up to half, none is above
// maxWait.
func (p *puller) newBackoff(s *pulledScript) *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.MaxInterval = p.maxWait * 2 / 3
	b.InitialInterval = min(vizier.DefaultWait, s.interval, b.MaxInterval)
	return b
}

// longestPause returns maxWait, or a little less.
func (p *puller) longestPause() time.Duration { return wait.Jitter(p.maxWait*5/6, 0.2) }

// logChanges logs when runs begin to fail, fail for another reason, or go well again, and when rows begin to be
// rejected or to be too many.
func (s *pulledScript) logChanges(log logr.Logger, err error, rejection string) {
	switch result := pullResult(err); {
	case result == s.lastResult:
	case err == nil:
		log.Info("Pulling from Pixie")
	default:
		log.Info("Cannot pull from Pixie, will try again", "result", result, "error", err.Error())
	}
	s.lastResult = pullResult(err)
	if err != nil {
		return // the run may not have reached the rows
	}
	if rejection != "" && s.lastRejection == "" {
		log.Info("Pixie shows rows that cannot be used", "first", rejection)
	}
	s.lastRejection = rejection
	if s.truncated && !s.lastTruncated {
		log.Info("Pixie shows the highest number of rows, and some may be missing", "rows", maxRows)
	}
	s.lastTruncated = s.truncated
}

// Schedule is the interval of each script of package pxl, by its name. A script without an entry runs every 30 s, one
// with 0 never.
type Schedule map[string]time.Duration

const defaultInterval = 30 * time.Second // two windows of a script

func (s Schedule) intervalOf(script string) time.Duration {
	if interval, ok := s[script]; ok {
		return interval
	}
	return defaultInterval
}

// String returns the schedule as its flag has it.
func (s *Schedule) String() string {
	var parts []string
	for script, interval := range *s {
		parts = append(parts, script+"="+interval.String())
	}
	slices.Sort(parts)
	return strings.Join(parts, ",")
}

// Set reads a list of script=duration, separated by commas.
func (s *Schedule) Set(text string) error {
	out := Schedule{}
	for part := range strings.SplitSeq(text, ",") {
		script, interval, found := strings.Cut(strings.TrimSpace(part), "=")
		if !found {
			return fmt.Errorf("%q is not SCRIPT=INTERVAL", part)
		}
		d, err := time.ParseDuration(interval)
		if err != nil {
			return err
		}
		out[script] = d
	}
	*s = out
	return nil
}

// Type is for the flag.
func (s *Schedule) Type() string { return "SCRIPT=INTERVAL,…" }

// checkScripts returns an error for an unknown script, and for an interval that is too short or too long.
func (s Schedule) checkScripts() error {
	for script, interval := range s {
		if !slices.Contains(pxl.Names(), script) {
			return fmt.Errorf("--pixie-schedule: %q is not one of %s", script, strings.Join(pxl.Names(), ", "))
		}
		if interval != 0 && (interval < time.Second || interval > time.Hour) {
			return fmt.Errorf("--pixie-schedule: %s=%s: neither 0 nor 1s to 1h", script, interval)
		}
	}
	return nil
}
