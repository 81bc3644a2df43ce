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
	"time"
)

// Network is one read of a pod's network namespace. All counters are cumulative.
type Network struct {
	At    time.Time
	NetNS uint64 // its inode; 0 where one may not know it

	RxPackets, TxPackets, RxDrops, TxDrops, RxErrors, TxErrors uint64 // of its interfaces eth*
	Segments, Retransmits                                      uint64 // of TCP
}

// ErrNoProcess says that none of a pod's processes can be seen: their numbers are those of another PID namespace (a pod without hostPID),
// or they have ended.
var ErrNoProcess = errors.New("none of the pod's processes is visible")

// ReadNetwork reads the network namespace of the processes in a container's cgroup, through proc, where the node's processes are. A
// namespace is a pod's: any container will do, best the sandbox, whose process is there from the pod's first moment to its last.
func (t Tree) ReadNetwork(proc, dir string) (Network, error) {
	pid, err := process(filepath.Join(dir, "cgroup.procs"))
	if err != nil {
		return Network{}, err
	}
	n := Network{At: time.Now(), NetNS: netNS(filepath.Join(proc, pid, "ns", "net"))}
	if err := n.interfaces(filepath.Join(proc, pid, "net", "dev")); err != nil {
		return n, err
	}
	return n, n.tcp(filepath.Join(proc, pid, "net", "snmp"))
}

// process is the first process of a cgroup; those of other PID namespaces are listed as 0, or not at all.
func process(file string) (string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("look for a process: %w", err)
	}
	for line := range strings.Lines(string(b)) {
		if pid := strings.TrimSpace(line); pid != "0" {
			return pid, nil
		}
	}
	return "", ErrNoProcess
}

// netNS is the inode of a namespace: the link reads net:[4026532000]. Only who may trace the process may read it.
func netNS(link string) uint64 {
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

// interfaces adds up /proc/PID/net/dev: below two lines of titles, one line an interface with eight columns of what it received and eight
// of what it sent, each bytes, packets, errors, drops and others.
func (n *Network) interfaces(file string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read counters: %w", err)
	}
	for line := range bytes.Lines(b) {
		name, rest, found := strings.Cut(strings.TrimSpace(string(line)), ":")
		if !found || !strings.HasPrefix(name, "eth") {
			continue
		}
		values, err := integers(strings.Fields(rest))
		if err != nil {
			return fmt.Errorf("%s: %s: %w", file, name, err)
		}
		if len(values) < 16 {
			return fmt.Errorf("%s: %s: %d columns, not 16", file, name, len(values))
		}
		n.RxPackets, n.RxErrors, n.RxDrops = n.RxPackets+values[1], n.RxErrors+values[2], n.RxDrops+values[3]
		n.TxPackets, n.TxErrors, n.TxDrops = n.TxPackets+values[9], n.TxErrors+values[10], n.TxDrops+values[11]
	}
	return nil
}

// tcp reads OutSegs and RetransSegs of /proc/PID/net/snmp: two lines begin with "Tcp:", the first with names and the second with values.
// OutSegs has no segment in it that was only sent again.
func (n *Network) tcp(file string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read counters: %w", err)
	}
	var names []string
	for line := range bytes.Lines(b) {
		rest, found := strings.CutPrefix(string(line), "Tcp:")
		if !found {
			continue
		}
		if names == nil {
			names = strings.Fields(rest)
			continue
		}
		values := strings.Fields(rest)
		for name, into := range map[string]*uint64{"OutSegs": &n.Segments, "RetransSegs": &n.Retransmits} {
			i := slices.Index(names, name)
			if i < 0 || i >= len(values) {
				return fmt.Errorf("%s: no %s", file, name)
			}
			if *into, err = strconv.ParseUint(values[i], 10, 64); err != nil {
				return fmt.Errorf("%s: %s: %w", file, name, err)
			}
		}
		return nil
	}
	return fmt.Errorf("%s: no line of TCP", file)
}

func integers(texts []string) ([]uint64, error) {
	values := make([]uint64, len(texts))
	for i, text := range texts {
		var err error
		if values[i], err = strconv.ParseUint(text, 10, 64); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// NetworkDelta is the record of the interval between two reads of a pod's network namespace, or false when the interval belongs to two of
// them: a counter fell, or it is another one.
func NetworkDelta(p *Pod, a, b Network) (NetworkIssue, bool) {
	rec := NetworkIssue{Subject: subjectOf("network_issue", b.At, p, "proc")}
	rec.PeriodSeconds = round(b.At.Sub(a.At).Seconds())
	whole := a.NetNS == b.NetNS
	grew := func(a, b uint64) uint64 {
		whole = whole && b >= a
		return b - a
	}
	rec.RxPackets, rec.TxPackets = grew(a.RxPackets, b.RxPackets), grew(a.TxPackets, b.TxPackets)
	rec.RxDrops, rec.TxDrops = grew(a.RxDrops, b.RxDrops), grew(a.TxDrops, b.TxDrops)
	rec.RxErrors, rec.TxErrors = grew(a.RxErrors, b.RxErrors), grew(a.TxErrors, b.TxErrors)
	rec.Segments, rec.Retransmits = grew(a.Segments, b.Segments), grew(a.Retransmits, b.Retransmits)
	return rec, whole
}

// Networks picks, by UID of the pod, the cgroup in which one looks for a process of the pod: the sandbox's if it is there. Dirs are those of
// [Tree.Containers], known are the containers by ID. Pods of the node's network have none of their own.
func Networks(dirs map[string]string, known map[string]Container) map[string]string {
	sandbox := map[string]string{} // by directory of the pod
	for id, dir := range dirs {
		if _, is := known[id]; !is {
			sandbox[filepath.Dir(dir)] = dir
		}
	}
	found := map[string]string{}
	for id, dir := range dirs {
		c, is := known[id]
		if !is || c.Pod.Spec.HostNetwork {
			continue
		}
		if s := sandbox[filepath.Dir(dir)]; s != "" {
			dir = s
		}
		if uid := c.Pod.Metadata.UID; found[uid] == "" || dir < found[uid] {
			found[uid] = dir
		}
	}
	return found
}
