package crd

import (
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// The functions here are the inverse of those in round.go: an absent figure stays absent.

func optionalOf(n *int64) gossip.Optional[int64] {
	if n == nil {
		return gossip.Optional[int64]{}
	}
	return gossip.Some(*n)
}

// parseCount returns a whole number as a rate.
func parseCount(n *int64) gossip.Optional[float64] {
	if n == nil {
		return gossip.Optional[float64]{}
	}
	return gossip.Some(float64(*n))
}

// parsePercent returns a percentage as a share.
func parsePercent(n *int32) gossip.Optional[float64] {
	if n == nil {
		return gossip.Optional[float64]{}
	}
	return gossip.Some(float64(*n) / 100)
}

// parseBasisPoints returns hundredths of a percent as a share.
func parseBasisPoints(n *int32) gossip.Optional[float64] {
	share := parsePercent(n)
	share.Value /= 100
	return share
}

// preciseShare returns part/whole where that is the share, rounded to a percentage, and else the share.
func preciseShare(share gossip.Optional[float64], part, whole float64) gossip.Optional[float64] {
	if share.Known && whole > 0 && gossip.Percent(part/whole) == gossip.Percent(share.Value) {
		share.Value = part / whole
	}
	return share
}

func parseDuration(n *int64, unit time.Duration) gossip.Optional[time.Duration] {
	if n == nil {
		return gossip.Optional[time.Duration]{}
	}
	return gossip.Some(time.Duration(min(*n, int64(maxDuration/unit))) * unit)
}

const maxDuration time.Duration = 1<<63 - 1

func parseCores(q *resource.Quantity) gossip.Optional[float64] {
	if q == nil {
		return gossip.Optional[float64]{}
	}
	return gossip.Some(float64(q.MilliValue()) / 1000) // the nearest: 350m is 0.35
}

// parseQuantity returns cores or bytes.
func parseQuantity(q *resource.Quantity) gossip.Optional[float64] {
	if q == nil {
		return gossip.Optional[float64]{}
	}
	return gossip.Some(q.AsApproximateFloat64())
}

// parseCoverage is the inverse of newCoverage.
func parseCoverage(c v1alpha1.Coverage) gossip.Coverage {
	count := func(n *int64) int { return int(optionalOf(n).Value) }
	return gossip.Coverage{
		Window:     parseDuration(c.WindowSeconds, time.Second).Value,
		Samples:    count(c.Samples),
		Expected:   count(c.ExpectedSamples),
		Gaps:       count(c.Gaps),
		Epochs:     count(c.Epochs),
		Dropped:    count(c.Dropped),
		Confidence: parseConfidence(c.Confidence),
		Missing:    c.Missing,
		Source:     c.Source,
		Ignored:    c.IgnoredSources,
	}
}

func parseConfidence(word v1alpha1.Confidence) gossip.Confidence {
	for c := gossip.ConfidenceLow; c <= gossip.ConfidenceHigh; c++ {
		if c.String() == string(word) {
			return c
		}
	}
	return gossip.ConfidenceLow
}
