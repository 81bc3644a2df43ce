package kernel

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/gossip/readings"
)

// ReadMemory reads the memory of one container, from the directory that [Tree.Containers] found. Origin stays empty.
// What the kernel does not have is absent: cgroup v1 has no pressure, nor do kernels without PSI. It fails if the
// container is gone, or if its memory is not accounted.
func (t Tree) ReadMemory(dir string) (readings.Memory, error) {
	names := memoryV2
	if !t.v2 {
		names = memoryV1
		dir = filepath.Join(filepath.Dir(t.root), "memory", strings.TrimPrefix(dir, t.root))
	}
	var m readings.Memory
	usage, err := readNumber(filepath.Join(dir, names.usage))
	if err != nil {
		return m, err
	}
	stat, err := readCounters(filepath.Join(dir, "memory.stat"), names.inactive, names.majorFaults)
	if ifExists(err) != nil {
		return m, err
	}
	events, err := readCounters(filepath.Join(dir, names.events), "oom_kill", "max")
	if ifExists(err) != nil {
		return m, err
	}
	if m.LimitBytes, err = readMemoryLimit(filepath.Join(dir, names.limit)); err != nil {
		return m, err
	}
	some, full, err := readPressure(filepath.Join(dir, "memory.pressure"))
	if err != nil {
		return m, err
	}
	m.SomeAvg10, m.SomeAvg60, m.FullAvg10, m.FullAvg60 = some.avg10, some.avg60, full.avg10, full.avg60
	if inactive, known := stat[names.inactive].Get(); known {
		m.WorkingSet = gossip.Some(usage - min(usage, inactive))
	}
	m.MajorFaults, m.LimitHits, m.OOMKills = stat[names.majorFaults], events["max"], events["oom_kill"]
	if !t.v2 {
		m.LimitHits, err = readLimitHitsV1(dir, m.LimitBytes)
	}
	return m, err
}

// memoryNames are the files, and lines in them, that mean the same in one version of cgroups.
type memoryNames struct{ usage, limit, inactive, majorFaults, events string }

var (
	memoryV1 = memoryNames{
		usage: "memory.usage_in_bytes", limit: "memory.limit_in_bytes", inactive: "total_inactive_file",
		majorFaults: "total_pgmajfault", events: "memory.oom_control",
	}
	memoryV2 = memoryNames{
		usage: "memory.current", limit: "memory.max", inactive: "inactive_file",
		majorFaults: "pgmajfault", events: "memory.events",
	}
)

// hugePage is how far the usage may stay below the limit when a page does not fit.
const hugePage = 2 << 20

// readLimitHitsV1 is the number of times that the limit of a cgroup v1 was hit. Without swap, the limit of memory and
// the one of memory and swap are the same, and the kernel tries the second first. Some kernels (6.18) have the files
// and count nothing: 0 is true only as long as the usage never came near the limit.
func readLimitHitsV1(dir string, limit gossip.Optional[int64]) (gossip.Optional[int64], error) {
	var absent gossip.Optional[int64]
	var hits int64
	for _, file := range []string{"memory.failcnt", "memory.memsw.failcnt"} {
		n, err := readNumber(filepath.Join(dir, file))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return absent, err
		}
		hits += n
	}
	if hits > 0 || limit == gossip.Some[int64](0) {
		return gossip.Some(hits), nil
	}
	highest, err := readNumber(filepath.Join(dir, "memory.max_usage_in_bytes"))
	if err != nil || !limit.Known || highest+hugePage > limit.Value {
		return absent, nil //nolint:nilerr // not known, not measured
	}
	return gossip.Some(hits), nil
}
