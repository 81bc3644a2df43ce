package kernel

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/gossip/readings"
)

// ErrNoProcess means that no process of a pod is visible: either it has ended, or its number is in another PID
// namespace (the reader runs in a pod without hostPID).
var ErrNoProcess = errors.New("none of the pod's processes is visible")

// ReadNetwork reads the network namespace of the processes in a container's cgroup. Proc is the folder with the node's
// processes. Origin stays empty. All containers of a pod share its namespace. The sandbox is the best one to ask,
// because its process lives as long as the pod.
func (t Tree) ReadNetwork(proc, dir string) (readings.Network, error) {
	pid, err := firstProcess(filepath.Join(dir, "cgroup.procs"))
	if err != nil {
		return readings.Network{}, err
	}
	n, err := readInterfaces(filepath.Join(proc, pid, "net", "dev"))
	if err != nil {
		return n, err
	}
	n.NetNS = readNetNS(filepath.Join(proc, pid, "ns", "net"))
	n.Segments, n.Retransmits, err = readTCP(filepath.Join(proc, pid, "net", "snmp"))
	return n, err
}

// firstProcess is the first visible process of a cgroup. Processes of other PID namespaces are listed as 0, or not at
// all.
func firstProcess(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("look for a process: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if pid := strings.TrimSpace(line); pid != "0" {
			return pid, nil
		}
	}
	return "", ErrNoProcess
}

// readNetNS is the inode of a namespace: the link reads net:[4026532000]. It is 0 if the reader may not trace the
// process.
func readNetNS(link string) uint64 {
	text, err := os.Readlink(link)
	if err != nil {
		return 0
	}
	text, _ = strings.CutPrefix(text, "net:[")
	n, err := strconv.ParseUint(strings.TrimSuffix(text, "]"), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// readInterfaces adds up the interfaces eth* in /proc/PID/net/dev: after two lines of titles, one line an interface. It
// has eight columns for what was received and eight for what was sent: bytes, packets, errors, drops and others.
func readInterfaces(file string) (readings.Network, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return readings.Network{}, fmt.Errorf("read counters: %w", err)
	}
	const columns = 16
	var sums [columns]int64
	for line := range bytes.Lines(text) {
		name, rest, found := strings.Cut(strings.TrimSpace(string(line)), ":")
		if !found || !strings.HasPrefix(name, "eth") {
			continue
		}
		values := strings.Fields(rest)
		if len(values) < columns {
			return readings.Network{}, fmt.Errorf("%s: %s: %d columns, not %d", file, name, len(values), columns)
		}
		for i := range sums {
			n, err := strconv.ParseUint(values[i], 10, counterBits)
			if err != nil {
				return readings.Network{}, fmt.Errorf("%s: %s: %w", file, name, err)
			}
			sums[i] += int64(n)
		}
	}
	return readings.Network{
		RxPackets: gossip.Some(sums[1]), RxErrors: gossip.Some(sums[2]), RxDrops: gossip.Some(sums[3]),
		TxPackets: gossip.Some(sums[9]), TxErrors: gossip.Some(sums[10]), TxDrops: gossip.Some(sums[11]),
	}, nil
}

// readTCP reads OutSegs and RetransSegs of /proc/PID/net/snmp: two lines begin with "Tcp:", the first with names and
// the second with values. OutSegs does not include segments that were only sent again.
func readTCP(file string) (segments, retransmits gossip.Optional[int64], err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return segments, retransmits, fmt.Errorf("read counters: %w", err)
	}
	var names []string
	for line := range bytes.Lines(text) {
		rest, found := strings.CutPrefix(string(line), "Tcp:")
		if !found {
			continue
		}
		if names == nil {
			names = strings.Fields(rest)
			continue
		}
		values := strings.Fields(rest)
		for name, into := range map[string]*gossip.Optional[int64]{"OutSegs": &segments, "RetransSegs": &retransmits} {
			i := slices.Index(names, name)
			if i < 0 || i >= len(values) {
				return segments, retransmits, fmt.Errorf("%s: no %s", file, name)
			}
			n, err := strconv.ParseUint(values[i], 10, counterBits)
			if err != nil {
				return segments, retransmits, fmt.Errorf("%s: %s: %w", file, name, err)
			}
			*into = gossip.Some(int64(n))
		}
		return segments, retransmits, nil
	}
	return segments, retransmits, fmt.Errorf("%s: no line of TCP", file)
}

// networkDirs picks, by UID of the pod, the cgroup in which to look for a process of the pod: the sandbox's, if it
// exists. Dirs are the directories that [Tree.Containers] found, known the containers by ID. Pods of the node's network
// are left out.
func networkDirs(dirs map[string]string, known map[string]Container) map[string]string {
	sandboxes := map[string]string{} // by directory of the pod
	for id, dir := range dirs {
		if _, ok := known[id]; !ok {
			sandboxes[filepath.Dir(dir)] = dir
		}
	}
	picked := map[string]string{}
	for id, dir := range dirs {
		c, ok := known[id]
		if !ok || c.Pod.Spec.HostNetwork {
			continue
		}
		if sandbox := sandboxes[filepath.Dir(dir)]; sandbox != "" {
			dir = sandbox
		}
		if uid := c.Pod.Metadata.UID; picked[uid] == "" || dir < picked[uid] {
			picked[uid] = dir
		}
	}
	return picked
}
