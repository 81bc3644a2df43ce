package replay

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/gossip/kube"
)

// options are the flags.
type options struct {
	Output    string
	Pods      []string
	Namespace string
	Pod       string
	By        string
	Severity  string
	Since     string
	Until     string
	Window    time.Duration
	Warning   float64 // percentages
	Critical  float64
	FailOn    string
	ExitCode  int
	Commands  bool
	Explain   bool
	NoHeaders bool
	Color     string
	Width     int
	Quiet     bool
}

var (
	outputs = []string{"table", "wide", "csv", "markdown", "json", "yaml", "name"}
	colors  = []string{"auto", "always", "never"}
	groups  = []string{"workload", "pod"}
)

// podsCommand is the command that prints what --pods reads.
const podsCommand = "kubectl get " + kube.Kinds + " -A -o yaml"

func (o *options) registerFlags(f *pflag.FlagSet) {
	f.SortFlags = false
	f.StringVarP(&o.Output, "output", "o", o.Output, "one of "+strings.Join(outputs, ", ")+
		": wide and csv have a line for each verdict, healthy ones too; markdown is a table for tickets; "+
		"json and yaml are the operator's objects, name their names")
	f.StringArrayVar(&o.Pods, "pods", nil, "`FILE` with the Kubernetes objects of the pods: "+podsCommand)
	f.StringVarP(&o.Namespace, "namespace", "n", "",
		"show only this namespace; a `PATTERN` with *, ? or [ ] may match several")
	f.StringVar(&o.Pod, "pod", "", "show only this pod, or NAMESPACE/POD: a `NAME`, a pattern with *, ? or [ ], "+
		"or the beginning of names, if no pod has exactly this name")
	f.StringVar(&o.By, "by", "", "one of "+strings.Join(groups, ", ")+": a row for each workload, or for each pod "+
		"(default: workload, with --pod pod); json, yaml and name are always by workload")
	f.StringVar(&o.Severity, "severity", "",
		"show only what was at least this severe in its worst window: info, warning, high, critical")
	f.StringVar(&o.Since, "since", "",
		"count only records at or after this `TIME`: RFC 3339, or an offset from the first record such as 5m")
	f.StringVar(&o.Until, "until", "", "count only records at or before this `TIME`")
	f.DurationVar(&o.Window, "window", 15*time.Minute, "length of the sliding window: 1m to 24h")
	f.Float64Var(&o.Warning, "cpu-throttle-warning", 25, "`PERCENT` of throttled periods that are a warning")
	f.Float64Var(&o.Critical, "cpu-throttle-critical", 80, "`PERCENT` of throttled periods that are critical")
	f.BoolVar(&o.Commands, "commands", false, "print the kubectl commands below the table")
	f.BoolVar(&o.Explain, "explain", false,
		"explain each row below the table, for readers who do not know the kernel's words")
	f.BoolVar(&o.NoHeaders, "no-headers", false, "print only the rows of the table: no titles, and nothing below")
	f.StringVar(&o.Color, "color", o.Color, "`WHEN` to colour the table: one of "+strings.Join(colors, ", "))
	f.IntVar(&o.Width, "width", 0,
		fmt.Sprintf("`COLUMNS` of the table (default: $COLUMNS, else the terminal's, else %d)", pipeWidth))
	f.BoolVarP(&o.Quiet, "quiet", "q", false, "print no result, only set the exit status")
	f.StringVar(&o.FailOn, "fail-on", "warning",
		"`SEVERITY` of the worst window from which a finding sets the exit status: info, warning, high, critical")
	f.IntVar(&o.ExitCode, "exit-code", o.ExitCode, "exit `STATUS` if there is such a finding; 0 for none")
}

func (o *options) checkFlags() error {
	if !slices.Contains(outputs, o.Output) {
		return fmt.Errorf("--output: %q is not one of %s", o.Output, strings.Join(outputs, ", "))
	}
	if !slices.Contains(colors, o.Color) {
		return fmt.Errorf("--color: %q is not one of %s", o.Color, strings.Join(colors, ", "))
	}
	if o.By != "" && !slices.Contains(groups, o.By) {
		return fmt.Errorf("--by: %q is not one of %s", o.By, strings.Join(groups, ", "))
	}
	if o.Width < 0 {
		return fmt.Errorf("--width: %d is negative", o.Width)
	}
	if o.NoHeaders && (o.Commands || o.Explain) {
		return errors.New("--no-headers: prints rows only, so neither --commands nor --explain goes with it")
	}
	if o.ExitCode < 0 || o.ExitCode > 125 {
		return fmt.Errorf("--exit-code: %d is not a status from 0 to 125", o.ExitCode)
	}
	return o.checkFormat()
}

