package gossip

import "time"

// Event is one thing the kernel did, or one window of its counters: CPUSample, MemorySample, OOMKill, NetworkSample or
// PodCreation. The set is closed, so that a switch over it can be checked for completeness: no other package can add a
// type. A source of your own fills the one that fits, and leaves absent what it does not measure. A trouble that none
// of them describes needs a change of this package.
//
//sumtype:decl
type Event interface {
	// Subject is what the event is about.
	Subject() Subject
	// From is where and when the event was measured.
	From() Origin
	isEvent()
}

// Origin is what every event carries: the pod, the container, the moment and who measured. Only Time, Namespace and Pod are
// required; an empty string or a zero Period means that the record did not say.
type Origin struct {
	Time        time.Time // the end of the window, or the exec of the last container for a birth
	Namespace   string
	Pod         string
	PodUID      string
	Node        string
	Container   string
	ContainerID string
	Source      string        // who measured
	Period      time.Duration // length of the window that ends at Time; 0: the gap to the subject's previous sample
}

// From returns the origin itself: it makes every event that embeds an Origin tell where it is from.
func (o Origin) From() Origin { return o }

// CPUSample is one window of a container's CPU bandwidth counters (cpu.stat of its cgroup), as deltas, or the percentages that a
// source without counters reports. Counters are never negative; whoever reads cumulative counters leaves out an interval in which
// they fell.
type CPUSample struct {
	Origin
	Periods          Optional[int64]   // nr_periods: enforcement periods in which the group was active
	ThrottledPeriods Optional[int64]   // nr_throttled: periods in which it ran out of quota
	ThrottledUsec    Optional[int64]   // throttled time, summed over CPU run queues: may exceed wall time
	UsageUsec        Optional[int64]   // CPU time used
	ThrottledShare   Optional[float64] // share 0–1 of periods, from a source without counters
	UsageCores       Optional[float64] // average use in cores, from a source without counters
	ReportedShare    Optional[float64] // share of the limit that metrics showed; 1 is the limit
	LimitCores       Optional[float64] // quota/period; 0 is "no limit", absent is "not known"
	LimitFilled      bool              // LimitCores is the pod's (see Enrich): the record did not say
	CFSPeriod        time.Duration     // length of one enforcement period; 0 is the kernel's default of 100 ms
	Threads          Optional[int64]   // threads in the container
	NodeCPUs         Optional[int64]   // CPUs of the node
}

// Subject is the container, under KindCPUThrottling.
func (s CPUSample) Subject() Subject {
	return Subject{Kind: KindCPUThrottling, Namespace: s.Namespace, Pod: s.Pod, Container: s.Container}
}

func (CPUSample) isEvent() {}

// HasCounters says whether the sample carries the kernel's counters rather than somebody's percentage.
func (s CPUSample) HasCounters() bool { return s.Periods.Known && s.ThrottledPeriods.Known }

// PodCreation is what the kernel did to bring one pod up, from its first cgroup directory to the exec of its last
// container. What the source does not count is absent: a birth that is known from logs has few of the counts.
type PodCreation struct {
	Origin
	TotalSyscalls Optional[int64]
	NamespaceOps  Optional[int64] // namespaces that were made, or joined where the source counts that
	CgroupWrites  Optional[int64]
	Duration      time.Duration
	Execs         Optional[int64]
	Processes     Optional[int64]
	Mounts        Optional[int64]
	IPTablesRules Optional[int64]
	ImagePull     Optional[time.Duration] // part of Duration spent pulling images
	Init          Optional[time.Duration] // part of Duration spent in init containers
	Syscalls      map[string]int64        // calls by name; nil when not measured
	Timeline      []Step                  // in order of offset
}

// Step is one entry of a birth's timeline.
type Step struct {
	Offset  time.Duration // from the birth's start
	Actor   Actor
	Action  string
	Details string
}

// Actor is who did a step of a birth.
type Actor string

// The four actors of a birth, as the API spells them.
const (
	ActorScheduler Actor = "Scheduler"
	ActorKubelet   Actor = "Kubelet"
	ActorRuntime   Actor = "Runtime"
	ActorKernel    Actor = "Kernel"
)

// Subject is the pod, under KindPodBirth: a birth has no container, whatever the record said.
func (c PodCreation) Subject() Subject {
	return Subject{Kind: KindPodBirth, Namespace: c.Namespace, Pod: c.Pod}
}

func (PodCreation) isEvent() {}
