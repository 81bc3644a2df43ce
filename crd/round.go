package crd

import (
	"math"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// roundPercent rounds a share to a whole percentage from 0 to most. It is nil when the share was not measured, or is
// not a number.
func roundPercent(share gossip.Optional[float64], most int32) *int32 {
	p := gossip.Percent(share.Value)
	if !share.Known || math.IsNaN(p) {
		return nil
	}
	return new(int32(max(0, min(p, float64(most)))))
}

// roundBasisPoints rounds a share to hundredths of a percent, half away from zero.
func roundBasisPoints(share gossip.Optional[float64]) *int32 {
	share.Value *= 100
	return roundPercent(share, 10_000)
}

// roundTo rounds a duration to a number of units, half away from zero.
func roundTo(d gossip.Optional[time.Duration], unit time.Duration) *int64 {
	if !d.Known {
		return nil
	}
	return new(max(0, int64(d.Value.Round(unit)/unit)))
}

func roundMilliseconds(d gossip.Optional[time.Duration]) *int64 { return roundTo(d, time.Millisecond) }
func roundSeconds(d gossip.Optional[time.Duration]) *int64      { return roundTo(d, time.Second) }

// roundCount rounds a rate to a whole number. It is nil when it was not measured, or is not a number.
func roundCount(n gossip.Optional[float64]) *int64 {
	if !n.Known || math.IsNaN(n.Value) {
		return nil
	}
	return new(int64(max(0, min(math.Round(n.Value), 1<<62))))
}

func countPointer(n gossip.Optional[int64]) *int64 {
	if !n.Known {
		return nil
	}
	return new(max(0, n.Value))
}

// coresQuantity rounds CPU to Kubernetes' smallest unit, half away from zero.
func coresQuantity(c gossip.Optional[float64]) *resource.Quantity {
	if !c.Known || math.IsNaN(c.Value) {
		return nil
	}
	return resource.NewMilliQuantity(gossip.Millicores(max(0, min(c.Value, 1e9))), resource.DecimalSI)
}

// bytesQuantity rounds memory to bytes, half away from zero.
func bytesQuantity(n gossip.Optional[float64]) *resource.Quantity {
	count := roundCount(n)
	if count == nil {
		return nil
	}
	return resource.NewQuantity(*count, resource.BinarySI)
}

// eventSeconds returns an event time as the API has it: UTC, in whole seconds. It is nil for the zero time.
func eventSeconds(t time.Time) *metav1.Time {
	if t.IsZero() {
		return nil
	}
	return new(metav1.NewTime(t.UTC().Truncate(time.Second)))
}

// orUnixStart returns an event time as the API has it; the start of Unix time for the zero time, because the API
// requires a time.
func orUnixStart(t time.Time) *metav1.Time {
	if t.IsZero() {
		t = time.Unix(0, 0)
	}
	return eventSeconds(t)
}

// formatDuration returns a duration for a sentence: in whole milliseconds, or in tenths of one below 10 ms.
func formatDuration(d time.Duration) string {
	if d < 10*time.Millisecond {
		return d.Round(100 * time.Microsecond).String()
	}
	return d.Round(time.Millisecond).String()
}
