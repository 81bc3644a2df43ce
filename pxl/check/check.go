package check

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/kernel-gossip/kernel-gossip/pxl/check/internal/quote"
	"github.com/kernel-gossip/kernel-gossip/pxl/check/syntax"
)

// MaxBytes is the length of the longest script that is checked.
const MaxBytes = 256 << 10

// maxProblems limits the problems of one script.
const maxProblems = 100

// Problem is one thing that Pixie would refuse or misread, or with Warning one that can go wrong.
type Problem struct {
	Line, Column int // from 1; the column counts characters
	Warning      bool
	Message      string
}

// String returns LINE:COLUMN: message.
func (p Problem) String() string {
	kind := ""
	if p.Warning {
		kind = "warning: "
	}
	return fmt.Sprintf("%d:%d: %s%s", p.Line, p.Column, kind, p.Message)
}

// Column is a column of a table, with its type as Pixie names it (INT64, STRING, …), or UNKNOWN.
type Column struct{ Name, Type string }

// Table is a table that a script displays, or that its probes fill.
type Table struct {
	Name    string
	Columns []Column
}

// Probe is a bpftrace program that a script deploys.
type Probe struct {
	Name    string // of the tracepoint
	Program string // empty if it is not known
	TTL     string
	Table   Table // the table that it fills; without columns if they are not known
}

// Report is what the check of one script finds.
type Report struct {
	Problems []Problem // sorted by place
	Displays []Table   // by px.display and px.debug, in their order
	Exports  []Table   // the frames given to px.export
	Probes   []Probe
}

// Refused reports whether Pixie would refuse the script: whether there is a problem that is not a warning.
func (r Report) Refused() bool {
	return slices.ContainsFunc(r.Problems, func(p Problem) bool { return !p.Warning })
}

// Script checks one script. Tables are the tables that probes of other scripts fill.
func Script(source string, tables ...Table) Report {
	c := &checker{pixie: loadPixieData(), tables: map[string]*frame{}, reported: map[Problem]bool{}, steps: maxSteps}
	for _, t := range tables {
		c.tables[t.Name] = tableFrame(t)
	}
	if len(source) > MaxBytes {
		c.addProblem(syntax.Pos{Line: 1, Column: 1}, "the script is longer than %d KiB", MaxBytes>>10)
		return c.report
	}
	c.checkLines(source)
	body, err := syntax.Parse(source)
	if err != nil {
		at := syntax.Pos{Line: 1, Column: 1}
		if e, ok := errors.AsType[*syntax.ParseError](err); ok {
			at = e.Pos
		}
		c.addProblem(at, "%s", err)
		return c.sortedReport()
	}
	c.visitScript(body)
	return c.sortedReport()
}

func (c *checker) sortedReport() Report {
	slices.SortStableFunc(c.report.Problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return c.report
}

// checker follows one script. It visits statements like Pixie's compiler: a function when it is called, and at the end
// the functions that no statement called, because a vis.json may call them.
type checker struct {
	pixie  *pixieData
	tables map[string]*frame // tables that probes fill

	report            Report
	expressions       []*expr
	exports           []*exportedColumn
	lateCalls         []*lateCall
	missing           []*missingColumn
	reported          map[Problem]bool
	globals           map[string]value
	functions         []*function
	sinks             int
	tracePos          syntax.Pos       // where pxtrace was imported
	viewsPos          syntax.Pos       // where pxviews was imported
	members           map[string]value // what the script assigned to modules
	importsTraceAlone bool
	probes            map[string]bool

	steps         int    // how many are left
	calls         int    // how deep they are nested
	assignedFrame string // name of the frame, if a column of it is being computed
}

const (
	maxSteps = 200_000 // expressions
	maxCalls = 50      // nested
)

func (c *checker) addProblem(at syntax.Pos, format string, args ...any) {
	c.addFinding(at, false, format, args...)
}

func (c *checker) addWarning(at syntax.Pos, message string) { c.addFinding(at, true, "%s", message) }

func (c *checker) addFinding(at syntax.Pos, warning bool, format string, args ...any) {
	p := Problem{at.Line, at.Column, warning, printableLine(fmt.Sprintf(format, args...))}
	if !c.reported[p] && len(c.report.Problems) < maxProblems {
		c.reported[p] = true
		c.report.Problems = append(c.report.Problems, p)
	}
}

// maxMessage limits a message, in bytes, because names of the script in it may be long.
const maxMessage = 500

// printableLine makes a message one line, without the control characters of the script.
func printableLine(message string) string {
	if len(message) > maxMessage {
		message = message[:maxMessage] + "..."
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, message)
}

// flags are the names that a script may set in lines of #px:set.
var flags = strings.Fields("explain analyze max_output_rows_per_table")

// checkLines checks what Pixie reads from the text: the flags, and the line by which the CLI finds that a script
// deploys probes.
func (c *checker) checkLines(source string) {
	n := 0
	for line := range strings.Lines(source) {
		n++
		line = strings.TrimSuffix(line, "\n")
		c.importsTraceAlone = c.importsTraceAlone || line == "import pxtrace"
		setting, ok := strings.CutPrefix(line, "#px:set")
		if !ok {
			continue
		}
		flag, _, valued := strings.Cut(strings.TrimPrefix(setting, " "), "=")
		switch {
		case !strings.HasPrefix(setting, " ") || strings.HasPrefix(setting, "  ") || !valued:
			c.addProblem(syntax.Pos{Line: n, Column: 1}, "a flag is written #px:set name=value, with one space")
		case !slices.Contains(flags, flag):
			c.addProblem(syntax.Pos{Line: n, Column: 1}, "flag %s does not exist", quote.Text(flag))
		}
	}
}

// visitScript visits the script, and then the functions that no statement called.
func (c *checker) visitScript(body []syntax.Statement) {
	c.globals, c.probes, c.members = map[string]value{}, map[string]bool{}, map[string]value{}
	c.visitStatements(body, c.globals)
	if c.sinks == 0 && len(c.functions) == 0 {
		c.addProblem(syntax.Pos{Line: 1, Column: 1}, "query does not output a result")
	}
	for _, f := range c.functions {
		if !f.called {
			args := make([]value, len(f.def.Parameters))
			for i, p := range f.def.Parameters {
				args[i] = c.parameterValue(p)
			}
			c.markDisplayed(c.applyFunction(f, args))
		}
	}
	c.reportAtEnd()
	if c.tracePos.Line > 0 {
		if !c.importsTraceAlone {
			c.addProblem(c.tracePos, "no probe will be deployed: px run looks for a line that is exactly \"import pxtrace\"")
		}
		if c.viewsPos.Line > 0 {
			c.addWarning(c.viewsPos, "a script that deploys probes is compiled without pxviews")
		}
	}
	if c.steps <= 0 {
		c.addProblem(syntax.Pos{Line: 1, Column: 1}, "the script does too much to be checked")
	}
}

// parameterValue returns the argument of a function that no statement of the script calls.
func (c *checker) parameterValue(p syntax.Parameter) value {
	if p.Annotation == nil {
		return unknown{}
	}
	if t, ok := c.evalExpression(p.Annotation, c.globals).(typeObject); ok {
		if t.name == "px.DataFrame" {
			return &frame{mayHaveMore: true}
		}
		if t.kind != anyType {
			return argumentExpr(t.kind)
		}
	}
	return unknown{}
}
