package kernel

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

// Synthetic: the format of Linux 6.18, with figures that can be told apart.
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

func TestReadNetwork(t *testing.T) {
	want := Network{
		NetNS: 4026532439, RxPackets: 12346, RxErrors: 2, RxDrops: 3, TxPackets: 23457, TxErrors: 4, TxDrops: 5, Segments: 8, Retransmits: 2,
	}
	for name, tc := range map[string]struct {
		procs  string
		change map[string]string
		want   func(*Network)
		err    string
	}{
		"a pod":                           {procs: "42\n43\n", want: func(*Network) {}},
		"whose process one may not trace": {procs: "42\n", change: map[string]string{"ns": ""}, want: func(n *Network) { n.NetNS = 0 }},
		"beside those of another":         {procs: "0\n0\n42\n", want: func(*Network) {}},
		"of another PID namespace":        {procs: "0\n0\n", err: ErrNoProcess.Error()},
		"of no process":                   {err: ErrNoProcess.Error()},
		"whose process has ended":         {procs: "41\n", err: "net/dev"},
		"with other columns":              {procs: "42\n", change: map[string]string{"net/dev": "eth0: 1 2 3\n"}, err: "eth0: 3 columns"},
		"with words for numbers":          {procs: "42\n", change: map[string]string{"net/dev": "eth0: 1 2 3 x\n"}, err: `eth0: strconv.ParseUint: parsing "x"`},
		"without TCP":                     {procs: "42\n", change: map[string]string{"net/snmp": "Ip: 1\n"}, err: "no line of TCP"},
		"without retransmits":             {procs: "42\n", change: map[string]string{"net/snmp": "Tcp: OutSegs\nTcp: 1 2\n"}, err: "no RetransSegs"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, proc := t.TempDir(), t.TempDir()
			files(t, dir, map[string]string{"cgroup.procs": tc.procs})
			files(t, filepath.Join(proc, "42", "net"), map[string]string{"dev": netDev, "snmp": netSNMP})
			if _, hidden := tc.change["ns"]; !hidden {
				require.NoError(t, os.Mkdir(filepath.Join(proc, "42", "ns"), 0o700))
				require.NoError(t, os.Symlink("net:[4026532439]", filepath.Join(proc, "42", "ns", "net")))
			}
			for file, text := range tc.change {
				if text != "" {
					files(t, filepath.Join(proc, "42"), map[string]string{file: text})
				}
			}
			got, err := Tree{}.ReadNetwork(proc, dir)
			if tc.err != "" {
				require.ErrorContains(t, err, tc.err)
				return
			}
			require.NoError(t, err)
			got.At = time.Time{}
			want := want
			tc.want(&want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNetworkDelta(t *testing.T) {
	at := time.Date(2026, 11, 24, 22, 14, 54, 0, time.UTC)
	a := Network{At: at, NetNS: 7, RxPackets: 1, TxPackets: 2, RxDrops: 3, TxDrops: 4, RxErrors: 5, TxErrors: 6, Segments: 7, Retransmits: 8}
	b := Network{At: at.Add(5 * time.Second), NetNS: 7, RxPackets: 11, TxPackets: 22, RxDrops: 33, TxDrops: 44, RxErrors: 55, TxErrors: 66, Segments: 77, Retransmits: 88}
	p := testContainer().Pod
	got, ok := NetworkDelta(p, a, b)
	require.True(t, ok)
	want := NetworkIssue{
		Subject:   subjectOf("network_issue", b.At, p, "proc"),
		RxPackets: 10, TxPackets: 20, RxDrops: 30, TxDrops: 40, RxErrors: 50, TxErrors: 60, Segments: 70, Retransmits: 80,
	}
	want.PeriodSeconds = 5
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	_, ok = NetworkDelta(p, b, a)
	require.False(t, ok, "counters fell")
	b.NetNS = 8
	_, ok = NetworkDelta(p, a, b)
	require.False(t, ok, "another namespace")
}

func TestNetworks(t *testing.T) {
	pod := func(uid string, host bool) *Pod {
		p := &Pod{}
		p.Metadata.UID, p.Spec.HostNetwork = uid, host
		return p
	}
	sandboxed, bare, host := pod("sandboxed", false), pod("bare", false), pod("host", true)
	known := map[string]Container{"a": {sandboxed, "app", "a"}, "b": {bare, "app", "b"}, "c": {bare, "sidecar", "c"}, "d": {host, "app", "d"}}
	got := Networks(map[string]string{"a": "/p1/a", "z": "/p1/z", "b": "/p2/b", "c": "/p2/c", "d": "/p3/d", "y": "/p4/y"}, known)
	if diff := cmp.Diff(map[string]string{"sandboxed": "/p1/z", "bare": "/p2/b"}, got); diff != "" {
		t.Error(diff)
	}
}

// Counts are cumulative: rows that were left out, or lost, are made up for by the next.
func TestSockets(t *testing.T) {
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
	require.Equal(t, [4]uint64{123, 7, 5, 0}, [4]uint64{
		s.Of("connect_fail", 4026532864), s.Of("retransmit", 4026532864), s.Of("connect_fail", 4026532865), s.Of("connect_fail", 1),
	})
	s.Begin()
	s.Add(Socket{"connect_fail", 4026532864, 1, 4})
	require.EqualValues(t, 1, s.Of("connect_fail", 4026532864))
	_, err := ParseSocket("time_:1 event:connect_fail netns:x")
	require.ErrorContains(t, err, "unexpected row")
}
