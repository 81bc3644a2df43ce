package demo

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// Verdict is the result of a check.
type Verdict int

// The verdicts. Fail and NotChecked keep a talk from being given.
const (
	OK Verdict = iota
	Warn
	Fail
	NotChecked
)

// String returns the word at the beginning of a line.
func (v Verdict) String() string {
	return [...]string{"ok", "warn", "FAIL", "-"}[v]
}

// Result is what a check found. Remedy is a command to type, or words where there is none; it is empty when all is
// well.
type Result struct {
	Verdict        Verdict
	Detail, Remedy string
}

// Check is one line of the list. It is made only if the checks that it needs did not fail.
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

// checkTime is how long one check may take, on a busy machine too.
const checkTime = 15 * time.Second

// Preflight makes checks in their order, writes each line as soon as it is known, and returns all of them. It changes
// nothing in the cluster.
//
//	ok    cluster        Kubernetes v1.37.2 at https://127.0.0.1:35703
//	FAIL  operator       no pod is available: CrashLoopBackOff
//	      → make demo-recover
//	-     ingest         not checked: needs operator
func Preflight(ctx context.Context, w io.Writer, checks []Check) []Line {
	var lines []Line
	passed := map[string]bool{}
	for _, c := range checks {
		line := Line{Name: c.Name, Result: runCheck(ctx, c, passed)}
		passed[c.Name] = line.Verdict == OK || line.Verdict == Warn
		lines = append(lines, line)
		writeLine(w, line)
	}
	return lines
}

func runCheck(ctx context.Context, c Check, passed map[string]bool) Result {
	for _, need := range c.Needs {
		if !passed[need] {
			return Result{Verdict: NotChecked, Detail: "not checked: needs " + need}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	return c.Run(ctx)
}

func writeLine(w io.Writer, l Line) {
	fmt.Fprintf(w, "%-5s %-14s %s\n", l.Verdict, l.Name, gossip.CleanLines(l.Detail))
	if l.Remedy != "" {
		fmt.Fprintf(w, "%-5s → %s\n", "", l.Remedy)
	}
}

// Summarize returns a sentence about all lines, and whether the talk can be given.
func Summarize(lines []Line) (text string, ready bool) {
	var counts [NotChecked + 1]int
	for _, l := range lines {
		counts[l.Verdict]++
	}
	text = fmt.Sprintf("%d ok, %d to look at, %d failed, %d not checked",
		counts[OK], counts[Warn], counts[Fail], counts[NotChecked])
	return text, counts[Fail]+counts[NotChecked] == 0
}

// Checks returns the list of a site.
func (s *Site) Checks() []Check {
	needs := func(names ...string) []string { return names }
	checks := []Check{
		{"go", nil, s.checkGo},
		{"docker", nil, s.checkDocker},
		{"kubectl", nil, s.checkKubectl},
		{"cluster", needs("kubectl"), s.checkCluster},
		{"versions", needs("cluster"), s.checkVersions},
		{"nodes", needs("cluster"), s.checkNodes},
		{"clock", needs("cluster"), s.checkClock},
		{"free CPU", needs("nodes"), s.checkFreeCPU},
		{"images", needs("nodes"), s.checkImages},
		{"installation", needs("cluster"), s.checkInstallation},
		{"operator", needs("cluster"), s.checkOperator},
		{"leader", needs("operator"), s.checkLeader},
		{"ingest", needs("operator"), s.checkIngest},
		{"workloads", needs("cluster"), s.checkWorkloads},
	}
	if s.withoutObserver {
		return checks
	}
	return append(checks,
		Check{"pixie", needs("cluster"), s.checkPixie},
		Check{"observer", needs("cluster"), s.checkObserver},
		Check{"sender", needs("ingest", "observer"), s.checkSender},
		Check{"events", needs("ingest"), s.checkEvents},
	)
}

// recoverCommand is the remedy of most failures.
const recoverCommand = "make demo-recover"

func reportOK(format string, args ...any) Result { return Result{Detail: fmt.Sprintf(format, args...)} }

func reportWarning(remedy, format string, args ...any) Result {
	return Result{Verdict: Warn, Detail: fmt.Sprintf(format, args...), Remedy: remedy}
}

func reportFailure(remedy, format string, args ...any) Result {
	return Result{Verdict: Fail, Detail: fmt.Sprintf(format, args...), Remedy: remedy}
}

// countOf returns a number with its noun, such as 2 nodes.
func countOf(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprint(n, " ", noun)
}
