package kernel

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"time"
)

// Memory is one read of the memory controller's files of a container's cgroup. Counters are cumulative. What is nil was not there to be
// read: cgroup v1 has no pressure, kernels without PSI neither, and so on.
type Memory struct {
	At                             time.Time
	WorkingSet                     *uint64 // bytes: usage less the page cache that nobody used lately
	Limit                          *uint64 // bytes; 0: no limit
	MajorFaults, LimitHits, Killed *uint64 // counters
	Some, Full                     *Pressure
}

// Pressure is a line of memory.pressure: the percentage of time that some, or all, tasks waited for memory, over 10 and 60 seconds.
type Pressure struct{ Avg10, Avg60 float64 }

// ReadMemory reads the memory of one container, whose directory [Tree.Containers] found. It fails when the container is gone, or its
// memory is not accounted.
func (t Tree) ReadMemory(dir string) (Memory, error) {
	names := memoryV2
	if !t.v2 {
		names = memoryV1
		dir = filepath.Join(filepath.Dir(t.root), "memory", strings.TrimPrefix(dir, t.root))
	}
	m := Memory{At: time.Now()}
	usage, err := number(filepath.Join(dir, names.usage))
	if err != nil {
		return m, err
	}
	stat, err := counters(filepath.Join(dir, "memory.stat"), names.inactive, names.majorFaults)
	if err != nil {
		return m, err
	}
	events, err := counters(filepath.Join(dir, names.events), "oom_kill", "max")
	if err != nil {
		return m, err
	}
	if m.Limit, err = memoryLimit(filepath.Join(dir, names.limit)); err != nil {
		return m, err
	}
	if m.Some, m.Full, err = pressure(filepath.Join(dir, "memory.pressure")); err != nil {
		return m, err
	}
	if inactive := stat[names.inactive]; inactive != nil {
		m.WorkingSet = new(usage - min(usage, *inactive))
	}
	m.MajorFaults, m.LimitHits, m.Killed = stat[names.majorFaults], events["max"], events["oom_kill"]
	if !t.v2 {
		m.LimitHits, err = hitsV1(dir, m.Limit)
	}
	return m, err
}

// memoryNames are the files, and lines in them, that say the same in one version of cgroups.
type memoryNames struct{ usage, limit, inactive, majorFaults, events string }

var (
	memoryV1 = memoryNames{"memory.usage_in_bytes", "memory.limit_in_bytes", "total_inactive_file", "total_pgmajfault", "memory.oom_control"}
	memoryV2 = memoryNames{"memory.current", "memory.max", "inactive_file", "pgmajfault", "memory.events"}
)

// hugePage is by how much the usage may stay below the limit when a page does not fit.
const hugePage = 2 << 20

// hitsV1 is how often the limit of a cgroup v1 was hit. Without swap the limit of memory and swap is the same, and the kernel tries that one
// first. Some kernels (6.18) have the files and count nothing: 0 is true only as long as the usage never came near the limit.
func hitsV1(dir string, limit *uint64) (*uint64, error) {
	var sum uint64
	for _, file := range []string{"memory.failcnt", "memory.memsw.failcnt"} {
		n, err := number(filepath.Join(dir, file))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		sum += n
	}
	if sum > 0 || limit != nil && *limit == 0 {
		return &sum, nil
	}
	most, err := number(filepath.Join(dir, "memory.max_usage_in_bytes"))
	if err != nil || limit == nil || most+hugePage > *limit {
		return nil, nil //nolint:nilerr // not known, not measured
	}
	return &sum, nil
}

// MemoryDelta is the record of the interval between two reads of a container's memory, or false when the interval belongs to two epochs:
// a counter fell, or the limit changed.
func MemoryDelta(c Container, a, b Memory) (MemoryPressure, bool) {
	rec := MemoryPressure{Subject: subjectOf("memory_pressure", b.At, c.Pod, "cgroup"), WorkingSet: b.WorkingSet, Limit: b.Limit}
	rec.PeriodSeconds, rec.ContainerName, rec.ContainerID = round(b.At.Sub(a.At).Seconds()), c.Name, c.ID
	whole := (a.Limit == nil) == (b.Limit == nil) && (a.Limit == nil || *a.Limit == *b.Limit)
	grew := func(a, b *uint64) *uint64 {
		if a == nil || b == nil {
			return nil
		}
		whole = whole && *b >= *a
		return new(*b - *a)
	}
	rec.MajorFaults, rec.LimitHits, rec.OOMKills = grew(a.MajorFaults, b.MajorFaults), grew(a.LimitHits, b.LimitHits), grew(a.Killed, b.Killed)
	if b.Some != nil {
		rec.SomeAvg10, rec.SomeAvg60 = &b.Some.Avg10, &b.Some.Avg60
	}
	if b.Full != nil {
		rec.FullAvg10, rec.FullAvg60 = &b.Full.Avg10, &b.Full.Avg60
	}
	return rec, whole && (rec.WorkingSet != nil || rec.SomeAvg60 != nil)
}
