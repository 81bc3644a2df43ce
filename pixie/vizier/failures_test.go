package vizier_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/kernel-gossip/kernel-gossip/pixie/vizier"
	"github.com/kernel-gossip/kernel-gossip/pixie/vizier/vizierpb"
	"github.com/kernel-gossip/kernel-gossip/pixie/vizier/viziertest"
	"github.com/kernel-gossip/kernel-gossip/pxl"
)

// While probes are being deployed there are no rows; it is asked again until there are.
func TestProbesThatAreBeingDeployedAreWaitedFor(t *testing.T) {
	s, c := pixieAt(t)
	script, err := pxl.Script("memory_pressure_monitor")
	require.NoError(t, err)
	s.Answer(viziertest.Show(throttled(1, 2)))
	got := execute(t, c, script)
	require.NoError(t, got.final)
	require.Len(t, got.events, 2)
	require.Len(t, s.Requests(), 2, "the first deploys")
}

// Once they run, Pixie says that too, before the rows: that is no reason to stop.
func TestDeployedProbesDoNotStopTheRows(t *testing.T) {
	s, c := pixieAt(t)
	running := &vizierpb.ExecuteScriptResponse{MutationInfo: &vizierpb.MutationInfo{
		Status: &vizierpb.Status{},
		States: []*vizierpb.MutationInfo_MutationState{
			{Id: "1", Name: "kg_cpu", State: vizierpb.LifeCycleState_RUNNING_STATE},
		},
	}}
	table := throttled(1, 2)
	s.Answer(viziertest.Send(running, table.Describe("x"), table.Batch("x", 0, 2)))
	got := execute(t, c, "import pxtrace\n")
	require.NoError(t, got.final)
	require.Len(t, got.events, 2)
	require.Len(t, s.Requests(), 1)
}

func TestTheLastAttemptSaysThatProbesAreBeingDeployed(t *testing.T) {
	s, c := pixieAt(t)
	s.Answer(viziertest.Deploying("kg_memory", "kg_kills"))
	got := execute(t, c, "import pxtrace\n")
	require.ErrorIs(t, got.final, vizier.ErrDeploying)
	require.Equal(t, codes.Unavailable, status.Code(got.final))
	require.EqualError(t, got.final, "probes are being deployed: kg_memory, kg_kills (probe installation in progress)")
	require.Len(t, s.Requests(), vizier.DefaultAttempts)
}

// What Pixie refuses is returned in its words.
func TestWhatPixieRefusesIsNotTriedAgain(t *testing.T) {
	s, c := pixieAt(t)
	for _, test := range []struct {
		answer viziertest.Answer
		code   codes.Code
		text   string
	}{
		{
			viziertest.CompileError(3, 14, "Table 'x' not found."),
			codes.InvalidArgument,
			"Script compilation failed; line 3, column 14: Table 'x' not found.",
		},
		{
			viziertest.Undeployable("no symbol", "kg_cpu", "kg_x"),
			codes.FailedPrecondition,
			"probes that could not be deployed: kg_cpu, kg_x (no symbol)",
		},
		{
			viziertest.Fail(codes.PermissionDenied, "Script modification\x1b[31m has\nbeen disabled"),
			codes.PermissionDenied,
			"Script modification�[31m has been disabled",
		},
		{viziertest.Fail(codes.Unauthenticated, "who is "+viziertest.Key+"?"), codes.Unauthenticated, "who is …?"},
		{viziertest.Send(state(codes.PermissionDenied, "no mutations")), codes.PermissionDenied, "probes: no mutations"},
		{
			viziertest.Send(&vizierpb.ExecuteScriptResponse{Status: &vizierpb.Status{Code: 99, Message: "odd"}}),
			codes.Unknown,
			"odd",
		},
	} {
		s.Answer(test.answer)
		before := len(s.Requests())
		got := execute(t, c, "import px\n")
		require.Equal(t, test.code, status.Code(got.final), test.text)
		require.Equal(t, test.text, status.Convert(got.final).Message())
		require.Empty(t, got.events)
		require.Len(t, s.Requests(), before+1, test.text)
	}
	s.Expect("another key")
	got := execute(t, c, "")
	require.Equal(t, codes.Unauthenticated, status.Code(got.final))
	require.NotContains(t, got.final.Error(), viziertest.Key)
}

