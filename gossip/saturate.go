package gossip

import (
	"math"
	"time"
)

// addSat adds two numbers that are not negative and stops at the largest int64: sums of absurd figures stay absurd and
// never wrap into something plausible. Like addition it does not depend on order.
func addSat(a, b int64) int64 {
	if c := a + b; c >= 0 {
		return c
	}
	return math.MaxInt64
}

// mulSat multiplies two numbers that are not negative and stops at the largest int64.
func mulSat(a, b int64) int64 {
	if a != 0 && b > math.MaxInt64/a {
		return math.MaxInt64
	}
	return a * b
}

// durationOf returns microseconds as a Duration. It stops at the longest one (292 years) instead of wrapping round.
func durationOf(usec int64) time.Duration {
	return time.Duration(mulSat(usec, int64(time.Microsecond)))
}

// floorDiv rounds towards the past, before 1970 too.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
