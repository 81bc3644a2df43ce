// Package bpftrace checks bpftrace programs by the rules of Pixie's connector: it finds what Pixie's bpftrace does not
// have, and rows that Pixie would misread. It finds the blocks and the printfs of a program, and leaves its grammar to
// bpftrace itself.
package bpftrace

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/kernel-gossip/kernel-gossip/pxl/check/internal/quote"
)

const (
	maxFindings = 100 // of one program
	maxParts    = 100 // blocks and printfs of a program that is checked
)

// Finding is one thing in a program that Pixie would refuse or misread, or with Warning one that can go wrong.
type Finding struct {
	Offset  int // in the program, in bytes
	Warning bool
	Message string
}

// Column is a column that a program prints, with its type as Pixie names it (INT64, STRING, …).
type Column struct{ Name, Type string }

// Report is what the check of one program finds.
type Report struct {
	Columns  []Column // of the rows that the program prints; nil if they are not known
	Findings []Finding
}

var (
	// kernelProbes are the probe types of Pixie's bpftrace, 0.16 and a little more, that attach to the kernel.
	kernelProbes = strings.Fields("kprobe k kretprobe kr tracepoint t BEGIN END interval i profile p software s " +
		"hardware h kfunc f kretfunc fr iter it")
	// userProbes attach to processes.
	userProbes = strings.Fields("uprobe u uretprobe ur usdt U watchpoint w asyncwatchpoint aw")

	// newerWordPattern matches what Pixie's bpftrace does not have.
	newerWordPattern = regexp.MustCompile(`\b(?:(strcontains|offsetof|strstr|percpu_kaddr|for)\s*\(|(ncpus)\b)`)
	// lostCallPattern matches functions with output that Pixie does not read.
	lostCallPattern = regexp.MustCompile(`\b(print|time|exit|system|cat|join)\s*\(`)
	// unhandledPattern matches what cannot become a column: functions with a result that is neither an integer nor a
	// text, and functions of maps.
	unhandledPattern = regexp.MustCompile(
		`^(buf|macaddr|cgroup_path|strerror|count|sum|avg|min|max|stats|hist|lhist)\s*\(`)
	conversionPattern = regexp.MustCompile(`%[-+0 #]*[0-9]*(\.[0-9]+)?(hh|h|ll|l|z|j|t)?([a-zA-Z])`)
)

// Check checks a program. Kernel says that its target is the kernel, and not a process.
func Check(program string, kernel bool) Report {
	s := scanner{text: program}
	s.scanProgram()
	c := checker{kernel: kernel, reported: map[Finding]bool{}}
	c.report.Columns = c.checkParts(s)
	return c.report
}

// checker gathers the findings of one program.
type checker struct {
	kernel   bool
	report   Report
	reported map[Finding]bool
}

func (c *checker) addProblem(offset int, format string, args ...any) {
	c.addFinding(Finding{Offset: offset, Message: fmt.Sprintf(format, args...)})
}

func (c *checker) addWarning(offset int, format string, args ...any) {
	c.addFinding(Finding{Offset: offset, Warning: true, Message: fmt.Sprintf(format, args...)})
}

func (c *checker) addFinding(f Finding) {
	if !c.reported[f] && len(c.report.Findings) < maxFindings {
		c.reported[f] = true
		c.report.Findings = append(c.report.Findings, f)
	}
}

// checkParts checks the blocks and printfs of a program, and returns the columns of its rows.
func (c *checker) checkParts(s scanner) []Column {
	if len(s.printfs)+len(s.probes)+len(s.brokenLines)+len(s.lateDeclarations) > maxParts {
		c.addProblem(0, "the program is too large to be checked: more than %d blocks and printfs", maxParts)
		return nil
	}
	for _, offset := range s.brokenLines {
		c.addProblem(offset, "a line ends inside of a text: leave \\n out, or write the program as r'''...'''")
	}
	for _, p := range s.probes {
		c.checkAttachPoints(p)
	}
	for _, offset := range s.lateDeclarations {
		c.addProblem(offset, "a program declares its structs before the first probe")
	}
	c.checkWords(s.code)
	if len(s.printfs) == 0 {
		c.addProblem(0, "The BPFTrace program must contain at least one printf statement.")
		return nil
	}
	first := s.printfs[0]
	columns := c.rowColumns(first)
	for _, f := range s.printfs[1:] {
		if f.format != first.format {
			c.addProblem(f.offset, "All printf statements must have exactly the same format string")
			continue
		}
		c.compareLayout(columns, first, f)
	}
	return columns
}

// checkWords finds what Pixie's bpftrace does not have, and calls with a result that is lost.
func (c *checker) checkWords(code string) {
	for _, m := range newerWordPattern.FindAllStringSubmatchIndex(code, maxFindings) {
		from, to := m[2], m[3]
		if from < 0 {
			from, to = m[4], m[5]
		}
		if before := code[:from]; !strings.HasSuffix(before, "->") && !strings.ContainsAny(lastByte(before), ".$@") {
			c.addProblem(from, "Pixie's bpftrace (0.16) has no '%s'", code[from:to])
		}
	}
	for _, m := range lostCallPattern.FindAllStringIndex(code, maxFindings) {
		c.addWarning(m[0], "what %s) does is lost: Pixie takes the rows of printf only", code[m[0]:m[1]])
	}
}

