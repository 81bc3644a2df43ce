package ingest_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
	colmetricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
	"github.com/kernel-gossip/kernel-gossip/operator/ingest/otlpgrpc"
)

// word is the only token that knows admits.
const word = "open-sesame-open-sesame"

// knows admits senders with the token, and remembers their requests.
type knows struct {
	mu    sync.Mutex
	asked []string
}

func (k *knows) Authenticate(r *http.Request) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asked = append(k.asked, r.Method+" "+r.URL.Path)
	if r.Header.Get("Authorization") != "Bearer "+word {
		return "", ingest.ErrUnauthenticated
	}
	return "friend", nil
}

// serveGRPC serves OTLP over gRPC on loopback until the end of the test.
func serveGRPC(t *testing.T, d *ingest.Door) string {
	t.Helper()
	l, err := ingest.NewConnections(0, nil).Listen("127.0.0.1:0", nil)
	require.NoError(t, err)
	s := otlpgrpc.NewServer(d, nil)
	var done sync.WaitGroup
	done.Go(func() { _ = s.Serve(l) })
	t.Cleanup(func() {
		s.Stop()
		done.Wait()
	})
	return l.Addr().String()
}

// exporters returns OpenTelemetry's own exporters for both protocols.
func exporters(t *testing.T, d *ingest.Door, packed bool, headers map[string]string) map[string]sdkmetric.Exporter {
	t.Helper()
	grpcOptions := []otlpmetricgrpc.Option{
		otlpmetricgrpc.WithEndpoint(serveGRPC(t, d)), otlpmetricgrpc.WithInsecure(), otlpmetricgrpc.WithHeaders(headers),
		otlpmetricgrpc.WithRetry(otlpmetricgrpc.RetryConfig{}),
	}
	httpOptions := []otlpmetrichttp.Option{
		otlpmetrichttp.WithEndpoint(serve(t, ingest.NewServer(d.Metrics()), nil)), otlpmetrichttp.WithInsecure(),
		otlpmetrichttp.WithHeaders(headers),
		otlpmetrichttp.WithRetry(otlpmetrichttp.RetryConfig{}),
	}
	if packed {
		grpcOptions = append(grpcOptions, otlpmetricgrpc.WithCompressor("gzip"))
		httpOptions = append(httpOptions, otlpmetrichttp.WithCompression(otlpmetrichttp.GzipCompression))
	}
	overGRPC, err := otlpmetricgrpc.New(t.Context(), grpcOptions...)
	require.NoError(t, err)
	overHTTP, err := otlpmetrichttp.New(t.Context(), httpOptions...)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		require.NoError(t, overGRPC.Shutdown(ctx))
		require.NoError(t, overHTTP.Shutdown(ctx))
	})
	return map[string]sdkmetric.Exporter{"gRPC": overGRPC, "HTTP": overHTTP}
}

// throttled returns a window as metrics of the SDK.
func throttled(pod string, at time.Time, periods int64) *metricdata.ResourceMetrics {
	gauge := func(name string, value int64) metricdata.Metrics {
		return metricdata.Metrics{
			Name: "kernel_gossip.cpu_throttle." + name,
			Data: metricdata.Gauge[int64]{DataPoints: []metricdata.DataPoint[int64]{
				{Time: at, Value: value, Attributes: attribute.NewSet(attribute.Int("period_seconds", 15))},
			}},
		}
	}
	return &metricdata.ResourceMetrics{
		Resource: resource.NewSchemaless(attribute.String("k8s.namespace.name", "shop"),
			attribute.String("k8s.pod.name", pod), attribute.String("k8s.container.name", "app")),
		ScopeMetrics: []metricdata.ScopeMetrics{{Metrics: []metricdata.Metrics{
			gauge("nr_periods", periods),
			gauge("nr_throttled", 40),
		}}},
	}
}

