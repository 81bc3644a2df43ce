package replay

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/gossip/kube"
)

// options are the flags.
type options struct {
	Output    string
	Pods      []string
	Namespace string
	Pod       string
	Severity  string
	Since     string
	Until     string
	Commands  bool
	Width     int
}

var outputs = []string{"table", "json", "yaml"}

// pipeWidth is how wide a table is where there is no terminal: a constant, so that the same input gives the same bytes.
const pipeWidth = 120

func (o *options) register(f *pflag.FlagSet) {
	f.SortFlags = false
	f.StringVarP(&o.Output, "output", "o", o.Output, "one of "+strings.Join(outputs, ", ")+"; json and yaml are the operator's objects")
	f.StringArrayVar(&o.Pods, "pods", nil, "`FILE` with what is known of the pods: kubectl get "+kube.Kinds+" -A -o yaml")
	f.StringVarP(&o.Namespace, "namespace", "n", "", "show only this namespace")
	f.StringVar(&o.Pod, "pod", "", "show only this pod")
	f.StringVar(&o.Severity, "severity", "", "show only findings whose worst severity is at least this: info, warning, high, critical")
	f.StringVar(&o.Since, "since", "", "show only what was seen at or after this `TIME`: RFC 3339, or an offset from the first record such as 5m")
	f.StringVar(&o.Until, "until", "", "show only what was seen at or before this `TIME`")
	f.BoolVar(&o.Commands, "commands", false, "print the kubectl commands below the table")
	f.IntVar(&o.Width, "width", 0, fmt.Sprintf("`COLUMNS` of the table (default: the terminal's, else %d)", pipeWidth))
}

func (o *options) check() error {
	if !slices.Contains(outputs, o.Output) {
		return fmt.Errorf("--output: %q is not one of %s", o.Output, strings.Join(outputs, ", "))
	}
	if o.Width < 0 {
		return fmt.Errorf("--width: %d is negative", o.Width)
	}
	_, err := o.severity()
	return err
}

// severity is the lowest that is shown; Unknown shows all.
func (o *options) severity() (gossip.Severity, error) {
	if o.Severity == "" {
		return gossip.SeverityUnknown, nil
	}
	for s := gossip.SeverityInfo; s <= gossip.SeverityCritical; s++ {
		if strings.EqualFold(o.Severity, s.String()) {
			return s, nil
		}
	}
	return 0, fmt.Errorf("--severity: %q is not one of info, warning, high, critical", o.Severity)
}

// selects leaves out what nobody asked for. It comes after the analysis: a filter never changes a verdict.
func (o *options) selects(findings []gossip.Finding, first time.Time) ([]gossip.Finding, error) {
	lowest, err := o.severity()
	if err != nil {
		return nil, err
	}
	since, err := moment("--since", o.Since, first)
	if err != nil {
		return nil, err
	}
	until, err := moment("--until", o.Until, first)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(findings, func(f gossip.Finding) bool {
		about := f.Subject()
		from, to := seen(f)
		return (o.Namespace != "" && about.Namespace != o.Namespace) ||
			(o.Pod != "" && about.Pod != o.Pod) ||
			f.Seen().Worst < lowest ||
			(!since.IsZero() && to.Before(since)) ||
			(!until.IsZero() && from.After(until))
	}), nil
}

// seen is the time between which a finding was seen: trouble while it lasted, anything else when it was measured.
func seen(f gossip.Finding) (from, to time.Time) {
	if h := f.Seen(); !h.First.IsZero() && f.Subject().Kind != gossip.KindPodBirth {
		return h.First, h.Last
	}
	at := f.Time()
	return at.Add(-f.Coverage().Window), at
}

// moment reads a time, or an offset from the first record. Empty is the zero time.
func moment(flag, text string, first time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if offset, err := time.ParseDuration(text); err == nil {
		return first.Add(offset), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %q is neither RFC 3339 (2026-11-22T12:00:00Z) nor an offset (5m)", flag, text)
	}
	return at, nil
}

func (o *options) tableWidth(out io.Writer) int {
	return cmp.Or(o.Width, terminalWidth(out), pipeWidth)
}

// terminalWidth is 0 where out is no terminal, or one that does not say.
func terminalWidth(out io.Writer) int {
	f, ok := out.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}
