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
