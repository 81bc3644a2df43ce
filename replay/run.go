// Package replay is the gossip-replay command as a library. It reads captures and reports what the kernel did, with the
// same four steps as the operator (decode, observe, advise, make objects), so that both give the same objects for the
// same events.
//
// Output is a function of the input: the same captures give the same bytes on any machine.
package replay

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// The exit codes are like the exit codes of diff(1).
const (
	exitClean    = 0 // no finding above Info; or no difference
	exitFindings = 1 // findings above Info in the worst window; or differences
	exitTrouble  = 2 // an unreadable file, no good record, wrong usage
)

// exitError ends the command with an exit code. Its text goes to stderr; an error without text prints nothing.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// Run is the whole command: args without the program's name, and the three streams. It returns the exit code.
func Run(args []string, in io.Reader, out, errs io.Writer) int {
	root := newCommand(in, out, errs)
	root.SetArgs(append([]string{}, args...)) // not nil, which cobra takes for os.Args
	ran, err := root.ExecuteC()
	if err == nil {
		return exitClean
	}
	var exit *exitError
	if !errors.As(err, &exit) { // cobra's error: wrong usage
		exit = &exitError{exitTrouble, fmt.Errorf("%w\nTry '%s --help'", err, ran.CommandPath())}
	}
	if exit.err != nil {
		fmt.Fprintf(errs, "gossip-replay: %s\n", gossip.CleanLines(exit.err.Error()))
	}
	return exit.code
}

const longHelp = `Read captures of kernel events and show what the kernel did to the pods: how often it did not let
them run, how short of memory they were, what it killed, which packets were lost, what averaged metrics say about the
same time, and which limit to set.

A FILE holds payloads as one JSON object, an array, or one per line; rows of px run -o json; or OpenTelemetry metrics,
as protobuf or as a Collector's file exporter writes them. It may be packed with gzip or zstd. Without FILE, or with -,
standard input is read; if FILE is a directory, the captures in it. Bad records are reported on stderr as
FILE:LINE: why, the first ten of a FILE and then the number of the others; the good records count. If a FILE is not a
capture, the error names its kind, and what to use instead. A file with the name of a command needs ./ before its name.
Several FILEs are read in the order of their first records.

The flags that choose what is shown (--namespace, --pod, --severity) never change a verdict. --since and --until choose
which records count: the verdicts are as of that time. It is an error if the captures have no record at all of a
namespace, a pod or a time.

Rows are about workloads: what made the pods, as --pods has it, or as the names of pods show it (marked with ~). A row
has the figures of its worst pod, and the number that the pod needs which needs most. --by pod has a row for each pod.

The worst window of a capture decides, not the last one: severity, figures, advice and exit status are of it. If it is
over, its row says when it was, in UTC, and what the last window is like.

Exit status: 0 nothing above Info in a worst window, 1 findings, 2 trouble. --fail-on sets the severity from which there
are findings, and --exit-code the status for them.`

const exampleHelp = `  # a verdict with a number, from a recorded capture
  gossip-replay examples/captures/hidden-throttling.ndjson --pods examples/captures/hidden-throttling.pods.yaml

  # the kubectl commands too
  gossip-replay capture.ndjson --pods pods.yaml --commands

  # the meaning of the rows, for the pods of a Deployment
  gossip-replay capture.ndjson --explain --pod shop/web-

  # a line for each verdict, for grep
  gossip-replay capture.ndjson -o wide --no-headers | grep OOMKill

  # a table for a ticket, and one for a spreadsheet
  gossip-replay capture.ndjson --pods pods.yaml -o markdown
  gossip-replay capture.ndjson -o csv >verdicts.csv

  # what the operator would write, for one namespace
  gossip-replay capture.ndjson -o yaml --namespace shop

  # from a pipe, for jq
  curl -s https://example.com/capture.ndjson.gz | gossip-replay -o json | jq .status.advice`

