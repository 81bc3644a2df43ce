package gossip

import (
	"time"
)

// MemoryPressure says how short of memory a container, or a pod, is. A gauge counts with its largest value in the window, but for
// WorkingSet, which is the newest; counters are sums over the window.
type MemoryPressure struct {
	Report
	// WorkingSet is the newest, Peak the largest in the window, in bytes.
	WorkingSet Optional[int64]
	Peak       Optional[int64]
	// Used is what metrics showed as used, in bytes; page cache may be among it.
	Used Optional[int64]
	// Limit is in bytes; 0 is "no limit".
	Limit Optional[int64]
	// UsedOfLimit is Peak as a share of the limit (1 is the limit); without it the share that the source reported.
	UsedOfLimit Optional[float64]
	// SomeAvg10 and the like are PSI: shares 0–1 of the last 10 or 60 s in which some or all tasks waited for memory.
	SomeAvg10, SomeAvg60, FullAvg10, FullAvg60 Optional[float64]
	// MajorFaults are page faults that waited for a disk. FaultRate is the highest of a sample, per second; FaultBaseline is what it is
	// held against: the rate of the window's first sample, and 10 at least.
	MajorFaults              Optional[int64]
	FaultRate, FaultBaseline Optional[float64]
	// PageFaultRate is the highest rate of page faults of both kinds, per second. Reclaims is whatever the source counted.
	PageFaultRate Optional[float64]
	Reclaims      Optional[int64]
	// LimitHits is how often usage was about to go over the limit, Kills how many processes the kernel killed.
	LimitHits, Kills Optional[int64]
	// Leak is known where the working set climbs steadily towards the limit.
	Leak Optional[Leak]
	// Standing says that a new container or a changed limit began a new epoch, about which nothing has been measured yet: all figures
	// here are the old epoch's, and advice must wait.
	Standing bool
}

// Leak is a working set that climbs steadily: at least 10 samples over at least 10 minutes, on a straight line with R² ≥ 0.9, never down
// by more than 5 %, and at the limit within 24 h at this slope. (The test is Coroot's, the bounds are ours.)
type Leak struct {
	BytesPerSecond float64
	R2             float64
	// Until is how long it takes from the newest sample to the limit.
	Until time.Duration
}

func (MemoryPressure) isFinding()         {}
func (f MemoryPressure) isPrevious() bool { return f.Standing }

func (f MemoryPressure) withReport(r Report, standing bool) windowFinding {
	f.Report, f.Standing = r, standing
	return f
}

// OOMKilled says that the kernel killed processes of a container because memory ran out.
type OOMKilled struct {
	Report
	// Kills is how many processes were killed in the window. 0 is measured: a window has passed without one.
	Kills int64
	// LastKill is when the newest kill was; what follows is about that one.
	LastKill    time.Time
	VictimPID   Optional[int64]
	VictimComm  string
	Scope       Scope
	ContainerID string
	// Usage is the memory of the container at that moment, in bytes; Peak is the largest of all kills in the window.
	Usage, Peak Optional[int64]
	// Limit is in bytes; 0 is "no limit". Where no record of a kill has it, it is the limit of the container's memory
	// samples.
	Limit Optional[int64]
	// Leak is known where the container's memory samples before the kill climbed steadily towards the limit.
	Leak Optional[Leak]
	// Standing says that the limit has changed and the figures are of before.
	Standing bool
}

func (OOMKilled) isFinding()         {}
func (f OOMKilled) isPrevious() bool { return f.Standing }

func (f OOMKilled) withReport(r Report, standing bool) windowFinding {
	f.Report, f.Standing = r, standing
	return f
}

// Outside says whether it was not the container's own limit that killed: the node had no memory left, or less than 90 % of the limit was
// in use, or there is none. False where that is not known.
func (f OOMKilled) Outside() bool {
	limit, known := f.Limit.Get()
	return f.Scope == ScopeGlobal || (known && (limit == 0 || (f.Usage.Known && belowNearLimit(f.Usage.Value, limit))))
}
