package replay

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pxl/check"
)

func pxlCheckCommand(in io.Reader, out, errs io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:   "pxl-check FILE...",
		Short: "Find what Pixie would refuse in PxL scripts",
		Long: `Check PxL scripts without a cluster: syntax, imports, tables, columns through every operator, the exact
types that functions take, metadata that is asked for too late, exports, and the rules for bpftrace programs. Each
problem is one line, FILE:LINE:COLUMN: message. The tables that probes of one FILE fill are known in all FILEs, so give
a script that only reads them together with the script that deploys them. With -, standard input is read.

A line with "warning:" is about what can go wrong in a script that Pixie runs.

This cannot replace Pixie's own compiler. It knows what one version of Pixie has (pxl/check/data names it), not
what runs in a cluster, and it reports nothing about a value that is not known before a script runs.

Exit status: 0 nothing that Pixie would refuse (there may be warnings), 1 something, 2 a file that cannot be read.`,
		Example: "  gossip-replay pxl-check pxl/*.pxl",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return checkScripts(inputNames(args, in, errs), in, out, errs)
		},
	}
}

// checkScripts checks every script that can be read.
func checkScripts(names []string, in io.Reader, out, errs io.Writer) error {
	sources := make([]*string, len(names))
	var tables []check.Table
	code := exitClean
	for i, name := range names {
		source, err := readScript(name, in)
		if err != nil {
			fmt.Fprintf(errs, "gossip-replay: %s\n", gossip.CleanText(err.Error()))
			code = exitTrouble
			continue
		}
		sources[i] = &source
		for _, p := range check.Script(source).Probes {
			tables = append(tables, p.Table)
		}
	}
	for i, name := range names {
		if sources[i] == nil {
			continue
		}
		report := check.Script(*sources[i], tables...)
		for _, p := range report.Problems {
			if _, err := fmt.Fprintf(out, "%s\n", gossip.CleanText(fmt.Sprintf("%s:%v", name, p))); err != nil {
				return &exitError{exitTrouble, fmt.Errorf("write: %w", err)}
			}
		}
		if report.Refused() {
			code = max(code, exitFindings)
		}
	}
	if code != exitClean {
		return &exitError{code: code}
	}
	return nil
}

// readScript reads one script, and one byte more than the limit, so that the checker refuses a longer one.
func readScript(name string, in io.Reader) (string, error) {
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return "", err
		}
		defer f.Close()
		in = f
	}
	source, err := io.ReadAll(io.LimitReader(in, check.MaxBytes+1))
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return string(source), nil
}
