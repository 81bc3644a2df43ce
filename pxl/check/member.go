package check

import (
	"regexp"
	"slices"
	"strings"

	"github.com/kernel-gossip/kernel-gossip/pxl/check/internal/quote"
	"github.com/kernel-gossip/kernel-gossip/pxl/check/syntax"
)

// typeNames are the types of px, with the types of their columns.
var typeNames = map[string]dataType{
	"Time": timeType, "Service": stringType, "Pod": stringType, "Node": stringType, "Namespace": stringType,
	"Container": stringType, "UPID": uint128Type, "Bytes": int64Type, "DurationNanos": int64Type, "Percent": float64Type,
}

// signatures are the parameters of everything that is called by name and is not a function of columns.
var signatures = map[string]string{
	"px.DataFrame": "table select? start_time? end_time?", "px.display": "out name? cols?", "px.debug": "out name? cols?",
	"px.export": "out export_spec", "px.now": "",
	"px.minutes": "unit", "px.hours": "unit", "px.seconds": "unit", "px.days": "unit",
	"px.microseconds": "unit", "px.milliseconds": "unit", "px.equals_any": "value comparisons", "px.uint128": "uuid",
	"px.make_upid": "asid pid ts_ns", "px.strptime": "date_string format", "px.format_duration": "duration",
	"px.parse_duration": "duration", "px.parse_time": "time", "px.script_reference": "label script args?",
	"px.vis.vega":  "vega_spec",
	"px.otel.Data": "resource data endpoint?", "px.otel.Endpoint": "url headers? insecure? timeout?",
	"px.otel.metric.Gauge":   "name value description? attributes? unit?",
	"px.otel.metric.Summary": "name count sum quantile_values description? attributes? unit?",
	"px.otel.trace.Span":     "name start_time end_time trace_id? span_id? parent_span_id? attributes? kind?",

	"pxtrace.UpsertTracepoint": "name table_name probe_fn target ttl", "pxtrace.DeleteTracepoint": "name",
	"pxtrace.TraceProgram": "program min_kernel? max_kernel? host_name?",
	"pxtrace.kprobe":       "", "pxtrace.SharedObject": "name upid",
	"pxtrace.PodProcess":    "pod_name container_name? process_name?",
	"pxtrace.LabelSelector": "labels namespace container_name? process_name?",
	"pxtrace.probe":         "fn_name", "pxtrace.ArgExpr": "expr",
	"pxtrace.RetExpr": "expr", "pxtrace.FunctionLatency": "", "pxconfig.set_agent_config": "agent_pod_name key value",
}

// results are the types that the plain ones of them return.
var results = map[string]dataType{
	"px.now": int64Type, "px.minutes": int64Type, "px.hours": int64Type, "px.seconds": int64Type, "px.days": int64Type,
	"px.microseconds": int64Type, "px.milliseconds": int64Type, "px.equals_any": boolType,
	"px.uint128": uint128Type, "px.make_upid": uint128Type,
	"px.strptime": int64Type, "px.format_duration": stringType, "px.parse_duration": int64Type, "px.parse_time": timeType,
	"px.script_reference": stringType,
}

var submodules = strings.Fields("px.vis px.otel px.otel.metric px.otel.trace px.plugin")

// decorator is the name of what px.vis.vega and pxtrace.probe return.
const decorator = "decorator"

// evalMember returns a member of a module.
func (c *checker) evalMember(module string, e syntax.AttributeExpr) value {
	full := module + "." + e.Name
	if _, ok := signatures[full]; ok || slices.Contains(submodules, full) {
		if full == "px.DataFrame" {
			return typeObject{full, anyType} // a type that can also be called
		}
		return member{full}
	}
	if v, ok := c.members[full]; ok {
		return v
	}
	_, view := c.pixie.views[e.Name]
	switch module {
	case "px":
		if kind, ok := typeNames[e.Name]; ok {
			return typeObject{full, kind}
		}
		if c.pixie.isFunction(e.Name) {
			return member{full}
		}
	case "px.plugin":
		if slices.Contains(pluginTimes, e.Name) {
			return argumentExpr(int64Type)
		}
	case "px.otel.trace":
		if slices.Contains(spanKinds, e.Name) {
			return argumentExpr(int64Type)
		}
	case "pxviews":
		if view {
			return member{full}
		}
	}
	c.addProblem(e.Pos, "'%s' object has no attribute '%s'", module, e.Name)
	return unknown{}
}

var pluginTimes = strings.Fields("start_time end_time")

var spanKinds = strings.Fields("SPAN_KIND_UNSPECIFIED SPAN_KIND_INTERNAL SPAN_KIND_SERVER SPAN_KIND_CLIENT " +
	"SPAN_KIND_PRODUCER SPAN_KIND_CONSUMER")

// trimModule returns the name of a function of px without "px.".
func trimModule(name string) string { return strings.TrimPrefix(name, "px.") }

