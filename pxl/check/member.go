package check

import (
	"regexp"
	"strings"
)

// typeNames are the types of px, with the type of their columns.
var typeNames = map[string]dataType{
	"Time": time64, "Service": stringType, "Pod": stringType, "Node": stringType, "Namespace": stringType, "Container": stringType,
	"UPID": uint128, "Bytes": int64Type, "DurationNanos": int64Type, "Percent": float64T,
}

// signatures of what is called by name and is no function of columns.
var signatures = map[string]string{
	"px.DataFrame": "table select? start_time? end_time?", "px.display": "out name? cols?", "px.debug": "out name? cols?",
	"px.export": "out export_spec", "px.now": "", "px.minutes": "unit", "px.hours": "unit", "px.seconds": "unit", "px.days": "unit",
	"px.microseconds": "unit", "px.milliseconds": "unit", "px.equals_any": "value comparisons", "px.uint128": "uuid",
	"px.make_upid": "asid pid ts_ns", "px.strptime": "date_string format", "px.format_duration": "duration",
	"px.parse_duration": "duration", "px.parse_time": "time", "px.script_reference": "label script args?", "px.vis.vega": "vega_spec",
	"px.otel.Data": "resource data endpoint?", "px.otel.Endpoint": "url headers? insecure? timeout?",
	"px.otel.metric.Gauge":   "name value description? attributes? unit?",
	"px.otel.metric.Summary": "name count sum quantile_values description? attributes? unit?",
	"px.otel.trace.Span":     "name start_time end_time trace_id? span_id? parent_span_id? attributes? kind?",

	"pxtrace.UpsertTracepoint": "name table_name probe_fn target ttl", "pxtrace.DeleteTracepoint": "name",
	"pxtrace.TraceProgram": "program min_kernel? max_kernel? host_name?", "pxtrace.kprobe": "", "pxtrace.SharedObject": "name upid",
	"pxtrace.PodProcess":    "pod_name container_name? process_name?",
	"pxtrace.LabelSelector": "labels namespace container_name? process_name?", "pxtrace.probe": "fn_name", "pxtrace.ArgExpr": "expr",
	"pxtrace.RetExpr": "expr", "pxtrace.FunctionLatency": "", "pxconfig.set_agent_config": "agent_pod_name key value",
}

// results are the types of what the plain ones of them return.
var results = map[string]dataType{
	"px.now": int64Type, "px.minutes": int64Type, "px.hours": int64Type, "px.seconds": int64Type, "px.days": int64Type,
	"px.microseconds": int64Type, "px.milliseconds": int64Type, "px.equals_any": boolean, "px.uint128": uint128, "px.make_upid": uint128,
	"px.strptime": int64Type, "px.format_duration": stringType, "px.parse_duration": int64Type, "px.parse_time": time64,
	"px.script_reference": stringType,
}

var submodules = set("px.vis px.otel px.otel.metric px.otel.trace px.plugin")

// decorator is what px.vis.vega and pxtrace.probe return.
const decorator = "decorator"

// memberOf finds something in a module.
func (c *checker) memberOf(module string, e attrExpr) value {
	full := module + "." + e.name
	if _, ok := signatures[full]; ok || submodules[full] {
		if full == "px.DataFrame" {
			return typeObject{full, anyType} // both a type and what makes one
		}
		return member{full}
	}
	if v, ok := c.members[full]; ok {
		return v
	}
	_, view := c.pixie.views[e.name]
	switch module {
	case "px":
		if kind, ok := typeNames[e.name]; ok {
			return typeObject{full, kind}
		}
		if c.pixie.isFunction(e.name) {
			return member{full}
		}
	case "px.plugin":
		if pluginTimes[e.name] {
			return argumentExpr(int64Type)
		}
	case "px.otel.trace":
		if spanKinds[e.name] {
			return argumentExpr(int64Type)
		}
	case "pxviews":
		if view {
			return member{full}
		}
	}
	c.say(e.pos, "'%s' object has no attribute '%s'", module, e.name)
	return unknown{}
}

var pluginTimes = set("start_time end_time")

var spanKinds = set("SPAN_KIND_UNSPECIFIED SPAN_KIND_INTERNAL SPAN_KIND_SERVER SPAN_KIND_CLIENT SPAN_KIND_PRODUCER SPAN_KIND_CONSUMER")

// trimModule is the name of a function of px without px.
func trimModule(name string) string { return strings.TrimPrefix(name, "px.") }

