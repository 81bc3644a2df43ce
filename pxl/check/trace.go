package check

import (
	"regexp"
	"strings"
)

var (
	duration      = regexp.MustCompile(`^[0-9]+(ms|s|m|h|d)$`)
	kernelVersion = regexp.MustCompile(`^[0-9]+(\.[0-9]+){0,2}$`)
)

// trace is what pxtrace makes and does.
func (c *checker) trace(full string, bound map[string]argument) value {
	switch full {
	case "pxtrace.UpsertTracepoint":
		c.upsert(bound)
		return none{}
	case "pxtrace.DeleteTracepoint":
		return none{}
	case "pxtrace.kprobe":
		return target{kernel: true}
	case "pxtrace.PodProcess", "pxtrace.LabelSelector", "pxtrace.SharedObject":
		return target{}
	case "pxtrace.TraceProgram":
		for _, n := range []string{"min_kernel", "max_kernel"} {
			if v, ok := literalText(bound[n].value); ok && !kernelVersion.MatchString(v) {
				c.say(bound[n].at, "%s is no kernel version: write 5, 5.18 or 5.18.3", quote(v))
			}
		}
		text, _ := literalText(bound["program"].value)
		return program{text, textAt(bound["program"])}
	}
	return unknown{}
}

// textAt is where the value of a text literal begins.
func textAt(arg argument) pos {
	if e, ok := arg.value.(*expr); ok && e.text.line > 0 {
		return e.text
	}
	return arg.at
}

// upsert deploys a probe. What it prints are the columns of its table.
func (c *checker) upsert(bound map[string]argument) {
	name, named := literalText(bound["name"].value)
	if named && c.probes[name] {
		c.say(bound["name"].at, "tracepoint %s is deployed twice", quote(name))
	}
	c.probes[name] = named
	ttl, ok := literalText(bound["ttl"].value)
	if ok && !duration.MatchString(ttl) {
		c.say(bound["ttl"].at, "%s is no duration: write 10m", quote(ttl))
	}
	kernel := false
	switch t := bound["target"].value.(type) {
	case target:
		kernel = t.kernel
	case nil, unknown:
	case *expr:
		if t.kind != uint128 && t.kind != anyType && !t.argument {
			c.say(bound["target"].at, "a target is pxtrace.kprobe(), PodProcess, LabelSelector, SharedObject or a UPID, not %s", t.kind)
		}
	default:
		c.say(bound["target"].at, "a target is pxtrace.kprobe(), PodProcess, LabelSelector, SharedObject or a UPID, not %s", describe(t))
	}
	table, ok := literalText(bound["table_name"].value)
	if !ok {
		return
	}
	p := Probe{Name: name, TTL: ttl, Table: Table{Name: table}}
	for i, b := range c.programs(bound["probe_fn"]) {
		columns := c.bpftrace(b, kernel)
		if i > 0 && !sameColumns(columns, p.Table.Columns) {
			c.say(b.at, "the programs of one table must print the same columns")
		}
		p.Program, p.Table.Columns = b.text, columns
	}
	c.report.Probes = append(c.report.Probes, p)
	c.tables[table] = tableFrame(p.Table)
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

// programs are the bpftrace programs of a probe; none where they cannot be known, as with functions that pxtrace.probe decorates.
func (c *checker) programs(arg argument) []program {
	switch v := arg.value.(type) {
	case *expr:
		if s, ok := v.literal.(string); ok {
			return []program{{s, textAt(arg)}}
		}
		if !v.argument {
			c.say(arg.at, "a program is a literal text")
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
				c.say(arg.at, "a list of programs holds TracePrograms, not %s", describe(p))
			}
		}
		return all
	case nil, unknown, *function:
	default:
		c.say(arg.at, "a probe is a program, a TraceProgram or a list of them, not %s", describe(v))
	}
	return nil
}

// inProgram is a place in a program, as a place in the script.
func (p program) place(offset int) pos {
	before := p.text[:offset]
	if n := strings.Count(before, "\n"); n > 0 {
		return pos{p.at.line + n, len([]rune(before[strings.LastIndexByte(before, '\n')+1:])) + 1}
	}
	return pos{p.at.line, p.at.col + len([]rune(before))}
}
