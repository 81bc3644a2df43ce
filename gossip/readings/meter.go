package readings

import (
	"container/list"
	"fmt"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// Reading is the state of cumulative counters at one time: [CPU], [Memory] or [Network]. The set is closed.
//
//sumtype:decl
type Reading interface {
	// From is where and when the counters were read.
	From() gossip.Origin
	// eventSince makes the event of the interval that began with an earlier reading of the same series.
	eventSince(before Reading) (gossip.Event, Outcome)
}

// Outcome is what a reading led to.
type Outcome int

// The outcomes of a reading.
const (
	Measured Outcome = iota // an event
	Baseline                // the first reading of its series
	Stale                   // not later than the latest reading of its series: ignored
	Split                   // the interval belongs to two epochs
	Empty                   // the reading has nothing that a verdict can use
)

// Meter turns readings into events. It keeps one reading a series and is for one goroutine.
type Meter struct {
	maxSeries int
	series    map[seriesKey]*list.Element
	recent    list.List // of Reading: the series that was observed last is in front
}

// seriesKey identifies a series. A restart of a container has another ID, if the source has IDs; otherwise its counters
// fall.
type seriesKey struct {
	kind                                                   gossip.Kind
	namespace, pod, podUID, container, containerID, source string
}

func keyOf(r Reading) seriesKey {
	o := r.From()
	return seriesKey{kindOf(r), o.Namespace, o.Pod, o.PodUID, o.Container, o.ContainerID, o.Source}
}

func kindOf(r Reading) gossip.Kind {
	switch r.(type) {
	case CPU:
		return gossip.KindCPUThrottling
	case Memory:
		return gossip.KindMemoryPressure
	case Network:
		return gossip.KindNetworkIssue
	default:
		panic(fmt.Sprintf("readings: %T is not a reading", r))
	}
}

// New makes a meter for at most maxSeries series. Beyond that it forgets the series that was not observed for the
// longest time.
func New(maxSeries int) *Meter {
	return &Meter{maxSeries: max(1, maxSeries), series: map[seriesKey]*list.Element{}}
}

// Observe takes a reading. It returns an event if the outcome is [Measured], and nil otherwise. It panics if the
// reading is nil or a pointer, because neither is a reading.
func (m *Meter) Observe(r Reading) (gossip.Event, Outcome) {
	key := keyOf(r)
	element, known := m.series[key]
	if !known {
		m.series[key] = m.recent.PushFront(r)
		for m.recent.Len() > m.maxSeries {
			m.removeOldest()
		}
		return nil, Baseline
	}
	before := latestReading(element)
	if !r.From().Time.After(before.From().Time) {
		return nil, Stale
	}
	element.Value = r
	m.recent.MoveToFront(element)
	event, outcome := r.eventSince(before)
	if outcome != Measured {
		return nil, outcome
	}
	return event, Measured
}

// Expire forgets the series with no reading at or after a time. It begins with the series that was not observed for the
// longest time and ends at the first that stays.
func (m *Meter) Expire(before time.Time) {
	for {
		oldest := m.recent.Back()
		if oldest == nil || !latestReading(oldest).From().Time.Before(before) {
			return
		}
		m.removeOldest()
	}
}

// Len is the number of series.
func (m *Meter) Len() int { return m.recent.Len() }

func (m *Meter) removeOldest() {
	oldest := m.recent.Back()
	delete(m.series, keyOf(latestReading(oldest)))
	m.recent.Remove(oldest)
}

func latestReading(element *list.Element) Reading {
	return element.Value.(Reading) // the list holds nothing else
}
