package replay_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/pxl"
	"github.com/kernel-gossip/kernel-gossip/pxl/check"
)

// The rows in testdata/px_run_*.txtar are what the scripts give: each row has the columns that the checker finds in the
// script's own px.display, in their order, and values as the px command renders their types.
func TestRowsHaveTheColumnsOfTheScripts(t *testing.T) {
	for _, name := range pxl.Names() {
		t.Run(name, func(t *testing.T) {
			script, err := pxl.Script(name)
			require.NoError(t, err)
			columns := map[string][]check.Column{}
			for _, table := range check.Script(script).Displays {
				columns[table.Name] = table.Columns
			}
			archive, err := txtar.ParseFile(filepath.Join("testdata", "px_run_"+name+".txtar"))
			require.NoError(t, err)
			require.Equal(t, "rows.ndjson", archive.Files[0].Name)
			seen := map[string]bool{}
			for line := range bytes.Lines(archive.Files[0].Data) {
				var row map[string]json.RawMessage
				require.NoError(t, json.Unmarshal(line, &row))
				var table string
				require.NoError(t, json.Unmarshal(row["_tableName_"], &table))
				require.Contains(t, columns, table)
				seen[table] = true
				require.Equal(t, renderRow(t, table, columns[table], row), string(line))
			}
			require.Len(t, seen, len(columns), "tables without a row")
		})
	}
}

// renderRow writes a row like the px command: table, columns in their order, and each value by its type.
func renderRow(t *testing.T, table string, columns []check.Column, row map[string]json.RawMessage) string {
	t.Helper()
	line := fmt.Sprintf(`{"_tableName_":%q`, table)
	for _, c := range columns {
		var value any
		switch c.Type {
		case "TIME64NS":
			var at time.Time
			require.NoError(t, json.Unmarshal(row[c.Name], &at), c.Name)
			value = at
		case "INT64":
			var n int64
			require.NoError(t, json.Unmarshal(row[c.Name], &n), c.Name)
			value = n
		case "FLOAT64":
			var x float64
			require.NoError(t, json.Unmarshal(row[c.Name], &x), c.Name)
			value = x
		case "STRING":
			value = renderText(t, row[c.Name])
		default:
			require.Fail(t, "no such type among ours", "%s %s", c.Name, c.Type)
		}
		text, err := json.Marshal(value)
		require.NoError(t, err)
		line += fmt.Sprintf(",%q:%s", c.Name, text)
	}
	return line + "}\n"
}

// renderText returns a text, or a number if the text looks like one, like the px command.
func renderText(t *testing.T, raw json.RawMessage) any {
	t.Helper()
	var text string
	if json.Unmarshal(raw, &text) != nil {
		text = string(raw) // written as a number
	}
	if x, err := strconv.ParseFloat(text, 64); err == nil {
		return x
	}
	return text
}
