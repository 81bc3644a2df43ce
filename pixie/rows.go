package pixie

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// isRow reports whether the record is a row that Pixie wrote: rows name their table.
func (r *record) isRow() bool { return r.fields.Has(tableName) }

// translateRow gives the columns of a row the names of payload.md: the table becomes the type, time_ the timestamp, and
// pod the namespace and the name.
func (r *record) translateRow() error {
	table, err := r.outer.parseText(r.valueOf(tableName), fields[tableName])
	if err != nil {
		return fmt.Errorf("_tableName_: %w", err)
	}
	kind, ours := strings.CutPrefix(table, "kg_")
	kind, versioned := strings.CutSuffix(kind, "_v1")
	if !ours || !versioned || kind == "" {
		return fmt.Errorf("_tableName_: not one of ours (kg_<type>_v1): %s", quoteInput(table))
	}
	for f := range numFields {
		if isNaN(r.valueOf(f)) {
			r.fields.Drop(f)
		}
	}
	r.fields.Put(typeName, quoteJSON(kind))
	if r.fields.Has(rowTime) {
		r.fields.Put(timestamp, rowTimestamp(r.valueOf(rowTime)))
	} else {
		r.fields.Drop(timestamp)
	}
	for _, f := range [...]field{podName, rowPod} {
		if err := r.splitPod(f); err != nil {
			return fmt.Errorf("%s: %s: %w", kind, fields[f].name, err)
		}
	}
	return nil
}

// splitPod makes namespace and pod_name of a column that holds both, as Pixie's own pod columns do. If a row has
// columns of these names too, they must agree.
func (r *record) splitPod(f field) error {
	if r.valueOf(f).Kind() != '"' {
		return nil
	}
	both, err := r.outer.parseText(r.valueOf(f), fields[f])
	if err != nil {
		return err
	}
	space, name, found := strings.Cut(both, "/")
	switch {
	case !found && f == rowPod:
		return fmt.Errorf("not namespace/name: %s", quoteInput(both))
	case !found:
		return nil
	}
	if err := r.setPart(namespace, space, both); err != nil {
		return err
	}
	return r.setPart(podName, name, both)
}

// setPart sets a field to its part of both, and refuses a row in which the field has another value.
func (r *record) setPart(f field, part, both string) error {
	if other := r.valueOf(f); other.Kind() == '"' {
		if text, err := r.outer.parseText(other, fields[f]); err != nil || text != part && text != both {
			return fmt.Errorf("%s, but %s is %s", quoteInput(both), fields[f].name, shortenNumeral(other))
		}
	}
	r.fields.Put(f, quoteJSON(part))
	return nil
}

// quoteJSON returns a text as a JSON string.
func quoteJSON(text string) jsontext.Value { return appendText(nil, text) }

// isNaN recognises the NaN of Pixie's Go client, which writes every value as a string. Pixie writes 0/0, where there
// was nothing to divide: the value was not measured, so it is absent. Infinity stays an error.
func isNaN(value jsontext.Value) bool { return bytes.Equal(value, []byte(`"NaN"`)) }

// rowText returns the text of a column. The px command prints a text that looks like a number as a number. Its form
// before is lost ("007" comes as 7), so the number is taken as the text.
func rowText(value jsontext.Value) jsontext.Value {
	if value.Kind() == '0' {
		return quoteJSON(string(value))
	}
	return value
}

// rowTimeLayout is how Pixie's Go client writes times: as Go prints them, without the name of the zone, which adds
// nothing to the offset.
const rowTimeLayout = "2006-01-02 15:04:05.999999999 -0700"

// rowTimestamp converts that form to RFC 3339. Anything else stays as it is: the px command writes RFC 3339 in its
// local time zone.
func rowTimestamp(value jsontext.Value) jsontext.Value {
	text := bytes.Trim(value, `"`)
	last := bytes.LastIndexByte(text, ' ')
	if last < 0 || len(text) > len(rowTimeLayout)+len(" +0000") {
		return value
	}
	at, err := time.ParseInLocation(rowTimeLayout, string(text[:last]), time.UTC)
	if err != nil {
		return value
	}
	return quoteJSON(at.Format(time.RFC3339Nano))
}
