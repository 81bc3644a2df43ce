package vizier

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie"
	"github.com/kernel-gossip/kernel-gossip/pixie/vizier/vizierpb"
)

// Rows become text in parts of at most this many rows, and fewer if they are long: a short message may have rows of
// many columns with long names.
const (
	maxRows    = 256
	maxRowText = 256 << 10 // bytes, and one row more
)

// readMessage reads one message of the server.
func (all tables) readMessage(r *vizierpb.ExecuteScriptResponse, yield func(gossip.Event, error) bool) error {
	if err := deploymentError(r.GetMutationInfo()); err != nil {
		return err
	}
	if err := statusError(r.GetStatus()); err != nil {
		return err
	}
	if m := r.GetMetaData(); m != nil {
		return all.addTable(m)
	}
	if len(r.GetData().GetEncryptedBatch()) > 0 {
		return nonsenseError("an encrypted batch, which was not requested")
	}
	b := r.GetData().GetBatch()
	if b == nil {
		return nil // statistics
	}
	t := all[b.GetTableId()]
	if t == nil {
		return nonsenseError("a batch of a table that was not described: %q", b.GetTableId())
	}
	if err := t.checkBatch(b); err != nil {
		return err
	}
	rows := int(b.GetNumRows()) // as many as there are values
	for from := 0; from < rows; {
		n, err := t.decode(b, from, min(from+maxRows, rows), yield)
		if err != nil {
			return err
		}
		from += n
	}
	t.rows += rows
	return nil
}

// decode yields the events of some rows of a batch, and returns the number of rows. They become the lines that px run
// -o json would print, and package pixie reads those.
func (t *table) decode(
	b *vizierpb.RowBatchData, from, to int, yield func(gossip.Event, error) bool,
) (n int, err error) {
	lines := t.text[:0]
	for ; from+n < to && len(lines) < maxRowText; n++ {
		row := from + n
		lines = append(lines, t.rowStart...)
		for i, c := range b.GetCols() {
			lines = append(append(lines, ','), t.columns[i].label...)
			lines = appendValue(lines, c, row, t.columns[i].name == "time_")
		}
		lines = append(lines, '}', '\n')
	}
	t.text = lines
	for event, err := range pixie.Decode(bytes.NewReader(lines)) {
		if one, ok := errors.AsType[*pixie.RecordError](err); ok {
			err = &pixie.RecordError{Err: fmt.Errorf("%s: %w", t.describeRow(t.rows+from+one.Line), one.Err)}
		}
		if !yield(event, err) {
			return n, errStopped
		}
	}
	return n, nil
}

// appendValue appends a value as the px command prints it, with two exceptions. A text stays a text if it looks like a
// number. Numbers that JSON does not have become texts: package pixie reads NaN as not measured and refuses the
// infinite ones.
func appendValue(dst []byte, c *vizierpb.Column, row int, isTime bool) []byte {
	switch data := c.GetColData().(type) {
	case *vizierpb.Column_BooleanData:
		return strconv.AppendBool(dst, data.BooleanData.GetData()[row])
	case *vizierpb.Column_Int64Data:
		n := data.Int64Data.GetData()[row]
		if isTime {
			return appendTime(dst, n)
		}
		return strconv.AppendInt(dst, n, 10)
	case *vizierpb.Column_Uint128Data:
		return appendUUID(dst, data.Uint128Data.GetData()[row])
	case *vizierpb.Column_Time64NsData:
		return appendTime(dst, data.Time64NsData.GetData()[row])
	case *vizierpb.Column_Float64Data:
		x := data.Float64Data.GetData()[row]
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return strconv.AppendQuote(dst, strconv.FormatFloat(x, 'g', -1, 64))
		}
		return strconv.AppendFloat(dst, x, 'g', -1, 64)
	case *vizierpb.Column_StringData:
		dst, _ = jsontext.AppendQuote(dst, data.StringData.GetData()[row]) // see quoted
		return dst
	}
	return append(dst, "null"...) // check lets no other through
}

func appendTime(dst []byte, ns int64) []byte {
	dst = time.Unix(0, ns).UTC().AppendFormat(append(dst, '"'), time.RFC3339Nano)
	return append(dst, '"')
}

// appendUUID appends 128 bits, the high ones first, as a UPID is written.
func appendUUID(dst []byte, u *vizierpb.UInt128) []byte {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], u.GetHigh())
	binary.BigEndian.PutUint64(b[8:], u.GetLow())
	dst = append(dst, '"')
	for i, part := range [][]byte{b[:4], b[4:6], b[6:8], b[8:10], b[10:]} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, part)
	}
	return append(dst, '"')
}
