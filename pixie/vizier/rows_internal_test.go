package vizier

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie/vizier/vizierpb"
	"github.com/kernel-gossip/kernel-gossip/pixie/vizier/viziertest"
)

// Names of columns stand once in a message, and in the text at each row. So rows become text in smaller pieces when
// they are long: else a message of a hundred KiB would become text of a hundred MiB.
func TestLongNamesOfColumns(t *testing.T) {
	wide := viziertest.Table{Name: "kg_cpu_throttle_v1"}
	for i := range maxColumns {
		name := strings.Repeat("\x01", maxName-2) + fmt.Sprintf("%02x", i) // six bytes each in JSON
		wide.Columns = append(wide.Columns, viziertest.Column{Name: name, Values: make([]int64, maxRows)})
	}
	all := tables{}
	var refused []string
	for _, m := range []*vizierpb.ExecuteScriptResponse{wide.Describe("x"), wide.Batch("x", 0, maxRows)} {
		require.NoError(t, all.readMessage(m, func(_ gossip.Event, err error) bool {
			refused = append(refused, err.Error())
			return true
		}))
	}
	require.Len(t, refused, maxRows)
	for i, why := range refused {
		require.Equal(t, fmt.Sprintf(`table "kg_cpu_throttle_v1", row %d: cpu_throttle: time_: required`, i+1), why)
	}
	require.Less(t, cap(all["x"].text), 2<<20)
}
