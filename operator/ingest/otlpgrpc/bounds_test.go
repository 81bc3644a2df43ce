package otlpgrpc_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	colmetricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
	"github.com/kernel-gossip/kernel-gossip/operator/ingest/otlpgrpc"
)

// serve serves OTLP until the end of the test.
func serve(t *testing.T, bound *ingest.Connections, auth ingest.Authenticator) string {
	t.Helper()
	take := func(context.Context, []gossip.Event) (ingest.Outcome, error) { return ingest.Outcome{}, nil }
	l, err := bound.Listen("127.0.0.1:0", nil)
	require.NoError(t, err)
	s := otlpgrpc.NewServer(ingest.New(ingest.Options{Take: take, Auth: auth}), nil)
	var done sync.WaitGroup
	done.Go(func() { _ = s.Serve(l) })
	t.Cleanup(func() {
		s.Stop()
		done.Wait()
	})
	return l.Addr().String()
}

// connect returns a client that dials from an address of loopback.
func connect(t *testing.T, from, to string, options ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	options = append(options, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
			return dialer.DialContext(ctx, "tcp", address)
		}))
	c, err := grpc.NewClient(to, options...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// export sends a request without metrics.
func export(ctx context.Context, c *grpc.ClientConn) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err := colmetricspb.NewMetricsServiceClient(c).Export(ctx, &colmetricspb.ExportMetricsServiceRequest{})
	return err
}

// An address that holds all connections shuts no other address out, and a connection without HTTP/2 ends after 5 s.
func TestOneAddressShutsNoOtherGRPCSenderOut(t *testing.T) {
	addr := serve(t, ingest.NewConnections(8, nil), nil)
	for range 8 {
		require.NoError(t, export(t.Context(), connect(t, "127.0.0.2", addr)))
	}
	for range 3 {
		require.NoError(t, export(t.Context(), connect(t, "127.0.0.1", addr)))
	}
	c, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(10*time.Second)))
	_, err = io.Copy(io.Discard, c)
	var timeout net.Error
	require.NotErrorAs(t, err, &timeout)
}

// Metadata above 16 KiB is refused.
func TestLargeMetadataIsRefused(t *testing.T) {
	c := connect(t, "127.0.0.1", serve(t, ingest.NewConnections(0, nil), nil))
	require.NoError(t, export(t.Context(), c))
	long := metadata.AppendToOutgoingContext(t.Context(), "x", strings.Repeat("x", 15<<10))
	require.NoError(t, export(long, c))
	longer := metadata.AppendToOutgoingContext(t.Context(), "x", strings.Repeat("x", 17<<10))
	require.Error(t, export(longer, c))
	require.NoError(t, export(t.Context(), c))
}

// slow admits senders when it is released, and counts those that wait.
type slow struct {
	waiting atomic.Int64
	release chan struct{}
}

func (s *slow) Authenticate(*http.Request) (string, error) {
	s.waiting.Add(1)
	<-s.release
	return "", nil
}

// One connection has 32 requests at a time, and its others wait at the sender.
func TestOneConnectionHasABoundedNumberOfRequests(t *testing.T) {
	auth := &slow{release: make(chan struct{})}
	c := connect(t, "127.0.0.1", serve(t, ingest.NewConnections(0, nil), auth))
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() { _ = export(t.Context(), c) })
	}
	require.Eventually(t, func() bool { return auth.waiting.Load() == 32 }, 10*time.Second, time.Millisecond)
	time.Sleep(200 * time.Millisecond)
	require.Equal(t, int64(32), auth.waiting.Load())
	close(auth.release)
	all.Wait()
}

// Without tokens a sender has to name this machine, over gRPC too.
func TestGRPCSendersNameThisMachine(t *testing.T) {
	addr := serve(t, ingest.NewConnections(0, nil), &ingest.Local{})
	require.NoError(t, export(t.Context(), connect(t, "127.0.0.1", addr)))
	evil := connect(t, "127.0.0.1", addr, grpc.WithAuthority("evil.example:4317"))
	require.Equal(t, codes.PermissionDenied, status.Code(export(t.Context(), evil)))
}