func state(code codes.Code, text string) *vizierpb.ExecuteScriptResponse {
	return &vizierpb.ExecuteScriptResponse{
		MutationInfo: &vizierpb.MutationInfo{Status: &vizierpb.Status{Code: int32(code), Message: text}},
	}
}

// An outage before the first row is waited for.
func TestAnOutageBeforeTheFirstRowIsWaitedFor(t *testing.T) {
	s, c := pixieAt(t)
	var asked atomic.Int64
	s.Answer(func(q *vizierpb.ExecuteScriptRequest, send func(*vizierpb.ExecuteScriptResponse) error) error {
		if asked.Add(1) < vizier.DefaultAttempts {
			return viziertest.Fail(codes.Unavailable, "cluster is not in a healthy state")(q, send)
		}
		return viziertest.Show(throttled(1))(q, send)
	})
	got := execute(t, c, "")
	require.NoError(t, got.final)
	require.Len(t, got.events, 1)
}

// A stream that breaks is not begun again: what came stands, and the error says so. The next execution has a new
// connection.
func TestABreakAfterTheFirstRowIsFinal(t *testing.T) {
	s, c := pixieAt(t)
	table := throttled(1, 2, 3, 4, 5, 6, 7)
	rows := make(chan struct{})
	s.Answer(func(_ *vizierpb.ExecuteScriptRequest, send func(*vizierpb.ExecuteScriptResponse) error) error {
		if err := send(table.Describe("x")); err != nil {
			return err
		}
		if err := send(table.Batch("x", 0, 3)); err != nil {
			return err
		}
		<-rows // the client has them
		s.Cut()
		return send(table.Batch("x", 3, 7))
	})
	events := 0
	var final error
	for event, err := range c.Execute(t.Context(), "") {
		if event != nil {
			if events++; events == 3 {
				close(rows)
			}
		}
		final = err
	}
	require.Equal(t, 3, events)
	require.Equal(t, codes.Unavailable, status.Code(final), "%v", final)
	require.Len(t, s.Requests(), 1)
	s.Answer(viziertest.Show(table))
	got := execute(t, c, "")
	require.NoError(t, got.final)
	require.Len(t, got.events, 7)
}

// A context that ends, a time limit, and a caller who has enough end the query at the server too.
func TestTheQueryEndsWithTheCaller(t *testing.T) {
	s, c := pixieAt(t, func(o *vizier.Options) { o.Timeout = 200 * time.Millisecond })
	table := throttled(1, 2, 3)
	ended := make(chan error, 1)
	s.Answer(func(_ *vizierpb.ExecuteScriptRequest, send func(*vizierpb.ExecuteScriptResponse) error) error {
		err := send(table.Describe("x"))
		for err == nil {
			err = send(table.Batch("x", 0, 3))
		}
		ended <- err
		return err
	})
	final := func(ctx context.Context, most int) (final error) {
		events := 0
		for event, err := range c.Execute(ctx, "") {
			if event != nil {
				events++
			}
			if events == most {
				return nil
			}
			final = err
		}
		return final
	}
	require.NoError(t, final(t.Context(), 4))
	require.Error(t, <-ended)
	require.Equal(t, codes.DeadlineExceeded, status.Code(final(t.Context(), -1)))
	require.Error(t, <-ended)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Equal(t, codes.Canceled, status.Code(final(ctx, -1)))
}

// No call waits longer than its context.
func TestAWaitEndsWithItsContext(t *testing.T) {
	s, c := pixieAt(t, func(o *vizier.Options) { o.Wait = time.Hour })
	ctx, cancel := context.WithCancel(t.Context())
	s.Answer(func(q *vizierpb.ExecuteScriptRequest, send func(*vizierpb.ExecuteScriptResponse) error) error {
		defer time.AfterFunc(50*time.Millisecond, cancel)
		return viziertest.Deploying("kg_cpu")(q, send)
	})
	for _, err := range c.Execute(ctx, "import pxtrace\n") {
		require.Equal(t, codes.Canceled, status.Code(err))
	}
	require.Len(t, s.Requests(), 1)
}

