package pixie

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie/plain"
)

// record is one record while it is decoded. It keeps the first fault; what is read after a fault does not count. The
// zero value can read what is set field by field; only newRecord can split plain text.
type record struct {
	fields plain.Fields
	err    error

	splitter     *plain.Splitter
	texts        [numForms]plain.Interner // texts that have passed the checks of their form
	outer, inner members                  // of the record, and of what is nested in it

	newestTime plain.Repeat // as it was written
	newest     time.Time
}

// newRecord returns a record that can split plain text.
func newRecord() *record {
	r := new(record)
	r.splitter = plain.NewSplitter(names, r.inner.isJSON)
	for _, f := range internedFields {
		r.splitter.Intern(f, &r.texts[forms[f]])
	}
	r.splitter.Expect(timestamp, &r.newestTime)
	return r
}

// beginRecord makes room for another record.
func (r *record) beginRecord() {
	r.fields.Begin()
	r.err = nil
}

// splitPlain splits the record at the start of text and returns its length. It returns false if the record is not
// plain: then splitStrictly decides.
func (r *record) splitPlain(text []byte) (n int, ok bool) {
	r.err = nil
	return r.splitter.Split(text, &r.fields)
}

// valueOf returns the JSON of a field; nil if it is absent or null.
func (r *record) valueOf(f field) jsontext.Value { return r.fields.Value(f) }

// decode adds the event of one record. A plain record has been split already. If it has a fault, it is split again
// strictly, because only the strict way words errors.
func (r *record) decode(c cutRecord, to *Batch) error {
	if c.plain && r.addEvent(to) == nil {
		return nil
	}
	r.beginRecord()
	if err := r.splitStrictly(c.raw); err != nil {
		return err
	}
	return r.addEvent(to)
}

// addEvent adds the event of the fields.
func (r *record) addEvent(to *Batch) error {
	if r.isRow() {
		if err := r.translateRow(); err != nil {
			return err
		}
	}
	r.requireField(typeName)
	kind := r.readText(typeName)
	if r.err != nil {
		return r.err
	}
	switch kind {
	case cpuThrottle:
		to.CPU = append(to.CPU, gossip.CPUSample{})
		r.readCPUSample(&to.CPU[len(to.CPU)-1])
	case podCreation:
		to.Births = append(to.Births, gossip.PodCreation{})
		r.readPodCreation(&to.Births[len(to.Births)-1])
	case memoryPressure:
		to.Memory = append(to.Memory, r.readMemorySample())
	case oomKill:
		to.Kills = append(to.Kills, r.readOOMKill())
	case networkIssue:
		to.Network = append(to.Network, r.readNetworkSample())
	default:
		return fmt.Errorf("type: unknown: %s", quoteInput(kind))
	}
	if r.err != nil {
		to.removeLast(kind)
		return fmt.Errorf("%s: %w", kind, r.err)
	}
	return nil
}

// splitStrictly checks the JSON of the whole record and notes where its fields are.
func (r *record) splitStrictly(raw []byte) error {
	r.fields.Text = slices.Clip(raw) // Put must not write after it
	return r.outer.eachMember(raw, func(name, value []byte) error {
		if f, known := names.Find(string(name)); known && jsontext.Value(value).Kind() != 'n' {
			end := int(r.outer.json.InputOffset())
			r.fields.Set(f, end-len(value), end)
		}
		return nil
	})
}

// readOrigin reads the fields that every type has.
func (r *record) readOrigin(o *gossip.Origin) {
	o.Time = r.readTime(timestamp)
	r.requireField(namespace)
	o.Namespace = r.readText(namespace)
	r.requireField(podName)
	o.Pod = r.readText(podName)
	o.PodUID = r.readText(podUID)
	o.Node = r.readText(node)
	o.Container = r.readText(containerName)
	o.ContainerID = r.readText(containerID)
	o.Source = r.readText(source)
	o.Period = r.readPeriod()
}

// refuseField notes a fault of a field, unless there was one before.
func (r *record) refuseField(f field, err error) {
	if err != nil && r.err == nil {
		if f == timestamp && r.isRow() {
			f = rowTime
		}
		r.err = fmt.Errorf("%s: %w", fields[f].name, err)
	}
}

var errRequired = errors.New("required")

// requireOne refuses the record if all of the fields are absent.
func (r *record) requireOne(what string, list ...field) {
	for _, f := range list {
		if r.err != nil || r.fields.Has(f) {
			return
		}
	}
	if r.err == nil {
		r.err = fmt.Errorf("%s: required", what)
	}
}

// requireField refuses the record if the field is absent.
func (r *record) requireField(f field) {
	if !r.fields.Has(f) {
		r.refuseField(f, errRequired)
	}
}
