package gossip

import (
	"maps"
	"math"
	"slices"
)

// fingerprint is a 64-bit digest of all that a record says besides its subject. Equal records have equal fingerprints on any
// machine: they tell a repeated record from a second one, and give records of one instant an order that does not depend on arrival.
type fingerprint uint64

// fingerprintOf digests an event. A cryptographic hash is not needed: who forges a collision makes us forget a record of his own.
func fingerprintOf(e Event) fingerprint {
	h := fingerprint(0xcbf29ce484222325)
	switch e := e.(type) {
	case CPUSample:
		h.origin(e.Origin)
		for _, o := range [...]Optional[int64]{e.Periods, e.ThrottledPeriods, e.ThrottledUsec, e.UsageUsec, e.Threads, e.NodeCPUs} {
			h.optional(o.Known, uint64(o.Value))
		}
		for _, o := range [...]Optional[float64]{e.ThrottledShare, e.UsageCores, e.ReportedShare, e.LimitCores} {
			h.optional(o.Known, math.Float64bits(o.Value))
		}
		h.number(uint64(e.CFSPeriod))
	case PodCreation:
		h.origin(e.Origin)
		for _, n := range [...]int64{e.TotalSyscalls, e.NamespaceOps, e.CgroupWrites, int64(e.Duration)} {
			h.number(uint64(n))
		}
		for _, o := range [...]Optional[int64]{e.Execs, e.Processes, e.Mounts, e.IPTablesRules} {
			h.optional(o.Known, uint64(o.Value))
		}
		h.optional(e.ImagePull.Known, uint64(e.ImagePull.Value))
		h.optional(e.Init.Known, uint64(e.Init.Value))
		for _, name := range slices.Sorted(maps.Keys(e.Syscalls)) {
			h.text(name)
			h.number(uint64(e.Syscalls[name]))
		}
		for _, s := range e.Timeline {
			h.number(uint64(s.Offset))
			h.text(string(s.Actor))
			h.text(s.Action)
			h.text(s.Details)
		}
	}
	return h
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

func (h *fingerprint) optional(known bool, bits uint64) {
	if known {
		h.number(bits)
		h.number(1)
	} else {
		h.number(2)
	}
}

// text digests the bytes and the length, so that "ab","c" differs from "a","bc".
func (h *fingerprint) text(s string) {
	h.number(uint64(len(s)))
	for ; len(s) >= 8; s = s[8:] {
		h.number(uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56)
	}
	var tail uint64
	for i := range len(s) {
		tail = tail<<8 | uint64(s[i])
	}
	h.number(tail)
}
