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

// How far a run looks back: as long ago as the last one that went well began, and so much more that a window which that one could not
// show yet is shown whole. After a longer outage it is no further than the window of the analysis goes, for which nothing else counts.
const (
	windowSlack  = time.Minute      // a window of 15 s, rows that are 10 s late, and as much again
	birthSlack   = 10 * time.Minute // a birth is shown when its begin is in what was read too
	maxBirths    = 30 * time.Minute // births count however old they are; asking for more would be a burden
	firstPull    = 5 * time.Minute  // as if that long ago had been a run
	minTTL       = 10 * time.Minute // of probes
	intervalsTTL = 4                // a probe outlives so many runs
	maxRows      = 10_000           // of a table in a run
)

// pulled is a script that is run again and again.
type pulled struct {
	name       string
	interval   time.Duration
	namespaces string        // a regular expression
	slack      time.Duration // how much further back than the last run
	maxBack    time.Duration
	last       time.Time // when the last run began that went well
	seen       repeats

	cut bool // the last run that went well showed as many rows as it may: there may have been more

	told, toldRefused string // how it was when that was last logged
	toldCut           bool
}

// scriptsOf are those that have a schedule.
func scriptsOf(o Options) []*pulled {
	var all []*pulled
	for _, name := range pxl.Names() {
		interval := o.PixieSchedule.interval(name)
		if interval == 0 {
			continue
		}
		s := &pulled{name: name, interval: interval, namespaces: strings.Join(o.Namespaces, "|"), slack: windowSlack, maxBack: o.Analysis.Window}
		if name == "pod_creation_trace" {
			s.slack, s.maxBack = birthSlack, maxBirths
		}
		s.maxBack = max(s.maxBack, s.slack+2*interval)
		all = append(all, s)
	}
	return all
}

// text is the script for a run that begins now: it deploys its probes, or keeps them.
func (s *pulled) text(now time.Time) (string, error) {
	return pxl.Render(s.name, pxl.Display, pxl.Params{
		Lookback: s.lookback(now), Namespaces: s.namespaces, Rows: maxRows, TTL: max(minTTL, intervalsTTL*s.interval.Round(time.Second)),
	})
}

func (s *pulled) lookback(now time.Time) time.Duration {
	since := firstPull
	if !s.last.IsZero() {
		since = now.Sub(s.last)
	}
	return (min(since+s.slack, s.maxBack) + time.Second - 1).Truncate(time.Second) // scripts take whole seconds
}

// waits are those after one failure and the next. With jitter, which is half of each, none is above the longest.
func (p *puller) waits(s *pulled) *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.MaxInterval = p.maxWait * 2 / 3
	b.InitialInterval = min(vizier.DefaultWait, s.interval, b.MaxInterval)
	return b
}

// longWait is the longest wait, or a little less.
func (p *puller) longWait() time.Duration { return wait.Jitter(p.maxWait*5/6, 0.2) }

// tell logs when it begins to fail, fails otherwise, or is well again; and when rows begin to be refused, or to be too many.
func (s *pulled) tell(log logr.Logger, err error, refused string) {
	switch result := pullResult(err); {
	case result == s.told:
	case err == nil:
		log.Info("Pulling from Pixie")
	default:
		log.Info("Cannot pull from Pixie, will try again", "result", result, "error", err.Error())
	}
	s.told = pullResult(err)
	if err != nil {
		return // it may not have come to the rows
	}
	if refused != "" && s.toldRefused == "" {
		log.Info("Pixie shows rows that cannot be used", "first", refused)
	}
	s.toldRefused = refused
	if s.cut && !s.toldCut {
		log.Info("Pixie shows as many rows as it may, and some may be missing", "rows", maxRows)
	}
	s.toldCut = s.cut
}

// Schedule is how often each script of package pxl runs, by its name. Those that it does not name run every 30 s, those with 0 never.
type Schedule map[string]time.Duration

const defaultInterval = 30 * time.Second // two windows of a script

func (s Schedule) interval(script string) time.Duration {
	if interval, ok := s[script]; ok {
		return interval
	}
	return defaultInterval
}

// String is the schedule as its flag has it.
func (s *Schedule) String() string {
	var parts []string
	for script, interval := range *s {
		parts = append(parts, script+"="+interval.String())
	}
	slices.Sort(parts)
	return strings.Join(parts, ",")
}

// Set reads script=duration, with commas between.
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

// validate names scripts that are not ours, and intervals that would be a burden.
func (s Schedule) validate() error {
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