// OpenTelemetry's own exporters are understood, compressed or not, and have to authenticate.
func TestOpenTelemetrySDKUnderstandsTheDoor(t *testing.T) {
	for _, packed := range []bool{false, true} {
		s, k := newSink(), &knows{}
		d := ingest.New(ingest.Options{Take: s.take, Auth: k})
		for name, e := range exporters(t, d, packed, map[string]string{"authorization": "Bearer " + word}) {
			before := s.analyzer.Stats().Observed
			require.NoError(t, e.Export(t.Context(), throttled("api-"+strings.ToLower(name), time.Now(), 50)), name)
			require.Equal(t, before+1, s.analyzer.Stats().Observed, name)
			require.Error(t, e.Export(t.Context(), throttled("api-0", time.Now(), -4)), name)
			require.Equal(t, before+1, s.analyzer.Stats().Observed, name)
			require.NoError(t, e.Export(t.Context(), &metricdata.ResourceMetrics{Resource: resource.Empty()}), name)
		}
		for name, e := range exporters(t, d, packed, nil) {
			err := e.Export(t.Context(), throttled("api-0", time.Now(), 50))
			require.ErrorContains(t, err, map[string]string{"gRPC": "Unauthenticated", "HTTP": "401"}[name])
		}
		require.Contains(t, k.asked, "POST /opentelemetry.proto.collector.metrics.v1.MetricsService/Export")
		require.Contains(t, k.asked, "POST /v1/metrics")
		require.Equal(t, int64(2), s.analyzer.Stats().Observed)
	}
}

// metricsRequest has a ResourceMetrics for each number of periods.
func metricsRequest(at time.Time, periods ...int64) *colmetricspb.ExportMetricsServiceRequest {
	text := func(key, value string) *commonpb.KeyValue {
		return &commonpb.KeyValue{
			Key:   key,
			Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: value}},
		}
	}
	gauge := func(name string, value int64) *metricspb.Metric {
		return &metricspb.Metric{
			Name: "kernel_gossip.cpu_throttle." + name,
			Data: &metricspb.Metric_Gauge{Gauge: &metricspb.Gauge{DataPoints: []*metricspb.NumberDataPoint{
				{TimeUnixNano: uint64(at.UnixNano()), Value: &metricspb.NumberDataPoint_AsInt{AsInt: value}},
			}}},
		}
	}
	out := &colmetricspb.ExportMetricsServiceRequest{}
	for i, n := range periods {
		out.ResourceMetrics = append(out.ResourceMetrics, &metricspb.ResourceMetrics{
			Resource: &resourcepb.Resource{Attributes: []*commonpb.KeyValue{
				text("k8s.namespace.name", "shop"), text("k8s.pod.name", fmt.Sprintf("api-%d", i)),
				text("k8s.container.name", "app"),
			}},
			ScopeMetrics: []*metricspb.ScopeMetrics{{Metrics: []*metricspb.Metric{
				gauge("nr_periods", n),
				gauge("nr_throttled", 40),
			}}},
		})
	}
	return out
}

// said is an answer in OTLP, of either protocol.
type said struct {
	Code     codes.Code
	Rejected int64
	Retry    time.Duration
	Text     string
}

func saidBy(t *testing.T, s *spb.Status) said {
	t.Helper()
	out := said{Code: codes.Code(s.GetCode()), Text: s.GetMessage()}
	for _, detail := range s.GetDetails() {
		var retry errdetails.RetryInfo
		require.NoError(t, detail.UnmarshalTo(&retry))
		out.Retry = retry.GetRetryDelay().AsDuration()
	}
	return out
}

// overGRPC sends a request as a client that compresses does.
func overGRPC(t *testing.T, address string, r *colmetricspb.ExportMetricsServiceRequest) said {
	t.Helper()
	return overGRPCAs(t, address, "", r)
}

// overGRPCAs sends a token too.
func overGRPCAs(t *testing.T, address, token string, r *colmetricspb.ExportMetricsServiceRequest) said {
	t.Helper()
	c, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()
	response, err := colmetricspb.NewMetricsServiceClient(c).Export(
		metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+token), r, grpc.UseCompressor(gzip.Name))
	if err != nil {
		return saidBy(t, status.Convert(err).Proto())
	}
	return said{
		Rejected: response.GetPartialSuccess().GetRejectedDataPoints(),
		Text:     response.GetPartialSuccess().GetErrorMessage(),
	}
}

// overHTTP posts a request in one of the two formats.
func overHTTP(t *testing.T, h http.Handler, kind string, r *colmetricspb.ExportMetricsServiceRequest) (int, said) {
	t.Helper()
	marshal, unmarshal := proto.Marshal, proto.Unmarshal
	if kind == "application/json" {
		marshal, unmarshal = protojson.Marshal, protojson.Unmarshal
	}
	text, err := marshal(r)
	require.NoError(t, err)
	post := httptest.NewRequest(http.MethodPost, "/v1/metrics", bytes.NewReader(packed(t, "gzip", string(text))))
	post.Header.Set("Content-Type", kind)
	post.Header.Set("Content-Encoding", "gzip")
	response := httptest.NewRecorder()
	h.ServeHTTP(response, post)
	require.Equal(t, kind, response.Header().Get("Content-Type"))
	if response.Code != http.StatusOK {
		var s spb.Status
		require.NoError(t, unmarshal(response.Body.Bytes(), &s))
		return response.Code, saidBy(t, &s)
	}
	var ok colmetricspb.ExportMetricsServiceResponse
	require.NoError(t, unmarshal(response.Body.Bytes(), &ok))
	return response.Code, said{
		Rejected: ok.GetPartialSuccess().GetRejectedDataPoints(),
		Text:     ok.GetPartialSuccess().GetErrorMessage(),
	}
}

