// Package otlpgrpc is the gRPC entrance of an ingest.Door: it takes OTLP metrics.
package otlpgrpc

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	_ "google.golang.org/grpc/encoding/gzip" // unpacks requests; Pixie packs all of them
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
	"github.com/kernel-gossip/kernel-gossip/pixie"
)

// Bounds of a gRPC server. A sender needs one connection for all its requests.
const (
	maxStreams = 32       // requests of one connection at a time
	maxHeaders = 16 << 10 // bytes of a request's metadata
	buffer     = 4 << 10  // bytes
	// unread is how many bytes of a request, and of a connection, are taken before they are read. Without it gRPC lets it
	// grow to 16 MiB where the network is fast.
	unread = 64 << 10
)

// metricsService is OpenTelemetry's service. Its Export is declared as a stream of requests, and the first one is read.
// This is the same on the wire, and the sender can be authenticated and refused before its request is read.
const metricsService = "opentelemetry.proto.collector.metrics.v1.MetricsService"

// server is the gRPC entrance of a door.
type server struct {
	door     *ingest.Door
	patience time.Duration // with a request
}

// NewServer returns a server with limits that takes OTLP for a door. With credentials it speaks TLS.
func NewServer(door *ingest.Door, secure credentials.TransportCredentials) *grpc.Server {
	return server{door: door, patience: ingest.ReadTimeout}.newGRPCServer(secure)
}

func (s server) newGRPCServer(secure credentials.TransportCredentials) *grpc.Server {
	options := []grpc.ServerOption{
		grpc.ForceServerCodecV2(codec{}),
		grpc.MaxRecvMsgSize(int(s.door.MaxBody())),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.MaxHeaderListSize(maxHeaders),
		grpc.StaticStreamWindowSize(unread),
		grpc.StaticConnWindowSize(unread),
		grpc.ConnectionTimeout(ingest.HeaderTimeout),
		grpc.ReadBufferSize(buffer),
		grpc.WriteBufferSize(buffer),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: ingest.IdleTimeout, Time: ingest.IdleTimeout}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{
			MinTime: ingest.HeaderTimeout, PermitWithoutStream: true,
		}),
		grpc.WaitForHandlers(true),
	}
	if secure != nil {
		options = append(options, grpc.Creds(secure))
	}
	out := grpc.NewServer(options...)
	out.RegisterService(&grpc.ServiceDesc{
		ServiceName: metricsService,
		Streams:     []grpc.StreamDesc{{StreamName: "Export", Handler: s.handleExport, ClientStreams: true}},
	}, nil)
	return out
}

// handleExport answers one request.
func (s server) handleExport(_ any, stream grpc.ServerStream) error {
	a := s.door.Receive(asRequest(stream.Context()), func() ([]byte, error) {
		return readMessage(stream, s.patience)
	})
	if a.Code != http.StatusOK {
		return status.FromProto(a.Status()).Err()
	}
	return stream.SendMsg(a.Response())
}

// readMessage reads the request, which must arrive whole within patience. Reading ends when the answer is sent.
func readMessage(stream grpc.ServerStream, patience time.Duration) ([]byte, error) {
	type result struct {
		request []byte
		err     error
	}
	read := make(chan result, 1)
	go func() {
		var r result
		r.err = stream.RecvMsg(&r.request)
		read <- r
	}()
	slow := time.NewTimer(patience)
	defer slow.Stop()
	select {
	case r := <-read:
		if status.Code(r.err) == codes.ResourceExhausted {
			return nil, pixie.ErrTooLarge
		}
		return r.request, r.err
	case <-slow.C:
		return nil, fmt.Errorf("a request must arrive within %s: %w", patience, context.DeadlineExceeded)
	}
}

// asRequest returns a call as an HTTP POST to its method, which it is on the wire, so that authentication is the same
// for both.
func asRequest(ctx context.Context) *http.Request {
	method, _ := grpc.Method(ctx)
	r := &http.Request{Method: http.MethodPost, URL: &url.URL{Path: method}, Header: http.Header{}}
	if values := metadata.ValueFromIncomingContext(ctx, "authorization"); len(values) > 0 {
		r.Header.Set("Authorization", values[0])
	}
	if values := metadata.ValueFromIncomingContext(ctx, ":authority"); len(values) > 0 {
		r.Host = values[0]
	}
	if from, ok := peer.FromContext(ctx); ok {
		r.RemoteAddr = from.Addr.String()
	}
	return r.WithContext(ctx)
}

// codec passes requests and responses on as bytes: package otlp decodes one ResourceMetrics at a time, and a decoded
// message would have all of them.
type codec struct{}

// Name makes it the codec of application/grpc and application/grpc+proto.
func (codec) Name() string { return "proto" }

// Unmarshal returns the bytes of a request.
func (codec) Unmarshal(data mem.BufferSlice, v any) error {
	request, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("%T is no request", v)
	}
	*request = data.Materialize()
	return nil
}

// Marshal returns the bytes of a response.
func (codec) Marshal(v any) (mem.BufferSlice, error) {
	response, ok := v.([]byte)
	if !ok {
		return nil, fmt.Errorf("%T is no response", v)
	}
	return mem.BufferSlice{mem.SliceBuffer(response)}, nil
}
