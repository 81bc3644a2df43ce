package vizier

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/kernel-gossip/kernel-gossip/pixie/vizier/vizierpb"
)

// Bounds of what a query may describe.
const (
	maxTables  = 64
	maxColumns = 256
	maxName    = 256 // bytes of the name of a table or column
)

// tables are the tables that a query has described, by their IDs.
type tables map[string]*table

// table is the description of a table, and the state of reading it.
type table struct {
	name     string
	columns  []column
	rowStart []byte // of each of its rows, as text
	text     []byte // of some rows: room for the next ones
	rows     int    // so far
}

type column struct {
	name  string
	label []byte // the name as JSON, and a colon
	kind  vizierpb.DataType
}

// addTable adds a table that the server describes.
func (all tables) addTable(m *vizierpb.QueryMetadata) error {
	described := m.GetRelation().GetColumns()
	switch {
	case len(m.GetName()) > maxName || len(m.GetId()) > maxName:
		return nonsenseError("a table has a name of more than %d bytes", maxName)
	case all[m.GetId()] != nil:
		return nonsenseError("table %q: its ID %q is that of a table before", m.GetName(), m.GetId())
	case len(all) == maxTables:
		return nonsenseError("more than %d tables", maxTables)
	case len(described) == 0 || len(described) > maxColumns:
		return nonsenseError("table %q: %d columns: not 1 to %d", m.GetName(), len(described), maxColumns)
	}
	t := &table{name: m.GetName(), rowStart: append([]byte(`{"_tableName_":`), quoteJSON(m.GetName())...)}
	seen := map[string]bool{"_tableName_": true}
	for _, d := range described {
		switch name, kind := d.GetColumnName(), d.GetColumnType(); {
		case len(name) > maxName:
			return nonsenseError("table %q: a column has a name of more than %d bytes", t.name, maxName)
		case seen[name]:
			return nonsenseError("table %q: more than one column %q", t.name, name)
		case kind < vizierpb.DataType_BOOLEAN || kind > vizierpb.DataType_TIME64NS:
			return nonsenseError("table %q: column %q: unknown type %d", t.name, name, kind)
		default:
			seen[name] = true
			t.columns = append(t.columns, column{name: name, label: append(quoteJSON(name), ':'), kind: kind})
		}
	}
	all[m.GetId()] = t
	return nil
}

// checkBatch compares a batch with the description of its table.
func (t *table) checkBatch(b *vizierpb.RowBatchData) error {
	rows := b.GetNumRows()
	if len(b.GetCols()) == 0 && rows == 0 {
		return nil // it only says that the table ends
	}
	if len(b.GetCols()) != len(t.columns) {
		return nonsenseError("table %q: a batch of %d columns, and there are %d", t.name, len(b.GetCols()), len(t.columns))
	}
	for i, c := range b.GetCols() {
		kind, n := columnShape(c)
		if kind == vizierpb.DataType_DATA_TYPE_UNKNOWN && rows == 0 {
			continue
		}
		if kind != t.columns[i].kind {
			return nonsenseError("table %q: column %q: %s instead of %s", t.name, t.columns[i].name, kind, t.columns[i].kind)
		}
		if int64(n) != rows {
			return nonsenseError("table %q: column %q: %d values in a batch of %d rows", t.name, t.columns[i].name, n, rows)
		}
	}
	return nil
}

// columnShape returns the type of the values of a column, and their number.
func columnShape(c *vizierpb.Column) (kind vizierpb.DataType, n int) {
	switch data := c.GetColData().(type) {
	case *vizierpb.Column_BooleanData:
		return vizierpb.DataType_BOOLEAN, len(data.BooleanData.GetData())
	case *vizierpb.Column_Int64Data:
		return vizierpb.DataType_INT64, len(data.Int64Data.GetData())
	case *vizierpb.Column_Uint128Data:
		return vizierpb.DataType_UINT128, len(data.Uint128Data.GetData())
	case *vizierpb.Column_Time64NsData:
		return vizierpb.DataType_TIME64NS, len(data.Time64NsData.GetData())
	case *vizierpb.Column_Float64Data:
		return vizierpb.DataType_FLOAT64, len(data.Float64Data.GetData())
	case *vizierpb.Column_StringData:
		return vizierpb.DataType_STRING, len(data.StringData.GetData())
	}
	return vizierpb.DataType_DATA_TYPE_UNKNOWN, 0
}

// quoteJSON returns a text as a JSON string. Bytes that are not UTF-8 are replaced, as the px command does.
func quoteJSON[Bytes ~[]byte | ~string](text Bytes) []byte {
	b, _ := jsontext.AppendQuote(nil, text)
	return b
}

// describeRow names a row in an error, from 1.
func (t *table) describeRow(row int) string {
	return "table " + strconv.Quote(t.name) + ", row " + strconv.Itoa(row)
}
