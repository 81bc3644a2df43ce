package observer

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie"
)

const uidV1 = "00000000-0000-0000-0000-0000000000aa"

// startPodV1 makes the node one of cgroup v1, with one pod.
func (n *node) startPodV1(t *testing.T) {
	t.Helper()
	require.NoError(t, os.Remove(filepath.Join(n.root, "cgroup.controllers")))
	writeFile(t, filepath.Join(n.root, "cpu", "cpu.shares"), "1024\n")
	n.pods = append(n.pods, map[string]any{
		"metadata": map[string]any{"name": "db-0", "namespace": "shop", "uid": uidV1},
		"spec":     map[string]any{"nodeName": "n", "containers": []any{map[string]any{"name": "db"}}},
		"status": map[string]any{
			"containerStatuses": []any{map[string]any{"name": "db", "containerID": "containerd://" + id(170)}},
		},
	})
	writeFile(t, filepath.Join(n.root, "cpu", "kubepods", "pod"+uidV1, id(171), "cgroup.procs"), "170\n")
}

// setCountersV1 sets the counters of that pod: they grow with k.
func (n *node) setCountersV1(t *testing.T, k int) {
	t.Helper()
	for file, text := range map[string]string{
		"cpu/cpu.stat": fmt.Sprintf("nr_periods %d\nnr_throttled %d\nthrottled_time %d\n",
			449+20*k, 363+17*k, 28967400123+1234567891*k),
		"cpu/cpuacct.usage":                fmt.Sprintln(3972000999 + 333333337*k),
		"cpu/cpu.cfs_quota_us":             "33000\n",
		"cpu/cpu.cfs_period_us":            "90000\n",
		"cpu/tasks":                        "1\n2\n3\n",
		"memory/memory.usage_in_bytes":     fmt.Sprintln(109899776 + 4096*k),
		"memory/memory.limit_in_bytes":     "201326592\n",
		"memory/memory.stat":               fmt.Sprintf("cache 1\ntotal_inactive_file 225280\ntotal_pgmajfault %d\n", 7+k),
		"memory/memory.oom_control":        fmt.Sprintf("oom_kill_disable 0\nunder_oom 0\noom_kill %d\n", k/2),
		"memory/memory.failcnt":            fmt.Sprintln(5 * k),
		"memory/memory.max_usage_in_bytes": "109899776\n",
	} {
		controller, name := filepath.Split(file)
		writeFile(t, filepath.Join(n.root, controller, "kubepods", "pod"+uidV1, id(170), name), text)
	}
	network := filepath.Join(n.proc, "170", "net")
	writeFile(t, filepath.Join(network, "dev"), fmt.Sprintf("Inter-|\n face |\n    lo: 0 9 0 0 0 0 0 0 0 9 0 0 0 0 0 0\n"+
		"  eth0: 1 %d 1 %d 0 0 0 0 1 %d %d 4 0 0 0 0\n", 100*k, 2*k, 90*k, 3*k))
	writeFile(t, filepath.Join(network, "snmp"), fmt.Sprintf("Tcp: OutSegs RetransSegs\nTcp: %d %d\n", k*1000, k*7))
}

// testdata/records.ndjson was written by the version that had a writer of its own for each type of record. Times with
// more digits than a record keeps, a changed limit and counters in nanoseconds give the same events today.
func TestRecordsDecodeToTheEventsOfEarlierVersions(t *testing.T) {
	var printed bytes.Buffer
	for _, v1 := range []bool{false, true} {
		n := newNode(t)
		var dir string
		if v1 {
			n.startPodV1(t)
		} else {
			dir = n.startPod(t, 1)
			writeFile(t, filepath.Join(dir, "memory.pressure"),
				"some avg10=12.50 avg60=3.06 avg300=0.00 total=5\nfull avg10=6.25 avg60=1.53 avg300=0.00 total=2\n")
			writeFile(t, filepath.Join(dir, "cpu.max"), "33000 90000\n")
		}
		w := newTestWatcher(t, n)
		at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
		w.node.Now = func() time.Time { return at }
		for k := range 4 {
			if v1 {
				n.setCountersV1(t, k*k)
			} else {
				n.setCounters(t, 1, dir, k*k)
			}
			require.NoError(t, w.observeOnce(t.Context(), &printer{w: &printed}))
			at = at.Add(10*time.Second + 123456789*time.Nanosecond)
			if k == 1 && !v1 {
				writeFile(t, filepath.Join(dir, "cpu.max"), "max 100000\n")
			}
		}
	}
	earlier, err := os.ReadFile(filepath.Join("testdata", "records.ndjson"))
	require.NoError(t, err)
	events := func(text []byte) []gossip.Event {
		var out []gossip.Event
		for e, err := range pixie.Decode(bytes.NewReader(text)) {
			require.NoError(t, err)
			if s, ok := e.(gossip.CPUSample); ok {
				s.NodeCPUs = gossip.Optional[int64]{} // of the machine that runs the test
				e = s
			}
			out = append(out, e)
		}
		return out
	}
	if diff := cmp.Diff(events(earlier), events(printed.Bytes())); diff != "" {
		t.Errorf("(-earlier +now):\n%s", diff)
	}
}