func requestOf(resources ...*metricspb.ResourceMetrics) *colmetricspb.ExportMetricsServiceRequest {
	return &colmetricspb.ExportMetricsServiceRequest{ResourceMetrics: resources}
}

// cumulative returns a request with a cumulative sum of n points, as docker_stats sends.
func cumulative(points int) *colmetricspb.ExportMetricsServiceRequest {
	sum := &metricspb.Sum{AggregationTemporality: metricspb.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE}
	for range points {
		sum.DataPoints = append(sum.DataPoints, &metricspb.NumberDataPoint{})
	}
	metric := &metricspb.Metric{Name: "x", Data: &metricspb.Metric_Sum{Sum: sum}}
	return &colmetricspb.ExportMetricsServiceRequest{ResourceMetrics: []*metricspb.ResourceMetrics{
		{ScopeMetrics: []*metricspb.ScopeMetrics{{Metrics: []*metricspb.Metric{metric}}}},
	}}
}

// The same requests get the same answers over gRPC, and over HTTP in both formats.
func TestOTLPAnswersMatchOverHTTPAndGRPC(t *testing.T) {
	now := time.Now()
	join := func(all ...*colmetricspb.ExportMetricsServiceRequest) *colmetricspb.ExportMetricsServiceRequest {
		out := &colmetricspb.ExportMetricsServiceRequest{}
		for _, r := range all {
			out.ResourceMetrics = append(out.ResourceMetrics, r.GetResourceMetrics()...)
		}
		return out
	}
	large := metricsRequest(now, make([]int64, 300)...)
	long := requestOf(&metricspb.ResourceMetrics{SchemaUrl: strings.Repeat("x", 200<<10)})
	for name, tc := range map[string]struct {
		request *colmetricspb.ExportMetricsServiceRequest
		full    bool
		most    int64
		code    int
		want    said
		taken   int64
	}{
		"empty":         {request: &colmetricspb.ExportMetricsServiceRequest{}, code: 200},
		"nothing in it": {request: requestOf(&metricspb.ResourceMetrics{}), code: 200},
		"good":          {request: metricsRequest(now, 50, 60), code: 200, taken: 2},
		"one is bad": {
			request: metricsRequest(now, 50, -4), code: 200, taken: 1,
			want: said{Rejected: 2, Text: "resourceMetrics[1]: cpu_throttle: nr_periods: negative: -4"},
		},
		"all are bad": {
			request: metricsRequest(now, -3, -4), code: 400,
			want: said{Code: codes.InvalidArgument, Text: "no record was good"},
		},
		"future": {
			request: metricsRequest(now.Add(time.Hour), 50), code: 422,
			want: said{Code: codes.InvalidArgument, Text: "all records are from the future"},
		},
		"one is future": {
			request: join(metricsRequest(now, 50), metricsRequest(now.Add(time.Hour), 50)), code: 200,
			taken: 1, want: said{Rejected: 2, Text: "ahead of this clock"},
		},
		"full": {
			request: metricsRequest(now, 50), full: true, code: 503,
			want: said{Code: codes.Unavailable, Retry: 5 * time.Second, Text: "full"},
		},
		"too large": {request: large, most: 4096, code: 413, want: said{Code: codes.ResourceExhausted, Text: "4096"}},
		"too large a one": {
			request: join(long, metricsRequest(now, 50)), code: 200, taken: 1,
			want: said{Rejected: 1, Text: "resourceMetrics[0]: longer than 131072 bytes"},
		},
		"many at a time": {request: large, code: 200, taken: 300},
		"many of another source": {
			request: join(metricsRequest(now, 50), cumulative(3), cumulative(2), cumulative(2)),
			code:    200, taken: 1, want: said{
				Rejected: 7,
				Text: "resourceMetrics[1]: no gauge kernel_gossip.<type>.<field>: x (cumulative sum) is not read; " +
					"2 more ResourceMetrics have no such gauge",
			},
		},
		"other than metric": {
			request: requestOf(&metricspb.ResourceMetrics{ScopeMetrics: []*metricspb.ScopeMetrics{{Metrics: []*metricspb.Metric{{
				Name: "x",
				Data: &metricspb.Metric_Sum{Sum: &metricspb.Sum{DataPoints: []*metricspb.NumberDataPoint{{}, {}, {}}}},
			}}}}}),
			code: 400, want: said{Code: codes.InvalidArgument, Text: "no gauge kernel_gossip"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			counted := make(chan int, 3)
			s := newSink()
			s.full = tc.full
			d := ingest.New(ingest.Options{
				Take: s.take, MaxBody: tc.most,
				Answered: func(code int, _ time.Duration) { counted <- code },
			})
			check := func(got said, way string) {
				require.Contains(t, got.Text, tc.want.Text, way)
				got.Text = tc.want.Text
				require.Empty(t, cmp.Diff(tc.want, got), way)
				require.Equal(t, tc.taken, s.analyzer.Stats().Observed, way)
				s.analyzer = newSink().analyzer
			}
			for _, kind := range []string{"application/x-protobuf", "application/json"} {
				code, got := overHTTP(t, d.Metrics(), kind, tc.request)
				require.Equal(t, tc.code, code, kind)
				check(got, kind)
			}
			check(overGRPC(t, serveGRPC(t, d), tc.request), "gRPC")
			for range 3 {
				require.Equal(t, tc.code, <-counted)
			}
		})
	}
}

