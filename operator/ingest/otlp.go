package ingest

import (
	"encoding/json"
	"net/http"

	rpccode "google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/kernel-gossip/kernel-gossip/pixie/otlp"
)

// maxResource is the most bytes of a ResourceMetrics. One of ours has some 3 KiB; empty messages in it take up to fifty times
// their length in memory.
const maxResource = 128 << 10

// OTLP returns how OTLP is decoded within the bounds of the door.
func (d *Door) OTLP() otlp.Options {
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
				return b.metrics(d.OTLP().JSON(r.Body))
			}
			return b.metrics(d.OTLP().Protobuf(r.Body))
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
func writeOTLP(w http.ResponseWriter, r *http.Request, a Answer) {
	kind, marshal := "application/x-protobuf", a.protobuf
	if contentType(r.Header) == "application/json" {
		kind, marshal = "application/json", a.json
	}
	text, err := marshal()
	if err != nil { // numbers and valid strings: cannot be
		text = nil
	}
	respond(w, a.Code, kind, text)
}

func (a Answer) protobuf() ([]byte, error) {
	if a.Code == http.StatusOK {
		return a.Response(), nil
	}
	return proto.Marshal(a.Status())
}

func (a Answer) json() ([]byte, error) {
	if a.Code != http.StatusOK {
		return protojson.Marshal(a.Status())
	}
	type partial struct {
		Points int    `json:"rejectedDataPoints,string"`
		Error  string `json:"errorMessage"`
	}
	var response struct {
		Partial *partial `json:"partialSuccess,omitempty"`
	}
	if a.partial() {
		response.Partial = &partial{Points: a.Points, Error: a.Message()}
	}
	return json.Marshal(response)
}

// Field numbers of ExportMetricsServiceResponse and ExportMetricsPartialSuccess. Their generated package needs gRPC.
const (
	fieldPartialSuccess = 1
	fieldRejectedPoints = 1
	fieldErrorMessage   = 2
)

// partial reports whether a success has something to say: what was rejected, or a warning, for which OTLP has a
// rejected count of 0.
func (a Answer) partial() bool { return a.Rejected > 0 || a.Warning != "" }

// Response returns a success as an ExportMetricsServiceResponse in protobuf, with a partial success where there is
// something to say.
func (a Answer) Response() []byte {
	if !a.partial() {
		return []byte{}
	}
	partial := protowire.AppendTag(nil, fieldRejectedPoints, protowire.VarintType)
	partial = protowire.AppendVarint(partial, uint64(a.Points))
	partial = protowire.AppendTag(partial, fieldErrorMessage, protowire.BytesType)
	partial = protowire.AppendString(partial, a.Message())
	return protowire.AppendBytes(protowire.AppendTag(nil, fieldPartialSuccess, protowire.BytesType), partial)
}

// Status returns a failure. One that is for later says when: senders of OTLP try again only then.
func (a Answer) Status() *spb.Status {
	out := &spb.Status{Code: int32(a.rpcCode()), Message: a.Message()}
	if a.RetryAfter > 0 {
		if detail, err := anypb.New(&errdetails.RetryInfo{RetryDelay: durationpb.New(a.RetryAfter)}); err == nil {
			out.Details = append(out.Details, detail)
		}
	}
	return out
}

// rpcCode is the code in gRPC that means what the code means in HTTP. Senders of OTLP take INVALID_ARGUMENT for
// permanent, and UNAVAILABLE for later.
func (a Answer) rpcCode() rpccode.Code {
	switch a.Code {
	case http.StatusOK:
		return rpccode.Code_OK
	case http.StatusUnauthorized:
		return rpccode.Code_UNAUTHENTICATED
	case http.StatusForbidden:
		return rpccode.Code_PERMISSION_DENIED
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return rpccode.Code_UNIMPLEMENTED
	case http.StatusRequestTimeout:
		return rpccode.Code_DEADLINE_EXCEEDED
	case http.StatusRequestEntityTooLarge:
		return rpccode.Code_RESOURCE_EXHAUSTED
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return rpccode.Code_UNAVAILABLE
	}
	return rpccode.Code_INVALID_ARGUMENT
}
