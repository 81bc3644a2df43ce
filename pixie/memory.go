package pixie

import (
	"math"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// memorySample reads a record of type memory_pressure.
func (r *record) memorySample() gossip.Event {
	var o gossip.Origin
	r.origin(&o)
	s := gossip.MemorySample{
		Origin:        o,
		WorkingSet:    r.integer(workingSetBytes),
		UsedBytes:     r.mebibytes(memoryUsedMB),
		UsedShare:     r.share(memoryUsagePct),
		LimitBytes:    r.integer(limitBytes),
		SomeAvg10:     r.share(psiSomeAvg10),
		SomeAvg60:     r.share(psiSomeAvg60),
		FullAvg10:     r.share(psiFullAvg10),
		FullAvg60:     r.share(psiFullAvg60),
		MajorFaults:   r.integer(majorFaults),
		PageFaultRate: r.number(pageFaultsPerSec),
		Reclaims:      r.integer(reclaims),
		LimitHits:     r.integer(limitHits),
		OOMKills:      r.integer(oomKills),
	}
	if limit := r.mebibytes(memoryLimitMB); !s.LimitBytes.Known {
		s.LimitBytes = limit
	}
	r.requireOne("working_set_bytes, memory_usage_pct or psi_some_avg60", workingSetBytes, memoryUsagePct, psiSomeAvg60)
	return s
}

// mebibytes reads a number of MiB as bytes, rounded half up.
func (r *record) mebibytes(f field) gossip.Optional[int64] {
	n, known := r.number(f).Get()
	return gossip.Optional[int64]{Value: int64(math.Round(n * (1 << 20))), Known: known}
}
