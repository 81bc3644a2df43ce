package otlp

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie"
)

// attributes of a resource, and the fields that they are.
var attributes = map[string]string{
	"k8s.namespace.name":   "namespace",
	"k8s.pod.name":         "pod_name",
	"k8s.pod.uid":          "pod_uid",
	"k8s.container.name":   "container_name",
	"k8s.node.name":        "node",
	"container.id":         "container_id",
	"kernel_gossip.source": "source",
}

// prefix begins the names of our gauges.
const prefix = "kernel_gossip."

// resource is one ResourceMetrics while its event is made. It is used again for the next: the record in it is large,
// and remembers texts.
type resource struct {
	pixie.Record
	kind   string
	newest uint64            // time of a point, Unix nanoseconds
	around map[string]string // attributes of points, by field
}

// event makes an event of a ResourceMetrics. Without points there is none, and no error.
func (r *resource) event(from *metricspb.ResourceMetrics) (made gossip.Event, points int, err error) {
	for _, scope := range from.GetScopeMetrics() {
		for _, m := range scope.GetMetrics() {
			points += count(m)
		}
	}
	if points == 0 {
		return nil, 0, nil
	}
	r.kind, r.newest = "", 0
	clear(r.around)
	if err := r.take(from); err != nil {
		_, _ = r.Event() // leaves an empty record
		return nil, points, err
	}
	made, err = r.Event()
	return made, points, err
}

// take fills the record.
func (r *resource) take(from *metricspb.ResourceMetrics) error {
	for _, scope := range from.GetScopeMetrics() {
		for _, m := range scope.GetMetrics() {
			if err := r.metric(m); err != nil {
				return err
			}
		}
	}
	if r.kind == "" {
		return foreign(from)
	}
	for _, a := range from.GetResource().GetAttributes() {
		if field, ours := attributes[a.GetKey()]; ours {
			text, err := text(a.GetValue())
			if err != nil {
				return fmt.Errorf("%s: %w", a.GetKey(), err)
			}
			r.Text(field, text)
		}
	}
	if r.newest > 0 {
		r.Text("timestamp", time.Unix(int64(r.newest/1e9), int64(r.newest%1e9)).UTC().Format(time.RFC3339Nano)) //nolint:gosec // both fit
	}
	for _, field := range pointAttributes {
		if text := r.around[field]; text != "" {
			r.Text(field, text)
		}
	}
	return nil
}

// foreign says what a ResourceMetrics has that has none of ours.
func foreign(from *metricspb.ResourceMetrics) *ForeignError {
	e := &ForeignError{More: -1}
	for _, scope := range from.GetScopeMetrics() {
		for _, m := range scope.GetMetrics() {
			if count(m) == 0 {
				continue
			}
			if e.More++; e.More == 0 {
				e.Metric, e.Kind, e.Scope = m.GetName(), kindOf(m), scope.GetScope().GetName()
			}
		}
	}
	return e
}

// kindOf says in plain words what kind of metric it is.
func kindOf(m *metricspb.Metric) string {
	switch d := m.GetData().(type) {
	case *metricspb.Metric_Gauge:
		return "gauge"
	case *metricspb.Metric_Sum:
		if d.Sum.GetAggregationTemporality() == metricspb.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE {
			return "cumulative sum"
		}
		return "sum"
	case *metricspb.Metric_Summary:
		return "summary"
	}
	return "histogram"
}

