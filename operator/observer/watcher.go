package observer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/kernel-gossip/kernel-gossip/operator/observer/kernel"
)

// sink takes records.
type sink interface {
	put(record any)
	counts() (records, dropped int) // since the start
}

// patience is for how many intervals one asks again for pods because of a container that none of them has. The sandbox of a pod is such
// a container, and never will be known.
const patience = 6

// watcher reads the kernel and knows whose containers are whose.
type watcher struct {
	log  *slog.Logger
	tree kernel.Tree
	list podList

	proc  string           // where the node's processes are
	clock func() time.Time // when a reading is made

	pods    []*kernel.Pod
	known   map[string]kernel.Container // by ID
	asked   map[string]int              // how often, about containers that are not known
	last    map[string]reading          // the read before, by ID
	lastNet map[string]kernel.Network   // the read before, by UID of the pod
	leftOut int                         // intervals that belong to two epochs
	trouble string                      // that was logged last, so that it is logged once
	blind   bool                        // logged that no process is visible

	trace   *kernel.Trace // nil: bpftrace does not run
	births  kernel.Births
	kills   kernel.Kills
	sockets kernel.Sockets
}

// reading is what was read of a container at about the same time.
type reading struct {
	cpu    kernel.Counters
	memory *kernel.Memory // nil: not accounted
}

func newWatcher(o options, log *slog.Logger) (*watcher, error) {
	tree, err := kernel.Open(o.cgroupRoot)
	if err != nil {
		return nil, fmt.Errorf("--cgroup-root: %w", err)
	}
	client, err := newClient(o.podsCAFile)
	if err != nil {
		return nil, fmt.Errorf("--pods-ca-file: %w", err)
	}
	log.Info("Observing", "cgroups", tree.Version(), "pods", o.pods, "interval", o.interval)
	return &watcher{
		log: log, tree: tree, list: podList{client, o.pods, o.podsTokenFile}, proc: "/proc", clock: time.Now,
		known: map[string]kernel.Container{}, asked: map[string]int{}, last: map[string]reading{}, lastNet: map[string]kernel.Network{},
	}, nil
}

// look reads everything once.
func (w *watcher) look(ctx context.Context, out sink) error {
	dirs, err := w.tree.Containers()
	if err != nil {
		return err
	}
	if w.takeRows() || w.strangers(dirs) {
		w.refresh(ctx)
	}
	for _, id := range slices.Sorted(maps.Keys(dirs)) {
		if c, ok := w.known[id]; ok {
			w.read(c, dirs[id], out)
		}
	}
	w.readNetworks(dirs, out)
	maps.DeleteFunc(w.last, func(id string, _ reading) bool { return dirs[id] == "" })
	maps.DeleteFunc(w.asked, func(id string, _ int) bool { return dirs[id] == "" })
	return w.tellRows(ctx, out)
}

// strangers says whether there is a container about whose pod it is worth asking.
func (w *watcher) strangers(dirs map[string]string) bool {
	found := false
	for id := range dirs {
		if _, known := w.known[id]; !known && w.asked[id] < patience {
			w.asked[id]++
			found = true
		}
	}
	return found
}

// refresh asks for the pods. Those that are known stay when nobody answers.
func (w *watcher) refresh(ctx context.Context) {
	pods, err := w.list.list(ctx)
	if err != nil {
		if ctx.Err() == nil {
			w.complain(err.Error())
		}
		return
	}
	w.complain("")
	w.pods = pods
	clear(w.known)
	for _, p := range pods {
		for _, c := range p.Running() {
			w.known[c.ID] = c
		}
	}
}

// complain logs trouble when it begins, and when it ends.
func (w *watcher) complain(trouble string) {
	switch trouble {
	case w.trouble:
	case "":
		w.log.Info("The pods are known again")
	default:
		w.log.Error("Cannot ask for pods; those that are known are read on", "error", trouble)
	}
	w.trouble = trouble
}

// read reads one container and tells what its counters grew by.
func (w *watcher) read(c kernel.Container, dir string, out sink) {
	cpu, err := w.tree.Read(dir)
	if err != nil { // the container ended, its cgroup went with it
		delete(w.last, c.ID)
		return
	}
	cpu.At = w.clock()
	now := reading{cpu: cpu}
	if memory, err := w.tree.ReadMemory(dir); err == nil {
		memory.At = w.clock()
		now.memory = &memory
	}
	if before, ok := w.last[c.ID]; ok {
		record, ok := kernel.Delta(c, before.cpu, now.cpu)
		w.put(out, record, ok)
		if before.memory != nil && now.memory != nil {
			record, ok := kernel.MemoryDelta(c, *before.memory, *now.memory)
			w.put(out, record, ok)
		}
	}
	w.last[c.ID] = now
}

// put hands a record on, or counts that its interval is left out.
func (w *watcher) put(out sink, record any, whole bool) {
	if whole {
		out.put(record)
	} else {
		w.leftOut++
	}
}

// readNetworks reads the network namespaces of all pods, where their processes are visible.
func (w *watcher) readNetworks(dirs map[string]string, out sink) {
	now := map[string]kernel.Network{}
	unseen := ""
	networks := kernel.Networks(dirs, w.known)
	for _, p := range w.pods {
		if networks[p.Metadata.UID] == "" {
			continue
		}
		n, err := w.tree.ReadNetwork(w.proc, networks[p.Metadata.UID])
		if errors.Is(err, kernel.ErrNoProcess) {
			unseen = p.Metadata.Namespace + "/" + p.Metadata.Name
		}
		if err != nil {
			continue
		}
		n.At = w.clock()
		if before, ok := w.lastNet[p.Metadata.UID]; ok {
			record, ok := kernel.NetworkDelta(p, before, n)
			if w.trace != nil && n.NetNS != 0 {
				record.ConnectFailures = new(w.sockets.Of("connect_fail", n.NetNS))
			}
			w.put(out, record, ok)
		}
		now[p.Metadata.UID] = n
	}
	if unseen != "" && len(now) == 0 && !w.blind {
		w.blind = true
		w.log.Info("The network is not read", "pod", unseen, "why", kernel.ErrNoProcess)
	}
	w.lastNet = now
	w.sockets.Begin()
}
