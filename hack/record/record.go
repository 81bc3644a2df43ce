package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"time"
)

// timestampLayout is RFC 3339 with milliseconds, all of them written, so that lines align.
const timestampLayout = "2006-01-02T15:04:05.000Z07:00"

// subject names what a record is about, with the payload's field names.
type subject struct {
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

	at time.Time
}

// cpuThrottle is a cpu_throttle record. Counters are differences over the period.
type cpuThrottle struct {
	subject
	NrPeriods     uint64  `json:"nr_periods"`
	NrThrottled   uint64  `json:"nr_throttled"`
	ThrottledUsec uint64  `json:"throttled_usec"`
	UsageUsec     uint64  `json:"usage_usec"`
	LimitCores    float64 `json:"limit_cores"` // 0: no limit
	CFSPeriodUsec uint64  `json:"cfs_period_usec"`
	Threads       int     `json:"threads"`
	NodeCPUs      int     `json:"node_cpus"`

	// What a dashboard shows for the same time; only where there is a limit.
	Actual   *float64 `json:"actual_cpu_usage,omitempty"`   // cores
	Reported *float64 `json:"reported_cpu_usage,omitempty"` // share of the limit
}

// podCreation is a pod_creation record.
type podCreation struct {
	subject
	TotalSyscalls uint64          `json:"total_syscalls"`
	NamespaceOps  uint64          `json:"namespace_ops"`
	CgroupWrites  uint64          `json:"cgroup_writes"`
	DurationNS    uint64          `json:"duration_ns"`
	Execs         uint64          `json:"execs"`
	Processes     uint64          `json:"processes"`
	Mounts        uint64          `json:"mounts"`
	ImagePullNS   *uint64         `json:"image_pull_ns,omitempty"`
	InitNS        *uint64         `json:"init_ns,omitempty"`
	Timeline      []timelineEntry `json:"timeline"`
}

// timelineEntry is one thing that happened in a birth.
type timelineEntry struct {
	TimestampMS uint64 `json:"timestamp_ms"` // from the start of the birth
	Actor       string `json:"actor"`        // kubelet, runtime or kernel
	Action      string `json:"action"`
	Details     string `json:"details,omitempty"`
}

// capture is everything that was recorded.
type capture struct {
	throttle []cpuThrottle
	births   []podCreation
}

// ndjson gives the records in the order of their timestamps.
func (c *capture) ndjson() ([]byte, error) {
	type line struct {
		at   time.Time
		text []byte
	}
	var lines []line
	add := func(at time.Time, record any) error {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(record); err != nil {
			return fmt.Errorf("encode a record: %w", err)
		}
		lines = append(lines, line{at, b.Bytes()})
		return nil
	}
	for i := range c.throttle {
		if err := add(c.throttle[i].at, &c.throttle[i]); err != nil {
			return nil, err
		}
	}
	for i := range c.births {
		if err := add(c.births[i].at, &c.births[i]); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return a.at.Compare(b.at) })
	var out []byte
	for _, l := range lines {
		out = append(out, l.text...)
	}
	return out, nil
}

// write writes the capture, the pods and the provenance.
func write(o options, kube *cluster, c *capture, origin *provenance) error {
	records, err := c.ndjson()
	if err != nil {
		return err
	}
	pods, err := kube.objects()
	if err != nil {
		return err
	}
	origin.Throttle, origin.Births = len(c.throttle), len(c.births)
	base := strings.TrimSuffix(o.out, ".ndjson")
	for _, f := range []struct {
		name    string
		content []byte
	}{
		{o.out, records},
		{base + ".pods.yaml", pods},
		{base + ".provenance.yaml", origin.yaml()},
	} {
		if err := os.WriteFile(f.name, f.content, 0o644); err != nil {
			return fmt.Errorf("write the capture: %w", err)
		}
	}
	return nil
}

// round keeps six decimals: more would not be measured.
func round(x float64) float64 { return math.Round(x*1e6) / 1e6 }
