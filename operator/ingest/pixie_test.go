package ingest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
	"github.com/kernel-gossip/kernel-gossip/pixie"
	"github.com/kernel-gossip/kernel-gossip/pxl"
)

// The export form of each script gives the same events as its display form: the rows of replay's corpus, sent as
// Pixie's sink sends them, are decoded to the events of the rows.
func TestPixieExportsGiveTheEventsOfTheirRows(t *testing.T) {
	for _, name := range pxl.Names() {
		t.Run(name, func(t *testing.T) {
			archive, err := txtar.ParseFile(filepath.Join("..", "..", "replay", "testdata", "px_run_"+name+".txtar"))
			require.NoError(t, err)
			rows := archive.Files[0].Data
			var want []gossip.Event
			for event, err := range pixie.Decode(bytes.NewReader(rows)) {
				require.NoError(t, err)
				want = append(want, event)
			}
			export, err := pxl.Render(name, pxl.Export, pxl.Params{})
			require.NoError(t, err)
			sinks := sinksOf(t, name, export)

			var got []gossip.Event
			door := serveGRPC(t, ingest.New(ingest.Options{
				Auth: &knows{},
				Take: func(_ context.Context, events []gossip.Event) (ingest.Outcome, error) {
					got = append(got, events...)
					return ingest.Outcome{}, nil
				},
			}))
			for line := range bytes.Lines(rows) {
				var row map[string]any
				in := json.NewDecoder(bytes.NewReader(line))
				in.UseNumber()
				require.NoError(t, in.Decode(&row))
				table := row["_tableName_"].(string)
				request := requestOf(sinks[table].send(t, row))
				require.Empty(t, overGRPCAs(t, door, word, request))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("events (-of the rows +of what is sent)\n%s", diff)
			}
		})
	}
}

// pixieSink is a px.export of a script: the exported attributes and metrics, each by the name of its column.
type pixieSink struct {
	table    pxl.Table
	resource [][2]string // attribute, column
	gauges   []pixieGauge
}

type pixieGauge struct {
	name, column string
	attributes   [][2]string
}

var (
	exportCall = regexp.MustCompile(`(?ms)^px\.export\(.*?^\)\)$`)
	pairOf     = regexp.MustCompile(`'([\w.]+)': \w+\.(\w+)`)
	gaugeLine  = regexp.MustCompile(`(?m)^        px\.otel\.metric\.Gauge\(name='([\w.]+)', value=\w+\.(\w+), (.*)\),$`)
)

// sinksOf reads the exports of a script by table; they are in the order of its tables.
func sinksOf(t *testing.T, name, export string) map[string]pixieSink {
	t.Helper()
	tables, calls := pxl.Tables(name), exportCall.FindAllString(export, -1)
	require.Len(t, calls, len(tables))
	sinks := map[string]pixieSink{}
	for i, call := range calls {
		resource, data, found := strings.Cut(call, "data=[")
		require.True(t, found)
		s := pixieSink{table: tables[i], resource: pairs(resource)}
		for _, m := range gaugeLine.FindAllStringSubmatch(data, -1) {
			s.gauges = append(s.gauges, pixieGauge{m[1], m[2], pairs(m[3])})
		}
		require.Len(t, s.gauges, strings.Count(data, "Gauge("))
		sinks[tables[i].Name] = s
	}
	return sinks
}

func pairs(text string) [][2]string {
	var out [][2]string
	for _, m := range pairOf.FindAllStringSubmatch(text, -1) {
		out = append(out, [2]string{m[1], m[2]})
	}
	return out
}

// send converts a row as Pixie's sink does: to a ResourceMetrics with one scope, which is not set, and a gauge of one
// point for each metric.
func (s pixieSink) send(t *testing.T, row map[string]any) *metricspb.ResourceMetrics {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, row["time_"].(string))
	require.NoError(t, err)
	scope := &metricspb.ScopeMetrics{}
	for _, g := range s.gauges {
		point := &metricspb.NumberDataPoint{
			TimeUnixNano: uint64(at.UnixNano()),
			Attributes:   s.attributes(t, g.attributes, row),
		}
		switch value := s.typed(t, row, g.column).(type) {
		case int64:
			point.Value = &metricspb.NumberDataPoint_AsInt{AsInt: value}
		case float64:
			point.Value = &metricspb.NumberDataPoint_AsDouble{AsDouble: value}
		default:
			require.Fail(t, "a gauge is a number", g.column)
		}
		scope.Metrics = append(scope.Metrics, &metricspb.Metric{
			Name: g.name,
			Data: &metricspb.Metric_Gauge{Gauge: &metricspb.Gauge{DataPoints: []*metricspb.NumberDataPoint{point}}},
		})
	}
	attributes := append([]*commonpb.KeyValue{textOf("service.name", "kernel-gossip")},
		s.attributes(t, s.resource, row)...)
	return &metricspb.ResourceMetrics{
		Resource:     &resourcepb.Resource{Attributes: append(attributes, textOf("px.cloud.address", "example.com"))},
		ScopeMetrics: []*metricspb.ScopeMetrics{scope},
	}
}

func textOf(key, value string) *commonpb.KeyValue {
	return &commonpb.KeyValue{
		Key:   key,
		Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: value}},
	}
}

func (s pixieSink) attributes(t *testing.T, names [][2]string, row map[string]any) []*commonpb.KeyValue {
	t.Helper()
	var out []*commonpb.KeyValue
	for _, n := range names {
		switch value := s.typed(t, row, n[1]).(type) {
		case string:
			out = append(out, textOf(n[0], value))
		case float64:
			out = append(out, &commonpb.KeyValue{
				Key:   n[0],
				Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_DoubleValue{DoubleValue: value}},
			})
		default:
			require.Fail(t, "no such attribute among ours", n[1])
		}
	}
	return out
}

// typed returns a value of a row with the type of its column in Pixie: the px command writes texts that look like
// numbers as numbers.
func (s pixieSink) typed(t *testing.T, row map[string]any, column string) any {
	t.Helper()
	require.Contains(t, row, column)
	for _, c := range s.table.Columns {
		if c.Name != column {
			continue
		}
		text, isText := row[column].(string)
		if number, isNumber := row[column].(json.Number); isNumber {
			text = number.String()
		}
		switch {
		case c.Type == "INT64" && !isText:
			n, err := strconv.ParseInt(text, 10, 64)
			require.NoError(t, err)
			return n
		case c.Type == "FLOAT64" && !isText:
			x, err := strconv.ParseFloat(text, 64)
			require.NoError(t, err)
			return x
		case c.Type == "STRING":
			return text
		}
	}
	require.Fail(t, "no such column, or another type", column)
	return nil
}
