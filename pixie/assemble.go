package pixie

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// Record is a record of a format that is not JSON text. It is put together value by value. Names, units, bounds and
// errors are the ones of payload.md: an unknown name is ignored, and a name that occurs twice makes the record a bad
// one. Syscalls and timeline cannot be set. pod_name may be namespace/name, and with "_tableName_" the record is a row.
// The zero value is an empty record. It is not safe for concurrent use.
type Record struct {
	record record
	err    error
}

var (
	errTwice    = errors.New("occurs twice")
	errInfinite = errors.New("not a finite number")
)

// Text sets a text, or a number that is written as one.
func (r *Record) Text(name, value string) {
	r.set(name, func(b []byte) ([]byte, error) { return appendText(b, value), nil })
}

// Integer sets a number.
func (r *Record) Integer(name string, value int64) {
	r.set(name, func(b []byte) ([]byte, error) { return strconv.AppendInt(b, value, 10), nil })
}

// Number sets a number. NaN is the result of 0/0, where there was nothing to divide: it leaves the field absent.
// Infinity is an error.
func (r *Record) Number(name string, value float64) {
	if math.IsNaN(value) {
		return
	}
	r.set(name, func(b []byte) ([]byte, error) {
		if math.IsInf(value, 0) {
			return b, errInfinite
		}
		return strconv.AppendFloat(b, value, 'g', -1, 64), nil
	})
}

// set writes the value as JSON. It keeps the first fault.
func (r *Record) set(name string, write func([]byte) ([]byte, error)) {
	f, known := names.Find(name)
	if !known || r.err != nil {
		return
	}
	begin := len(r.record.fields.Text)
	text, err := write(r.record.fields.Text)
	if r.record.fields.Text = text; err == nil && r.record.fields.Has(f) {
		err = errTwice
	}
	if err != nil {
		r.err = fmt.Errorf("%s: %w", name, err)
		return
	}
	r.record.fields.Set(f, begin, len(text))
}

// Event returns the event of the record, and leaves an empty record. The error is about this record only.
func (r *Record) Event() (gossip.Event, error) {
	defer func() { r.record.beginRecord(); r.record.fields.Text, r.err = r.record.fields.Text[:0], nil }()
	r.record.err = nil
	if r.err == nil && !r.record.isRow() {
		if err := r.record.splitPod(podName); err != nil {
			r.err = fmt.Errorf("pod_name: %w", err)
		}
	}
	if r.err != nil {
		if kind := r.record.readText(typeName); kind != "" {
			return nil, fmt.Errorf("%s: %w", kind, r.err)
		}
		return nil, r.err
	}
	var one Batch
	if err := r.record.addEvent(&one); err != nil {
		return nil, err
	}
	return one.singleResult()
}
