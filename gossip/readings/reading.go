package readings

import (
	"math"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// CPU is a reading of the CPU bandwidth counters of a container (cpu.stat and cpu.max of its cgroup).
type CPU struct {
	gossip.Origin // Time is the time of the reading; Period is not used

	Periods          gossip.Optional[int64]         // counter: nr_periods
	ThrottledPeriods gossip.Optional[int64]         // counter: nr_throttled
	Throttled        gossip.Optional[time.Duration] // counter: throttled time, summed over CPU run queues
	Usage            gossip.Optional[time.Duration] // counter: CPU time used
	Quota            gossip.Optional[time.Duration] // CPU time allowed in a CFSPeriod; 0 is "no limit", absent "not known"
	CFSPeriod        time.Duration                  // length of one enforcement period; 0: not known
	Threads          gossip.Optional[int64]
	NodeCPUs         gossip.Optional[int64]
}

// eventSince fails if the quota changed. Where the limit is known, the event also has the averages that metrics show
// for the interval.
func (c CPU) eventSince(reading Reading) (gossip.Event, Outcome) {
	before, ok := reading.(CPU)
	d := differences{split: !ok || before.Quota != c.Quota || before.CFSPeriod != c.CFSPeriod}
	sample := gossip.CPUSample{
		Origin:           intervalOf(before.Origin, c.Origin),
		Periods:          d.subtractCounter(before.Periods, c.Periods),
		ThrottledPeriods: d.subtractCounter(before.ThrottledPeriods, c.ThrottledPeriods),
		ThrottledUsec:    d.subtractCounter(toMicroseconds(before.Throttled), toMicroseconds(c.Throttled)),
		UsageUsec:        d.subtractCounter(toMicroseconds(before.Usage), toMicroseconds(c.Usage)),
		LimitCores:       c.limitCores(),
		CFSPeriod:        c.CFSPeriod,
		Threads:          c.Threads,
		NodeCPUs:         c.NodeCPUs,
	}
	if limit := float64(
		c.Quota.Value,
	) / float64(
		c.CFSPeriod,
	); c.Quota.Value > 0 && c.CFSPeriod > 0 &&
		sample.UsageUsec.Known {
		cores := float64(c.Usage.Value-before.Usage.Value) / float64(c.Time.Sub(before.Time))
		sample.UsageCores, sample.ReportedShare = gossip.Some(roundMicro(cores)), gossip.Some(roundMicro(cores/limit))
	}
	return sample, d.outcomeIf(true)
}

// limitCores is the quota in cores.
func (c CPU) limitCores() gossip.Optional[float64] {
	switch {
	case !c.Quota.Known || c.Quota.Value > 0 && c.CFSPeriod <= 0:
		return gossip.Optional[float64]{}
	case c.Quota.Value <= 0:
		return gossip.Some(0.0)
	default:
		return gossip.Some(roundMicro(float64(c.Quota.Value) / float64(c.CFSPeriod)))
	}
}

// Memory is a reading of the memory files of a container's cgroup: three counters, and gauges.
type Memory struct {
	gossip.Origin // Time is the time of the reading; Period is not used

	WorkingSet  gossip.Optional[int64]   // bytes: usage less inactive file cache
	LimitBytes  gossip.Optional[int64]   // 0 is "no limit", absent is "not known"
	SomeAvg10   gossip.Optional[float64] // PSI: share 0–1 of the last 10 s in which some task waited for memory
	SomeAvg60   gossip.Optional[float64] // the same of the last 60 s
	FullAvg10   gossip.Optional[float64] // PSI: the share in which all tasks that were not idle waited
	FullAvg60   gossip.Optional[float64] // the same of the last 60 s
	MajorFaults gossip.Optional[int64]   // counter: page faults that had to wait for a disk
	LimitHits   gossip.Optional[int64]   // counter: memory.events max, or memory.failcnt of cgroup v1
	OOMKills    gossip.Optional[int64]   // counter: memory.events oom_kill
}

// eventSince fails if the limit changed, and for a reading with neither a working set nor pressure.
func (m Memory) eventSince(reading Reading) (gossip.Event, Outcome) {
	before, ok := reading.(Memory)
	d := differences{split: !ok || before.LimitBytes != m.LimitBytes}
	sample := gossip.MemorySample{
		Origin:      intervalOf(before.Origin, m.Origin),
		WorkingSet:  m.WorkingSet,
		LimitBytes:  m.LimitBytes,
		SomeAvg10:   m.SomeAvg10,
		SomeAvg60:   m.SomeAvg60,
		FullAvg10:   m.FullAvg10,
		FullAvg60:   m.FullAvg60,
		MajorFaults: d.subtractCounter(before.MajorFaults, m.MajorFaults),
		LimitHits:   d.subtractCounter(before.LimitHits, m.LimitHits),
		OOMKills:    d.subtractCounter(before.OOMKills, m.OOMKills),
	}
	return sample, d.outcomeIf(m.WorkingSet.Known || m.SomeAvg60.Known)
}

// Network is a reading of the counters of a pod's network namespace.
type Network struct {
	gossip.Origin // Time is the time of the reading; Period is not used

	NetNS          uint64                 // identifies the network namespace, which has the counters; 0: not known
	Segments       gossip.Optional[int64] // counter: TCP segments sent, without those sent again
	Retransmits    gossip.Optional[int64] // counter: TCP segments sent again
	RxPackets      gossip.Optional[int64] // counter
	TxPackets      gossip.Optional[int64] // counter
	RxDrops        gossip.Optional[int64] // counter
	TxDrops        gossip.Optional[int64] // counter
	RxErrors       gossip.Optional[int64] // counter
	TxErrors       gossip.Optional[int64] // counter
	FailedConnects gossip.Optional[int64] // counter: TCP connects that were refused or timed out
}

// eventSince fails if the pod has another network namespace.
func (n Network) eventSince(reading Reading) (gossip.Event, Outcome) {
	before, ok := reading.(Network)
	d := differences{split: !ok || before.NetNS != n.NetNS}
	sample := gossip.NetworkSample{
		Origin:         intervalOf(before.Origin, n.Origin),
		Segments:       d.subtractCounter(before.Segments, n.Segments),
		Retransmits:    d.subtractCounter(before.Retransmits, n.Retransmits),
		RxPackets:      d.subtractCounter(before.RxPackets, n.RxPackets),
		TxPackets:      d.subtractCounter(before.TxPackets, n.TxPackets),
		RxDrops:        d.subtractCounter(before.RxDrops, n.RxDrops),
		TxDrops:        d.subtractCounter(before.TxDrops, n.TxDrops),
		RxErrors:       d.subtractCounter(before.RxErrors, n.RxErrors),
		TxErrors:       d.subtractCounter(before.TxErrors, n.TxErrors),
		FailedConnects: d.subtractCounter(before.FailedConnects, n.FailedConnects),
	}
	return sample, d.outcomeIf(true)
}

// differences subtracts the counters of two readings, and notes when one of them fell.
type differences struct{ split bool }

func (d *differences) subtractCounter(before, now gossip.Optional[int64]) gossip.Optional[int64] {
	if !before.Known || !now.Known {
		return gossip.Optional[int64]{}
	}
	d.split = d.split || now.Value < before.Value
	return gossip.Some(now.Value - before.Value)
}

// outcomeIf is the outcome of the interval; usable reports whether the later reading has what an event needs.
func (d *differences) outcomeIf(usable bool) Outcome {
	switch {
	case d.split:
		return Split
	case !usable:
		return Empty
	default:
		return Measured
	}
}

// intervalOf is the origin of the event between two readings. Clocks measure no more than the digits that it keeps.
func intervalOf(before, now gossip.Origin) gossip.Origin {
	now.Period = now.Time.Sub(before.Time).Round(time.Microsecond)
	now.Time = now.Time.Truncate(time.Millisecond)
	return now
}

// toMicroseconds cuts a counter of time to microseconds, before it is subtracted: the differences then add up.
func toMicroseconds(d gossip.Optional[time.Duration]) gossip.Optional[int64] {
	return gossip.Optional[int64]{Value: d.Value.Microseconds(), Known: d.Known}
}

// roundMicro keeps six decimals, since more are not measured.
func roundMicro(x float64) float64 { return math.Round(x*1e6) / 1e6 }
