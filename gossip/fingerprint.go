package gossip

import (
	"maps"
	"math"
	"slices"
	"time"
)

// fingerprint is a 64-bit digest of everything in a record but its subject. Equal records have equal fingerprints on
// any machine. They distinguish a repeated record from a second one, and give records of one instant an order that does
// not depend on arrival.
type fingerprint uint64 // not a cryptographic hash: a sender that forges a collision only loses a record of its own

// emptyFingerprint is the digest of nothing; the functions that add an event begin with it.
const emptyFingerprint = 0xcbf29ce484222325

func (h *fingerprint) addCPU(e *CPUSample) {
	*h = emptyFingerprint
	h.addOrigin(e.Origin)
	h.addNumbers(e.Periods, e.ThrottledPeriods, e.ThrottledUsec, e.UsageUsec, e.Threads, e.NodeCPUs)
	h.addShares(e.ThrottledShare, e.UsageCores, e.ReportedShare, e.LimitCores)
	h.addNumber(uint64(e.CFSPeriod))
}

func (h *fingerprint) addMemory(e *MemorySample) {
	*h = emptyFingerprint
	h.addOrigin(e.Origin)
	h.addNumbers(e.WorkingSet, e.UsedBytes, e.LimitBytes, e.MajorFaults, e.Reclaims, e.LimitHits, e.OOMKills)
	h.addShares(e.UsedShare, e.SomeAvg10, e.SomeAvg60, e.FullAvg10, e.FullAvg60, e.PageFaultRate)
}

func (h *fingerprint) addKill(e *OOMKill) {
	*h = emptyFingerprint
	h.addOrigin(e.Origin)
	h.addNumbers(e.VictimPID, e.UsageBytes, e.LimitBytes)
	h.addText(e.VictimComm)
	h.addText(string(e.Scope))
}

func (h *fingerprint) addNetwork(e *NetworkSample) {
	*h = emptyFingerprint
	h.addOrigin(e.Origin)
	h.addNumbers(
		e.Segments, e.Retransmits, e.RxPackets, e.TxPackets, e.RxDrops, e.TxDrops, e.RxErrors, e.TxErrors, e.FailedConnects,
	)
	h.addShares(e.RetransmitShare, e.DropShare)
	h.addDurations(e.Latency, e.LatencyP50, e.LatencyP99)
}

func (h *fingerprint) addBirth(e *PodCreation) {
	*h = emptyFingerprint
	h.addOrigin(e.Origin)
	h.addNumber(uint64(e.Duration))
	h.addNumbers(e.TotalSyscalls, e.NamespaceOps, e.CgroupWrites, e.Execs, e.Processes, e.Mounts, e.IPTablesRules)
	h.addDurations(e.ImagePull, e.Init)
	if len(e.Syscalls) > 0 { // sorting an empty map allocates too
		for _, name := range slices.Sorted(maps.Keys(e.Syscalls)) {
			h.addText(name)
			h.addNumber(uint64(e.Syscalls[name]))
		}
	}
	for _, s := range e.Timeline {
		h.addNumber(uint64(s.Offset))
		h.addText(string(s.Actor))
		h.addText(s.Action)
		h.addText(s.Details)
	}
}

func (h *fingerprint) addOrigin(o Origin) {
	h.addNumber(uint64(o.Time.UnixNano()))
	h.addNumber(uint64(o.Period))
	h.addText(o.PodUID)
	h.addText(o.Node)
	h.addText(o.ContainerID)
	h.addText(o.Source)
}

func (h *fingerprint) addNumber(n uint64) {
	*h = (*h ^ fingerprint(n)) * 0x9e3779b97f4a7c15
	*h ^= *h >> 29
}

// addOptional digests a figure that is known, and returns the mask of known figures with one more bit.
func (h *fingerprint) addOptional(mask uint64, known bool, bits uint64) uint64 {
	if !known {
		return mask << 1
	}
	h.addNumber(bits)
	return mask<<1 | 1
}

func (h *fingerprint) addNumbers(list ...Optional[int64]) {
	var mask uint64
	for _, o := range list {
		mask = h.addOptional(mask, o.Known, uint64(o.Value))
	}
	h.addNumber(mask)
}

func (h *fingerprint) addShares(list ...Optional[float64]) {
	var mask uint64
	for _, o := range list {
		mask = h.addOptional(mask, o.Known, math.Float64bits(o.Value))
	}
	h.addNumber(mask)
}

func (h *fingerprint) addDurations(list ...Optional[time.Duration]) {
	var mask uint64
	for _, o := range list {
		mask = h.addOptional(mask, o.Known, uint64(o.Value))
	}
	h.addNumber(mask)
}

// addText digests the bytes and the length, so that "ab","c" differs from "a","bc".
func (h *fingerprint) addText(s string) {
	h.addNumber(uint64(len(s)))
	for ; len(s) >= 8; s = s[8:] {
		h.addNumber(uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56)
	}
	if s == "" {
		return
	}
	var tail uint64
	for i := range len(s) {
		tail = tail<<8 | uint64(s[i])
	}
	h.addNumber(tail)
}
