package vizier

import (
	"errors"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie"
	"github.com/kernel-gossip/kernel-gossip/pixie/vizier/vizierpb"
	"github.com/kernel-gossip/kernel-gossip/pixie/vizier/viziertest"
)

// FuzzRows: whatever two messages say, each row of a batch that is taken gives one event or one error, and nothing
// panics.
func FuzzRows(f *testing.F) {
	table := viziertest.Table{Name: "kg_cpu_throttle_v1", Columns: []viziertest.Column{
		{Name: "time_", Values: []int64{1_777_273_125_000_000_000, -1}},
		{Name: "pod", Values: []string{"shop/api-0", "\xff\n\"\\"}},
		{Name: "throttle_percentage", Values: []float64{12.5, 1e300}},
		{Name: "x", Values: []bool{true, false}},
		{Name: "upid", Values: []*vizierpb.UInt128{{High: 1, Low: 2}, nil}},
		{Name: "container_name", Values: []string{"app", ""}},
	}}
	marshal := func(m proto.Message) []byte {
		b, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		return b
	}
	f.Add(marshal(table.Describe("x")), marshal(table.Batch("x", 0, 2)))
	f.Add(marshal(table.Describe("")), marshal(table.Batch("", 1, 1)))
	f.Add(marshal(&vizierpb.ExecuteScriptResponse{Status: &vizierpb.Status{Code: -3}}), []byte{})
	f.Fuzz(func(t *testing.T, first, second []byte) {
		all := tables{}
		for _, text := range [][]byte{first, second} {
			var m vizierpb.ExecuteScriptResponse
			if proto.Unmarshal(text, &m) != nil {
				return
			}
			rows := 0
			err := all.readMessage(&m, func(e gossip.Event, err error) bool {
				rows++
				if (e == nil) == (err == nil) {
					t.Errorf("neither event nor error, or both: %v, %v", e, err)
				}
				if _, one := errors.AsType[*pixie.RecordError](err); err != nil && !one {
					t.Errorf("no error of a row: %v", err)
				}
				return true
			})
			switch {
			case err != nil && status.Code(err) == codes.OK:
				t.Errorf("an error without a code: %v", err)
			case err != nil && rows > 0:
				t.Errorf("%d rows and an error: %v", rows, err)
			case err == nil && m.GetData().GetBatch() != nil && int64(rows) != m.GetData().GetBatch().GetNumRows():
				t.Errorf("%d of %d rows", rows, m.GetData().GetBatch().GetNumRows())
			}
		}
	})
}
