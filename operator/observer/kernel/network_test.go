package kernel

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/gossip/readings"
)

// Synthetic: the format of Linux 6.18, with figures that are all different.
const (
	netDev = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     540      10    0    0    0     0          0         0      540      10    0    0    0     0       0          0
  eth0: 1234567   12345    1    2    0     0          0         0  7654321   23456    3    4    0     0       0          0
  eth1:     100       1    1    1    0     0          0         0      100       1    1    1    0     0       0          0
`
	netSNMP = `Ip: Forwarding DefaultTTL InReceives
Ip: 1 64 0
Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors
Tcp: 1 200 120000 -1 5 0 3 0 0 6 8 2 0 3 0
Udp: InDatagrams NoPorts
Udp: 0 0
`
)

func TestNetworkOfAPodIsItsInterfacesAndTCP(t *testing.T) {
	some := gossip.Some[int64]
	want := readings.Network{
		NetNS:     4026532439,
		RxPackets: some(12346), RxErrors: some(2), RxDrops: some(3),
		TxPackets: some(23457), TxErrors: some(4), TxDrops: some(5),
		Segments: some(8), Retransmits: some(2),
	}
	for name, tc := range map[string]struct {
		procs  string
		change map[string]string
		want   func(*readings.Network)
		err    string
	}{
		"a pod":                     {procs: "42\n43\n", want: func(*readings.Network) {}},
		"that may not be traced":    {procs: "42\n", change: map[string]string{"ns": ""}, want: func(n *readings.Network) { n.NetNS = 0 }},
		"beside those of another":   {procs: "0\n0\n42\n", want: func(*readings.Network) {}},
		"of another PID namespace":  {procs: "0\n0\n", err: ErrNoProcess.Error()},
		"of no process":             {err: ErrNoProcess.Error()},
		"with a process that ended": {procs: "41\n", err: "net/dev"},
		"with other columns":        {procs: "42\n", change: map[string]string{"net/dev": "eth0: 1 2 3\n"}, err: "eth0: 3 columns"},
		"with words for numbers":    {procs: "42\n", change: map[string]string{"net/dev": "eth0: 1 2 3 x 5 6 7 8 9 10 11 12 13 14 15 16\n"}, err: `eth0: strconv.ParseUint: parsing "x"`},
		"without TCP":               {procs: "42\n", change: map[string]string{"net/snmp": "Ip: 1\n"}, err: "no line of TCP"},
		"without retransmits":       {procs: "42\n", change: map[string]string{"net/snmp": "Tcp: OutSegs\nTcp: 1 2\n"}, err: "no RetransSegs"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, proc := t.TempDir(), t.TempDir()
			writeFiles(t, dir, map[string]string{"cgroup.procs": tc.procs})
			writeFiles(t, filepath.Join(proc, "42", "net"), map[string]string{"dev": netDev, "snmp": netSNMP})
			if _, hidden := tc.change["ns"]; !hidden {
				require.NoError(t, os.Mkdir(filepath.Join(proc, "42", "ns"), 0o700))
				require.NoError(t, os.Symlink("net:[4026532439]", filepath.Join(proc, "42", "ns", "net")))
			}
			for file, text := range tc.change {
				if text != "" {
					writeFiles(t, filepath.Join(proc, "42"), map[string]string{file: text})
				}
			}
			got, err := Tree{}.ReadNetwork(proc, dir)
			if tc.err != "" {
				require.ErrorContains(t, err, tc.err)
				return
			}
			require.NoError(t, err)
			want := want
			tc.want(&want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSandboxIsAskedForTheNetwork(t *testing.T) {
	pod := func(uid string, host bool) *Pod {
		p := &Pod{}
		p.Metadata.UID, p.Spec.HostNetwork = uid, host
		return p
	}
	sandboxed, bare, host := pod("sandboxed", false), pod("bare", false), pod("host", true)
	known := map[string]Container{
		"a": {Pod: sandboxed}, "b": {Pod: bare}, "c": {Pod: bare}, "d": {Pod: host},
	}
	got := networkDirs(
		map[string]string{"a": "/p1/a", "z": "/p1/z", "b": "/p2/b", "c": "/p2/c", "d": "/p3/d", "y": "/p4/y"},
		known,
	)
	if diff := cmp.Diff(map[string]string{"sandboxed": "/p1/z", "bare": "/p2/b"}, got); diff != "" {
		t.Error(diff)
	}
}

// Counts are cumulative: the next row makes up for rows that were left out or lost.
func TestSocketRowsAddUpForEachNamespace(t *testing.T) {
	var s Sockets
	for _, text := range []string{
		"time_:1 event:connect_fail netns:4026532864 cpu:0 count:1 error:111 address:::ffff:127.0.0.1 port:9",
		"time_:2 event:connect_fail netns:4026532864 cpu:1 count:3 error:111 address:::ffff:127.0.0.1 port:9",
		"time_:3 event:connect_fail netns:4026532864 cpu:0 count:120 error:0 address:::ffff:127.0.0.1 port:9",
		"time_:4 event:connect_fail netns:4026532864 cpu:0 count:119 error:0 address:::ffff:127.0.0.1 port:9", // rows of CPUs may come late
		"time_:5 event:retransmit netns:4026532864 cpu:0 count:7 state:1 address:::ffff:127.0.0.1 port:9",
		"time_:6 event:connect_fail netns:4026532865 cpu:0 count:5 error:111 address:::1 port:9",
	} {
		r, err := ParseSocket(text)
		require.NoError(t, err)
		s.Add(r)
	}
	require.EqualValues(t, 123, s.Total("connect_fail", 4026532864))
	require.EqualValues(t, 7, s.Total("retransmit", 4026532864))
	require.EqualValues(t, 5, s.Total("connect_fail", 4026532865))
	require.Zero(t, s.Total("connect_fail", 1))
	s.Add(Socket{Event: "connect_fail", NetNS: 4026532864, CPU: 1, Count: 4})
	require.EqualValues(t, 124, s.Total("connect_fail", 4026532864))
	_, err := ParseSocket("time_:1 event:connect_fail netns:x")
	require.ErrorContains(t, err, "unexpected row")
}
