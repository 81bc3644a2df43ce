package ingest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/net/netutil"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	_ "google.golang.org/grpc/encoding/gzip" // unpacks requests; Pixie packs all of them
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// Bounds of a gRPC server. A sender needs one connection, and sends over it one request after the other.
const (
	maxGRPCConnections = 1024
	maxStreams         = 32 // requests of one connection at a time
	grpcBuffer         = 4 << 10
)

// metricsService is OpenTelemetry's. Its Export is declared as a stream of requests, of which the first is read: on the wire that is the
// same, and the sender can be asked who he is, and be sent away, before his request is read.
const metricsService = "opentelemetry.proto.collector.metrics.v1.MetricsService"

// NewGRPC is a server, with limits, that takes OTLP. With credentials it speaks TLS.
func (d *Door) NewGRPC(secure credentials.TransportCredentials) *grpc.Server {
	options := []grpc.ServerOption{
		grpc.ForceServerCodecV2(codec{}),
		grpc.MaxRecvMsgSize(int(d.options.MaxBody)),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.MaxHeaderListSize(16 << 10),
		grpc.ConnectionTimeout(headerTimeout),
		grpc.ReadBufferSize(grpcBuffer),
		grpc.WriteBufferSize(grpcBuffer),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: idleTimeout, Time: idleTimeout}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: headerTimeout, PermitWithoutStream: true}),
		grpc.WaitForHandlers(true),
	}
	if secure != nil {
		options = append(options, grpc.Creds(secure))
	}
	s := grpc.NewServer(options...)
	s.RegisterService(&grpc.ServiceDesc{
		ServiceName: metricsService,
		Streams:     []grpc.StreamDesc{{StreamName: "Export", Handler: d.export, ClientStreams: true}},
	}, nil)
	return s
}

// ListenGRPC listens at an address. TLS is the server's.
func ListenGRPC(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	return netutil.LimitListener(l, maxGRPCConnections), nil
}

// export answers one request.
func (d *Door) export(_ any, stream grpc.ServerStream) error {
	begin := time.Now()
	a := d.receive(stream)
	d.options.Answered(a.code, time.Since(begin))
	if a.code != http.StatusOK {
		return status.FromProto(a.status()).Err()
	}
	return stream.SendMsg(a.response())
}

func (d *Door) receive(stream grpc.ServerStream) answer {
	if a, welcome := d.admit(asRequest(stream.Context())); !welcome {
		return a
	}
	leave, ok := d.enter()
	if !ok {
		return d.busy()
	}
	defer leave()
	request, err := message(stream, d.patience)
	switch {
	case status.Code(err) == codes.ResourceExhausted:
		return d.tooLarge()
	case status.Code(err) == codes.DeadlineExceeded:
		return d.refuse("broken", refusal(http.StatusRequestTimeout, err.Error()))
	case err != nil:
		return d.refuse("broken", refusal(http.StatusBadRequest, "the request broke off, and nothing of it was kept: "+err.Error()))
	}
	return d.take(stream.Context(), func(b *body) error { return b.metrics(d.otlp().Protobuf(bytes.NewReader(request))) })
}

// message reads the request. It comes whole within the time that patience lasts, or not at all: when the answer is sent, reading ends.
func message(stream grpc.ServerStream, patience time.Duration) ([]byte, error) {
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
		return r.request, r.err
	case <-slow.C:
		return nil, status.Errorf(codes.DeadlineExceeded, "a request has to come within %s", patience)
	}
}

// asRequest is a call as what it is on the wire, an HTTP POST to its method: so authentication is the same for both.
func asRequest(ctx context.Context) *http.Request {
	method, _ := grpc.Method(ctx)
	r := &http.Request{Method: http.MethodPost, URL: &url.URL{Path: method}, Header: http.Header{}}
	if values := metadata.ValueFromIncomingContext(ctx, "authorization"); len(values) > 0 {
		r.Header.Set("Authorization", values[0])
	}
	return r.WithContext(ctx)
}

// codec leaves requests as they are: package otlp decodes one ResourceMetrics at a time, and a message would be all of them.
type codec struct{}

// Name makes it the codec of application/grpc and application/grpc+proto.
func (codec) Name() string { return "proto" }

// Unmarshal keeps the bytes.
func (codec) Unmarshal(data mem.BufferSlice, v any) error {
	request, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("%T is no request", v)
	}
	*request = data.Materialize()
	return nil
}

// Marshal writes a response.
func (codec) Marshal(v any) (mem.BufferSlice, error) {
	m, ok := v.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("%T is no response", v)
	}
	b, err := proto.Marshal(m)
	if err != nil {
		return nil, err
	}
	return mem.BufferSlice{mem.SliceBuffer(b)}, nil
}
