package kernel

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Tree is the hierarchy of cgroups with the CPU controller.
type Tree struct {
	root string
	v2   bool
}

// Open finds the hierarchy of cgroup v1 or v2 that is mounted at root; "" means /sys/fs/cgroup.
func Open(root string) (Tree, error) {
	root = cmp.Or(root, "/sys/fs/cgroup")
	if _, err := os.Stat(filepath.Join(root, "cgroup.controllers")); err == nil {
		return Tree{root, true}, nil
	}
	for _, dir := range []string{root, filepath.Join(root, "cpu"), filepath.Join(root, "cpu,cpuacct")} {
		for _, file := range []string{"cpu.shares", "cpu.cfs_quota_us"} {
			if _, err := os.Stat(filepath.Join(dir, file)); err == nil {
				return Tree{dir, false}, nil
			}
		}
	}
	return Tree{}, fmt.Errorf("no cgroup with a CPU controller below %s", root)
}

// Version is "v1" or "v2".
func (t Tree) Version() string {
	if t.v2 {
		return "v2"
	}
	return "v1"
}

var (
	// podName is the name of a pod's directory. The kubelet's systemd driver writes its UID with underscores; a static pod's UID has none.
	podName = regexp.MustCompile(`pod(?:[0-9a-f]{8}([-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?$`)
	// containerName is the name of a container's directory, with its ID.
	containerName = regexp.MustCompile(`(?:^|[-:])([0-9a-f]{64})(?:\.scope)?$`)
)

// Containers finds the cgroup directories of pods' containers and sandboxes, by container ID. What is of which pod, its status says.
func (t Tree) Containers() (map[string]string, error) {
	found := map[string]string{}
	err := filepath.WalkDir(t.root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // went away while we walked
		case err != nil:
			return err
		case !d.IsDir():
			return nil
		}
		id := containerName.FindStringSubmatch(d.Name())
		if id == nil || !podName.MatchString(filepath.Base(filepath.Dir(path))) {
			return nil // not of a pod; it may be a whole node
		}
		found[id[1]] = path
		return fs.SkipDir
	})
	if err != nil {
		return nil, fmt.Errorf("look for cgroups: %w", err)
	}
	return found, nil
}

// Read reads the counters of one container from its directory.
func (t Tree) Read(dir string) (Counters, error) {
	c := Counters{At: time.Now()}
	stat, err := keyed(filepath.Join(dir, "cpu.stat"))
	if err != nil {
		return c, err
	}
	c.Periods, c.Throttled = stat["nr_periods"], stat["nr_throttled"]
	tasks := "tasks"
	if t.v2 {
		tasks = "cgroup.threads"
		c.ThrottledNS, c.UsageNS = stat["throttled_usec"]*1000, stat["usage_usec"]*1000
		quota, period, err := quotaV2(filepath.Join(dir, "cpu.max"))
		if err != nil {
			return c, err
		}
		c.QuotaUS, c.PeriodUS = quota, period
	} else {
		c.ThrottledNS = stat["throttled_time"]
		if c.UsageNS, err = number(t.usageFile(dir)); err != nil {
			return c, err
		}
		if c.QuotaUS, err = number(filepath.Join(dir, "cpu.cfs_quota_us")); err != nil {
			return c, err
		}
		if c.PeriodUS, err = number(filepath.Join(dir, "cpu.cfs_period_us")); err != nil {
			return c, err
		}
	}
	if list, err := os.ReadFile(filepath.Join(dir, tasks)); err == nil { // in a threaded domain the kernel does not list them
		c.Threads = bytes.Count(list, []byte("\n"))
	}
	return c, nil
}

// usageFile is cpuacct.usage of cgroup v1, beside the CPU controller's files or in a hierarchy of its own.
func (t Tree) usageFile(dir string) string {
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
