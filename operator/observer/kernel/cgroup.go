package kernel

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/gossip/readings"
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
	// podName is the name of a pod's directory. The kubelet's systemd driver writes its UID with underscores; a static
	// pod's UID has none.
	podName = regexp.MustCompile(`pod(?:[0-9a-f]{8}([-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?$`)
	// containerName is the name of a container's directory, with its ID.
	containerName = regexp.MustCompile(`(?:^|[-:])([0-9a-f]{64})(?:\.scope)?$`)
)

// Containers finds the cgroup directories of the containers and sandboxes of all pods, by container ID. The status of a
// pod says which of them are its containers.
func (t Tree) Containers() (map[string]string, error) {
	found := map[string]string{}
	err := filepath.WalkDir(t.root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // removed during the walk
		case err != nil:
			return err
		case !d.IsDir():
			return nil
		}
		id := containerName.FindStringSubmatch(d.Name())
		if id == nil || !podName.MatchString(filepath.Base(filepath.Dir(path))) {
			return nil // not in a pod; it may be a whole node
		}
		found[id[1]] = path
		return fs.SkipDir
	})
	if err != nil {
		return nil, fmt.Errorf("look for cgroups: %w", err)
	}
	return found, nil
}

// ReadCPU reads the CPU counters of one container from its directory. Origin stays empty. It fails if the container is
// gone.
func (t Tree) ReadCPU(dir string) (readings.CPU, error) {
	stat, err := readCounters(filepath.Join(dir, "cpu.stat"))
	if err != nil {
		return readings.CPU{}, err
	}
	c := readings.CPU{
		Periods:          gossip.Some(stat["nr_periods"].Value),
		ThrottledPeriods: gossip.Some(stat["nr_throttled"].Value),
		NodeCPUs:         gossip.Some(int64(runtime.NumCPU())),
	}
	threads := "tasks"
	if t.v2 {
		threads = "cgroup.threads"
		err = readCPUV2(&c, dir, stat)
	} else {
		err = t.readCPUV1(&c, dir, stat)
	}
	if err != nil {
		return c, err
	}
	// In a threaded domain the kernel does not list threads.
	if text, err := os.ReadFile(filepath.Join(dir, threads)); err == nil {
		if n := bytes.Count(text, []byte("\n")); n > 0 {
			c.Threads = gossip.Some(int64(n))
		}
	}
	return c, nil
}

func readCPUV2(c *readings.CPU, dir string, stat map[string]gossip.Optional[int64]) error {
	c.Throttled = gossip.Some(time.Duration(stat["throttled_usec"].Value) * time.Microsecond)
	c.Usage = gossip.Some(time.Duration(stat["usage_usec"].Value) * time.Microsecond)
	quota, period, err := readCPUMax(filepath.Join(dir, "cpu.max"))
	c.Quota, c.CFSPeriod = gossip.Some(quota), period
	return err
}

func (t Tree) readCPUV1(c *readings.CPU, dir string, stat map[string]gossip.Optional[int64]) error {
	usage, err := readNumber(t.findUsageFile(dir))
	if err != nil {
		return err
	}
	quota, err := readNumber(filepath.Join(dir, "cpu.cfs_quota_us"))
	if err != nil {
		return err
	}
	period, err := readNumber(filepath.Join(dir, "cpu.cfs_period_us"))
	if err != nil {
		return err
	}
	c.Throttled = gossip.Some(time.Duration(stat["throttled_time"].Value))
	c.Usage = gossip.Some(time.Duration(usage))
	c.Quota = gossip.Some(time.Duration(quota) * time.Microsecond)
	c.CFSPeriod = time.Duration(period) * time.Microsecond
	return nil
}

// findUsageFile is cpuacct.usage of cgroup v1, beside the files of the CPU controller or in a hierarchy of its own.
func (t Tree) findUsageFile(dir string) string {
	file := filepath.Join(dir, "cpuacct.usage")
	if _, err := os.Stat(file); err == nil {
		return file
	}
	return filepath.Join(filepath.Dir(t.root), "cpuacct", strings.TrimPrefix(dir, t.root), "cpuacct.usage")
}

// readCPUMax reads cpu.max: "10000 100000", both in µs, or "max 100000" for no limit, which is a quota of 0.
func readCPUMax(file string) (quota, period time.Duration, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, 0, fmt.Errorf("read the limit: %w", err)
	}
	first, second, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	var usec [2]uint64
	for i, number := range []string{first, second} {
		if i == 0 && number == "max" {
			continue
		}
		if usec[i], err = strconv.ParseUint(number, 10, counterBits); err != nil {
			return 0, 0, fmt.Errorf("%s: %w", file, err)
		}
	}
	return time.Duration(usec[0]) * time.Microsecond, time.Duration(usec[1]) * time.Microsecond, nil
}
