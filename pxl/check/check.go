package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// MaxBytes is the longest script that is looked at.
const MaxBytes = 256 << 10

// maxProblems bounds what is said of one script.
const maxProblems = 100

// Problem is one thing that Pixie would refuse or misread, or with Warning one that can go wrong.
type Problem struct {
	Line, Column int // from 1; the column counts characters
	Warning      bool
	Message      string
}

// String is LINE:COLUMN: message.
func (p Problem) String() string {
	kind := ""
	if p.Warning {
		kind = "warning: "
	}
	return fmt.Sprintf("%d:%d: %s%s", p.Line, p.Column, kind, p.Message)
}

// Column is a column of a table, with its type as Pixie names it (INT64, STRING, …), or UNKNOWN.
type Column struct{ Name, Type string }

// Table is what a script displays, or what its probes fill.
type Table struct {
	Name    string
	Columns []Column
}

// Probe is a bpftrace program that a script deploys.
type Probe struct {
	Name    string // of the tracepoint
	Program string // empty where it cannot be known
	TTL     string
	Table   Table // that it fills; without columns where they cannot be known
}

// Report is what there is to say of one script.
type Report struct {
	Problems []Problem // sorted by place
	Displays []Table   // by px.display and px.debug, in their order
	Exports  []Table   // the frames given to px.export
	Probes   []Probe
}

// Refused says whether Pixie would refuse the script: whether there is a problem that is no warning.
func (r Report) Refused() bool {
	return slices.ContainsFunc(r.Problems, func(p Problem) bool { return !p.Warning })
}

// Script checks one script. Tables are those that probes of other scripts fill.
func Script(source string, tables ...Table) Report {
	c := &checker{pixie: pixie(), tables: map[string]*frame{}, said: map[Problem]bool{}, steps: maxSteps}
	for _, t := range tables {
		c.tables[t.Name] = tableFrame(t)
	}
	if len(source) > MaxBytes {
		c.say(pos{1, 1}, "the script is longer than %d KiB", MaxBytes>>10)
		return c.report
	}
	c.lines(source)
	body, err := parse(source)
	if err != nil {
		e := asSyntaxError(err)
		c.say(e.at, "%s", e.message)
		return c.sorted()
	}
	c.run(body)
	return c.sorted()
}

func (c *checker) sorted() Report {
	slices.SortStableFunc(c.report.Problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return c.report
}

// checker follows one script. It visits statements as Pixie's compiler does: a function when it is called, and at the end once those that
// nothing called, which a vis.json may.
type checker struct {
	pixie  *pixieData
	tables map[string]*frame // filled by probes

	report  Report
	made    []*expr
	reads   []*read
	late    []*late
	gaps    []*gap
	said    map[Problem]bool
	globals map[string]value
	defs    []*function
	sinks   int
	mutates pos              // where pxtrace was imported
	views   pos              // where pxviews was imported
	members map[string]value // that the script assigned to modules
	alone   bool
	probes  map[string]bool

	steps, calls int    // left
	mapping      string // the frame in whose column something is computed
}

const (
	maxSteps = 200_000 // expressions
	maxCalls = 50      // in one another
)

func (c *checker) say(at pos, format string, args ...any) { c.add(at, false, format, args...) }

func (c *checker) warn(at pos, format string, args ...any) { c.add(at, true, format, args...) }

func (c *checker) add(at pos, warning bool, format string, args ...any) {
	p := Problem{at.line, at.col, warning, printable(fmt.Sprintf(format, args...))}
	if !c.said[p] && len(c.report.Problems) < maxProblems {
		c.said[p] = true
		c.report.Problems = append(c.report.Problems, p)
	}
}

// maxMessage bounds a message, in bytes: names of the script in it may be long.
const maxMessage = 500

// printable makes one line of a message that shows pieces of the script.
func printable(message string) string {
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

// flags are what a script may set in lines of #px:set.
var flags = set("explain analyze max_output_rows_per_table")

// lines looks at what counts as text: the flags, and whether the CLI sees that the script deploys probes.
func (c *checker) lines(source string) {
	n := 0
	for line := range strings.Lines(source) {
		n++
		line = strings.TrimSuffix(line, "\n")
		c.alone = c.alone || line == "import pxtrace"
		setting, ok := strings.CutPrefix(line, "#px:set")
		if !ok {
			continue
		}
		flag, _, valued := strings.Cut(strings.TrimPrefix(setting, " "), "=")
		switch {
		case !strings.HasPrefix(setting, " ") || strings.HasPrefix(setting, "  ") || !valued:
			c.say(pos{n, 1}, "a flag is written #px:set name=value, with one space")
		case !flags[flag]:
			c.say(pos{n, 1}, "flag %s does not exist", quote(flag))
		}
	}
}

// run visits the script, then the functions that nothing called.
func (c *checker) run(body []statement) {
	c.globals, c.probes, c.members = map[string]value{}, map[string]bool{}, map[string]value{}
	c.visit(body, c.globals)
	if c.sinks == 0 && len(c.defs) == 0 {
		c.say(pos{1, 1}, "query does not output a result")
	}
	for _, f := range c.defs {
		if !f.called {
			args := make([]value, len(f.def.params))
			for i, p := range f.def.params {
				args[i] = c.parameter(p)
			}
			c.displayed(c.apply(f, args))
		}
	}
	c.ended()
	if c.mutates.line > 0 {
		if !c.alone {
			c.say(c.mutates, "no probe will be deployed: px run looks for a line that is exactly \"import pxtrace\"")
		}
		if c.views.line > 0 {
			c.warn(c.views, "a script that deploys probes is compiled without pxviews")
		}
	}
	if c.steps <= 0 {
		c.say(pos{1, 1}, "the script does too much to be checked")
	}
}

// parameter is what a function gets when nobody is known to call it.
func (c *checker) parameter(p param) value {
	if p.annotation == nil {
		return unknown{}
	}
	if t, ok := c.eval(p.annotation, c.globals).(typeObject); ok {
		if t.name == "px.DataFrame" {
			return &frame{open: true}
		}
		if t.kind != anyType {
			return argumentExpr(t.kind)
		}
	}
	return unknown{}
}
