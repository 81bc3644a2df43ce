package check

import (
	"regexp"
	"slices"
)

// metricName is what px.otel takes for the name of a metric.
var metricName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]*$`)

// otel makes the objects that px.export sends.
func (c *checker) otel(full string, bound map[string]argument, a arguments) value {
	var made exporter
	switch full {
	case "px.otel.Data":
		return c.otelData(bound)
	case "px.otel.Endpoint":
		c.endpoint(bound)
		return none{}
	case "px.otel.metric.Gauge":
		made.metrics = true
		c.measured(&made, bound["value"], int64Type, float64T)
		if bound["unit"].value == nil && len(made.reads) > 0 {
			made.reads[0].bare = a.at
		}
	case "px.otel.metric.Summary":
		made.metrics = true
		c.measured(&made, bound["count"], int64Type)
		c.measured(&made, bound["sum"], float64T)
		c.quantiles(&made, bound["quantile_values"])
	case "px.otel.trace.Span":
		c.measured(&made, bound["start_time"], time64)
		c.measured(&made, bound["end_time"], time64)
		for _, n := range []string{"trace_id", "span_id", "parent_span_id"} {
			if _, isNone := bound[n].value.(none); bound[n].value != nil && !isNone {
				c.measured(&made, bound[n], stringType)
			}
		}
	}
	if n, ok := literalText(bound["name"].value); ok && made.metrics && !metricName.MatchString(n) {
		c.say(bound["name"].at, "metric name %s does not match %s", quote(n), metricName)
	}
	c.attributes(&made, bound["attributes"], made.metrics)
	return signal{made}
}

// read is a column that is exported: of the frame that is given to px.export, whatever frame it was written with.
type read struct {
	at       pos
	expr     *expr
	kinds    []dataType // one of which it must be
	bare     pos        // of a gauge without a unit
	exported bool
}

// measured is an argument that must be a plain column of one of the types.
func (c *checker) measured(made *exporter, arg argument, kinds ...dataType) {
	e, ok := arg.value.(*expr)
	switch {
	case arg.value == nil, arg.value == value(unknown{}):
	case !ok:
		c.say(arg.at, "expected a column, got %s", describe(arg.value))
	case e.column == "" && !e.argument:
		c.say(arg.at, "expected a column, got an expression: assign it to a column first")
	default:
		e.use()
		r := &read{at: arg.at, expr: e, kinds: kinds}
		c.reads = append(c.reads, r)
		made.reads = append(made.reads, r)
	}
}

// read checks a column of the frame that is exported; without one, of the frame that it was written with.
func (c *checker) read(r *read, f *frame) {
	m := c.resolve(r.expr, f, r.at)
	if m.percent && r.bare.line > 0 {
		c.warn(r.bare, "without unit a ratio is sent as '/ns': give unit='1'")
	}
	if m.kind != anyType && !slices.Contains(r.kinds, m.kind) {
		c.say(r.at, "expected a column of type %v, got %s", r.kinds, m.kind)
	}
}

// quantiles are {0.99: df.p99}.
func (c *checker) quantiles(made *exporter, arg argument) {
	d, ok := arg.value.(dictionary)
	if !ok {
		return
	}
	if len(d.keys) == 0 {
		c.say(arg.at, "a summary has at least one quantile")
	}
	for i, k := range d.keys {
		if e, ok := k.(*expr); ok && e.kind != float64T && e.kind != anyType {
			c.say(d.at[i], "a quantile is a FLOAT64, not %s", e.kind)
		}
		c.measured(made, argument{at: d.at[i], value: d.values[i]}, float64T)
	}
}

// attributes are {'name': df.column}, or a literal text where that is taken.
func (c *checker) attributes(made *exporter, arg argument, literals bool) map[string]bool {
	names := map[string]bool{}
	d, ok := arg.value.(dictionary)
	if !ok {
		if _, u := arg.value.(unknown); !u && arg.value != nil {
			c.say(arg.at, "attributes are a dict, not %s", describe(arg.value))
		}
		return names
	}
	for i, k := range d.keys {
		n, ok := literalText(k)
		switch {
		case ok:
			names[n] = true
		case mayBe(k, stringType):
			names["service.name"] = true // it may be that
		default:
			c.say(d.at[i], "an attribute is named by a text, not by %s", describe(k))
		}
		if _, text := literalText(d.values[i]); text {
			if !literals {
				c.say(d.at[i], "an attribute of a span is a column, not a literal")
			}
			continue
		}
		c.measured(made, argument{at: d.at[i], value: d.values[i]}, stringType, int64Type, float64T, boolean)
	}
	return names
}

func (c *checker) otelData(bound map[string]argument) value {
	var made exporter
	if _, u := bound["resource"].value.(unknown); !u && !c.attributes(&made, bound["resource"], true)["service.name"] && bound["resource"].value != nil {
		c.say(bound["resource"].at, "resource has no 'service.name'")
	}
	switch d := bound["data"].value.(type) {
	case sequence:
		if len(d.items) == 0 {
			c.say(bound["data"].at, "data holds at least one metric or span")
		}
		for _, item := range d.items {
			switch s := item.(type) {
			case signal:
				made.metrics = made.metrics || s.metrics
				made.reads = append(made.reads, s.reads...)
			case unknown:
			default:
				c.say(bound["data"].at, "data holds metrics and spans, not %s", describe(item))
			}
		}
	case nil, unknown:
	default:
		c.say(bound["data"].at, "data is a list, not %s", describe(d))
	}
	return made
}

func (c *checker) endpoint(bound map[string]argument) {
	if d, ok := bound["headers"].value.(dictionary); ok {
		for i, v := range d.values {
			if _, text := literalText(v); !text && !mayBe(v, stringType) {
				c.say(d.at[i], "a header is a literal text, not %s", describe(v))
			}
		}
	}
	for n, kind := range map[string]dataType{"url": stringType, "insecure": boolean, "timeout": int64Type} {
		if e, ok := bound[n].value.(*expr); ok && e.kind != kind && e.kind != anyType {
			c.say(bound[n].at, "%s is %s, not %s", n, kind, e.kind)
		}
	}
}

// export is px.export: what it reads must be in the frame, and metrics need a time.
func (c *checker) export(bound map[string]argument) {
	c.sinks++
	f := c.sink("px.export", bound["out"])
	spec, ok := bound["export_spec"].value.(exporter)
	if !ok {
		if v := bound["export_spec"].value; v != nil && v != value(unknown{}) {
			c.say(bound["export_spec"].at, "px.export takes px.otel.Data, not %s", describe(v))
		}
		return
	}
	for _, r := range spec.reads {
		r.exported = true
	}
	if f == nil {
		return
	}
	for _, l := range f.late {
		l.exported = true
	}
	c.report.Exports = append(c.report.Exports, f.table(""))
	for _, r := range spec.reads {
		c.read(r, f)
	}
	if !spec.metrics {
		return
	}
	if t, ok := f.find("time_"); !ok {
		c.say(bound["out"].at, "metrics need a column time_: carry it through agg with time_=('time_', px.max)")
	} else if t.kind != time64 && t.kind != anyType {
		c.say(bound["out"].at, "time_ is %s, not TIME64NS", t.kind)
	}
}
