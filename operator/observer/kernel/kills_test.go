package kernel

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

const (
	podCut       = "kubelet-kubepods-burstable-pod53adb4d1_342d_4a26_9b5c_d8fac1943b" // at 63 bytes
	containerCut = "cri-containerd-37e6324da06d5becc1f7e318fc4dd0253a3fff1d91f323e3"
)

func testKill() Kill {
	return Kill{
		NS:    5e9,
		PID:   21972,
		Comm:  "tail",
		A:     containerCut,
		B:     podCut,
		Usage: 32 << 20,
		Limit: 32 << 20,
		Scope: "memcg",
	}
}

func TestKillRowsAreInPages(t *testing.T) {
	page := uint64(os.Getpagesize())
	for text, want := range map[string]Kill{
		"time_:5000000000 event:oom_kill pid:21972 comm:my worker a:" + containerCut + " b:" + podCut + " usage:8192 limit:8193 scope:memcg": {
			NS: 5e9, PID: 21972, Comm: "my worker", A: containerCut, B: podCut, Usage: 8192 * page, Limit: 8193 * page, Scope: "memcg",
		},
		"time_:1 event:oom_kill pid:1 comm:x a:kgt b: usage:8192 limit:2251799813685247 scope:": {NS: 1, PID: 1, Comm: "x", A: "kgt", Usage: 8192 * page},
	} {
		got, err := ParseKill(text)
		require.NoError(t, err)
		if diff := cmp.Diff(want, got); diff != "" && page == 4096 {
			t.Errorf("%s: %s", text, diff)
		}
	}
	_, err := ParseKill("time_:1 event:oom_kill pid:1")
	require.ErrorContains(t, err, "unexpected row")
}

// podWith is a pod with a container run in its status, and maybe the run before.
func podWith(id, before string) *Pod {
	p := testContainer().Pod
	s := ContainerStatus{Name: "app", ContainerID: "containerd://" + id}
	if before != "" {
		s.LastState.Terminated.ContainerID = "containerd://" + before
	}
	p.Status.ContainerStatuses = []ContainerStatus{s}
	return p
}

func TestKillWaitsForTheStatusOfItsPod(t *testing.T) {
	other := strings.Repeat("a", 64)
	boot := time.Date(2026, 11, 24, 21, 0, 0, 0, time.UTC)
	want := gossip.OOMKill{
		Origin: gossip.Origin{
			Time: boot.Add(5 * time.Second), Namespace: "shop", Pod: "api-0", PodUID: testUID,
			Container: "app", ContainerID: testID, Source: "bpftrace",
		},
		VictimPID: gossip.Some[int64](21972), VictimComm: "tail",
		UsageBytes: gossip.Some[int64](32 << 20), LimitBytes: gossip.Some[int64](32 << 20), Scope: gossip.ScopeMemcg,
	}
	nested, ofHost, sandbox := testKill(), testKill(), testKill()
	nested.A, nested.B = "worker.slice", containerCut
	ofHost.A, ofHost.B = "sshd.service", "system.slice"
	sandbox.A = "cri-containerd-" + strings.Repeat("b", 48)
	for name, tc := range map[string]struct {
		kill  Kill
		pods  []*Pod // known from the first look on
		later []*Pod // known at the end
		known bool
		given int
	}{
		"running on":            {kill: testKill(), pods: []*Pod{podWith(testID, "")}, known: true},
		"restarted":             {kill: testKill(), pods: []*Pod{podWith(other, testID)}, known: true},
		"in a cgroup below":     {kill: nested, pods: []*Pod{podWith(testID, "")}, known: true},
		"just started":          {kill: testKill(), later: []*Pod{podWith(testID, "")}, known: true},
		"of a restart too many": {kill: testKill(), pods: []*Pod{podWith(other, "")}, given: 1},
		"of a sandbox":          {kill: sandbox, pods: []*Pod{podWith(testID, "")}, given: 1},
		"of no pod":             {kill: ofHost, pods: []*Pod{podWith(testID, "")}},
	} {
		var k Kills
		k.Add(tc.kill)
		var got []gossip.OOMKill
		for range maxLooks - 1 {
			got = append(got, k.Complete(tc.pods, boot)...)
		}
		got = append(got, k.Complete(append(tc.pods, tc.later...), boot)...)
		require.False(t, k.Waiting(), name)
		require.Equal(t, tc.given, k.GivenUp, name)
		if !tc.known {
			require.Empty(t, got, name)
			continue
		}
		if diff := cmp.Diff([]gossip.OOMKill{want}, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	var k Kills
	for i := range uint64(maxKills + 3) {
		r := testKill()
		r.PID += i
		k.Add(r)
	}
	require.Equal(t, 3, k.GivenUp, "they are bounded")
}

// Whatever bpftrace prints, reading it ends in a row or an error.
func FuzzRows(f *testing.F) {
	f.Add(
		"time_:5000000000 event:oom_kill pid:21972 comm:my worker a:x b:" + podCut + " usage:8192 limit:8193 scope:memcg",
	)
	f.Add("time_:1 event:connect_fail netns:4026532864 cpu:0 count:1 error:111 address:::ffff:127.0.0.1 port:9")
	f.Fuzz(func(_ *testing.T, text string) {
		if k, err := ParseKill(text); err == nil {
			var kills Kills
			kills.Add(k)
			kills.Complete([]*Pod{podWith(testID, "")}, boot)
		}
		if s, err := ParseSocket(text); err == nil {
			var sockets Sockets
			sockets.Add(s)
		}
	})
}

// A process dies once, however many of its threads the kernel marks. Another process may have its number later, or in
// another container.
func TestEachProcessIsKilledOnce(t *testing.T) {
	var k Kills
	pods := []*Pod{podWith(testID, "")}
	first, thread, later, elsewhere := testKill(), testKill(), testKill(), testKill()
	thread.NS += 2e6
	later.NS += uint64(dying) + 1
	elsewhere.A = "cri-containerd-" + strings.Repeat("b", 48)
	for _, r := range []Kill{first, thread, elsewhere, later} {
		k.Add(r)
	}
	require.Len(t, k.Complete(pods, time.Time{}), 2)
	require.True(t, k.Waiting(), "the one elsewhere")
	k.Add(thread) // of a process that was complete before
	require.Empty(t, k.Complete(pods, time.Time{}))
}

// A process names itself, also with what ends a line or moves a cursor.
func TestAHostileNameOfAProcessIsCleanedAndKept(t *testing.T) {
	for comm, want := range map[string]string{
		"a\nb": "a�b", "\x1b[2J": "�[2J", "na\xc3": "na�", "\u202etxt\u200b": "�txt�",
		" a: b:": "", //nolint:gocritic // looks like columns
	} {
		got, err := ParseKill("time_:1 event:oom_kill pid:1 comm:" + comm + " a:" + containerCut + " b:" + podCut +
			" usage:1 limit:2 scope:memcg")
		require.NoError(t, err, "%q", comm)
		require.Equal(t, want, got.Comm)
		require.Contains(t, got.A+got.B, containerCut, "the kill keeps its container")
		row, err := ParseRow("time_:1 event:exec pid:2 birth:3 comm:" + comm + " a:x b:y file:/bin/" + comm +
			" value:1 syscalls:2 namespaces:3 cgroup_writes:4 mounts:5 processes:6 execs:7")
		require.NoError(t, err, "%q", comm)
		require.Equal(t, gossip.CleanText(row.Comm+row.File), row.Comm+row.File)
	}
}