func (c *checker) callMember(full string, a arguments) value {
	if parameters, ok := signatures[full]; ok {
		return c.special(full, c.bind(full, parameters, a), a)
	}
	module, short, _ := strings.Cut(full, ".")
	switch {
	case module == "pxviews":
		c.bind(full, strings.Join(c.pixie.views[short], " "), a)
		return &frame{open: true}
	case c.pixie.udfs[short] != nil:
		var values []value
		for _, arg := range a.list {
			if arg.name != "" {
				c.say(arg.at, "%s takes its arguments by their place only", full)
			}
			switch arg.value.(type) {
			case *expr, unknown:
				values = append(values, arg.value)
			default:
				c.say(arg.at, "%s does not take %s", full, describe(arg.value))
				values = append(values, unknown{})
			}
		}
		return c.udf(a.at, short, values)
	case c.pixie.udas[short] != nil:
		c.say(a.at, "%s is an aggregate function: it stands in agg() and is not called", full)
		return unknown{}
	}
	if t, ok := c.pixie.udtfs[short]; ok {
		c.bind(full, strings.Join(t.args, "? ")+"?", a)
		return &frame{columns: t.columns, open: len(t.columns) == 0}
	}
	c.say(a.at, "%s cannot be called", full)
	return unknown{}
}

// special is what is called and is no function of columns.
func (c *checker) special(full string, bound map[string]argument, a arguments) value {
	switch full {
	case "px.DataFrame":
		return c.dataFrame(bound)
	case "px.display", "px.debug":
		c.display(full, bound)
		return none{}
	case "px.export":
		c.export(bound)
		return none{}
	case "px.vis.vega", "pxtrace.probe":
		return member{decorator}
	}
	switch {
	case strings.HasPrefix(full, "px.otel."):
		return c.otel(full, bound, a)
	case strings.HasPrefix(full, "pxtrace."):
		return c.trace(full, bound)
	}
	if full == "px.script_reference" || full == "px.equals_any" {
		return c.make(&expr{at: a.at, fn: full, args: a.parts()})
	}
	return argumentExpr(results[full]) // known to Pixie's compiler, not here
}

// parts are the values of the arguments, and those in lists and dicts.
func (a arguments) parts() []value {
	var all []value
	for _, arg := range a.list {
		switch v := arg.value.(type) {
		case sequence:
			all = append(all, v.items...)
		case dictionary:
			all = append(all, v.values...)
		default:
			all = append(all, v)
		}
	}
	return all
}

// timeText is how the start and end of a frame are written.
var timeText = regexp.MustCompile(`^(-?[0-9]+(ms|m|s|h|d)|[0-9]{4}-[0-9]{2}-[0-9]{2} .*)$`)

func (c *checker) dataFrame(bound map[string]argument) value {
	for _, n := range []string{"start_time", "end_time"} {
		if s, ok := literalText(bound[n].value); ok && !timeText.MatchString(s) {
			c.say(bound[n].at, "%s is no time: write -5m, or 2026-01-02 15:04:05.00 +0000", quote(s))
		}
	}
	table := bound["table"]
	name, ok := literalText(table.value)
	if !ok {
		switch v := table.value.(type) {
		case nil:
		default:
			if !mayBe(v, stringType) {
				c.say(table.at, "the table is named by a literal text, not by %s", describe(v))
			}
		}
		return &frame{open: true}
	}
	f := &frame{columns: c.pixie.tables[name]}
	if f.columns == nil {
		if f = c.tables[name]; f == nil {
			c.say(table.at, "Table '%s' not found.", name)
			return &frame{open: true}
		}
	}
	f = f.derive()
	if sel, ok := bound["select"]; ok {
		items := []value{sel.value}
		if s, list := sel.value.(sequence); list {
			items = s.items
		}
		if len(items) > 0 {
			f = c.keep(f, sequence{items: items}, sel.at)
			f.gaps = nil // nothing joins a table with assignments
		}
	}
	return f
}

// display is px.display or px.debug.
func (c *checker) display(full string, bound map[string]argument) {
	c.sinks++
	name := "output"
	if v, ok := bound["name"]; ok {
		if e, isExpr := v.value.(*expr); isExpr && e.kind != stringType && e.kind != anyType {
			c.say(v.at, "the name of a table is a text, not %s", describe(e))
		}
		name, _ = literalText(v.value)
	}
	if full == "px.debug" {
		name = "_" + name
	}
	if f := c.sink(full, bound["out"]); f != nil {
		c.displayed(f)
		c.report.Displays = append(c.report.Displays, f.table(name))
	}
}

// displayed notes that rows are shown: by px.display, or by a vis.json that calls the function that returns them.
func (c *checker) displayed(v value) {
	switch v := v.(type) {
	case *frame:
		for _, l := range v.late {
			l.displayed = true
		}
	case sequence:
		for _, item := range v.items {
			c.displayed(item)
		}
	}
}

// sink is the frame that goes to a sink; nil when it is none that can be known.
func (c *checker) sink(full string, out argument) *frame {
	switch f := out.value.(type) {
	case *frame:
		if f.grouped {
			c.say(out.at, "groupby() must be followed by agg()")
		}
		f.uses++
		return f
	case nil, unknown:
	default:
		c.say(out.at, "%s takes a DataFrame, not %s", full, describe(f))
	}
	return nil
}
