package pxl_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie"
)

// containerID is the name of a container's cgroup directory, as containerd and systemd make it. It has the ID of this
// process, because another process may run the same tests.
var containerID = fmt.Sprintf("cri-containerd-%08x%s.scope", os.Getpid(), strings.Repeat("89abcdef", 7))

// printedID is the part of containerID that a program prints.
var printedID = containerID[:63]

// The bpftrace of this machine, which is newer than Pixie's, compiles every program.
func TestEveryProgramCompiles(t *testing.T) {
	needsBPFTrace(t)
	for table, p := range allPrograms(t) {
		t.Run(table, func(t *testing.T) {
			out, err := exec.CommandContext(t.Context(), "bpftrace", "-d", "-e", p.Text).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out[max(0, len(out)-4000):])
			}
		})
	}
}

// decodeRecord makes an event from a record of the contract: the record of one pod, as a script makes it from the rows
// of a program.
func decodeRecord(t *testing.T, kind string, fields map[string]any) gossip.Event {
	t.Helper()
	record := map[string]any{
		"type": kind, "timestamp": "2026-01-02T03:04:05Z", "namespace": "shop", "pod_name": "api-0",
		"container_name": "app", "source": "pixie",
	}
	maps.Copy(record, fields)
	text, err := json.Marshal(record)
	require.NoError(t, err)
	for event, err := range pixie.Decode(strings.NewReader(string(text))) {
		require.NoError(t, err)
		return event
	}
	require.NoError(t, io.ErrUnexpectedEOF)
	return nil
}

// The program reports the same throttling of a process as the cgroup's own counters.
func TestThrottledPeriodsAreThoseOfTheCgroup(t *testing.T) {
	needsBPFTrace(t)
	dir := makeCgroup(t, "cpu", containerID)
	setLimit(t, dir, "cpu.cfs_quota_us", "20000", "cpu.max", "20000 100000")
	p := attachProgram(t, "kg_cpu_v1")
	startWorkload(t, dir, "busy")
	sums := map[string]int64{}
	for range 2 {
		r := p.nextRow(t, func(r row) bool { return r["cgroup"] == printedID })
		for _, column := range []string{"elapsed_ns", "nr_periods", "nr_throttled", "throttled_ns", "usage_ns"} {
			sums[column] += r.parseNumber(t, column)
		}
		require.Equal(t, int64(20_000_000), r.parseNumber(t, "quota_ns"))
		require.Equal(t, int64(100_000_000), r.parseNumber(t, "cfs_period_ns"))
		require.Positive(t, r.parseNumber(t, "cpus"))
	}
	stat := filepath.Join(dir, "cpu.stat")
	require.Positive(t, sums["nr_throttled"])
	require.LessOrEqual(t, sums["nr_throttled"], sums["nr_periods"])
	require.LessOrEqual(t, sums["nr_throttled"], readCounter(t, stat, "nr_throttled"))
	require.LessOrEqual(t, sums["nr_periods"], readCounter(t, stat, "nr_periods"))
	require.Greater(t, 2*sums["nr_periods"], readCounter(t, stat, "nr_periods"),
		"more than half of all periods are in two of the rows")
	require.Less(t, sums["usage_ns"], sums["elapsed_ns"]/3, "a quota of a fifth")
	require.Positive(t, sums["usage_ns"])

	event := decodeRecord(t, "cpu_throttle", map[string]any{
		"period_seconds": float64(sums["elapsed_ns"]) / 1e9,
		"nr_periods":     sums["nr_periods"], "nr_throttled": sums["nr_throttled"],
		"throttled_usec": sums["throttled_ns"] / 1000, "usage_usec": sums["usage_ns"] / 1000, "limit_cores": 0.2,
	})
	sample := event.(gossip.CPUSample)
	require.True(t, sample.HasCounters())
	require.Equal(t, gossip.Some(sums["nr_periods"]), sample.Periods)
	require.Equal(t, gossip.Some(sums["throttled_ns"]/1000), sample.ThrottledUsec)
}

// The process uses a part of its limit.
func TestMemoryInUseAndItsLimitArePrinted(t *testing.T) {
	needsBPFTrace(t)
	dir := makeCgroup(t, "memory", containerID)
	setLimit(t, dir, "memory.limit_in_bytes", "67108864", "memory.max", "67108864")
	p := attachProgram(t, "kg_memory_v1")
	startWorkload(t, dir, "memory", "PXL_TEST_BYTES=20971520")
	r := p.nextRow(t, func(r row) bool { return r["cgroup"] == printedID })
	page := int64(os.Getpagesize())
	used := r.parseNumber(t, "usage_pages") * page
	require.GreaterOrEqual(t, used, int64(20<<20))
	require.LessOrEqual(t, used, int64(64<<20))
	require.Equal(t, int64(64<<20), r.parseNumber(t, "limit_pages")*page)
	require.GreaterOrEqual(t, r.parseNumber(t, "limit_hits"), int64(0))
	decodeRecord(t, "memory_pressure", map[string]any{
		"working_set_bytes": used, "limit_bytes": 64 << 20, "limit_hits": r.parseNumber(t, "limit_hits"),
	})
}

