package gossip

// MemorySample is one window of a container's memory, or of the whole pod's where Container is empty. Gauges (working set, PSI) are as
// they stood at its end, counters are deltas.
type MemorySample struct {
	Origin
	WorkingSet    Optional[int64]   // bytes in use that cannot be taken back at once: usage less inactive file cache
	UsedBytes     Optional[int64]   // bytes in use as metrics show them; page cache may be among them
	UsedShare     Optional[float64] // share 0–1 of the limit, from a source without bytes
	LimitBytes    Optional[int64]   // 0 is "no limit", absent is "not known"
	LimitFilled   bool              // LimitBytes is the pod's (see Enrich): the record did not say
	SomeAvg10     Optional[float64] // PSI: share 0–1 of the last 10 s in which some task waited for memory
	SomeAvg60     Optional[float64] // the same of the last 60 s
	FullAvg10     Optional[float64] // PSI: share 0–1 of the last 10 s in which all tasks that were not idle waited for memory
	FullAvg60     Optional[float64] // the same of the last 60 s
	MajorFaults   Optional[int64]   // page faults that had to wait for a disk
	PageFaultRate Optional[float64] // page faults of both kinds per second
	Reclaims      Optional[int64]   // pages, or runs, of reclaim: whatever the source counts
	LimitHits     Optional[int64]   // memory.events max, or memory.failcnt of cgroup v1: usage was about to go over the limit
	OOMKills      Optional[int64]   // memory.events oom_kill: processes that the kernel killed here
}

// Subject is the container, or the pod where the sample names no container, under KindMemoryPressure.
func (s MemorySample) Subject() Subject {
	return Subject{Kind: KindMemoryPressure, Namespace: s.Namespace, Pod: s.Pod, Container: s.Container}
}

func (MemorySample) isEvent() {}

// HasCounters says whether the sample carries the kernel's own figures, bytes or PSI, rather than somebody's percentage.
func (s MemorySample) HasCounters() bool {
	return s.WorkingSet.Known || s.SomeAvg60.Known || s.SomeAvg10.Known || s.FullAvg10.Known || s.FullAvg60.Known
}

// OOMKill is one process that the kernel killed because memory ran out (tracepoint oom:mark_victim).
type OOMKill struct {
	Origin
	VictimPID   Optional[int64] // as the node numbers processes
	VictimComm  string          // name of its main thread; the kernel keeps 15 bytes
	UsageBytes  Optional[int64] // of the container's cgroup at that moment
	LimitBytes  Optional[int64] // of the container; 0 is "no limit", absent is "not known"
	LimitFilled bool            // LimitBytes is the pod's (see Enrich): the record did not say
	Scope       Scope
}

// Scope is whose memory ran out when a process was killed. Empty when the record does not say.
type Scope string

// The two scopes, as the kernel's log calls them (oom-kill:constraint).
const (
	ScopeMemcg  Scope = "memcg"  // a cgroup was at its limit: the container's, or one above it
	ScopeGlobal Scope = "global" // the node had no memory left
)

// Subject is the container under KindOOMKill; Container is empty while only its ID is known (see Enrich).
func (k OOMKill) Subject() Subject {
	return Subject{Kind: KindOOMKill, Namespace: k.Namespace, Pod: k.Pod, Container: k.Container}
}

func (OOMKill) isEvent() {}
