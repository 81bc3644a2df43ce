package kernel

import (
	"encoding/json"
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

	"github.com/kernel-gossip/kernel-gossip/pxl"
)

// startPrograms runs all programs in one bpftrace, or skips the test with the reason why it cannot. A CI that is root has all that
// it needs; GitHub's is not.
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
		skip("the kernel says nothing about its types: %v", err)
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

// until takes rows until there are enough, or none came for long.
func until(t *testing.T, trace *Trace, take func(Rows), enough func() bool) {
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

// The programs see what really happens on this machine: kills in a container's cgroup, failed connects and retransmits in a network
// namespace of its own.
func TestPrograms(t *testing.T) {
	trace := startPrograms(t)
	t.Run("oom_kill", func(t *testing.T) { killed := killInContainer(t); checkKill(t, trace, killed) })
	t.Run("sockets", func(t *testing.T) {
		var s Sockets
		for range 5 { // an interrupt may come while another program runs: then the kernel leaves it out
			s.Begin()
			world := sockets(t, trace, &s)
			if s.Of("connect_fail", world.NetNS) == 4 && s.Of("retransmit", world.NetNS) == uint64(world.Resent) {
				return
			}
			t.Logf("%+v, rows %+v", world, s.counted)
		}
		t.Error("not once did the rows tell what happened: 4 failed connects (the one that lost a race is none), and what was sent again")
	})
}

// inCgroup makes the memory cgroup of a container with a limit, of a pod that is not there.
func inCgroup(t *testing.T, limit int) (tree Tree, dir string) {
	t.Helper()
	tree, err := Open("")
	require.NoError(t, err)
	memory, name := tree.root, "memory.max"
	if !tree.v2 {
		memory, name = filepath.Join(filepath.Dir(tree.root), "memory"), "memory.limit_in_bytes"
	}
	pod := filepath.Join(memory, "test"+strconv.Itoa(os.Getpid())+"-pod"+testUID) // others may test at the same time
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
	tree, dir := inCgroup(t, limit)
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
	require.EqualValues(t, limit, *m.Limit)
	require.EqualValues(t, 1, *m.Killed, "the kernel's own counter")
	return victim{eater.Process.Pid, limit}
}

func checkKill(t *testing.T, trace *Trace, want victim) {
	t.Helper()
	var kills []Kill
	until(t, trace, func(r Rows) {
		for _, k := range r.Kills {
			if k.PID == uint64(want.pid) {
				kills = append(kills, k)
			}
		}
	}, func() bool { return len(kills) > 0 })
	require.Len(t, kills, 1)
	require.Equal(t, want.limit, kills[0].Limit)
	require.InDelta(t, want.limit, kills[0].Usage, float64(want.limit)/10) // who was killed may take a page more
	require.Contains(t, []string{"memcg", ""}, kills[0].Scope, "empty if others were killed at the same time")
	var all Kills
	all.Add(kills[0])
	records := all.Complete([]*Pod{podWith(testID, "")}, trace.Boot)
	require.Len(t, records, 1)
	require.WithinDuration(t, time.Now(), records[0].At, time.Minute)
}

// sockets is what happened in a new network namespace; s takes what the rows tell of it.
func sockets(t *testing.T, trace *Trace, s *Sockets) netWorld {
	t.Helper()
	var world netWorld
	cmd := actor(t, "connect")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	out, err := cmd.Output()
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(out, &world))
	require.Equal(t, [3]int{3, 1, 1}, [3]int{world.Refused, world.GivenUp, world.Raced})
	require.Positive(t, world.Resent)
	until(t, trace, func(r Rows) {
		for _, row := range r.Sockets {
			s.Add(row)
		}
	}, func() bool {
		return s.Of("connect_fail", world.NetNS) >= 4 && s.Of("retransmit", world.NetNS) >= uint64(world.Resent)
	})
	return world
}
