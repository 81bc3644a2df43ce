package check

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/kernel-gossip/kernel-gossip/pxl/check/bpftrace"
	"github.com/kernel-gossip/kernel-gossip/pxl/check/internal/quote"
	"github.com/kernel-gossip/kernel-gossip/pxl/check/syntax"
)

var (
	durationPattern      = regexp.MustCompile(`^[0-9]+(ms|s|m|h|d)$`)
	kernelVersionPattern = regexp.MustCompile(`^[0-9]+(\.[0-9]+){0,2}$`)
)

// evalTrace is a call of a function of pxtrace.
func (c *checker) evalTrace(full string, bound map[string]argument) value {
	switch full {
	case "pxtrace.UpsertTracepoint":
		c.deployProbe(bound)
		return none{}
	case "pxtrace.DeleteTracepoint":
		return none{}
	case "pxtrace.kprobe":
		return target{kernel: true}
	case "pxtrace.PodProcess", "pxtrace.LabelSelector", "pxtrace.SharedObject":
		return target{}
	case "pxtrace.TraceProgram":
		for _, n := range []string{"min_kernel", "max_kernel"} {
			if v, ok := literalText(bound[n].value); ok && !kernelVersionPattern.MatchString(v) {
				c.addProblem(bound[n].at, "%s is no kernel version: write 5, 5.18 or 5.18.3", quote.Text(v))
			}
		}
		text, _ := literalText(bound["program"].value)
		return program{text, textAt(bound["program"])}
	}
	return unknown{}
}

// textAt returns where the value of a text literal begins.
func textAt(arg argument) syntax.Pos {
	if e, ok := arg.value.(*expr); ok && e.text.Line > 0 {
		return e.text
	}
	return arg.at
}

// deployProbe deploys a probe. The columns of its table are the columns that it prints.
func (c *checker) deployProbe(bound map[string]argument) {
	name, named := literalText(bound["name"].value)
	if named && c.probes[name] {
		c.addProblem(bound["name"].at, "tracepoint %s is deployed twice", quote.Text(name))
	}
	c.probes[name] = named
	ttl, ok := literalText(bound["ttl"].value)
	if ok && !durationPattern.MatchString(ttl) {
		c.addProblem(bound["ttl"].at, "%s is no duration: write 10m", quote.Text(ttl))
	}
	kernel := false
	const noTarget = "a target is pxtrace.kprobe(), PodProcess, LabelSelector, SharedObject or a UPID, not %s"
	switch t := bound["target"].value.(type) {
	case target:
		kernel = t.kernel
	case nil, unknown:
	case *expr:
		if t.kind != uint128Type && t.kind != anyType && !t.argument {
			c.addProblem(bound["target"].at, noTarget, t.kind)
		}
	default:
		c.addProblem(bound["target"].at, noTarget, describeValue(t))
	}
	table, ok := literalText(bound["table_name"].value)
	if !ok {
		return
	}
	p := Probe{Name: name, TTL: ttl, Table: Table{Name: table}}
	for i, b := range c.probePrograms(bound["probe_fn"]) {
		columns := c.checkProgram(b, kernel)
		if i > 0 && !sameColumns(columns, p.Table.Columns) {
			c.addProblem(b.at, "the programs of one table must print the same columns")
		}
		p.Program, p.Table.Columns = b.text, columns
	}
	c.report.Probes = append(c.report.Probes, p)
	c.tables[table] = tableFrame(p.Table)
}

// checkProgram checks a bpftrace program, and returns the columns of its rows.
func (c *checker) checkProgram(p program, kernel bool) []Column {
	c.steps -= len(p.text) / 2
	if c.steps <= 0 {
		return nil
	}
	report := bpftrace.Check(p.text, kernel)
	for _, f := range report.Findings {
		c.addFinding(p.posOf(f.Offset), f.Warning, "%s", f.Message)
	}
	var columns []Column
	for _, column := range report.Columns {
		columns = append(columns, Column(column))
	}
	return columns
}

func sameColumns(a, b []Column) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// probePrograms returns the bpftrace programs of a probe; none if they cannot be known, as with functions that
// pxtrace.probe decorates.
func (c *checker) probePrograms(arg argument) []program {
	switch v := arg.value.(type) {
	case *expr:
		if s, ok := v.literal.(string); ok {
			return []program{{s, textAt(arg)}}
		}
		if !v.argument {
			c.addProblem(arg.at, "a program is a literal text")
		}
	case program:
		if v.text != "" {
			return []program{v}
		}
	case sequence:
		var all []program
		for _, item := range v.items {
			switch p := item.(type) {
			case program:
				if p.text != "" {
					all = append(all, p)
				}
			case unknown:
			default:
				c.addProblem(arg.at, "a list of programs holds TracePrograms, not %s", describeValue(p))
			}
		}
		return all
	case nil, unknown, *function:
	default:
		c.addProblem(arg.at, "a probe is a program, a TraceProgram or a list of them, not %s", describeValue(v))
	}
	return nil
}

// posOf returns the place in the script of a place in its program.
func (p program) posOf(offset int) syntax.Pos {
	before := p.text[:offset]
	lines := strings.Count(before, "\n")
	if lines == 0 {
		return syntax.Pos{Line: p.at.Line, Column: p.at.Column + utf8.RuneCountInString(before)}
	}
	last := before[strings.LastIndexByte(before, '\n')+1:]
	return syntax.Pos{Line: p.at.Line + lines, Column: utf8.RuneCountInString(last) + 1}
}
