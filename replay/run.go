// Package replay is the gossip-replay command as a library: it reads captures and says what the kernel did, with the same four
// steps as the operator (decode, observe, advise, make objects), so that both give the same objects for the same events.
//
// Output is a function of the input: the same captures give the same bytes on any machine.
package replay

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// The exit codes, like those of diff(1).
const (
	exitClean    = 0 // nothing above Info; or no difference
	exitFindings = 1 // findings above Info, by their worst severity; or differences
	exitTrouble  = 2 // an unreadable file, no good record, bad usage
)

// exitError ends the command with a code. Its text goes to stderr; without one the code says it all.
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
	root := command(in, out, errs)
	root.SetArgs(append([]string{}, args...)) // not nil, which cobra takes for os.Args
	err := root.Execute()
	if err == nil {
		return exitClean
	}
	var exit *exitError
	if !errors.As(err, &exit) { // cobra's own: bad usage
		exit = &exitError{exitTrouble, fmt.Errorf("%w\nTry 'gossip-replay --help'", err)}
	}
	if exit.err != nil {
		fmt.Fprintf(errs, "gossip-replay: %v\n", exit.err)
	}
	return exit.code
}

const long = `Read captures of kernel events and say what the kernel did to the pods: how often it refused to run them, how short
of memory they were, what it killed, which packets were lost, what averaged metrics say about the same time, and which
limit to set.

A FILE holds payloads as one JSON object, an array, or one per line; rows of px run -o json; or OpenTelemetry metrics,
as protobuf or as a Collector's file exporter writes them. It may be packed with gzip or zstd. Without FILE, or with -,
standard input is read. Bad records are reported on stderr as FILE:LINE: why, and the good ones count.
A file that is named like a command needs ./ before its name.

Exit status: 0 nothing above Info (the worst severity counts), 1 findings, 2 trouble.`

const examples = `  # a verdict with a number, from a recorded capture
  gossip-replay examples/captures/hidden-throttling.ndjson --pods examples/captures/hidden-throttling.pods.yaml

  # the kubectl commands too
  gossip-replay capture.ndjson --pods pods.yaml --commands

  # what the operator would write, for one namespace
  gossip-replay capture.ndjson -o yaml --namespace shop

  # from a pipe, for jq
  curl -s https://example.com/capture.ndjson.gz | gossip-replay -o json | jq .status.advice`

// command builds the command line.
func command(in io.Reader, out, errs io.Writer) *cobra.Command {
	o := options{Output: "table"}
	root := &cobra.Command{
		Use:           "gossip-replay [FILE...]",
		Short:         "Say what the kernel did to pods, from recorded events",
		Long:          long,
		Example:       examples,
		Version:       version(),
		Args:          cobra.ArbitraryArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(_ *cobra.Command, args []string) error {
			return o.run(args, in, out, errs)
		},
	}
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errs)
	o.register(root.Flags())
	root.AddCommand(diffCommand(in, out, errs), sendCommand(in, out, errs), pxlCheckCommand(in, out, errs))
	complete(root)
	return root
}

// run replays the captures and prints what they say.
func (o *options) run(args []string, in io.Reader, out, errs io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	pods, err := readPods(o.Pods)
	if err != nil {
		return &exitError{exitTrouble, err}
	}
	if len(args) == 0 {
		args = []string{"-"}
	}
	p := newProgress(errs)
	c := capture{pods: pods, errs: p, progress: p}
	trouble := c.readAll(args, in)
	if c.records == 0 {
		return &exitError{exitTrouble, cmp.Or(trouble, errors.New("no record that could be used"))}
	}
	selected, err := o.selects(c.findings(), time.Unix(0, c.first).UTC())
	if err != nil {
		return err
	}
	if err := o.print(out, selected, c.pods); err != nil {
		return &exitError{exitTrouble, fmt.Errorf("write: %w", err)}
	}
	if trouble != nil {
		return &exitError{exitTrouble, trouble}
	}
	for _, f := range selected {
		if f.Seen().Worst > gossip.SeverityInfo {
			return &exitError{code: exitFindings}
		}
	}
	return nil
}

// print writes the verdicts on findings in the format that was asked for.
func (o *options) print(out io.Writer, findings []gossip.Finding, pods catalogs) error {
	switch o.Output {
	case "json":
		return printJSON(out, findings, pods)
	case "yaml":
		return printYAML(out, pods.verdicts(findings))
	default:
		l := layout{width: o.tableWidth(out), color: colored(out), commands: o.Commands}
		return printTable(out, pods.verdicts(findings), l)
	}
}

// version is what the build says of itself: a tag when installed as a module, else the commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && v == "(devel)" {
			v = s.Value
		}
	}
	return v + " " + info.GoVersion
}

// colored says whether the output is a terminal that shows colours, and nobody asked for none (no-color.org).
func colored(out io.Writer) bool {
	f, ok := out.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}