// newCommand builds the command line.
func newCommand(in io.Reader, out, errs io.Writer) *cobra.Command {
	o := options{Output: "table", Color: "auto", ExitCode: exitFindings}
	root := &cobra.Command{
		Use:           "gossip-replay [FILE...]",
		Short:         "Show what the kernel did to pods, from recorded events",
		Long:          longHelp,
		Example:       exampleHelp,
		Version:       buildVersion(),
		Args:          cobra.ArbitraryArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(c *cobra.Command, args []string) error {
			if err := mistypedCommand(c, args); err != nil {
				return err
			}
			return o.run(args, in, out, errs)
		},
	}
	root.SuggestionsMinimumDistance = 2
	root.SetFlagErrorFunc(mistypedFlag)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errs)
	o.registerFlags(root.Flags())
	root.AddCommand(diffCommand(in, out, errs), sendCommand(in, out, errs), pxlCheckCommand(in, out, errs))
	registerCompletions(root)
	return root
}

// run replays the captures and prints their verdicts.
func (o *options) run(args []string, in io.Reader, out, errs io.Writer) error {
	wanted, err := o.parseRequest()
	if err != nil {
		return err
	}
	pods, err := readPods(o.Pods)
	if err != nil {
		return &exitError{exitTrouble, err}
	}
	note := errs // for what is not an error
	if o.Quiet {
		out, note = io.Discard, io.Discard
	}
	args = inputNames(args, in, note)
	p := newProgress(errs)
	p.terminal = p.terminal && !o.Quiet
	c := analysis{pods: pods, settings: wanted.settings, errs: p, progress: p}
	c.chosen = wanted.counts
	trouble := c.readCaptures(sortByFirstRecord(args, note), in)
	if c.records == 0 {
		return &exitError{exitTrouble, cmp.Or(trouble, errors.New("no record that could be used"))}
	}
	selected, count, err := o.selectMeasurements(&c, wanted.settings, note)
	if err != nil {
		return err
	}
	if err := o.printVerdicts(out, selected, count, wanted.lowest, &c); err != nil {
		return &exitError{exitTrouble, fmt.Errorf("write: %w", err)}
	}
	if trouble != nil {
		return &exitError{exitTrouble, trouble}
	}
	for i := range selected {
		if selected[i].Severity() >= max(wanted.lowest, wanted.failOn) && o.ExitCode != exitClean {
			return &exitError{code: o.ExitCode}
		}
	}
	return nil
}

// selectMeasurements returns the measurements of the requested namespaces, pods and times, and the number of pods.
func (o *options) selectMeasurements(
	c *analysis, settings gossip.Options, note io.Writer,
) (selected []measurement, pods int, err error) {
	wanted, err := o.parseSelection()
	if err != nil {
		return nil, 0, err
	}
	if err := c.checkRange(); err != nil {
		return nil, 0, &exitError{exitTrouble, err}
	}
	all := c.collectMeasurements()
	c.pods.noteUnknownPods(all, note)
	chosen, err := wanted.filterMeasurements(all, &c.chosen)
	if err != nil {
		return nil, 0, &exitError{exitTrouble, err}
	}
	how := grouping{settings: completeSettings(settings), byPod: o.isByPod()}
	return c.rollUpSelected(all, chosen, how), countPods(chosen), nil
}

// inputNames returns the arguments, or "-" if there are none. A note says when standard input is a terminal.
func inputNames(args []string, in io.Reader, note io.Writer) []string {
	if len(args) == 0 {
		args = []string{"-"}
	}
	if slices.Contains(args, "-") && isTerminal(in) {
		fmt.Fprintln(note, "gossip-replay: reading standard input, until Ctrl-D; --help says what else there is")
	}
	return args
}

// noteUnknownPods writes a note if --pods has no pod of the capture.
func (c catalogs) noteUnknownPods(all []podMeasurement, note io.Writer) {
	if len(c) == 0 {
		return
	}
	for i := range all {
		if c.findPod(all[i].judgedSubject(), all[i].now.UID()).Name != "" {
			return
		}
	}
	fmt.Fprintf(note, "gossip-replay: --pods knows none of the capture's pods: %s\n",
		formatList(subjectNames(all, podOf)))
}
