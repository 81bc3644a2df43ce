package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// counters is one read of a container's cgroup. Counters are cumulative.
type counters struct {
	at                   time.Time
	periods, throttled   uint64
	throttledNS, usageNS uint64
	quotaUS, periodUS    uint64 // quotaUS 0: no limit
	threads              int
}

// cgroupTree reads the CPU controller of cgroup v1 or v2.
type cgroupTree struct {
	root string
	v2   bool
}

// openCgroups finds the hierarchy with the CPU controller.
func openCgroups(root string) (cgroupTree, error) {
	if root == "" {
		root = "/sys/fs/cgroup"
	}
	if _, err := os.Stat(filepath.Join(root, "cgroup.controllers")); err == nil {
		return cgroupTree{root, true}, nil
	}
	for _, dir := range []string{root, filepath.Join(root, "cpu"), filepath.Join(root, "cpu,cpuacct")} {
		if _, err := os.Stat(filepath.Join(dir, "cpu.shares")); err == nil {
			return cgroupTree{dir, false}, nil
		}
		if _, err := os.Stat(filepath.Join(dir, "cpu.cfs_quota_us")); err == nil {
			return cgroupTree{dir, false}, nil
		}
	}
	return cgroupTree{}, fmt.Errorf("no cgroup with a CPU controller below %s", root)
}

// find maps container IDs to their directories. It needs the pod's UID in the
// parent's name and the container's ID in the directory's own, which both
// cgroup drivers of the kubelet and all runtimes write.
func (t cgroupTree) find(want []container) (map[string]string, error) {
	found := map[string]string{}
	err := filepath.WalkDir(t.root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // went away while we walked
			}
			return err
		}
		if !d.IsDir() {
			return nil
		}
		for _, c := range want {
			if strings.Contains(d.Name(), c.id) && ofPod(filepath.Base(filepath.Dir(path)), c.pod.Metadata.UID) {
				found[c.id] = path
				return fs.SkipDir
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for cgroups: %w", err)
	}
	return found, nil
}

// ofPod tells if a cgroup directory belongs to the pod: the systemd driver
// writes the UID with underscores.
func ofPod(dir, uid string) bool {
	return strings.Contains(strings.ReplaceAll(dir, "_", "-"), "pod"+uid)
}

// read reads the counters of one container.
func (t cgroupTree) read(dir string) (counters, error) {
	c := counters{at: time.Now()}
	stat, err := keyed(filepath.Join(dir, "cpu.stat"))
	if err != nil {
		return c, err
	}
	c.periods, c.throttled = stat["nr_periods"], stat["nr_throttled"]
	tasks := "tasks"
	if t.v2 {
		tasks = "cgroup.threads"
		c.throttledNS, c.usageNS = stat["throttled_usec"]*1000, stat["usage_usec"]*1000
		quota, period, err := quotaV2(filepath.Join(dir, "cpu.max"))
		if err != nil {
			return c, err
		}
		c.quotaUS, c.periodUS = quota, period
	} else {
		c.throttledNS = stat["throttled_time"]
		if c.usageNS, err = number(t.usageFile(dir)); err != nil {
			return c, err
		}
		if c.quotaUS, err = number(filepath.Join(dir, "cpu.cfs_quota_us")); err != nil {
			return c, err
		}
		if c.periodUS, err = number(filepath.Join(dir, "cpu.cfs_period_us")); err != nil {
			return c, err
		}
	}
	list, err := os.ReadFile(filepath.Join(dir, tasks))
	if err != nil {
		return c, fmt.Errorf("read threads: %w", err)
	}
	c.threads = bytes.Count(list, []byte("\n"))
	return c, nil
}

// usageFile is cpuacct.usage of cgroup v1, beside the CPU controller's files or in a hierarchy of its own.
func (t cgroupTree) usageFile(dir string) string {
	file := filepath.Join(dir, "cpuacct.usage")
	if _, err := os.Stat(file); err == nil {
		return file
	}
	return filepath.Join(filepath.Dir(t.root), "cpuacct", strings.TrimPrefix(dir, t.root), "cpuacct.usage")
}

// quotaV2 reads cpu.max: "10000 100000", or "max 100000" for no limit.
func quotaV2(file string) (quota, period uint64, err error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return 0, 0, fmt.Errorf("read the limit: %w", err)
	}
	q, p, _ := strings.Cut(strings.TrimSpace(string(b)), " ")
	if q != "max" {
		if quota, err = strconv.ParseUint(q, 10, 64); err != nil {
			return 0, 0, fmt.Errorf("%s: %w", file, err)
		}
	}
	if period, err = strconv.ParseUint(p, 10, 64); err != nil {
		return 0, 0, fmt.Errorf("%s: %w", file, err)
	}
	return quota, period, nil
}

// number reads a file with one integer; a negative one (-1: no limit) is 0.
func number(file string) (uint64, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return 0, fmt.Errorf("read a counter: %w", err)
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", file, err)
	}
	return uint64(min(max(n, 0), math.MaxInt64)), nil
}

// keyed reads a file of "name value" lines.
func keyed(file string) (map[string]uint64, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read counters: %w", err)
	}
	values := map[string]uint64{}
	for line := range strings.Lines(string(b)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if values[name], err = strconv.ParseUint(value, 10, 64); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return values, nil
}