// The errors say what is wrong with the answers; rows before them count.
func TestAnswersThatMakeNoSenseAreErrors(t *testing.T) {
	s, c := pixieAt(t, func(o *vizier.Options) { o.MaxMessage = 64 << 10 })
	good := throttled(1, 2)
	batch := func(change func(*vizierpb.RowBatchData)) *vizierpb.ExecuteScriptResponse {
		m := good.Batch("x", 0, 2)
		change(m.GetData().GetBatch())
		return m
	}
	described := func(change func(*vizierpb.QueryMetadata)) *vizierpb.ExecuteScriptResponse {
		m := good.Describe("y")
		change(m.GetMetaData())
		return m
	}
	texts := &vizierpb.Column{
		ColData: &vizierpb.Column_StringData{StringData: &vizierpb.StringColumn{Data: [][]byte{{'a'}, {'b'}}}},
	}
	for want, m := range map[string]*vizierpb.ExecuteScriptResponse{
		`a batch of a table that was not described: "z"`: good.Batch("z", 0, 2),
		`table "kg_cpu_throttle_v1": a batch of 6 columns, and there are 7`: batch(func(b *vizierpb.RowBatchData) {
			b.Cols = b.Cols[:6]
		}),
		`table "kg_cpu_throttle_v1": a batch of 0 columns, and there are 7`: batch(func(b *vizierpb.RowBatchData) {
			b.Cols, b.NumRows = nil, 1<<40
		}),
		`table "kg_cpu_throttle_v1": column "nr_periods": STRING instead of INT64`: batch(func(b *vizierpb.RowBatchData) {
			b.Cols[5] = texts
		}),
		`table "kg_cpu_throttle_v1": column "time_": DATA_TYPE_UNKNOWN instead of TIME64NS`: batch(func(
			b *vizierpb.RowBatchData,
		) {
			b.Cols[0] = &vizierpb.Column{}
		}),
		`table "kg_cpu_throttle_v1": column "time_": 2 values in a batch of 3 rows`: batch(func(b *vizierpb.RowBatchData) {
			b.NumRows = 3
		}),
		`table "kg_cpu_throttle_v1": column "pod_name": 1 values in a batch of 2 rows`: batch(func(b *vizierpb.RowBatchData) {
			b.Cols[2].GetStringData().Data = [][]byte{nil}
		}),
		`table "kg_cpu_throttle_v1": column "time_": 2 values in a batch of -1 rows`: batch(func(b *vizierpb.RowBatchData) {
			b.NumRows = -1
		}),
		`table "kg_cpu_throttle_v1": its ID "x" is that of a table before`: described(func(m *vizierpb.QueryMetadata) {
			m.Id = "x"
		}),
		`table "kg_cpu_throttle_v1": 0 columns: not 1 to 256`: described(func(m *vizierpb.QueryMetadata) {
			m.Relation = nil
		}),
		`table "kg_cpu_throttle_v1": more than one column "time_"`: described(func(m *vizierpb.QueryMetadata) {
			m.Relation.Columns[1].ColumnName = "time_"
		}),
		`table "kg_cpu_throttle_v1": column "time_": unknown type 7`: described(func(m *vizierpb.QueryMetadata) {
			m.Relation.Columns[0].ColumnType = 7
		}),
		`a table has a name of more than 256 bytes`: described(func(m *vizierpb.QueryMetadata) {
			m.Name = string(make([]byte, 257))
		}),
		`table "kg_cpu_throttle_v1": a column has a name of more than 256 bytes`: described(func(m *vizierpb.QueryMetadata) {
			m.Relation.Columns[0].ColumnName = string(make([]byte, 257))
		}),
		`an encrypted batch, which was not requested`: {
			Result: &vizierpb.ExecuteScriptResponse_Data{Data: &vizierpb.QueryData{EncryptedBatch: []byte{1}}},
		},
	} {
		s.Answer(viziertest.Send(good.Describe("x"), good.Batch("x", 0, 2), m))
		got := execute(t, c, "")
		require.Equal(t, codes.Internal, status.Code(got.final), want)
		require.Equal(t, want, status.Convert(got.final).Message())
		require.Len(t, got.events, 2, want)
	}
	many := []*vizierpb.ExecuteScriptResponse{}
	for i := range 65 {
		many = append(many, good.Describe(string(rune('a'+i))))
	}
	s.Answer(viziertest.Send(many...))
	require.ErrorContains(t, execute(t, c, "").final, "more than 64 tables")

	s.Answer(viziertest.Send(good.Describe("x"),
		batch(func(b *vizierpb.RowBatchData) { b.Cols[2].GetStringData().Data[0] = make([]byte, 64<<10) })))
	require.Equal(t, codes.ResourceExhausted, status.Code(execute(t, c, "").final))
}
