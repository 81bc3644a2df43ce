package pixie

import (
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// record is one record while it is decoded. The first fault sticks: what is read after it counts for nothing.
type record struct {
	values
	err error

	outer, inner members // of the record, and of what is nested in it
	layout
	repeats
}

// decode adds the event of one record. One that was found to be plain has been split already; its faults are told by the strict way.
func (r *record) decode(c cut, to *Batch) error {
	if c.plain && r.event(to) == nil {
		return nil
	}
	r.begin()
	if err := r.split(c.raw); err != nil {
		return err
	}
	return r.event(to)
}

// event adds the event of the values.
func (r *record) event(to *Batch) error {
	if r.isRow() {
		if err := r.row(); err != nil {
			return err
		}
	}
	r.require(typeName)
	kind := r.text(typeName)
	if r.err != nil {
		return r.err
	}
	before := to.len()
	var event gossip.Event
	switch kind {
	case cpuThrottle:
		to.CPU = append(to.CPU, gossip.CPUSample{})
		r.cpuSample(&to.CPU[len(to.CPU)-1])
	case podCreation:
		to.Births = append(to.Births, gossip.PodCreation{})
		r.podCreation(&to.Births[len(to.Births)-1])
	case memoryPressure:
		event = r.memorySample()
	case oomKill:
		event = r.oomKill()
	case networkIssue:
		event = r.networkSample()
	default:
		return fmt.Errorf("type: unknown: %s", quote(kind))
	}
	if r.err != nil {
		to.cut(before)
		return fmt.Errorf("%s: %w", kind, r.err)
	}
	if event != nil {
		to.Others = append(to.Others, event)
	}
	return nil
}

// split checks the JSON of the whole record and notes where its fields are.
func (r *record) split(raw []byte) error {
	r.raw = slices.Clip(raw) // put must not write behind it
	return r.outer.each(raw, func(name, value []byte) error {
		if f, known := fieldsByName[string(name)]; known && jsontext.Value(value).Kind() != 'n' {
			end := int(r.outer.json.InputOffset())
			r.note(f, end-len(value), end)
		}
		return nil
	})
}

// origin reads what every type has.
func (r *record) origin(o *gossip.Origin) {
	o.Time = r.time(timestamp)
	r.require(namespace)
	o.Namespace = r.text(namespace)
	r.require(podName)
	o.Pod = r.text(podName)
	o.PodUID = r.text(podUID)
	o.Node = r.text(node)
	o.Container = r.text(containerName)
	o.ContainerID = r.text(containerID)
	o.Source = r.text(source)
	o.Period = r.period()
}

// fail keeps the first fault.
func (r *record) fail(f field, err error) {
	if err != nil && r.err == nil {
		if f == timestamp && r.isRow() {
			f = rowTime
		}
		r.err = fmt.Errorf("%s: %w", fields[f].name, err)
	}
}

var errRequired = errors.New("required")

// requireOne refuses the record when all of the fields are absent.
func (r *record) requireOne(what string, list ...field) {
	for _, f := range list {
		if r.err != nil || r.has(f) {
			return
		}
	}
	if r.err == nil {
		r.err = fmt.Errorf("%s: required", what)
	}
}

// require refuses the record when the field is absent.
func (r *record) require(f field) {
	if !r.has(f) {
		r.fail(f, errRequired)
	}
}
