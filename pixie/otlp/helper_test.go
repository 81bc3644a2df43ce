package otlp_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie"
	"github.com/kernel-gossip/kernel-gossip/pixie/otlp"
)

// collect checks what holds for every input: of event and error exactly one, and nothing behind a final error.
func collect(t testing.TB, records iter.Seq2[otlp.Record, error]) (events []gossip.Event, points int, errs []error) {
	t.Helper()
	ended := false
	for record, err := range records {
		require.False(t, ended, "a pair behind the final error")
		require.NotEqual(t, record.Event == nil, err == nil)
		if err == nil {
			events, points = append(events, record.Event), points+record.Points
			continue
		}
		errs = append(errs, err)
		var bad *pixie.RecordError
		ended = !errors.As(err, &bad)
	}
	return events, points, errs
}

// outcome returns what became of an input, one line for each record.
func outcome(records iter.Seq2[otlp.Record, error]) string {
	var b strings.Builder
	for record, err := range records {
		if err != nil {
			fmt.Fprintf(&b, "error: %v\n", err)
			continue
		}
		fmt.Fprintf(&b, "points %d: %s\n", record.Points, shown(record.Event))
	}
	return b.String()
}

// shown returns an event as JSON, without the fields that are absent.
func shown(event gossip.Event) string {
	text, err := json.Marshal(event)
	if err != nil {
		return err.Error()
	}
	var fields map[string]any
	in := json.NewDecoder(bytes.NewReader(text))
	in.UseNumber()
	if err := in.Decode(&fields); err != nil {
		return err.Error()
	}
	for name, value := range fields {
		unsaid := value == json.Number("0") && (name == "Period" || name == "CFSPeriod") // another 0 was measured
		if value == nil || value == "" || value == "0s" || value == false || unsaid {
			delete(fields, name)
		}
	}
	text, err = json.Marshal(fields)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// protobuf is a request in protobuf.
func protobuf(t testing.TB, resources ...*metricspb.ResourceMetrics) []byte {
	t.Helper()
	var b []byte
	for _, r := range resources {
		raw, err := proto.Marshal(r)
		require.NoError(t, err)
		b = protowire.AppendTag(b, 1, protowire.BytesType)
		b = protowire.AppendBytes(b, raw)
	}
	return b
}

// jsonRequest is a request as one line of JSON.
func jsonRequest(t testing.TB, resources ...*metricspb.ResourceMetrics) []byte {
	t.Helper()
	var all []json.RawMessage
	for _, r := range resources {
		raw, err := protojson.Marshal(r)
		require.NoError(t, err)
		all = append(all, raw)
	}
	text, err := json.Marshal(map[string]any{"resourceMetrics": all})
	require.NoError(t, err)
	return text
}

// parsed are the ResourceMetrics of a JSON request.
func parsed(t testing.TB, request []byte) []*metricspb.ResourceMetrics {
	t.Helper()
	var all struct {
		ResourceMetrics []json.RawMessage `json:"resourceMetrics"`
	}
	require.NoError(t, json.Unmarshal(request, &all))
	var out []*metricspb.ResourceMetrics
	for _, raw := range all.ResourceMetrics {
		var m metricspb.ResourceMetrics
		require.NoError(t, protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(raw, &m), "%s", raw)
		out = append(out, &m)
	}
	return out
}

func word(key, value string) *commonpb.KeyValue {
	return &commonpb.KeyValue{
		Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: value}},
	}
}

var resourceNames = map[string]string{
	"namespace": "k8s.namespace.name", "pod_name": "k8s.pod.name", "pod_uid": "k8s.pod.uid",
	"container_name": "k8s.container.name",
	"node":           "k8s.node.name", "container_id": "container.id", "source": "kernel_gossip.source",
}

// resourceOf says in OTLP what a record says in JSON: numbers are gauges, texts attributes.
func resourceOf(t testing.TB, record []byte) *metricspb.ResourceMetrics {
	t.Helper()
	var fields map[string]any
	in := json.NewDecoder(bytes.NewReader(record))
	in.UseNumber()
	require.NoError(t, in.Decode(&fields))
	at, err := time.Parse(time.RFC3339Nano, fields["timestamp"].(string))
	require.NoError(t, err)
	out := &metricspb.ResourceMetrics{Resource: &resourcepb.Resource{}, ScopeMetrics: []*metricspb.ScopeMetrics{{}}}
	var around []*commonpb.KeyValue
	if period, ok := fields["period_seconds"].(json.Number); ok {
		around = append(around, word("period_seconds", period.String()))
	}
	for _, name := range []string{"scope", "victim_comm"} {
		if text, ok := fields[name].(string); ok {
			around = append(around, word(name, text))
		}
	}
	for name, value := range fields {
		if text, ok := value.(string); ok && resourceNames[name] != "" {
			out.Resource.Attributes = append(out.Resource.Attributes, word(resourceNames[name], text))
		}
		number, ok := value.(json.Number)
		if !ok || name == "period_seconds" {
			continue
		}
		point := &metricspb.NumberDataPoint{TimeUnixNano: uint64(at.UnixNano()), Attributes: around}
		if n, err := number.Int64(); err == nil {
			point.Value = &metricspb.NumberDataPoint_AsInt{AsInt: n}
		} else {
			x, err := number.Float64()
			require.NoError(t, err)
			point.Value = &metricspb.NumberDataPoint_AsDouble{AsDouble: x}
		}
		out.ScopeMetrics[0].Metrics = append(out.ScopeMetrics[0].Metrics, &metricspb.Metric{
			Name: fmt.Sprintf("kernel_gossip.%s.%s", fields["type"], name),
			Data: &metricspb.Metric_Gauge{Gauge: &metricspb.Gauge{DataPoints: []*metricspb.NumberDataPoint{point}}},
		})
	}
	return out
}

// dribble gives one byte at a time.
type dribble struct{ r io.Reader }

func (d dribble) Read(p []byte) (int, error) { return d.r.Read(p[:min(1, len(p))]) }
