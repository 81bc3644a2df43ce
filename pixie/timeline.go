package pixie

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// readTimeline reads the steps of a birth that began at start, and sorts them by offset; steps with the same offset
// stay in their order.
func (r *record) readTimeline(start time.Time) []gossip.Step {
	raw := r.valueOf(timeline)
	if raw == nil || r.err != nil {
		return nil
	}
	var steps []gossip.Step
	var entries entry
	r.refuseField(timeline, r.inner.eachElement(raw, func(i int, value []byte) error {
		if i == maxEntries {
			return errTooMany
		}
		step, err := entries.decode(value, start)
		if err != nil {
			return fmt.Errorf("entry %d: %w", i+1, err)
		}
		steps = append(steps, step)
		return nil
	}))
	slices.SortStableFunc(steps, func(a, b gossip.Step) int { return cmp.Compare(a.Offset, b.Offset) })
	return steps
}

// entry decodes the entries of a timeline.
type entry struct {
	members
	millis, timestamp, actor, action, details []byte // nil: absent or null
}

func (e *entry) decode(raw []byte, start time.Time) (step gossip.Step, err error) {
	e.millis, e.timestamp, e.actor, e.action, e.details = nil, nil, nil, nil, nil
	if err := e.eachMember(raw, e.noteMember); err != nil {
		return step, err
	}
	if step.Offset, err = e.readOffset(start); err != nil {
		return step, err
	}
	actor, err := e.readText(e.actor, entryActor)
	if err != nil {
		return step, err
	}
	if step.Actor = actors[actor]; step.Actor == "" {
		return step, fmt.Errorf("actor: not scheduler, kubelet, runtime or kernel: %s", quoteInput(actor))
	}
	if step.Action, err = e.readText(e.action, entryAction); err != nil {
		return step, err
	}
	if e.details != nil {
		step.Details, err = e.readText(e.details, entryDetails)
	}
	step.Action, step.Details = entryAction.cleanText(step.Action), entryDetails.cleanText(step.Details)
	return step, err
}

var actors = map[string]gossip.Actor{
	"scheduler": gossip.ActorScheduler,
	"kubelet":   gossip.ActorKubelet,
	"runtime":   gossip.ActorRuntime,
	"kernel":    gossip.ActorKernel,
}

// noteMember keeps a member with a known name.
func (e *entry) noteMember(name, value []byte) error {
	if value[0] == 'n' {
		return nil
	}
	switch string(name) {
	case entryMillis.name:
		e.millis = value
	case entryTimestamp.name:
		e.timestamp = value
	case entryActor.name:
		e.actor = value
	case entryAction.name:
		e.action = value
	case entryDetails.name:
		e.details = value
	}
	return nil
}

// readOffset reads timestamp_ms, or else timestamp less the start of the birth. Both are checked.
func (e *entry) readOffset(start time.Time) (time.Duration, error) {
	var at time.Time
	var err error
	if e.timestamp != nil {
		if at, err = e.parseTime(e.timestamp, entryTimestamp); err != nil {
			return 0, fmt.Errorf("timestamp: %w", err)
		}
	}
	switch {
	case e.millis != nil:
		ms, err := e.parseNumber(e.millis, entryMillis)
		if err != nil {
			return 0, fmt.Errorf("timestamp_ms: %w", err)
		}
		return time.Duration(math.Round(ms * 1e6)), nil
	case e.timestamp != nil:
		return offsetBetween(start, at)
	}
	return 0, errors.New("timestamp_ms or timestamp: required")
}

func offsetBetween(start, t time.Time) (time.Duration, error) {
	switch d := t.Sub(start); {
	case d < 0:
		return 0, fmt.Errorf("timestamp: %s before the birth began", -d)
	case d > maxCount:
		return 0, fmt.Errorf("timestamp: %s after the birth began", d)
	default:
		return d, nil
	}
}

// readText reads a required text.
func (e *entry) readText(value []byte, s spec) (string, error) {
	if value == nil {
		return "", fmt.Errorf("%s: %w", s.name, errRequired)
	}
	text, err := e.parseText(value, s)
	if err != nil {
		return "", fmt.Errorf("%s: %w", s.name, err)
	}
	return text, nil
}
