package ingest

import (
	"net/http"
	"time"

	colmetricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/kernel-gossip/kernel-gossip/pixie/otlp"
)

// maxResource is the most bytes of a ResourceMetrics. One of ours has some 3 KiB; empty messages in it take up to fifty times
// their length in memory.
const maxResource = 128 << 10

func (d *Door) otlp() otlp.Options {
	return otlp.Options{MaxRecord: maxResource, MaxBytes: d.options.MaxBody}
}

// Metrics serves /v1/metrics, where OTLP/HTTP is posted, as protobuf or as JSON. Answers are in the format of the request: a response,
// with a partial success where records were rejected, or a Status. Those that are for later have a RetryInfo, as over gRPC.
func (d *Door) Metrics() http.Handler {
	return &handler{
		door: d, paths: []string{"/v1/metrics"}, where: "metrics are posted to /v1/metrics",
		unfit: notOTLP,
		read: func(b *body, r *http.Request) error {
			if contentType(r.Header) == "application/json" {
				return b.metrics(d.otlp().JSON(r.Body))
			}
			return b.metrics(d.otlp().Protobuf(r.Body))
		},
		write: writeOTLP,
	}
}

// notOTLP says why a body is not OTLP by what its sender says of it; empty when it may be.
func notOTLP(header http.Header) string {
	switch kind := contentType(header); kind {
	case "application/x-protobuf", "application/json":
		return wronglyPacked(header)
	default:
		return "Content-Type " + kind + ": send application/x-protobuf or application/json"
	}
}

// writeOTLP answers in the format of the request: the response of the service, or a Status.
func writeOTLP(w http.ResponseWriter, r *http.Request, a answer) {
	var m proto.Message = a.status()
	if a.code == http.StatusOK {
		m = a.response()
	}
	kind, marshal := "application/x-protobuf", proto.Marshal
	if contentType(r.Header) == "application/json" {
		kind, marshal = "application/json", protojson.Marshal
	}
	text, err := marshal(m)
	if err != nil { // numbers and valid strings: cannot be
		text = nil
	}
	respond(w, a.code, kind, text)
}

// response is a success, which may be partial.
func (a answer) response() *colmetricspb.ExportMetricsServiceResponse {
	out := &colmetricspb.ExportMetricsServiceResponse{}
	if a.Rejected > 0 {
		out.PartialSuccess = &colmetricspb.ExportMetricsPartialSuccess{RejectedDataPoints: int64(a.points), ErrorMessage: a.message()}
	}
	return out
}

// status is a failure. One that is for later says when: senders of OTLP try again only then.
func (a answer) status() *spb.Status {
	out := &spb.Status{Code: int32(a.grpcCode()), Message: a.message()}
	if a.after > 0 {
		if detail, err := anypb.New(&errdetails.RetryInfo{RetryDelay: durationpb.New(time.Duration(a.after) * time.Second)}); err == nil {
			out.Details = append(out.Details, detail)
		}
	}
	return out
}

// grpcCode says in gRPC's codes what the code says in HTTP's. Senders of OTLP take InvalidArgument for permanent, and Unavailable for later.
func (a answer) grpcCode() codes.Code {
	switch a.code {
	case http.StatusOK:
		return codes.OK
	case http.StatusUnauthorized:
		return codes.Unauthenticated
	case http.StatusForbidden:
		return codes.PermissionDenied
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return codes.Unimplemented
	case http.StatusRequestTimeout:
		return codes.DeadlineExceeded
	case http.StatusRequestEntityTooLarge:
		return codes.ResourceExhausted
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return codes.Unavailable
	}
	return codes.InvalidArgument
}