// request is what the flags ask for, parsed.
type request struct {
	settings gossip.Options
	counts   timeRange
	lowest   gossip.Severity // that is shown
	failOn   gossip.Severity // from which a finding sets the exit status
}

// parseRequest checks all flags, and parses those that are texts.
func (o *options) parseRequest() (r request, err error) {
	if err := o.checkFlags(); err != nil {
		return r, err
	}
	if r.lowest, err = parseSeverity("--severity", o.Severity, gossip.SeverityUnknown); err != nil {
		return r, err
	}
	if r.failOn, err = parseSeverity("--fail-on", o.FailOn, gossip.SeverityWarning); err != nil {
		return r, err
	}
	if r.settings, err = o.analysisOptions(); err != nil {
		return r, err
	}
	r.counts, err = parseTimeRange(o.Since, o.Until)
	return r, err
}

// analysisOptions returns the window and the thresholds.
func (o *options) analysisOptions() (gossip.Options, error) {
	settings := gossip.Options{
		Window: o.Window, ThrottleWarning: o.Warning / 100, ThrottleCritical: o.Critical / 100,
	}
	isPercent := func(n float64) bool { return n > 0 && n <= 100 } // false for NaN
	switch {
	case o.Window < time.Minute || o.Window > 24*time.Hour:
		return settings, fmt.Errorf("--window: %s is not from 1m to 24h", o.Window)
	case !isPercent(o.Warning):
		return settings, fmt.Errorf("--cpu-throttle-warning: %g is not a percentage above 0, at most 100", o.Warning)
	case !isPercent(o.Critical):
		return settings, fmt.Errorf("--cpu-throttle-critical: %g is not a percentage above 0, at most 100", o.Critical)
	case o.Warning > o.Critical:
		return settings, fmt.Errorf("--cpu-throttle-warning: %g is above --cpu-throttle-critical, %g", o.Warning, o.Critical)
	}
	return settings, nil
}

// printsObjects reports whether objects are printed, or their names.
func (o *options) printsObjects() bool {
	return slices.Contains([]string{"json", "yaml", "name"}, o.Output)
}

// isByPod reports whether each pod is judged alone.
func (o *options) isByPod() bool {
	return !o.printsObjects() && (o.By == "pod" || (o.By == "" && o.Pod != ""))
}

// checkFormat refuses flags that the format would ignore.
func (o *options) checkFormat() error {
	headless := o.printsObjects()
	for _, flag := range []struct {
		name    string
		given   bool
		ignored bool // by the format
		instead string
	}{
		{"--commands", o.Commands, o.Output != "table", "json and yaml have them in status.recommendations"},
		{"--explain", o.Explain, o.Output != "table", "json and yaml have a message in status.conditions"},
		{"--no-headers", o.NoHeaders, headless, "it has none"},
		{"--by pod", o.By == "pod", headless, "objects are about workloads"},
		{"--width", o.Width > 0, o.Output != "table", "its lines are as long as they are"},
	} {
		if flag.given && flag.ignored {
			return fmt.Errorf("%s: is not for -o %s: %s", flag.name, o.Output, flag.instead)
		}
	}
	return nil
}

// parseSeverity returns the severity that a flag names, or another one if the flag is empty.
func parseSeverity(flag, text string, otherwise gossip.Severity) (gossip.Severity, error) {
	if text == "" {
		return otherwise, nil
	}
	for s := gossip.SeverityInfo; s <= gossip.SeverityCritical; s++ {
		if strings.EqualFold(text, s.String()) {
			return s, nil
		}
	}
	return 0, fmt.Errorf("%s: %q is not one of info, warning, high, critical", flag, text)
}

// printVerdicts writes the verdicts in the requested format. Those below the lowest severity are only counted.
func (o *options) printVerdicts(
	out io.Writer, all []measurement, pods int, lowest gossip.Severity, c *analysis,
) error {
	l := layout{
		width: o.tableWidth(out), color: o.usesColor(out), titles: !o.NoHeaders, commands: o.Commands, explain: o.Explain,
		lowestShown: lowest, podsGiven: len(o.Pods) > 0, byPod: o.isByPod(), pods: pods, dates: c.spansDays(),
	}
	switch o.Output {
	case "json":
		return printJSON(out, filterSeverity(lowest, all), c.pods)
	case "yaml":
		return printYAML(out, c.pods.makeVerdicts(filterSeverity(lowest, all)))
	case "name":
		return printNames(out, c.pods.makeVerdicts(filterSeverity(lowest, all)))
	case "wide":
		return l.printWide(out, c.pods.makeVerdicts(all))
	case "csv":
		return l.printCSV(out, c.pods.makeVerdicts(all))
	case "markdown":
		return l.printMarkdown(out, c.pods.makeVerdicts(all))
	default:
		return l.printTable(out, c.pods.makeVerdicts(all))
	}
}
