package replay_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie"
	"github.com/kernel-gossip/kernel-gossip/pxl"
)

// A row of each PxL script is a record that the decoder accepts. It reads every column: without any one of them the
// event is another or none.
func TestEveryColumnOfThePxLScriptsIsRead(t *testing.T) {
	for _, name := range pxl.Names() {
		for _, table := range pxl.Tables(name) {
			t.Run(table.Name, func(t *testing.T) {
				record := recordOf(table)
				whole, err := decodeOne(t, record)
				require.NoError(t, err)
				for column := range record {
					less := maps.Clone(record)
					delete(less, column)
					event, err := decodeOne(t, less)
					require.True(t, err != nil || !cmp.Equal(whole, event), "%s is not read", column)
				}
			})
		}
	}
}

// recordOf returns a record with a value in every column.
func recordOf(table pxl.Table) map[string]any {
	record := map[string]any{"type": table.Kind()}
	for i, c := range table.Columns {
		switch {
		case c.Name == "time_":
			record["timestamp"] = "2026-01-02T03:04:05Z"
		case c.Name == "scope":
			record[c.Name] = "memcg"
		case c.Name == "cfs_period_usec":
			record[c.Name] = 100_000
		case c.Type == "STRING":
			record[c.Name] = "text-" + strings.Repeat("x", i)
		default:
			record[c.Name] = 100 - i // each smaller than the one before: nr_throttled is at most nr_periods
		}
	}
	return record
}

func decodeOne(t *testing.T, record map[string]any) (gossip.Event, error) {
	t.Helper()
	text, err := json.Marshal(record)
	require.NoError(t, err)
	for event, err := range pixie.Decode(strings.NewReader(string(text))) {
		return event, err
	}
	t.Fatal("no event and no error")
	return nil, nil
}