// The process needs more than its limit.
func TestAKilledProcessIsPrinted(t *testing.T) {
	needsBPFTrace(t)
	dir := makeCgroup(t, "memory", containerID)
	setLimit(t, dir, "memory.limit_in_bytes", "33554432", "memory.max", "33554432")
	setLimit(t, dir, "memory.swappiness", "0", "memory.swap.max", "0")
	p := attachProgram(t, "kg_kills_v1")
	victim := startWorkload(t, dir, "memory", "PXL_TEST_BYTES=134217728")
	r := p.nextRow(t, func(r row) bool { return r["a"] == printedID })
	require.Equal(t, "oom_kill", r["event"])
	require.Equal(t, int64(victim.Process.Pid), r.parseNumber(t, "pid"))
	require.Equal(t, int64(32<<20), r.parseNumber(t, "limit")*int64(os.Getpagesize()))
	decodeRecord(t, "oom_kill", map[string]any{
		"victim_pid": r.parseNumber(t, "pid"), "victim_comm": r["comm"], "scope": r["scope"],
	})
}

func TestFailedConnectsAreCounted(t *testing.T) {
	needsBPFTrace(t)
	dir := makeCgroup(t, "cpu", containerID)
	p := attachProgram(t, "kg_network_v1")
	startWorkload(t, dir, "connect")
	r := p.nextRow(t, func(r row) bool { return r["cgroup"] == printedID })
	require.Positive(t, r.parseNumber(t, "connect_failures"))
	decodeRecord(t, "network_issue", map[string]any{
		"connect_failures": r.parseNumber(t, "connect_failures"), "tcp_retransmits": r.parseNumber(t, "tcp_retransmits"),
	})
}

// A container is started like by a runtime, without one: a shim, an init that changes its root, and the command.
func TestABirthCountsWhatTheRuntimeDoes(t *testing.T) {
	needsBPFTrace(t)
	p := attachProgram(t, "kg_birth_v1")
	uid := fmt.Sprintf("%08x_1111_2222_3333_444455556666", os.Getpid())
	pod := makeCgroup(t, "cpu", "kubepods-besteffort-pod"+uid+".slice")
	made := p.nextRow(t, func(r row) bool { return r["command"] == "0" && strings.Contains(r["a"], uid) })
	path := made["a"]
	if len(path) == 63 { // cut; the rest is in b
		path += made["b"]
	}
	require.Equal(t, "/"+filepath.Base(pod), path)
	dir := filepath.Join(pod, containerID)
	require.NoError(t, os.Mkdir(dir, 0o755))
	t.Cleanup(func() { require.NoError(t, os.Remove(dir)) })

	self, err := os.Executable()
	require.NoError(t, err)
	binary, err := os.ReadFile(self)
	require.NoError(t, err)
	shim := filepath.Join(t.TempDir(), "containerd-shim-test")
	require.NoError(t, os.WriteFile(shim, binary, 0o700))
	cmd := exec.CommandContext(t.Context(), shim)
	cmd.Env = append(os.Environ(), workload+"=shim", "PXL_TEST_CGROUP="+dir, "PXL_TEST_ROOT="+t.TempDir())
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))

	r := p.nextRow(t, func(r row) bool { return r["command"] == "1" && r["a"] == printedID })
	require.Equal(t, filepath.Base(pod)[:63], r["b"])
	require.Equal(t, strconv.Itoa(cmd.Process.Pid), r["birth"])
	require.Equal(t, int64(2), r.parseNumber(t, "namespaces"))
	require.Equal(t, int64(3), r.parseNumber(t, "mounts"))
	require.GreaterOrEqual(t, r.parseNumber(t, "processes"), int64(1), "Go's runtime may test how it can start processes")
	require.GreaterOrEqual(t, r.parseNumber(t, "execs"), int64(2))
	require.Greater(t, r.parseNumber(t, "syscalls"), int64(10))

	duration := r.parseNumber(t, "time_") - made.parseNumber(t, "time_")
	require.Positive(t, duration)
	event := decodeRecord(t, "pod_creation", map[string]any{
		"total_syscalls": r.parseNumber(t, "syscalls"), "namespace_ops": r.parseNumber(t, "namespaces"),
		"cgroup_writes": r.parseNumber(t, "cgroup_writes"), "duration_ns": duration, "execs": r.parseNumber(t, "execs"),
		"processes": r.parseNumber(t, "processes"), "mounts": r.parseNumber(t, "mounts"),
	})
	require.Equal(t, gossip.Some(r.parseNumber(t, "syscalls")), event.(gossip.PodCreation).TotalSyscalls)
}
