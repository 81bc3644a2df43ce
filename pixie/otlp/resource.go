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

// attributes are the attributes of a resource, with the fields that they become.
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

// resource is one ResourceMetrics while its event is made. It is reused for the next one: the record in it is large,
// and keeps texts.
type resource struct {
	pixie.Record
	kind       string
	newest     uint64            // time of a point, Unix nanoseconds
	pointTexts map[string]string // attributes of points, by field
}

// event returns the event of a ResourceMetrics. Without points there is none, and no error.
func (r *resource) event(from *metricspb.ResourceMetrics) (made gossip.Event, points int, err error) {
	for _, scope := range from.GetScopeMetrics() {
		for _, m := range scope.GetMetrics() {
			points += countPoints(m)
		}
	}
	if points == 0 {
		return nil, 0, nil
	}
	r.kind, r.newest = "", 0
	clear(r.pointTexts)
	if err := r.fillRecord(from); err != nil {
		_, _ = r.Event() // leaves an empty record
		return nil, points, err
	}
	made, err = r.Event()
	return made, points, err
}

// fillRecord sets the fields of the record.
func (r *resource) fillRecord(from *metricspb.ResourceMetrics) error {
	for _, scope := range from.GetScopeMetrics() {
		for _, m := range scope.GetMetrics() {
			if err := r.addMetric(m); err != nil {
				return err
			}
		}
	}
	if r.kind == "" {
		return foreignError(from)
	}
	for _, a := range from.GetResource().GetAttributes() {
		if field, ours := attributes[a.GetKey()]; ours {
			text, err := attributeText(a.GetValue())
			if err != nil {
				return fmt.Errorf("%s: %w", a.GetKey(), err)
			}
			r.Text(field, text)
		}
	}
	if r.newest > 0 {
		newest := time.Unix(int64(r.newest/1e9), int64(r.newest%1e9)) //nolint:gosec // both fit
		r.Text("timestamp", newest.UTC().Format(time.RFC3339Nano))
	}
	for _, field := range pointAttributes {
		if text := r.pointTexts[field]; text != "" {
			r.Text(field, text)
		}
	}
	return nil
}

// foreignError describes a ResourceMetrics without metrics of ours.
func foreignError(from *metricspb.ResourceMetrics) *ForeignError {
	e := &ForeignError{More: -1}
	for _, scope := range from.GetScopeMetrics() {
		for _, m := range scope.GetMetrics() {
			if countPoints(m) == 0 {
				continue
			}
			if e.More++; e.More == 0 {
				e.Metric, e.Kind, e.Scope = m.GetName(), kindOf(m), scope.GetScope().GetName()
			}
		}
	}
	return e
}

// kindOf returns the kind of a metric in plain words.
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

// addMetric sets the field of a metric, if it is one of ours.
func (r *resource) addMetric(m *metricspb.Metric) error {
	name, ours := strings.CutPrefix(m.GetName(), prefix)
	if !ours || countPoints(m) == 0 {
		return nil
	}
	kind, field, whole := strings.Cut(name, ".")
	switch {
	case !whole:
		return fmt.Errorf("metric %s: not kernel_gossip.<type>.<field>", quoteName(m.GetName()))
	case r.kind != "" && r.kind != kind:
		return fmt.Errorf("both %s and %s: a ResourceMetrics is one event", quoteName(r.kind), quoteName(kind))
	case m.GetGauge() == nil:
		return fmt.Errorf("metric %s: not a gauge", quoteName(m.GetName()))
	case countPoints(m) > 1:
		return fmt.Errorf("metric %s: %d points: a ResourceMetrics is one event", quoteName(m.GetName()), countPoints(m))
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
	return r.addPointAttributes(p.GetAttributes())
}

// pointAttributes are the fields that points have as attributes.
var pointAttributes = []string{"period_seconds", "scope", "victim_comm"}

// addPointAttributes notes the attributes of a point. All points must agree in them.
func (r *resource) addPointAttributes(attributes []*commonpb.KeyValue) error {
	for _, a := range attributes {
		if !slices.Contains(pointAttributes, a.GetKey()) {
			continue
		}
		var text string
		var err error
		switch v := a.GetValue().GetValue().(type) {
		case *commonpb.AnyValue_IntValue:
			text = strconv.FormatInt(v.IntValue, 10)
		case *commonpb.AnyValue_DoubleValue:
			if !math.IsNaN(v.DoubleValue) {
				text = strconv.FormatFloat(v.DoubleValue, 'g', -1, 64)
			}
		default:
			text, err = attributeText(a.GetValue())
		}
		before := r.pointTexts[a.GetKey()]
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", a.GetKey(), err)
		case text == "":
			continue
		case before != "" && before != text:
			return fmt.Errorf("%s: both %s and %s: a ResourceMetrics is one event",
				a.GetKey(), quoteName(before), quoteName(text))
		}
		if r.pointTexts == nil {
			r.pointTexts = map[string]string{}
		}
		r.pointTexts[a.GetKey()] = text
	}
	return nil
}

// countPoints returns the number of points of a metric.
func countPoints(m *metricspb.Metric) int {
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

// attributeText returns the text of an attribute; an absent one is empty. Pixie sends a text that is not UTF-8 as
// bytes, which package pixie then refuses.
func attributeText(v *commonpb.AnyValue) (string, error) {
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

// showName returns an ordinary name of the input as it is, and any other in quotes.
func showName(name string) string {
	if quoted := quoteName(name); quoted != `"`+name+`"` || name == "" {
		return quoted
	}
	return name
}

// quoteName makes a name of the input fit for an error.
func quoteName(name string) string {
	const most = 96
	if len(name) > most {
		return strconv.Quote(name[:most]) + "…"
	}
	return strconv.Quote(name)
}
