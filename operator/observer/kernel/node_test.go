package kernel

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// fakeNode is a node of cgroup v2 with one pod, a container and a sandbox in files, and a clock that the test sets.
type fakeNode struct {
	*Node
	pods               []*Pod
	container, sandbox string // cgroup directories
	at                 time.Time
}

const (
	sandboxID = "b7e6324da06d5becc1f7e318fc4dd0253a3fff1d91f323e3a0b1c2d3e4f50617"
	testNetNS = 4026532439
)

func newFakeNode(t *testing.T) *fakeNode {
	t.Helper()
	root, proc := t.TempDir(), t.TempDir()
	pod := filepath.Join(root, "kubepods", "pod"+testUID)
	f := &fakeNode{
		pods: []*Pod{podWith(testID, "")}, at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC),
		container: filepath.Join(pod, testID), sandbox: filepath.Join(pod, sandboxID),
	}
	writeFiles(t, root, map[string]string{"cgroup.controllers": "cpu\n"})
	writeFiles(t, f.sandbox, map[string]string{"cgroup.procs": "42\n"})
	writeFiles(t, f.container, map[string]string{
		"cpu.stat": "usage_usec 100\nnr_periods 10\nnr_throttled 1\nthrottled_usec 50\n",
		"cpu.max":  "10000 100000\n", "cgroup.threads": "1\n",
		"memory.current": "5000\n", "memory.max": "max\n", "memory.stat": "inactive_file 1000\npgmajfault 3\n",
	})
	writeFiles(t, filepath.Join(proc, "42", "net"), map[string]string{"dev": netDev, "snmp": netSNMP})
	require.NoError(t, os.Mkdir(filepath.Join(proc, "42", "ns"), 0o700))
	require.NoError(t, os.Symlink("net:["+strconv.Itoa(testNetNS)+"]", filepath.Join(proc, "42", "ns", "net")))
	node, err := OpenNode(root)
	require.NoError(t, err)
	require.Equal(t, "v2", node.CgroupVersion())
	node.Proc, node.Now = proc, func() time.Time { return f.at }
	f.Node = node
	return f
}

// lookOnce is the look of ten seconds later.
func (f *fakeNode) lookOnce(t *testing.T) []gossip.Event {
	t.Helper()
	f.at = f.at.Add(10 * time.Second)
	require.NoError(t, f.Find())
	var events []gossip.Event
	f.Read(f.pods, func(e gossip.Event) { events = append(events, e) })
	return events
}

// eventOf is the event of one kind among others.
func eventOf[E gossip.Event](t *testing.T, events []gossip.Event) E {
	t.Helper()
	for _, e := range events {
		if event, ok := e.(E); ok {
			return event
		}
	}
	var none E
	t.Fatalf("no %T in %v", none, events)
	return none
}

