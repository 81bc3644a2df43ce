package operator

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
	"github.com/kernel-gossip/kernel-gossip/operator/ingest/otlpgrpc"
)

// The flags of the entrances.
const (
	flagIngest   = "ingest-bind-address"
	flagOTLPGRPC = "otlp-grpc-bind-address"
	flagOTLPHTTP = "otlp-http-bind-address"
)

// entrance is one address that takes records.
type entrance struct {
	flag, address string
	listen        func(address string) (net.Listener, error)
	// serve serves until ctx ends; then running requests have the time of grace to end.
	serve func(ctx context.Context, l net.Listener, grace time.Duration) error

	bound net.Addr
}

// newEntrances makes the entrances that are not off.
func newEntrances(o Options, door *ingest.Door, secure *tls.Config) []*entrance {
	all := []*entrance{newHTTPEntrance("ingest", flagIngest, o.IngestAddress, door.Events(), secure)}
	if o.OTLPGRPCAddress != off {
		all = append(all, newGRPCEntrance(flagOTLPGRPC, o.OTLPGRPCAddress, door, secure))
	}
	if o.OTLPHTTPAddress != off {
		all = append(all, newHTTPEntrance("otlp", flagOTLPHTTP, o.OTLPHTTPAddress, door.Metrics(), secure))
	}
	return all
}

func newHTTPEntrance(name, flag, address string, handler http.Handler, secure *tls.Config) *entrance {
	return &entrance{
		flag: flag, address: address,
		listen: func(address string) (net.Listener, error) { return ingest.Listen(address, secure) },
		serve: func(ctx context.Context, l net.Listener, grace time.Duration) error {
			s := manager.Server{Name: name, Server: ingest.NewServer(handler), Listener: l, ShutdownTimeout: &grace}
			return s.Start(ctx)
		},
	}
}

func newGRPCEntrance(flag, address string, door *ingest.Door, secure *tls.Config) *entrance {
	var c credentials.TransportCredentials
	if secure != nil {
		c = credentials.NewTLS(secure)
	}
	return &entrance{
		flag: flag, address: address, listen: otlpgrpc.Listen,
		serve: func(ctx context.Context, l net.Listener, grace time.Duration) error {
			return serveGRPC(ctx, otlpgrpc.NewServer(door, c), l, grace)
		},
	}
}

// serveGRPC serves until ctx ends, and then gives running requests the time of grace to end.
func serveGRPC(ctx context.Context, s *grpc.Server, l net.Listener, grace time.Duration) error {
	ctx, cancel := context.WithCancel(ctx)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-ctx.Done()
		enough := time.AfterFunc(grace, s.Stop)
		defer enough.Stop()
		s.GracefulStop()
	}()
	log.FromContext(ctx).Info("Serving OTLP over gRPC", "addr", l.Addr().String())
	err := s.Serve(l)
	cancel()
	<-stopped
	if errors.Is(err, grpc.ErrServerStopped) { // it was stopped before Serve
		return nil
	}
	return err
}
