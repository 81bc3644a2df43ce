package pixie

import (
	"math"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// readMemorySample reads a record of type memory_pressure.
func (r *record) readMemorySample() gossip.MemorySample {
	var o gossip.Origin
	r.readOrigin(&o)
	s := gossip.MemorySample{
		Origin:        o,
		WorkingSet:    r.readInteger(workingSetBytes),
		UsedBytes:     r.readMebibytes(memoryUsedMB),
		UsedShare:     r.readShare(memoryUsagePct),
		LimitBytes:    r.readInteger(limitBytes),
		SomeAvg10:     r.readShare(psiSomeAvg10),
		SomeAvg60:     r.readShare(psiSomeAvg60),
		FullAvg10:     r.readShare(psiFullAvg10),
		FullAvg60:     r.readShare(psiFullAvg60),
		MajorFaults:   r.readInteger(majorFaults),
		PageFaultRate: r.readNumber(pageFaultsPerSec),
		Reclaims:      r.readInteger(reclaims),
		LimitHits:     r.readInteger(limitHits),
		OOMKills:      r.readInteger(oomKills),
	}
	if limit := r.readMebibytes(memoryLimitMB); !s.LimitBytes.Known {
		s.LimitBytes = limit
	}
	r.requireOne("working_set_bytes, memory_usage_pct or psi_some_avg60", workingSetBytes, memoryUsagePct, psiSomeAvg60)
	return s
}

// readMebibytes reads a number of MiB as bytes, rounded half up.
func (r *record) readMebibytes(f field) gossip.Optional[int64] {
	n, known := r.readNumber(f).Get()
	return gossip.Optional[int64]{Value: int64(math.Round(n * (1 << 20))), Known: known}
}
