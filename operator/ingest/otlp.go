package ingest

import (
	"encoding/json"
	"io"
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

// maxResource is the most bytes of a ResourceMetrics. One of ours has about 3 KiB; empty messages in it take up to
// fifty times their length in memory.
const maxResource = 128 << 10

// OTLP returns the options that decode OTLP within the bounds of the door.
func (d *Door) OTLP() otlp.Options {
	return otlp.Options{MaxRecord: maxResource, MaxBytes: d.options.MaxBody}
}

// Metrics serves /v1/metrics, where OTLP/HTTP is posted, as protobuf or as JSON. Replies have the format of the
// request: a response, with a partial success if records were rejected, or a Status. A Status after which senders
// should try again has a RetryInfo, as over gRPC.
func (d *Door) Metrics() http.Handler {
	return &handler{
		door: d, paths: []string{"/v1/metrics"}, pathHelp: "metrics are posted to /v1/metrics",
		whyUnfit: whyNotOTLP,
		decode: func(b *body, request *http.Request, text io.Reader) error {
			if mediaType(request.Header) == "application/json" {
				return b.addMetrics(d.OTLP().JSON(text))
			}
			return b.addMetrics(d.OTLP().Protobuf(text))
		},
		write: writeOTLP, slowCode: http.StatusServiceUnavailable, // exporters must not try again after 408
	}
}

// whyNotOTLP returns why a body is not OTLP, by the headers of its request; empty if it may be.
func whyNotOTLP(header http.Header) string {
	switch media := mediaType(header); media {
	case "application/x-protobuf", "application/json":
		return whyNotUnpacked(header)
	default:
		return "Content-Type " + media + ": send application/x-protobuf or application/json"
	}
}

// writeOTLP answers in the format of the request: with the response of the service, or a Status.
func writeOTLP(w http.ResponseWriter, request *http.Request, r Reply) {
	contentType, marshal := "application/x-protobuf", r.marshalProtobuf
	if mediaType(request.Header) == "application/json" {
		contentType, marshal = "application/json", r.marshalJSON
	}
	text, err := marshal()
	if err != nil { // impossible for numbers and valid strings
		text = nil
	}
	writeResponse(w, r.Code, contentType, text)
}

func (r Reply) marshalProtobuf() ([]byte, error) {
	if r.Code == http.StatusOK {
		return r.Response(), nil
	}
	return proto.Marshal(r.Status())
}

func (r Reply) marshalJSON() ([]byte, error) {
	if r.Code != http.StatusOK {
		return protojson.Marshal(r.Status())
	}
	type partial struct {
		Points int    `json:"rejectedDataPoints,string"`
		Error  string `json:"errorMessage"`
	}
	var response struct {
		Partial *partial `json:"partialSuccess,omitempty"`
	}
	if r.isPartial() {
		response.Partial = &partial{Points: r.Points, Error: r.Message()}
	}
	return json.Marshal(response)
}

// Field numbers of ExportMetricsServiceResponse and ExportMetricsPartialSuccess. Their generated package needs gRPC.
const (
	fieldPartialSuccess = 1
	fieldRejectedPoints = 1
	fieldErrorMessage   = 2
)

// isPartial reports whether a success has a partial success: for rejected records, or for a warning, which in OTLP is a
// partial success with a rejected count of 0.
func (r Reply) isPartial() bool { return r.Rejected > 0 || r.Warning != "" }

// Response returns a success as an ExportMetricsServiceResponse in protobuf, with a partial success if records were
// rejected or there is a warning.
func (r Reply) Response() []byte {
	if !r.isPartial() {
		return []byte{}
	}
	partial := protowire.AppendTag(nil, fieldRejectedPoints, protowire.VarintType)
	partial = protowire.AppendVarint(partial, uint64(r.Points))
	partial = protowire.AppendTag(partial, fieldErrorMessage, protowire.BytesType)
	partial = protowire.AppendString(partial, r.Message())
	return protowire.AppendBytes(protowire.AppendTag(nil, fieldPartialSuccess, protowire.BytesType), partial)
}

// Status returns a failure. It has a RetryInfo if senders should try again: senders of OTLP try again only then.
func (r Reply) Status() *spb.Status {
	out := &spb.Status{Code: int32(r.rpcCode()), Message: r.Message()}
	if r.RetryAfter > 0 {
		if detail, err := anypb.New(&errdetails.RetryInfo{RetryDelay: durationpb.New(r.RetryAfter)}); err == nil {
			out.Details = append(out.Details, detail)
		}
	}
	return out
}

// rpcCode translates the HTTP status into a code of gRPC. Senders of OTLP treat INVALID_ARGUMENT as permanent, and try
// again after UNAVAILABLE.
func (r Reply) rpcCode() rpccode.Code {
	switch r.Code {
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