// Requests that are no OTLP get an answer over HTTP.
func TestOTLPOverHTTPRefusesOtherFormats(t *testing.T) {
	d := ingest.New(ingest.Options{Take: newSink().take})
	for name, tc := range map[string]struct {
		method, path, kind, packing, body string
		code                              int
		retry                             string
	}{
		"elsewhere": {method: "POST", path: "/v1/traces", kind: "application/json", body: "{}", code: 404},
		"get":       {method: "GET", path: "/v1/metrics", code: 405},
		"form": {
			method: "POST", path: "/v1/metrics", kind: "application/x-www-form-urlencoded", body: "{}",
			code: 415,
		},
		"no type": {method: "POST", path: "/v1/metrics", body: "{}", code: 415},
		"brotli": {
			method: "POST", path: "/v1/metrics", kind: "application/json", packing: "br", body: "{}",
			code: 415,
		},
		"empty protobuf": {method: "POST", path: "/v1/metrics", kind: "application/x-protobuf", code: 200},
		"empty JSON": {
			method: "POST", path: "/v1/metrics", kind: "application/json; charset=utf-8", body: "{}",
			code: 200,
		},
		"nothing":          {method: "POST", path: "/v1/metrics", kind: "application/json", code: 200},
		"records":          {method: "POST", path: "/v1/metrics", kind: "application/json", body: record(), code: 400},
		"JSON as protobuf": {method: "POST", path: "/v1/metrics", kind: "application/x-protobuf", body: "{}", code: 400},
		"cut": {
			method: "POST", path: "/v1/metrics", kind: "application/x-protobuf", body: "\x0a\x05",
			code: 400,
		},
		"broken gzip": {
			method: "POST", path: "/v1/metrics", kind: "application/x-protobuf", packing: "gzip",
			body: "\x1f\x8b\x00", code: 400,
		},
	} {
		t.Run(name, func(t *testing.T) {
			post := httptest.NewRequest(tc.method, tc.path, strings.NewReader(tc.body))
			post.Header.Set("Content-Type", tc.kind)
			post.Header.Set("Content-Encoding", tc.packing)
			response := httptest.NewRecorder()
			d.Metrics().ServeHTTP(response, post)
			require.Equal(t, tc.code, response.Code, response.Body)
		})
	}
}

// All entrances share one limit: a request over gRPC is asked to try again while others are worked on over HTTP.
func TestHTTPAndGRPCShareOneLimit(t *testing.T) {
	s := newSink()
	s.entered, s.hold = make(chan struct{}, 3), make(chan struct{})
	d := ingest.New(ingest.Options{Take: s.take, MaxRequests: 1})
	address := serveGRPC(t, d)
	code := make(chan int)
	go func() {
		response := httptest.NewRecorder()
		d.Events().ServeHTTP(response, httptest.NewRequest(http.MethodPost, "/v1/events", strings.NewReader(record())))
		code <- response.Code
	}()
	<-s.entered
	require.Equal(t, said{Code: codes.Unavailable, Retry: time.Second, Text: "too many requests at a time"},
		overGRPC(t, address, metricsRequest(time.Now(), 50)))
	close(s.hold)
	require.Equal(t, http.StatusOK, <-code)
	require.Equal(t, said{}, overGRPC(t, address, metricsRequest(time.Now(), 50)))
}

