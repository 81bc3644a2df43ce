package otlpgrpc

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Senders that never finish their request lose their place, and get DeadlineExceeded.
func TestSlowGRPCSendersLoseTheirPlace(t *testing.T) {
	take := func(context.Context, []gossip.Event) (ingest.Outcome, error) { return ingest.Outcome{}, nil }
	door := ingest.New(ingest.Options{Take: take, MaxRequests: 1})
	l, err := ingest.NewConnections(0, nil).Listen("127.0.0.1:0", nil)
	require.NoError(t, err)
	s := server{door: door, patience: 20 * time.Millisecond}.newGRPCServer(nil)
	var done sync.WaitGroup
	done.Go(func() { _ = s.Serve(l) })
	defer done.Wait()
	defer s.Stop()
	c, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()
	for range 3 {
		stream, err := c.NewStream(t.Context(), &grpc.StreamDesc{ClientStreams: true}, "/"+metricsService+"/Export")
		require.NoError(t, err)
		require.Equal(t, codes.DeadlineExceeded, status.Code(stream.RecvMsg(&emptypb.Empty{})))
	}
}
