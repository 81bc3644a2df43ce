package gossip

import "math"

// mean is a mean that is weighted by the length of the samples.
type mean struct {
	sum, weight         int64 // sum of value (in billionths) times length (in milliseconds), and of length
	untimedSum, untimed int64 // sum of value (in billionths), and number, of samples without a known length
}

const billion = 1e9

// addValue adds the value of one sample; a length of 0 ms is not known.
func (m *mean) addValue(v Optional[float64], ms int64) {
	if !v.Known {
		return
	}
	scaled := int64(math.Round(min(max(v.Value, 0), 1e6) * billion))
	if ms > 0 {
		m.sum = addSat(m.sum, mulSat(scaled, ms))
		m.weight = addSat(m.weight, ms)
	} else {
		m.untimedSum = addSat(m.untimedSum, scaled)
		m.untimed++
	}
}

func (m *mean) merge(o mean) {
	m.sum, m.weight = addSat(m.sum, o.sum), addSat(m.weight, o.weight)
	m.untimedSum, m.untimed = addSat(m.untimedSum, o.untimedSum), m.untimed+o.untimed
}

// subtractMean takes away a mean that was merged before, and reports whether that is possible (see subtractSums).
func (m *mean) subtractMean(o *mean) bool {
	if m.sum|m.weight|m.untimedSum >= maxExact {
		return false
	}
	m.sum, m.weight = m.sum-o.sum, m.weight-o.weight
	m.untimedSum, m.untimed = m.untimedSum-o.untimedSum, m.untimed-o.untimed
	return true
}

// weighUntimed gives the samples without a length their weight, once the total of their lengths is known: they share it
// evenly.
func (m *mean) weighUntimed(ms int64) {
	if m.untimed > 0 && ms > 0 {
		m.sum = addSat(m.sum, mulSat(m.untimedSum/m.untimed, ms))
		m.weight = addSat(m.weight, ms)
		m.untimedSum, m.untimed = 0, 0
	}
}

// weightedMean returns the mean. All samples have the same weight where none has a length.
func (m mean) weightedMean() Optional[float64] {
	switch {
	case m.weight > 0:
		return Some(float64(m.sum) / float64(m.weight) / billion)
	case m.untimed > 0:
		return Some(float64(m.untimedSum) / float64(m.untimed) / billion)
	default:
		return Optional[float64]{}
	}
}
