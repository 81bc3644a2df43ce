package kernel

import (
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/gossip/readings"
)

// maxSeries bounds the readings that a node remembers. A pod has one for its network, and each container two; a node
// has 110 pods by default, and 500 at most where clusters allow more.
const maxSeries = 10_000

// Node reads everything of a node once a look, and yields what happened since the look before as events. A look has two
// steps: [Node.Find], after which the caller knows whether to ask for pods again, and [Node.Read]. It is for one
// goroutine.
type Node struct {
	Proc  string           // the folder with the node's processes
	Now   func() time.Time // the clock of readings
	Kinds []gossip.Kind    // the counters to read: KindCPUThrottling, KindMemoryPressure, KindNetworkIssue
	Trace *Trace           // nil: bpftrace does not run

	// Births and Kills collect the rows of Trace.
	Births Births
	Kills  Kills

	// What was counted since the start.
	LeftOut     int    // intervals without an event: of two epochs, or without figures for a verdict
	LostRows    int    // rows that bpftrace lost
	Retransmits uint64 // rows of pxl/retransmit.bt in the networks that were read

	// What the latest look found.
	Containers int    // containers that were read
	Hidden     string // namespace and name of a pod without visible processes, if no network could be read

	tree    Tree
	dirs    map[string]string // by container ID
	meter   *readings.Meter
	sockets Sockets
	resent  map[string]uint64 // rows of pxl/retransmit.bt at the latest reading, by UID of the pod
}

// OpenNode finds the cgroups that are mounted at root; "" means /sys/fs/cgroup. It reads all counters, with the
// processes in /proc.
func OpenNode(root string) (*Node, error) {
	tree, err := Open(root)
	if err != nil {
		return nil, err
	}
	return &Node{
		Proc: "/proc", Now: time.Now,
		Kinds: []gossip.Kind{gossip.KindCPUThrottling, gossip.KindMemoryPressure, gossip.KindNetworkIssue},
		tree:  tree, meter: readings.New(maxSeries),
	}, nil
}

// CgroupVersion is "v1" or "v2".
func (n *Node) CgroupVersion() string { return n.tree.Version() }

// Find begins a look: it finds the containers and takes the rows of bpftrace.
func (n *Node) Find() error {
	dirs, err := n.tree.Containers()
	if err != nil {
		return err
	}
	n.dirs = dirs
	n.TakeRows()
	return nil
}

// TakeRows takes the rows that bpftrace printed since the last time. If it lost rows, the births that are under way are
// given up.
func (n *Node) TakeRows() {
	if n.Trace == nil {
		return
	}
	rows, lost := n.Trace.Take()
	for _, r := range rows.Kills {
		n.Kills.Add(r)
	}
	for _, r := range rows.Sockets {
		n.sockets.Add(r)
	}
	if lost > 0 {
		n.LostRows += lost
		n.Births.Lost()
		return
	}
	for _, r := range rows.Births {
		n.Births.Add(r)
	}
}

// Waiting reports whether a birth or a kill waits for the status of its pod.
func (n *Node) Waiting() bool { return n.Births.Waiting() || n.Kills.Waiting() }

// Strangers are the IDs of the containers that [Node.Find] found and no pod's status has: containers of pods that are
// not known yet, and sandboxes, which no status ever has.
func (n *Node) Strangers(pods []*Pod) []string {
	known := containersByID(pods)
	var ids []string
	for id := range n.dirs {
		if _, ok := known[id]; !ok {
			ids = append(ids, id)
		}
	}
	return ids
}

// Read ends a look: it reads the counters of all containers and pods that [Node.Find] found, and hands each event to
// emit. The first look at a container or pod has none. Births and kills are among them when they are complete. Pods are
// all that exist.
func (n *Node) Read(pods []*Pod, emit func(gossip.Event)) {
	begin := n.Now()
	known := containersByID(pods)
	n.Containers = 0
	for _, id := range slices.Sorted(maps.Keys(n.dirs)) {
		if c, ok := known[id]; ok {
			n.readContainer(c, n.dirs[id], emit)
		}
	}
	if slices.Contains(n.Kinds, gossip.KindNetworkIssue) {
		n.readNetworks(pods, networkDirs(n.dirs, known), emit)
	}
	n.meter.Expire(begin) // what could not be read begins with a new baseline
	if n.Trace != nil {
		n.ReadRows(pods, emit)
	}
}

// ReadRows hands the births and kills that are complete to emit.
func (n *Node) ReadRows(pods []*Pod, emit func(gossip.Event)) {
	for _, birth := range n.Births.Complete(pods, n.Trace.Boot) {
		emit(birth)
	}
	for _, kill := range n.Kills.Complete(pods, n.Trace.Boot) {
		emit(kill)
	}
}

func (n *Node) readContainer(c Container, dir string, emit func(gossip.Event)) {
	if slices.Contains(n.Kinds, gossip.KindCPUThrottling) {
		cpu, err := n.tree.ReadCPU(dir)
		if err != nil {
			return // the container ended, and its cgroup with it
		}
		cpu.Origin = c.originAt(n.Now())
		n.observeReading(cpu, emit)
	}
	if slices.Contains(n.Kinds, gossip.KindMemoryPressure) {
		if memory, err := n.tree.ReadMemory(dir); err == nil {
			memory.Origin = c.originAt(n.Now())
			n.observeReading(memory, emit)
		}
	}
	n.Containers++
}

// readNetworks reads the network namespaces of the pods with visible processes.
func (n *Node) readNetworks(pods []*Pod, dirs map[string]string, emit func(gossip.Event)) {
	n.Hidden = ""
	resent := map[string]uint64{}
	for _, p := range pods {
		uid := p.Metadata.UID
		if dirs[uid] == "" {
			continue
		}
		network, err := n.tree.ReadNetwork(n.Proc, dirs[uid])
		if errors.Is(err, ErrNoProcess) {
			n.Hidden = p.String()
		}
		if err != nil {
			continue
		}
		network.Origin = p.originAt("proc", n.Now())
		if n.Trace != nil && network.NetNS != 0 {
			network.FailedConnects = gossip.Some(int64(n.sockets.Total("connect_fail", network.NetNS)))
		}
		resent[uid] = n.sockets.Total("retransmit", network.NetNS)
		if before, ok := n.resent[uid]; ok {
			n.Retransmits += resent[uid] - min(resent[uid], before)
		}
		n.observeReading(network, emit)
	}
	if len(resent) > 0 {
		n.Hidden = ""
	}
	n.resent = resent
}

// observeReading hands the event of a reading to emit, or counts that its interval is left out.
func (n *Node) observeReading(r readings.Reading, emit func(gossip.Event)) {
	switch event, outcome := n.meter.Observe(r); outcome {
	case readings.Measured:
		emit(event)
	case readings.Split, readings.Empty:
		n.LeftOut++
	case readings.Baseline, readings.Stale:
	}
}