func (c *checker) callMember(full string, a arguments) value {
	if parameters, ok := signatures[full]; ok {
		return c.callSpecial(full, c.bindArguments(full, parameters, a), a)
	}
	module, short, _ := strings.Cut(full, ".")
	switch {
	case module == "pxviews":
		c.bindArguments(full, strings.Join(c.pixie.views[short], " "), a)
		return &frame{mayHaveMore: true}
	case c.pixie.udfs[short] != nil:
		var values []value
		for _, arg := range a.list {
			if arg.name != "" {
				c.addProblem(arg.at, "%s takes its arguments by their place only", full)
			}
			switch arg.value.(type) {
			case *expr, unknown:
				values = append(values, arg.value)
			default:
				c.addProblem(arg.at, "%s does not take %s", full, describeValue(arg.value))
				values = append(values, unknown{})
			}
		}
		return c.applyUDF(a.at, short, values)
	case c.pixie.udas[short] != nil:
		c.addProblem(a.at, "%s is an aggregate function: it belongs into agg() and is not called", full)
		return unknown{}
	}
	if t, ok := c.pixie.udtfs[short]; ok {
		c.bindArguments(full, strings.Join(t.args, "? ")+"?", a)
		return &frame{columns: t.columns, mayHaveMore: len(t.columns) == 0}
	}
	c.addProblem(a.at, "%s cannot be called", full)
	return unknown{}
}

// callSpecial calls what is not a function of columns.
func (c *checker) callSpecial(full string, bound map[string]argument, a arguments) value {
	switch full {
	case "px.DataFrame":
		return c.makeDataFrame(bound)
	case "px.display", "px.debug":
		c.checkDisplay(full, bound)
		return none{}
	case "px.export":
		c.checkExport(bound)
		return none{}
	case "px.vis.vega", "pxtrace.probe":
		return member{decorator}
	}
	switch {
	case strings.HasPrefix(full, "px.otel."):
		return c.makeOTel(full, bound, a)
	case strings.HasPrefix(full, "pxtrace."):
		return c.evalTrace(full, bound)
	}
	if full == "px.script_reference" || full == "px.equals_any" {
		return c.completeExpression(&expr{at: a.at, fn: full, args: a.partValues()})
	}
	return argumentExpr(results[full]) // Pixie's compiler knows the value
}

// partValues returns the values of the arguments, also the values in lists and dicts.
func (a arguments) partValues() []value {
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

// timePattern matches the start and the end of a frame.
var timePattern = regexp.MustCompile(`^(-?[0-9]+(ms|m|s|h|d)|[0-9]{4}-[0-9]{2}-[0-9]{2} .*)$`)

func (c *checker) makeDataFrame(bound map[string]argument) value {
	for _, n := range []string{"start_time", "end_time"} {
		if s, ok := literalText(bound[n].value); ok && !timePattern.MatchString(s) {
			c.addProblem(bound[n].at, "%s is no time: write -5m, or 2026-01-02 15:04:05.00 +0000", quote.Text(s))
		}
	}
	table := bound["table"]
	name, ok := literalText(table.value)
	if !ok {
		switch v := table.value.(type) {
		case nil:
		default:
			if !mayBe(v, stringType) {
				c.addProblem(table.at, "the table is named by a literal text, not by %s", describeValue(v))
			}
		}
		return &frame{mayHaveMore: true}
	}
	f := &frame{columns: c.pixie.tables[name]}
	if f.columns == nil {
		if f = c.tables[name]; f == nil {
			c.addProblem(table.at, "Table '%s' not found.", name)
			return &frame{mayHaveMore: true}
		}
	}
	f = f.deriveFrame()
	if sel, ok := bound["select"]; ok {
		items := []value{sel.value}
		if s, list := sel.value.(sequence); list {
			items = s.items
		}
		if len(items) > 0 {
			f = c.keepColumns(f, sequence{items: items}, sel.at)
			f.missing = nil // assignments do not fill columns of a table
		}
	}
	return f
}

// checkDisplay is px.display or px.debug.
func (c *checker) checkDisplay(full string, bound map[string]argument) {
	c.sinks++
	name := "output"
	if v, ok := bound["name"]; ok {
		if e, isExpr := v.value.(*expr); isExpr && e.kind != stringType && e.kind != anyType {
			c.addProblem(v.at, "the name of a table is a text, not %s", describeValue(e))
		}
		name, _ = literalText(v.value)
	}
	if full == "px.debug" {
		name = "_" + name
	}
	if f := c.sinkFrame(full, bound["out"]); f != nil {
		c.markDisplayed(f)
		c.report.Displays = append(c.report.Displays, f.makeTable(name))
	}
}

// markDisplayed records that rows are shown: by px.display, or by a vis.json that calls the function that returns them.
func (c *checker) markDisplayed(v value) {
	switch v := v.(type) {
	case *frame:
		for _, l := range v.lateCalls {
			l.displayed = true
		}
	case sequence:
		for _, item := range v.items {
			c.markDisplayed(item)
		}
	}
}

// sinkFrame returns the frame that goes to a sink; nil if it is not known.
func (c *checker) sinkFrame(full string, out argument) *frame {
	switch f := out.value.(type) {
	case *frame:
		if f.isGrouped {
			c.addProblem(out.at, "groupby() must be followed by agg()")
		}
		f.uses++
		return f
	case nil, unknown:
	default:
		c.addProblem(out.at, "%s takes a DataFrame, not %s", full, describeValue(f))
	}
	return nil
}
