package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// rowFormat has the columns of the table. A table that is aligned at its end would show nothing for minutes.
const rowFormat = "%-34s  %-11s  %-14s  %-4s  %-24s  %s\n"

// right is the verdict about every pod of the honest sender.
const right = "Critical"

// outcome is what an attack did.
type outcome struct {
	attack             string
	peak               int64 // resident memory of the operator, bytes
	sent, acknowledged int64 // records of the honest sender
	verdicts           map[string]int
	faults             []string // that were seen while it was played
}

// countLost returns the number of pods without the right verdict, though the records about them were acknowledged.
func (o outcome) countLost() int {
	n := 0
	for verdict, pods := range o.verdicts {
		if verdict != right {
			n += pods
		}
	}
	return n
}

// listFaults returns what is not right; empty if all is.
func (o outcome) listFaults(limit int64) []string {
	faults := slices.Clone(o.faults)
	if o.peak > limit {
		faults = append(faults, fmt.Sprintf("memory above the limit of %d MiB", limit>>20))
	}
	if o.acknowledged == 0 {
		faults = append(faults, "the honest sender is shut out")
	}
	if lost := o.countLost(); lost > 0 {
		faults = append(faults, fmt.Sprintf("%d pods are not %s", lost, right))
	}
	return faults
}

// printRow writes the row of the table, and a line for each fault.
func (o outcome) printRow(w io.Writer, faults []string) {
	result := "ok"
	if len(faults) > 0 {
		result = "FAILED"
	}
	fmt.Fprintf(w, rowFormat, o.attack, fmt.Sprintf("%d MiB", o.peak>>20),
		fmt.Sprintf("%d of %d", o.acknowledged, o.sent), fmt.Sprint(o.countLost()), formatVerdicts(o.verdicts), result)
	for _, fault := range faults {
		fmt.Fprintln(w, "   ", fault)
	}
}

// formatVerdicts returns the verdicts in the order of their names, with their numbers.
func formatVerdicts(verdicts map[string]int) string {
	var out []string
	for verdict, pods := range verdicts {
		if pods > 0 {
			out = append(out, fmt.Sprintf("%d %s", pods, verdict))
		}
	}
	slices.SortFunc(out, func(a, b string) int {
		_, a, _ = strings.Cut(a, " ")
		_, b, _ = strings.Cut(b, " ")
		return strings.Compare(a, b)
	})
	return strings.Join(out, ", ")
}
