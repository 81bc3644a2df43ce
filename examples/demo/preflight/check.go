// Package preflight is the speaker's checklist, checked rather than read: each line is ok, a warning or a failure, and says what to type.
//
//	ok    cluster           Kubernetes v1.37.2 at https://127.0.0.1:35703
//	FAIL  operator          no pod is available: CrashLoopBackOff
//	      → make demo-recover
//	-     ingest            not checked: needs operator
//
// A check that cannot be made because another one failed says so, and is never ok. Each check is bounded in time; nothing is changed in the
// cluster.
package preflight

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Verdict is how a check came out.
type Verdict int

// The verdicts. Only Fail keeps a talk from being given.
const (
	OK Verdict = iota
	Warn
	Fail
	NotChecked
)

// String is the word at the beginning of a line.
func (v Verdict) String() string {
	return [...]string{"ok", "warn", "FAIL", "-"}[v]
}

// Result is what a check found: Remedy is a command to type, or words where there is none; empty when all is well.
type Result struct {
	Verdict        Verdict
	Detail, Remedy string
}

// Check is one line of the list. It is made only when those that it needs did not fail.
type Check struct {
	Name  string
	Needs []string
	Run   func(context.Context) Result
}

// Line is a check with its result.
type Line struct {
	Name string
	Result
}

// checkTime bounds one check.
const checkTime = 8 * time.Second

// Run makes the checks in their order, writes each line as soon as it is known, and returns them all.
func Run(ctx context.Context, w io.Writer, checks []Check) []Line {
	var lines []Line
	sound := map[string]bool{}
	for _, c := range checks {
		line := Line{c.Name, run(ctx, c, sound)}
		sound[c.Name] = line.Verdict == OK || line.Verdict == Warn
		lines = append(lines, line)
		write(w, line)
	}
	return lines
}

func run(ctx context.Context, c Check, sound map[string]bool) Result {
	for _, need := range c.Needs {
		if !sound[need] {
			return Result{NotChecked, "not checked: needs " + need, ""}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	return c.Run(ctx)
}

func write(w io.Writer, l Line) {
	fmt.Fprintf(w, "%-5s %-14s %s\n", l.Verdict, l.Name, l.Detail)
	if l.Remedy != "" {
		fmt.Fprintf(w, "%-5s → %s\n", "", l.Remedy)
	}
}

// Summary is a sentence about all lines, and whether the talk can be given.
func Summary(lines []Line) (text string, ready bool) {
	var counts [NotChecked + 1]int
	for _, l := range lines {
		counts[l.Verdict]++
	}
	text = fmt.Sprintf("%d ok, %d to look at, %d failed, %d not checked", counts[OK], counts[Warn], counts[Fail], counts[NotChecked])
	return text, counts[Fail] == 0 && counts[NotChecked] == 0
}

func ok(format string, args ...any) Result { return Result{OK, fmt.Sprintf(format, args...), ""} }

func warn(remedy, format string, args ...any) Result {
	return Result{Warn, fmt.Sprintf(format, args...), remedy}
}

func fail(remedy, format string, args ...any) Result {
	return Result{Fail, fmt.Sprintf(format, args...), remedy}
}