func lastByte(s string) string { return s[max(0, len(s)-1):] }

// checkAttachPoints checks the probe types before a block.
func (c *checker) checkAttachPoints(p probe) {
	for point := range strings.SplitSeq(p.points, ",") {
		kind, _, _ := strings.Cut(point, ":")
		kind = strings.Join(strings.Fields(kind), " ")
		switch {
		case kind == "":
		case !slices.Contains(kernelProbes, kind) && !slices.Contains(userProbes, kind):
			c.addProblem(p.offset, "Pixie's bpftrace (0.16) has no probe type '%s'", kind)
		case slices.Contains(userProbes, kind) && c.kernel:
			c.addProblem(p.offset, "probe type '%s' needs a process as target, not pxtrace.kprobe()", kind)
		}
		if (kind == "BEGIN" || kind == "END") && p.prints {
			c.addProblem(p.offset, "a printf in %s does not reach the table", kind)
		}
	}
}

// rowColumns reads the columns from the format of a printf: words of name:%conversion, separated by spaces.
func (c *checker) rowColumns(f printf) []Column {
	var columns []Column
	for word := range strings.SplitSeq(f.format, " ") {
		if !strings.Contains(word, "%") {
			continue
		}
		name, _, named := strings.Cut(word, ":")
		if !named {
			name = fmt.Sprintf("Column_%d", len(columns))
			c.addWarning(f.offset, "%s has no name and becomes the column %s: write name:%%d", quote.Text(word), name)
		}
		if strings.Count(word, "%") > 1 {
			c.addProblem(f.offset, "%s is one column for Pixie: put spaces between columns, and none inside of one",
				quote.Text(word))
		}
		for _, o := range columns {
			if o.Name == name {
				c.addProblem(f.offset, "column '%s' is printed twice", name)
			}
		}
		columns = append(columns, Column{name, c.rowType(f.offset, name, word)})
	}
	if len(columns) != len(f.args) {
		c.addProblem(f.offset, "Column name count (%d) and actual output count (%d) do not match!", len(columns), len(f.args))
	}
	for _, a := range f.args {
		if unhandledPattern.MatchString(a) {
			c.addProblem(f.offset, "%s: Unhandled field type: columns are integers and texts", a)
		}
	}
	return columns
}

// conversionTypes are the types of columns, by the conversions of printf.
var conversionTypes = map[string]string{
	"d": "INT64", "i": "INT64", "u": "INT64", "x": "INT64", "X": "INT64", "c": "INT64", "p": "INT64", "s": "STRING",
}

// rowType guesses the type of a column from its conversion. Pixie uses the type of the argument, which is the same
// unless bpftrace refuses it.
func (c *checker) rowType(offset int, name, word string) string {
	kind := ""
	if m := conversionPattern.FindStringSubmatch(word); m != nil {
		kind = conversionTypes[m[3]]
	}
	switch {
	case kind == "":
		c.addProblem(offset, "%s: Unhandled field type: columns are integers and texts", quote.Text(word))
		kind = "INT64"
	case name == "time_" && kind != "INT64":
		c.addProblem(offset, "time_ must be an integer type")
	}
	if name == "time_" {
		return "TIME64NS"
	}
	return kind
}

// compareLayout compares the texts of two printfs. Pixie reads all rows by the sizes of the first printf's arguments,
// so a shorter or longer text moves everything that comes after it in a row. Pixie deploys such a program nevertheless,
// and its own scripts have some: it is a warning.
func (c *checker) compareLayout(columns []Column, first, f printf) {
	for i := range min(len(columns), len(first.args), len(f.args)) {
		a, b := textSize(first.args[i]), textSize(f.args[i])
		if a > 0 && b > 0 && a != b {
			c.addWarning(f.offset, "column '%s' is a text of %d bytes here and of %d in the first printf, "+
				"and Pixie reads all rows by the layout of the first", columns[i].Name, b, a)
		}
	}
}

// textSize returns how many bytes a text takes in a row; 0 if that is not known, or if the argument is no text.
func textSize(arg string) int {
	switch {
	case arg == "comm":
		return 16
	case strings.HasPrefix(arg, `"`) && strings.Count(arg, `"`) == 2 && strings.HasSuffix(arg, `"`):
		return len(arg) - 1 // without the quotes, with a 0 at the end
	case strings.HasPrefix(arg, "str(") && isClosedAtEnd(arg) && !strings.Contains(arg, ","):
		return 64 // BPFTRACE_STRLEN
	case strings.HasPrefix(arg, "ntop(") && isClosedAtEnd(arg):
		return 24
	}
	return 0
}

// isClosedAtEnd reports whether the last character closes the first bracket.
func isClosedAtEnd(arg string) bool {
	depth := 0
	for i, r := range arg {
		switch r {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i == len(arg)-1
			}
		}
	}
	return false
}
