package operator

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/go-logr/logr"
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

// doors makes the entrances that are not off. They share a bound on connections.
type doors struct {
	door        *ingest.Door
	secure      *tls.Config
	connections *ingest.Connections
	log         logr.Logger
}

func (d doors) newEntrances(o Options) []*entrance {
	all := []*entrance{d.newHTTPEntrance("ingest", flagIngest, o.IngestAddress, d.door.Events())}
	if o.OTLPGRPCAddress != off {
		all = append(all, d.newGRPCEntrance(flagOTLPGRPC, o.OTLPGRPCAddress))
	}
	if o.OTLPHTTPAddress != off {
		all = append(all, d.newHTTPEntrance("otlp", flagOTLPHTTP, o.OTLPHTTPAddress, d.door.Metrics()))
	}
	return all
}

func (d doors) newHTTPEntrance(name, flag, address string, handler http.Handler) *entrance {
	return &entrance{
		flag: flag, address: address,
		listen: func(address string) (net.Listener, error) { return d.connections.Listen(address, d.secure) },
		serve: func(ctx context.Context, l net.Listener, grace time.Duration) error {
			server := ingest.NewServer(handler)
			server.ErrorLog = newServerLog(d.log, name)
			return (&manager.Server{Name: name, Server: server, Listener: l, ShutdownTimeout: &grace}).Start(ctx)
		},
	}
}

func (d doors) newGRPCEntrance(flag, address string) *entrance {
	var c credentials.TransportCredentials
	if d.secure != nil {
		c = credentials.NewTLS(d.secure)
	}
	return &entrance{
		flag: flag, address: address,
		listen: func(address string) (net.Listener, error) { return d.connections.Listen(address, nil) },
		serve: func(ctx context.Context, l net.Listener, grace time.Duration) error {
			return serveGRPC(ctx, otlpgrpc.NewServer(d.door, c), l, grace)
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