// metric takes a metric, if it is one of ours.
func (r *resource) metric(m *metricspb.Metric) error {
	name, ours := strings.CutPrefix(m.GetName(), prefix)
	if !ours || count(m) == 0 {
		return nil
	}
	kind, field, whole := strings.Cut(name, ".")
	switch {
	case !whole:
		return fmt.Errorf("metric %s: not kernel_gossip.<type>.<field>", quote(m.GetName()))
	case r.kind != "" && r.kind != kind:
		return fmt.Errorf("both %s and %s: a ResourceMetrics is one event", quote(r.kind), quote(kind))
	case m.GetGauge() == nil:
		return fmt.Errorf("metric %s: not a gauge", quote(m.GetName()))
	case count(m) > 1:
		return fmt.Errorf("metric %s: %d points: a ResourceMetrics is one event", quote(m.GetName()), count(m))
	}
	if r.kind == "" {
		r.kind = kind
		r.Text("type", kind)
	}
	p := m.GetGauge().GetDataPoints()[0]
	r.newest = max(r.newest, p.GetTimeUnixNano())
	if p.GetFlags()&uint32(metricspb.DataPointFlags_DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK) == 0 {
		switch v := p.GetValue().(type) {
		case *metricspb.NumberDataPoint_AsInt:
			r.Integer(field, v.AsInt)
		case *metricspb.NumberDataPoint_AsDouble:
			r.Number(field, v.AsDouble)
		}
	}
	return r.surround(p.GetAttributes())
}

// pointAttributes are fields that points have around them.
var pointAttributes = []string{"period_seconds", "scope", "victim_comm"}

// surround takes the attributes of a point, in which all points agree.
func (r *resource) surround(attributes []*commonpb.KeyValue) error {
	for _, a := range attributes {
		if !slices.Contains(pointAttributes, a.GetKey()) {
			continue
		}
		var said string
		var err error
		switch v := a.GetValue().GetValue().(type) {
		case *commonpb.AnyValue_IntValue:
			said = strconv.FormatInt(v.IntValue, 10)
		case *commonpb.AnyValue_DoubleValue:
			if !math.IsNaN(v.DoubleValue) {
				said = strconv.FormatFloat(v.DoubleValue, 'g', -1, 64)
			}
		default:
			said, err = text(a.GetValue())
		}
		before := r.around[a.GetKey()]
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", a.GetKey(), err)
		case said == "":
			continue
		case before != "" && before != said:
			return fmt.Errorf("%s: both %s and %s: a ResourceMetrics is one event", a.GetKey(), quote(before), quote(said))
		}
		if r.around == nil {
			r.around = map[string]string{}
		}
		r.around[a.GetKey()] = said
	}
	return nil
}

// count is the number of points of a metric.
func count(m *metricspb.Metric) int {
	switch d := m.GetData().(type) {
	case *metricspb.Metric_Gauge:
		return len(d.Gauge.GetDataPoints())
	case *metricspb.Metric_Sum:
		return len(d.Sum.GetDataPoints())
	case *metricspb.Metric_Histogram:
		return len(d.Histogram.GetDataPoints())
	case *metricspb.Metric_ExponentialHistogram:
		return len(d.ExponentialHistogram.GetDataPoints())
	case *metricspb.Metric_Summary:
		return len(d.Summary.GetDataPoints())
	}
	return 0
}

// text is the text of an attribute; absent is empty. Pixie sends a text that is not UTF-8 as bytes, which package pixie refuses then.
func text(v *commonpb.AnyValue) (string, error) {
	switch v := v.GetValue().(type) {
	case nil:
		return "", nil
	case *commonpb.AnyValue_StringValue:
		return v.StringValue, nil
	case *commonpb.AnyValue_BytesValue:
		return string(v.BytesValue), nil
	case *commonpb.AnyValue_IntValue, *commonpb.AnyValue_DoubleValue:
		return "", errors.New("string expected, found number")
	case *commonpb.AnyValue_BoolValue:
		return "", errors.New("string expected, found boolean")
	}
	return "", errors.New("string expected, found a list")
}

// show is a name from the input as it is where it is an ordinary one, else in quotes.
func show(name string) string {
	if quoted := quote(name); quoted != `"`+name+`"` || name == "" {
		return quoted
	}
	return name
}

// quote makes a name from the input fit for an error.
func quote(name string) string {
	const most = 96
	if len(name) > most {
		return strconv.Quote(name[:most]) + "…"
	}
	return strconv.Quote(name)
}
