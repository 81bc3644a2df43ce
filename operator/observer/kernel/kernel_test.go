package kernel

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/gossip/readings"
)

const (
	testUID = "53adb4d1-342d-4a26-9b5c-d8fac1943bba"
	testID  = "37e6324da06d5becc1f7e318fc4dd0253a3fff1d91f323e3a0b1c2d3e4f50617"
)

func testContainer() Container {
	p := &Pod{}
	p.Metadata.Name, p.Metadata.Namespace, p.Metadata.UID = "api-0", "shop", testUID
	return Container{Pod: p, Name: "app", ID: testID}
}

func writeFiles(t *testing.T, dir string, content map[string]string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range content {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCgroupVersionsAndDriversGiveTheSameCounters(t *testing.T) {
	v1 := map[string]string{
		"cpu.stat":         "nr_periods 449\nnr_throttled 363\nthrottled_time 28967400123\n",
		"cpuacct.usage":    "3972000999\n",
		"cpu.cfs_quota_us": "10000\n", "cpu.cfs_period_us": "100000\n", "tasks": "1\n2\n3\n",
	}
	v2 := map[string]string{
		"cpu.stat": "usage_usec 3972000\nuser_usec 3000000\nsystem_usec 972000\n" +
			"nr_periods 449\nnr_throttled 363\nthrottled_usec 28967400\nnr_bursts 0\nburst_usec 0\n",
		"cpu.max": "10000 100000\n", "cgroup.threads": "1\n2\n3\n",
	}
	uid := strings.ReplaceAll(testUID, "-", "_")
	want := readings.CPU{
		Periods: gossip.Some[int64](449), ThrottledPeriods: gossip.Some[int64](363),
		Throttled: gossip.Some(28967400 * time.Microsecond), Usage: gossip.Some(3972000 * time.Microsecond),
		Quota: gossip.Some(10 * time.Millisecond), CFSPeriod: 100 * time.Millisecond,
		Threads: gossip.Some[int64](3), NodeCPUs: gossip.Some(int64(runtime.NumCPU())),
	}
	for name, tc := range map[string]struct {
		mark, dir string
		content   map[string]string
	}{
		"v1 systemd": {
			mark: "cpu/cpu.shares", content: v1,
			dir: "cpu/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + uid + ".slice/cri-containerd-" + testID + ".scope",
		},
		"v2 systemd": {
			mark: "cgroup.controllers", content: v2,
			dir: "kubepods.slice/kubepods-pod" + uid + ".slice/crio-" + testID + ".scope",
		},
		"v2 cgroupfs": {
			mark: "cgroup.controllers", content: v2,
			dir: "kubepods/burstable/pod" + testUID + "/" + testID,
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			writeFiles(t, filepath.Dir(filepath.Join(root, tc.mark)), map[string]string{filepath.Base(tc.mark): ""})
			writeFiles(t, filepath.Join(root, tc.dir), tc.content)
			tree, err := Open(root)
			if err != nil {
				t.Fatal(err)
			}
			dirs, err := tree.Containers()
			if err != nil || dirs[testID] == "" {
				t.Fatalf("Containers = %v, %v", dirs, err)
			}
			c, err := tree.ReadCPU(dirs[testID])
			if err != nil {
				t.Fatal(err)
			}
			c.Throttled.Value = c.Throttled.Value.Truncate(time.Microsecond) // cgroup v1 counts nanoseconds
			c.Usage.Value = c.Usage.Value.Truncate(time.Microsecond)
			if diff := cmp.Diff(want, c); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRowsMayHaveSpacesInNames(t *testing.T) {
	r, err := ParseRow("time_:12 event:exec pid:7 birth:3 comm:tokio runtime w a:cri-containerd-37e6 b:x file:/bin/my app value:1 " +
		"syscalls:12459 namespaces:6 cgroup_writes:166 mounts:96 processes:14 execs:9")
	if err != nil || r.Comm != "tokio runtime w" || r.File != "/bin/my app" || r.Syscalls != 12459 || r.Execs != 9 {
		t.Errorf("ParseRow = %+v, %v", r, err)
	}
	if _, err := ParseRow("Attaching 17 probes..."); err == nil {
		t.Error("no error for a line that is no row")
	}
}

// Paths come in pieces of 63 bytes. What follows the end of a path is garbage.
func TestPathsAreJoinedFromTheirPieces(t *testing.T) {
	dir := "/docker/d0bbaca1330d49c902c8c19f3bc88fe42cf9271c245219917ab452163b3ab58d/kubelet.slice/kubelet-kubepods.slice/" +
		"kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod" + strings.ReplaceAll(testUID, "-", "_") + ".slice"
	scope := "/kubepods/pod" + testUID + "/" + testID // 115 bytes: one row
	made := newDirs([]Row{
		{Event: "mkdir", PID: 1, NS: 5, Comm: "systemd", A: dir[:63], B: dir[63:126]},
		{Event: "mkdir", PID: 2, NS: 6, Comm: "runc", A: scope[:63], B: scope[63:]},
		{Event: "mkdir2", PID: 1, NS: 7, Comm: "systemd", A: dir[126:189], B: dir[189:]},
		{Event: "mkdir2", PID: 2, NS: 8, Comm: "runc", A: dir[126:189], B: "left over"},
		{Event: "mkdir", PID: 3, NS: 9, Comm: "systemd", A: "/system.slice/x", B: dir[63:126]},
		{Event: "mkdir", PID: 1, NS: 10, Comm: "systemd", A: dir[:63], B: dir[63:126]}, // longer than four pieces
		{Event: "mkdir2", PID: 1, NS: 11, Comm: "systemd", A: dir[126:189], B: (dir[189:] + "/cri-containerd-" + testID)[:63]},
	})
	if len(made) != 3 || made[2].container != testID[:len(made[2].container)] || len(made[2].container) < 16 {
		t.Fatalf("newDirs = %+v", made)
	}
	if d := made[0]; d.pod != testUID || d.container != testID || d.ns != 6 || d.comm != "runc" {
		t.Errorf("the container's directory = %+v", d)
	}
	if d := made[1]; d.pod != testUID || d.container != "" || d.ns != 5 || d.comm != "systemd" {
		t.Errorf("the pod's directory = %+v", d)
	}
}

func TestReportsOfLostRowsAddUp(t *testing.T) {
	if n := lostRows("Attaching\nLost 12 events\nLost 3 events\n"); n != 15 {
		t.Errorf("lostRows = %d", n)
	}
}