func TestNodeReadsTheKindsThatItShould(t *testing.T) {
	for name, tc := range map[string]struct {
		kinds []gossip.Kind
		want  []gossip.Kind
	}{
		"all": {
			kinds: []gossip.Kind{gossip.KindCPUThrottling, gossip.KindMemoryPressure, gossip.KindNetworkIssue},
			want:  []gossip.Kind{gossip.KindCPUThrottling, gossip.KindMemoryPressure, gossip.KindNetworkIssue},
		},
		"memory": {kinds: []gossip.Kind{gossip.KindMemoryPressure}, want: []gossip.Kind{gossip.KindMemoryPressure}},
		"none":   {},
	} {
		f := newFakeNode(t)
		f.Kinds = tc.kinds
		require.Empty(t, f.lookOnce(t), name)
		var got []gossip.Kind
		for _, e := range f.lookOnce(t) {
			got = append(got, e.Subject().Kind)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		require.Equal(t, 1, f.Containers, name)
	}
}

func TestContainerThatCouldNotBeReadBeginsAnew(t *testing.T) {
	f := newFakeNode(t)
	f.lookOnce(t)
	require.NoError(t, os.Rename(filepath.Join(f.container, "cpu.max"), filepath.Join(f.container, "away")))
	require.Len(t, f.lookOnce(t), 1, "the network alone")
	require.Zero(t, f.Containers)
	require.NoError(t, os.Rename(filepath.Join(f.container, "away"), filepath.Join(f.container, "cpu.max")))
	require.Len(t, f.lookOnce(t), 1, "a baseline")
	require.Len(t, f.lookOnce(t), 3)
	require.Zero(t, f.LeftOut)
}

func TestStrangersAreContainersWithoutAStatus(t *testing.T) {
	f := newFakeNode(t)
	require.NoError(t, f.Find())
	require.Equal(t, []string{sandboxID}, f.Strangers(f.pods))
	require.Len(t, f.Strangers(nil), 2)
	restarted := podWith("cafe", "")
	restarted.Earlier = f.pods[0].Running()
	require.Equal(t, []string{sandboxID}, f.Strangers([]*Pod{restarted}), "an earlier status had it")
}

// Failed connects are counted by bpftrace, for each network namespace.
func TestFailedConnectsBelongToTheNetworkOfThePod(t *testing.T) {
	f := newFakeNode(t)
	f.lookOnce(t)
	require.False(
		t,
		eventOf[gossip.NetworkSample](t, f.lookOnce(t)).FailedConnects.Known,
		"without bpftrace they are not counted",
	)
	f.Trace = &Trace{}
	f.lookOnce(t)
	f.Trace.rows.Sockets = []Socket{
		{Event: "connect_fail", NetNS: testNetNS, Count: 12},
		{Event: "connect_fail", NetNS: testNetNS + 1, Count: 34},
		{Event: "retransmit", NetNS: testNetNS, CPU: 1, Count: 7},
	}
	require.Equal(t, gossip.Some[int64](12), eventOf[gossip.NetworkSample](t, f.lookOnce(t)).FailedConnects)
	require.EqualValues(t, 7, f.Retransmits)
	require.Equal(t, gossip.Some[int64](0), eventOf[gossip.NetworkSample](t, f.lookOnce(t)).FailedConnects, "counted once")
}

// A pod is hidden if its processes are not visible and no network was read.
func TestHiddenPodIsNamed(t *testing.T) {
	f := newFakeNode(t)
	f.lookOnce(t)
	require.Empty(t, f.Hidden)
	writeFiles(t, f.sandbox, map[string]string{"cgroup.procs": "0\n"})
	f.lookOnce(t)
	require.Equal(t, "shop/api-0", f.Hidden)
}

func TestRowsOfBpftraceBecomeEventsOfTheNode(t *testing.T) {
	r, _ := loadRecording(t, "testdata/birth_init_container.txtar")
	f := newFakeNode(t)
	f.pods = append(f.pods, r.pods...)
	f.Trace = &Trace{Boot: boot, rows: Rows{Births: r.rows, Kills: []Kill{testKill()}}}
	require.NoError(t, f.Find())
	require.True(t, f.Waiting())
	events := f.lookOnce(t)
	require.Equal(t, r.pods[0].Metadata.UID, eventOf[gossip.PodCreation](t, events).PodUID)
	require.Equal(t, testID, eventOf[gossip.OOMKill](t, events).ContainerID)
	require.False(t, f.Waiting())
}

func TestLostRowsGiveUpBirthsAndKeepKills(t *testing.T) {
	r, _ := loadRecording(t, "testdata/birth_init_container.txtar")
	f := newFakeNode(t)
	f.pods = append(f.pods, r.pods...)
	f.Trace = &Trace{Boot: boot, rows: Rows{Births: r.rows[:len(r.rows)/2]}}
	require.NoError(t, f.Find())
	f.Trace.rows, f.Trace.lost = Rows{Births: r.rows[len(r.rows)/2:], Kills: []Kill{testKill()}}, 3
	events := f.lookOnce(t)
	require.Len(t, events, 1)
	require.Equal(t, testID, eventOf[gossip.OOMKill](t, events).ContainerID)
	require.Equal(t, 3, f.LostRows)
	require.Equal(t, 1, f.Births.GivenUp)
}
