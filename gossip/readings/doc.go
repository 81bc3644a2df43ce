// Package readings turns readings of cumulative counters into events of package gossip.
//
// A reading is the state of the counters of one container, or of one pod's network, at one time and as one source has
// them. A [Meter] keeps the latest reading of each series, and makes an event of each pair: its counters are
// differences, its period is the time between the two. Any source of cumulative counters can use it, in any order of
// series.
//
// # Intervals without an event
//
// An interval gives an event only if its differences are true:
//
//   - The first reading of a series is the baseline.
//   - When a counter fell, a limit changed, or a pod has another network namespace, the interval belongs to two epochs.
//     It gives no event, and the new reading is the baseline.
//   - A reading that is not later than the latest one is ignored. Sources repeat a reading until they have the next.
//
// The events of a series therefore add up to the difference between its last reading and its baseline.
//
// # What is absent
//
// A counter that one of the two readings does not have is absent in the event, and never 0. A gauge is the one of the
// later reading.
//
// The package has no clock: all times come from readings. It imports the standard library and
// package gossip.
package readings
