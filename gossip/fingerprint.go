package gossip

import (
	"maps"
	"math"
	"slices"
	"time"
)

// fingerprint is a 64-bit digest of all that a record says besides its subject. Equal records have equal fingerprints on any
// machine: they tell a repeated record from a second one, and give records of one instant an order that does not depend on arrival.
type fingerprint uint64

// fingerprintOf digests an event. A cryptographic hash is not needed: who forges a collision makes us forget a record of his own.
func fingerprintOf(e Event) fingerprint {
	h := fingerprint(beginPrint)
	switch e := e.(type) {
	case CPUSample:
		h.cpu(&e)
	case MemorySample:
		h.origin(e.Origin)
		h.numbers(e.WorkingSet, e.UsedBytes, e.LimitBytes, e.MajorFaults, e.Reclaims, e.LimitHits, e.OOMKills)
		h.shares(e.UsedShare, e.SomeAvg10, e.SomeAvg60, e.FullAvg10, e.FullAvg60, e.PageFaultRate)
	case OOMKill:
		h.origin(e.Origin)
		h.numbers(e.VictimPID, e.UsageBytes, e.LimitBytes)
		h.text(e.VictimComm)
		h.text(string(e.Scope))
	case NetworkSample:
		h.origin(e.Origin)
		h.numbers(e.Segments, e.Retransmits, e.RxPackets, e.TxPackets, e.RxDrops, e.TxDrops, e.RxErrors, e.TxErrors, e.FailedConnects)
		h.shares(e.RetransmitShare, e.DropShare)
		h.durations(e.Latency, e.LatencyP50, e.LatencyP99)
	case PodCreation:
		h.birth(&e)
	}
	return h
}

// beginPrint is the digest of nothing.
const beginPrint = 0xcbf29ce484222325

func (h *fingerprint) cpu(e *CPUSample) {
	*h = beginPrint
	h.origin(e.Origin)
	h.numbers(e.Periods, e.ThrottledPeriods, e.ThrottledUsec, e.UsageUsec, e.Threads, e.NodeCPUs)
	h.shares(e.ThrottledShare, e.UsageCores, e.ReportedShare, e.LimitCores)
	h.number(uint64(e.CFSPeriod))
}

func (h *fingerprint) birth(e *PodCreation) {
	*h = beginPrint
	h.origin(e.Origin)
	h.number(uint64(e.Duration))
	h.numbers(e.TotalSyscalls, e.NamespaceOps, e.CgroupWrites, e.Execs, e.Processes, e.Mounts, e.IPTablesRules)
	h.durations(e.ImagePull, e.Init)
	if len(e.Syscalls) > 0 { // to sort nothing takes memory too
		for _, name := range slices.Sorted(maps.Keys(e.Syscalls)) {
			h.text(name)
			h.number(uint64(e.Syscalls[name]))
		}
	}
	for _, s := range e.Timeline {
		h.number(uint64(s.Offset))
		h.text(string(s.Actor))
		h.text(s.Action)
		h.text(s.Details)
	}
}

func (h *fingerprint) origin(o Origin) {
	h.number(uint64(o.Time.UnixNano()))
	h.number(uint64(o.Period))
	h.text(o.PodUID)
	h.text(o.Node)
	h.text(o.ContainerID)
	h.text(o.Source)
}

func (h *fingerprint) number(n uint64) {
	*h = (*h ^ fingerprint(n)) * 0x9e3779b97f4a7c15
	*h ^= *h >> 29
}

// optional digests a figure that was told, and adds to the mask of those that were.
func (h *fingerprint) optional(told uint64, known bool, bits uint64) uint64 {
	if !known {
		return told << 1
	}
	h.number(bits)
	return told<<1 | 1
}

func (h *fingerprint) numbers(list ...Optional[int64]) {
	var told uint64
	for _, o := range list {
		told = h.optional(told, o.Known, uint64(o.Value))
	}
	h.number(told)
}

func (h *fingerprint) shares(list ...Optional[float64]) {
	var told uint64
	for _, o := range list {
		told = h.optional(told, o.Known, math.Float64bits(o.Value))
	}
	h.number(told)
}

func (h *fingerprint) durations(list ...Optional[time.Duration]) {
	var told uint64
	for _, o := range list {
		told = h.optional(told, o.Known, uint64(o.Value))
	}
	h.number(told)
}

// text digests the bytes and the length, so that "ab","c" differs from "a","bc".
func (h *fingerprint) text(s string) {
	h.number(uint64(len(s)))
	for ; len(s) >= 8; s = s[8:] {
		h.number(uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56)
	}
	if s == "" {
		return
	}
	var tail uint64
	for i := range len(s) {
		tail = tail<<8 | uint64(s[i])
	}
	h.number(tail)
}