// Unknown senders are refused before their request is read, other services do not exist, and a stream that its sender
// gives up leaves nothing.
func TestUnknownGRPCSendersAreRefusedUnread(t *testing.T) {
	s := newSink()
	d := ingest.New(ingest.Options{Take: s.take, Auth: &knows{}, MaxRequests: 1})
	c, err := grpc.NewClient(serveGRPC(t, d), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()
	open := func(ctx context.Context, method string) grpc.ClientStream {
		stream, err := c.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true}, method)
		require.NoError(t, err)
		return stream
	}
	const export = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
	answer := &colmetricspb.ExportMetricsServiceResponse{}
	require.Equal(t, codes.Unauthenticated, status.Code(open(t.Context(), export).RecvMsg(answer)),
		"though nothing was sent")
	require.Equal(t, codes.Unimplemented,
		status.Code(open(t.Context(), "/opentelemetry.proto.collector.trace.v1.TraceService/Export").RecvMsg(answer)))
	known := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+word)
	for range 3 { // the only place is free again
		ctx, giveUp := context.WithCancel(known)
		before := s.analyzer.Stats().Observed
		require.NoError(t, open(ctx, export).SendMsg(metricsRequest(time.Now(), 50)))
		require.Eventually(t, func() bool { return s.analyzer.Stats().Observed > before }, 10*time.Second, time.Millisecond)
		giveUp()
	}
	require.Eventually(t, func() bool {
		_, err := colmetricspb.NewMetricsServiceClient(c).Export(known, metricsRequest(time.Now(), 50))
		return err == nil
	}, 10*time.Second, time.Millisecond)
	empty := open(known, export)
	require.NoError(t, empty.CloseSend())
	require.Equal(t, codes.InvalidArgument, status.Code(empty.RecvMsg(answer)))
}

// With a certificate, gRPC speaks TLS, and nothing else.
func TestGRPCWithACertificateSpeaksOnlyTLS(t *testing.T) {
	d := ingest.New(ingest.Options{Take: newSink().take})
	l, err := ingest.NewConnections(0, nil).Listen("127.0.0.1:0", nil)
	require.NoError(t, err)
	s := otlpgrpc.NewServer(d,
		credentials.NewTLS(&tls.Config{
			Certificates: []tls.Certificate{*certificate(t, "first")},
			MinVersion:   tls.VersionTLS12,
		}))
	var done sync.WaitGroup
	done.Go(func() { _ = s.Serve(l) })
	defer done.Wait()
	defer s.Stop()
	for _, secure := range []bool{true, false} {
		c := insecure.NewCredentials()
		if secure {
			c = credentials.NewTLS(&tls.Config{InsecureSkipVerify: true})
		}
		client, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(c))
		require.NoError(t, err)
		_, err = colmetricspb.NewMetricsServiceClient(client).Export(t.Context(), metricsRequest(time.Now(), 50))
		require.Equal(t, secure, err == nil, err)
		require.NoError(t, client.Close())
	}
}

// Two million empty messages have no record, and a body of them is answered.
func TestEmptyResourcesCountAsNothing(t *testing.T) {
	d := ingest.New(ingest.Options{Take: newSink().take})
	post := httptest.NewRequest(http.MethodPost, "/v1/metrics", strings.NewReader(strings.Repeat("\x0a\x00", 2<<20)))
	post.Header.Set("Content-Type", "application/x-protobuf")
	response := httptest.NewRecorder()
	d.Metrics().ServeHTTP(response, post)
	require.Equal(t, http.StatusOK, response.Code)
}

func FuzzMetrics(f *testing.F) {
	good, err := proto.Marshal(metricsRequest(time.Now(), 50, -4))
	require.NoError(f, err)
	f.Add(false, good)
	f.Add(true, []byte(`{"resourceMetrics":[{},{"scopeMetrics":[`+
		`{"metrics":[{"name":"a","gauge":{"dataPoints":[{},{}]}}]}]}]}`))
	f.Fuzz(func(t *testing.T, json bool, body []byte) {
		s := newSink()
		d := ingest.New(ingest.Options{Take: s.take, MaxBody: 1 << 16})
		post := httptest.NewRequest(http.MethodPost, "/v1/metrics", bytes.NewReader(body))
		post.Header.Set("Content-Type", map[bool]string{true: "application/json", false: "application/x-protobuf"}[json])
		response := httptest.NewRecorder()
		d.Metrics().ServeHTTP(response, post)
		require.Contains(t, []int{200, 400, 413, 422}, response.Code)
		require.True(t, response.Code == 200 || s.analyzer.Stats().Observed == 0)
	})
}
