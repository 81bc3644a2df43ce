package check

import (
	"regexp"
	"slices"

	"github.com/kernel-gossip/kernel-gossip/pxl/check/internal/quote"
	"github.com/kernel-gossip/kernel-gossip/pxl/check/syntax"
)

// metricNamePattern matches the names that px.otel accepts for metrics.
var metricNamePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]*$`)

// makeOTel makes the objects that px.export sends.
func (c *checker) makeOTel(full string, bound map[string]argument, a arguments) value {
	var made exporter
	switch full {
	case "px.otel.Data":
		return c.makeOTelData(bound)
	case "px.otel.Endpoint":
		c.checkEndpoint(bound)
		return none{}
	case "px.otel.metric.Gauge":
		made.metrics = true
		c.addMeasured(&made, bound["value"], int64Type, float64Type)
		if bound["unit"].value == nil && len(made.reads) > 0 {
			made.reads[0].bare = a.at
		}
	case "px.otel.metric.Summary":
		made.metrics = true
		c.addMeasured(&made, bound["count"], int64Type)
		c.addMeasured(&made, bound["sum"], float64Type)
		c.addQuantiles(&made, bound["quantile_values"])
	case "px.otel.trace.Span":
		c.addMeasured(&made, bound["start_time"], timeType)
		c.addMeasured(&made, bound["end_time"], timeType)
		for _, n := range []string{"trace_id", "span_id", "parent_span_id"} {
			if _, isNone := bound[n].value.(none); bound[n].value != nil && !isNone {
				c.addMeasured(&made, bound[n], stringType)
			}
		}
	}
	if n, ok := literalText(bound["name"].value); ok && made.metrics && !metricNamePattern.MatchString(n) {
		c.addProblem(bound["name"].at, "metric name %s does not match %s", quote.Text(n), metricNamePattern)
	}
	c.addAttributes(&made, bound["attributes"], made.metrics)
	return signal{made}
}

// exportedColumn is a column that is exported: of the frame in px.export, whichever frame it was written with.
type exportedColumn struct {
	at       syntax.Pos
	expr     *expr
	kinds    []dataType // the types that it may have
	bare     syntax.Pos // place of the gauge, if that has no unit
	exported bool
}

// addMeasured adds an argument that must be a plain column of one of the types.
func (c *checker) addMeasured(made *exporter, arg argument, kinds ...dataType) {
	e, ok := arg.value.(*expr)
	switch {
	case arg.value == nil, arg.value == value(unknown{}):
	case !ok:
		c.addProblem(arg.at, "expected a column, got %s", describeValue(arg.value))
	case e.column == "" && !e.argument:
		c.addProblem(arg.at, "expected a column, got an expression: assign it to a column first")
	default:
		e.markUsed()
		r := &exportedColumn{at: arg.at, expr: e, kinds: kinds}
		c.exports = append(c.exports, r)
		made.reads = append(made.reads, r)
	}
}

// checkExported checks a column in the frame that is exported, or without one in the frame that it was written with.
func (c *checker) checkExported(r *exportedColumn, f *frame) {
	m := c.resolveExpression(r.expr, f, r.at)
	if m.isPercent && r.bare.Line > 0 {
		c.addWarning(r.bare, "without unit a ratio is sent as '/ns': give unit='1'")
	}
	if m.kind != anyType && !slices.Contains(r.kinds, m.kind) {
		c.addProblem(r.at, "expected a column of type %v, got %s", r.kinds, m.kind)
	}
}

// addQuantiles reads {0.99: df.p99}.
func (c *checker) addQuantiles(made *exporter, arg argument) {
	d, ok := arg.value.(dictionary)
	if !ok {
		return
	}
	if len(d.keys) == 0 {
		c.addProblem(arg.at, "a summary has at least one quantile")
	}
	for i, k := range d.keys {
		if e, ok := k.(*expr); ok && e.kind != float64Type && e.kind != anyType {
			c.addProblem(d.at[i], "a quantile is a FLOAT64, not %s", e.kind)
		}
		c.addMeasured(made, argument{at: d.at[i], value: d.values[i]}, float64Type)
	}
}

// addAttributes reads {'name': df.column}, or a literal text if literals are accepted.
func (c *checker) addAttributes(made *exporter, arg argument, literals bool) map[string]bool {
	names := map[string]bool{}
	d, ok := arg.value.(dictionary)
	if !ok {
		if _, u := arg.value.(unknown); !u && arg.value != nil {
			c.addProblem(arg.at, "attributes are a dict, not %s", describeValue(arg.value))
		}
		return names
	}
	for i, k := range d.keys {
		n, ok := literalText(k)
		switch {
		case ok:
			names[n] = true
		case mayBe(k, stringType):
			names["service.name"] = true // perhaps
		default:
			c.addProblem(d.at[i], "an attribute is named by a text, not by %s", describeValue(k))
		}
		if _, text := literalText(d.values[i]); text {
			if !literals {
				c.addProblem(d.at[i], "an attribute of a span is a column, not a literal")
			}
			continue
		}
		c.addMeasured(made, argument{at: d.at[i], value: d.values[i]}, stringType, int64Type, float64Type, boolType)
	}
	return names
}

func (c *checker) makeOTelData(bound map[string]argument) value {
	var made exporter
	resource := bound["resource"]
	if _, u := resource.value.(unknown); !u {
		names := c.addAttributes(&made, resource, true)
		if resource.value != nil && !names["service.name"] {
			c.addProblem(resource.at, "resource has no 'service.name'")
		}
	}
	switch d := bound["data"].value.(type) {
	case sequence:
		if len(d.items) == 0 {
			c.addProblem(bound["data"].at, "data holds at least one metric or span")
		}
		for _, item := range d.items {
			switch s := item.(type) {
			case signal:
				made.metrics = made.metrics || s.metrics
				made.reads = append(made.reads, s.reads...)
			case unknown:
			default:
				c.addProblem(bound["data"].at, "data holds metrics and spans, not %s", describeValue(item))
			}
		}
	case nil, unknown:
	default:
		c.addProblem(bound["data"].at, "data is a list, not %s", describeValue(d))
	}
	return made
}

func (c *checker) checkEndpoint(bound map[string]argument) {
	if d, ok := bound["headers"].value.(dictionary); ok {
		for i, v := range d.values {
			if _, text := literalText(v); !text && !mayBe(v, stringType) {
				c.addProblem(d.at[i], "a header is a literal text, not %s", describeValue(v))
			}
		}
	}
	for n, kind := range map[string]dataType{"url": stringType, "insecure": boolType, "timeout": int64Type} {
		if e, ok := bound[n].value.(*expr); ok && e.kind != kind && e.kind != anyType {
			c.addProblem(bound[n].at, "%s is %s, not %s", n, kind, e.kind)
		}
	}
}

// checkExport is px.export: the frame must have the columns that are read, and metrics need a time.
func (c *checker) checkExport(bound map[string]argument) {
	c.sinks++
	f := c.sinkFrame("px.export", bound["out"])
	spec, ok := bound["export_spec"].value.(exporter)
	if !ok {
		if v := bound["export_spec"].value; v != nil && v != value(unknown{}) {
			c.addProblem(bound["export_spec"].at, "px.export takes px.otel.Data, not %s", describeValue(v))
		}
		return
	}
	for _, r := range spec.reads {
		r.exported = true
	}
	if f == nil {
		return
	}
	for _, l := range f.lateCalls {
		l.exported = true
	}
	c.report.Exports = append(c.report.Exports, f.makeTable(""))
	for _, r := range spec.reads {
		c.checkExported(r, f)
	}
	if !spec.metrics {
		return
	}
	if t, ok := f.findColumn("time_"); !ok {
		c.addProblem(bound["out"].at, "metrics need a column time_: carry it through agg with time_=('time_', px.max)")
	} else if t.kind != timeType && t.kind != anyType {
		c.addProblem(bound["out"].at, "time_ is %s, not TIME64NS", t.kind)
	}
}
