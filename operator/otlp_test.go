package operator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/operator"
	"github.com/kernel-gossip/kernel-gossip/replay"
)

// openOTLP opens both OpenTelemetry entrances.
func openOTLP(o *operator.Options) {
	o.OTLPGRPCAddress, o.OTLPHTTPAddress = "127.0.0.1:0", "127.0.0.1:0"
}

// exporter returns OpenTelemetry's own exporter, over gRPC or HTTP, with a bearer token if there is one.
func exporter(t *testing.T, r *running, way, token string) sdkmetric.Exporter {
	t.Helper()
	overGRPC, overHTTP, err := r.operator.OTLPAddrs(t.Context())
	require.NoError(t, err)
	headers := map[string]string{}
	if token != "" {
		headers["authorization"] = "Bearer " + token
	}
	var e sdkmetric.Exporter
	if way == "gRPC" {
		e, err = otlpmetricgrpc.New(t.Context(), otlpmetricgrpc.WithEndpoint(overGRPC.String()),
			otlpmetricgrpc.WithInsecure(),
			otlpmetricgrpc.WithCompressor("gzip"), otlpmetricgrpc.WithHeaders(headers),
			otlpmetricgrpc.WithRetry(otlpmetricgrpc.RetryConfig{}))
	} else {
		e, err = otlpmetrichttp.New(t.Context(), otlpmetrichttp.WithEndpoint(overHTTP.String()),
			otlpmetrichttp.WithInsecure(),
			otlpmetrichttp.WithCompression(otlpmetrichttp.GzipCompression), otlpmetrichttp.WithHeaders(headers),
			otlpmetrichttp.WithRetry(otlpmetrichttp.RetryConfig{}))
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Shutdown(background())) })
	return e
}

var attributeNames = map[string]string{
	"namespace": "k8s.namespace.name", "pod_name": "k8s.pod.name", "pod_uid": "k8s.pod.uid",
	"container_name": "k8s.container.name",
	"node":           "k8s.node.name", "container_id": "container.id", "source": "kernel_gossip.source",
}

// metricsOf returns a record as the metrics of a program with the SDK.
func metricsOf(t *testing.T, record string) *metricdata.ResourceMetrics {
	t.Helper()
	var fields map[string]any
	require.NoError(t, json.Unmarshal([]byte(record), &fields))
	at, err := time.Parse(time.RFC3339Nano, fields["timestamp"].(string))
	require.NoError(t, err)
	var texts []attribute.KeyValue
	if period, ok := fields["period_seconds"].(float64); ok {
		texts = append(texts, attribute.Float64("period_seconds", period))
	}
	for _, name := range []string{"scope", "victim_comm"} {
		if text, ok := fields[name].(string); ok {
			texts = append(texts, attribute.String(name, text))
		}
	}
	around := attribute.NewSet(texts...)
	var attributes []attribute.KeyValue
	var gauges []metricdata.Metrics
	for name, value := range fields {
		switch value := value.(type) {
		case string:
			if attributeNames[name] != "" {
				attributes = append(attributes, attribute.String(attributeNames[name], value))
			}
		case float64:
			if name != "period_seconds" {
				gauges = append(gauges, metricdata.Metrics{
					Name: "kernel_gossip." + fields["type"].(string) + "." + name,
					Data: metricdata.Gauge[float64]{DataPoints: []metricdata.DataPoint[float64]{{
						Time: at, Value: value,
						Attributes: around,
					}}},
				})
			}
		}
	}
	return &metricdata.ResourceMetrics{
		Resource:     resource.NewSchemaless(attributes...),
		ScopeMetrics: []metricdata.ScopeMetrics{{Metrics: gauges}},
	}
}

// plain removes from a capture what OTLP cannot carry.
func plain(t *testing.T, capture []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	for line := range bytes.Lines(capture) {
		var fields map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(line, &fields))
		delete(fields, "syscalls")
		delete(fields, "timeline")
		require.NoError(t, json.NewEncoder(&out).Encode(fields))
	}
	return out.Bytes()
}

