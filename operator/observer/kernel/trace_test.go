package kernel

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pxl"
)

// startPrograms runs all programs in one bpftrace, or skips the test with the reason why it cannot. A CI that is root
// has all that it needs; GitHub's is not.
func startPrograms(t *testing.T) *Trace {
	t.Helper()
	skip := t.Skipf
	if os.Getenv("CI") == "true" && os.Geteuid() == 0 {
		skip = t.Fatalf
	}
	if testing.Short() {
		t.Skip("bpftrace takes a few seconds to start")
	}
	if os.Geteuid() != 0 {
		skip("bpftrace needs root")
	}
	if _, err := exec.LookPath("bpftrace"); err != nil {
		skip("there is no bpftrace: %v", err)
	}
	if _, err := os.Stat("/sys/kernel/btf/vmlinux"); err != nil {
		skip("the kernel does not describe its types: %v", err)
	}
	if _, err := os.Stat("/sys/kernel/tracing/events"); err != nil {
		if err := unix.Mount("nodev", "/sys/kernel/tracing", "tracefs", 0, ""); err != nil {
			skip("tracefs cannot be mounted: %v", err)
		}
	}
	trace, err := StartTrace(t.Context(), pxl.PodBirth, pxl.OOMKill, pxl.ConnectFail, pxl.Retransmit)
	if err != nil {
		skip("bpftrace does not run here: %v", err)
	}
	t.Cleanup(func() {
		if err := trace.Stop(); err != nil {
			t.Error(err)
		}
	})
	return trace
}

// takeUntil takes rows until there are enough, for ten seconds.
func takeUntil(t *testing.T, trace *Trace, take func(Rows), enough func() bool) {
	t.Helper()
	for range 100 {
		rows, lost := trace.Take()
		require.Zero(t, lost)
		take(rows)
		if enough() {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// The programs see what happens on this machine: kills in a container's cgroup, failed connects and retransmits in a
// network namespace of its own.
func TestProgramsSeeWhatHappens(t *testing.T) {
	trace := startPrograms(t)
	t.Run("oom_kill", func(t *testing.T) { killed := killInContainer(t); checkKill(t, trace, killed) })
	t.Run("sockets", func(t *testing.T) {
		var s Sockets
		for range 5 { // an interrupt may come while another program runs: then the kernel leaves it out
			world, counted := countSockets(t, trace, &s)
			if counted == (netWorld{NetNS: world.NetNS, Refused: world.Refused + world.GivenUp, Resent: world.Resent}) {
				return
			}
			t.Logf("did %+v, counted %+v", world, counted)
		}
		t.Error("in no try the rows matched: 4 failed connects (the one that lost a race is none), and what was sent again")
	})
}

// makeCgroup makes the memory cgroup of a container with a limit, in a pod that does not exist.
func makeCgroup(t *testing.T, limit int) (tree Tree, dir string) {
	t.Helper()
	tree, err := Open("")
	require.NoError(t, err)
	memory, name := tree.root, "memory.max"
	if !tree.v2 {
		memory, name = filepath.Join(filepath.Dir(tree.root), "memory"), "memory.limit_in_bytes"
	}
	pod := filepath.Join(memory, "test"+strconv.Itoa(os.Getpid())+"-pod"+testUID) // other tests may run at the same time
	dir = filepath.Join(pod, testID)
	if tree.v2 {
		require.NoError(t, os.WriteFile(filepath.Join(memory, "cgroup.subtree_control"), []byte("+memory"), 0o600))
	}
	require.NoError(t, os.Mkdir(pod, 0o755))
	t.Cleanup(func() { require.NoError(t, os.Remove(pod)) })
	if tree.v2 {
		require.NoError(t, os.WriteFile(filepath.Join(pod, "cgroup.subtree_control"), []byte("+memory"), 0o600))
	}
	require.NoError(t, os.Mkdir(dir, 0o755))
	t.Cleanup(func() { require.NoError(t, os.Remove(dir)) })
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(strconv.Itoa(limit)), 0o600))
	return tree, dir
}

type victim struct {
	pid   int
	limit uint64
}

// killInContainer has a process killed in a cgroup with a limit of 32 MiB.
func killInContainer(t *testing.T) victim {
	t.Helper()
	const limit = 32 << 20
	tree, dir := makeCgroup(t, limit)
	eater := actor(t, "eat")
	eater.Env = append(eater.Env, "CGROUP_PROCS="+filepath.Join(dir, "cgroup.procs"))
	err := eater.Run()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, syscall.SIGKILL, exit.Sys().(syscall.WaitStatus).Signal())
	seen := filepath.Join(tree.root, strings.TrimPrefix(dir, filepath.Join(filepath.Dir(tree.root), "memory")))
	if tree.v2 {
		seen = dir
	}
	m, err := tree.ReadMemory(seen)
	require.NoError(t, err)
	require.EqualValues(t, limit, m.LimitBytes.Value)
	require.Equal(t, gossip.Some[int64](1), m.OOMKills, "the kernel's own counter")
	return victim{eater.Process.Pid, limit}
}

func checkKill(t *testing.T, trace *Trace, want victim) {
	t.Helper()
	var kills []Kill
	takeUntil(t, trace, func(r Rows) {
		for _, k := range r.Kills {
			if k.PID == uint64(want.pid) {
				kills = append(kills, k)
			}
		}
	}, func() bool { return len(kills) > 0 })
	require.Len(t, kills, 1)
	require.Equal(t, want.limit, kills[0].Limit)
	require.InDelta(t, want.limit, kills[0].Usage, float64(want.limit)/10) // the victim may take a page more
	require.Contains(t, []string{"memcg", ""}, kills[0].Scope, "empty if others were killed at the same time")
	var all Kills
	all.Add(kills[0])
	events := all.Complete([]*Pod{podWith(testID, "")}, trace.Boot)
	require.Len(t, events, 1)
	require.WithinDuration(t, time.Now(), events[0].Time, time.Minute)
}

// countSockets is what a program did in a new network namespace, and what the rows have of it. The inode of the
// namespace may be one that s had before.
func countSockets(t *testing.T, trace *Trace, s *Sockets) (world, counted netWorld) {
	t.Helper()
	before := maps.Clone(s.totals)
	count := func() netWorld {
		since := func(event string) int {
			return int(s.Total(event, world.NetNS) - before[socketCounter{event: event, netNS: world.NetNS}])
		}
		return netWorld{NetNS: world.NetNS, Refused: since("connect_fail"), Resent: since("retransmit")}
	}
	cmd := actor(t, "connect")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	out, err := cmd.Output()
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(out, &world))
	require.Equal(t, [3]int{3, 1, 1}, [3]int{world.Refused, world.GivenUp, world.Raced})
	require.Positive(t, world.Resent)
	takeUntil(t, trace, func(r Rows) {
		for _, row := range r.Sockets {
			s.Add(row)
		}
	}, func() bool {
		return count().Refused >= 4 && count().Resent >= world.Resent
	})
	return world, count()
}
