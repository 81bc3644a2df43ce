package kernel

import (
	"math"
	"time"
)

// timestampLayout is RFC 3339 with milliseconds, all of them written, so that lines align.
const timestampLayout = "2006-01-02T15:04:05.000Z07:00"

// Subject names what a record is about, with the payload's field names.
type Subject struct {
	Type          string  `json:"type"`
	Timestamp     string  `json:"timestamp"`
	PeriodSeconds float64 `json:"period_seconds,omitempty"`
	Namespace     string  `json:"namespace"`
	PodName       string  `json:"pod_name"`
	PodUID        string  `json:"pod_uid"`
	Node          string  `json:"node"`
	ContainerName string  `json:"container_name,omitempty"`
	ContainerID   string  `json:"container_id,omitempty"`
	Source        string  `json:"source"`

	At time.Time `json:"-"` // Timestamp, unrounded
}

// CPUThrottle is a cpu_throttle record. Counters are differences over the period.
type CPUThrottle struct {
	Subject
	NrPeriods     uint64  `json:"nr_periods"`
	NrThrottled   uint64  `json:"nr_throttled"`
	ThrottledUsec uint64  `json:"throttled_usec"`
	UsageUsec     uint64  `json:"usage_usec"`
	LimitCores    float64 `json:"limit_cores"` // 0: no limit
	CFSPeriodUsec uint64  `json:"cfs_period_usec"`
	Threads       int     `json:"threads,omitempty"` // absent where the kernel does not list them
	NodeCPUs      int     `json:"node_cpus"`

	// What a dashboard shows for the same time; only where there is a limit.
	Actual   *float64 `json:"actual_cpu_usage,omitempty"`   // cores
	Reported *float64 `json:"reported_cpu_usage,omitempty"` // share of the limit
}

// MemoryPressure is a memory_pressure record. Counters are differences over the period; what is nil was not measured.
type MemoryPressure struct {
	Subject
	WorkingSet  *uint64  `json:"working_set_bytes,omitempty"`
	Limit       *uint64  `json:"limit_bytes,omitempty"` // 0: no limit
	SomeAvg10   *float64 `json:"psi_some_avg10,omitempty"`
	SomeAvg60   *float64 `json:"psi_some_avg60,omitempty"`
	FullAvg10   *float64 `json:"psi_full_avg10,omitempty"`
	FullAvg60   *float64 `json:"psi_full_avg60,omitempty"`
	MajorFaults *uint64  `json:"major_faults,omitempty"`
	LimitHits   *uint64  `json:"limit_hits,omitempty"`
	OOMKills    *uint64  `json:"oom_kills,omitempty"`
}

// OOMKill is an oom_kill record.
type OOMKill struct {
	Subject
	PID   uint64 `json:"victim_pid"` // of the node
	Comm  string `json:"victim_comm"`
	Usage uint64 `json:"usage_bytes"`
	Limit uint64 `json:"limit_bytes"` // 0: no limit
	Scope string `json:"scope,omitempty"`
}

// NetworkIssue is a network_issue record. Counters are differences over the period.
type NetworkIssue struct {
	Subject
	RxPackets       uint64  `json:"rx_packets"`
	TxPackets       uint64  `json:"tx_packets"`
	RxDrops         uint64  `json:"rx_drops"`
	TxDrops         uint64  `json:"tx_drops"`
	RxErrors        uint64  `json:"rx_errors"`
	TxErrors        uint64  `json:"tx_errors"`
	Segments        uint64  `json:"tcp_segments_sent"`
	Retransmits     uint64  `json:"tcp_retransmits"`
	ConnectFailures *uint64 `json:"connect_failures,omitempty"` // nil: nobody counted them
}

// PodCreation is a pod_creation record.
type PodCreation struct {
	Subject
	TotalSyscalls uint64          `json:"total_syscalls"`
	NamespaceOps  uint64          `json:"namespace_ops"`
	CgroupWrites  uint64          `json:"cgroup_writes"`
	DurationNS    uint64          `json:"duration_ns"`
	Execs         uint64          `json:"execs"`
	Processes     uint64          `json:"processes"`
	Mounts        uint64          `json:"mounts"`
	ImagePullNS   *uint64         `json:"image_pull_ns,omitempty"`
	InitNS        *uint64         `json:"init_ns,omitempty"`
	Timeline      []TimelineEntry `json:"timeline"`
}

// TimelineEntry is one thing that happened in a birth.
type TimelineEntry struct {
	TimestampMS uint64 `json:"timestamp_ms"` // from the start of the birth
	Actor       string `json:"actor"`        // kubelet, runtime or kernel
	Action      string `json:"action"`
	Details     string `json:"details,omitempty"`
}

func subjectOf(kind string, at time.Time, p *Pod, source string) Subject {
	return Subject{
		Type: kind, Timestamp: at.UTC().Format(timestampLayout), At: at, Source: source,
		Namespace: p.Metadata.Namespace, PodName: p.Metadata.Name, PodUID: p.Metadata.UID, Node: p.Spec.NodeName,
	}
}

// round keeps six decimals: more would not be measured.
func round(x float64) float64 { return math.Round(x*1e6) / 1e6 }