// Each recorded capture that OpenTelemetry's SDK exports to a running operator, over gRPC and over HTTP, gives the
// objects that gossip-replay prints of it.
func TestCapturesOverOTLPGiveTheObjectsOfReplay(t *testing.T) {
	captures, err := filepath.Glob("../examples/captures/*.ndjson")
	require.NoError(t, err)
	require.NotEmpty(t, captures)
	for _, capture := range captures {
		content, err := os.ReadFile(capture)
		require.NoError(t, err)
		content = plain(t, content)
		pods := strings.TrimSuffix(capture, ".ndjson") + ".pods.yaml"
		list, err := os.ReadFile(pods)
		require.NoError(t, err)
		var printed, errs bytes.Buffer
		code := replay.Run([]string{"-o", "yaml", "--pods", pods}, bytes.NewReader(content), &printed, &errs)
		require.Less(t, code, 2, errs.String())
		for _, way := range []string{"gRPC", "HTTP"} {
			if testing.Short() && way == "HTTP" { // both ports give the same events
				continue
			}
			t.Run(strings.TrimSuffix(filepath.Base(capture), ".ndjson")+" "+way, func(t *testing.T) {
				compare(t, content, list, documents(t, printed.Bytes()), func(t *testing.T, r *running, capture string) {
					t.Helper()
					e := exporter(t, r, way, "")
					for line := range strings.Lines(capture) {
						require.NoError(t, e.Export(t.Context(), metricsOf(t, line)))
					}
				})
			})
		}
	}
}

// With tokenreview, a sender needs the right to the path of its protocol: a method of gRPC is a path too.
func TestOTLPSendersNeedTheRightToTheirPath(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	pod := makePod(t, k, "otlp-senders", "api-0")
	paths := map[string]string{
		"gRPC": "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
		"HTTP": "/v1/metrics",
	}
	tokens := map[string]string{}
	for way, path := range paths {
		name := "sends-" + strings.ToLower(way)
		require.NoError(t, k.Create(t.Context(),
			&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "otlp-senders", Name: name}}))
		require.NoError(t, k.Create(t.Context(), &rbacv1.ClusterRole{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Rules:      []rbacv1.PolicyRule{{NonResourceURLs: []string{path}, Verbs: []string{"post"}}},
		}))
		require.NoError(t, k.Create(t.Context(), &rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: "otlp-senders", Name: name}},
		}))
		tokens[way] = token(t, k, "otlp-senders", name, "kernel-gossip")
	}
	r := start(t, c.Config, openOTLP, in("otlp-senders"),
		func(o *operator.Options) { o.IngestAuth = operator.AuthTokenReview })
	lines := records("otlp-senders", "api-0", string(pod.UID), 4, 45)
	for way, other := range map[string]string{"gRPC": "HTTP", "HTTP": "gRPC"} {
		require.Error(t, exporter(t, r, way, "").Export(t.Context(), metricsOf(t, lines[0])))
		require.Error(t, exporter(t, r, way, "nonsense").Export(t.Context(), metricsOf(t, lines[0])))
		err := exporter(t, r, way, tokens[other]).Export(t.Context(), metricsOf(t, lines[0]))
		require.ErrorContains(t, err, map[string]string{"gRPC": "may not post /opentelemetry", "HTTP": "403"}[way])
	}
	for i, line := range lines {
		way := []string{"gRPC", "HTTP"}[i%2]
		require.NoError(t, exporter(t, r, way, tokens[way]).Export(t.Context(), metricsOf(t, line)))
	}
	whisper(t, k, "otlp-senders", "api-0", severity(v1alpha1.SeverityCritical))
}

// A stopping operator takes no more records at any entrance, and writes what it took.
func TestStopWritesWhatCameOverOTLP(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	pod := makePod(t, k, "otlp-drain", "api-0")
	r := start(t, c.Config, openOTLP, in("otlp-drain"), func(o *operator.Options) { o.WriteDelay = time.Hour })
	e := exporter(t, r, "gRPC", "")
	for _, line := range records("otlp-drain", "api-0", string(pod.UID), 3, 45) {
		require.NoError(t, e.Export(t.Context(), metricsOf(t, line)))
	}
	r.stop(t)
	whisper(t, k, "otlp-drain", "api-0", severity(v1alpha1.SeverityCritical))
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	require.Error(t, e.Export(ctx, metricsOf(t, records("otlp-drain", "api-0", string(pod.UID), 1, 45)[0])))
}
