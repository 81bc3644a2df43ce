package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/kernel-gossip/kernel-gossip/operator/observer/kernel"
)

// reader turns reads of cumulative counters, and what bpftrace tells meanwhile, into records.
type reader struct {
	options options
	tree    kernel.Tree
	kube    *cluster
	trace   *kernel.Trace // nil: bpftrace does not run
	out     *capture

	dirs     map[string]string          // cgroup by container ID
	found    map[string]string          // all cgroups of the last look, sandboxes too
	cpu      map[string]kernel.Counters // the read before, by container ID
	memory   map[string]kernel.Memory
	networks map[string]kernel.Network // by UID of the pod
	kills    kernel.Kills
	sockets  kernel.Sockets
	births   []kernel.Row

	leftOut     int // intervals that belong to two epochs
	lost        int // rows that bpftrace lost
	retransmits uint64
}

func newReader(o options, kube *cluster, trace *kernel.Trace, out *capture) (*reader, error) {
	tree, err := kernel.Open(o.cgroupRoot)
	if err != nil {
		return nil, err
	}
	return &reader{
		options: o, tree: tree, kube: kube, trace: trace, out: out, dirs: map[string]string{},
		cpu: map[string]kernel.Counters{}, memory: map[string]kernel.Memory{}, networks: map[string]kernel.Network{},
	}, nil
}

// record reads every interval until the time is over or ctx ends.
func (r *reader) record(ctx context.Context) error {
	if err := r.read(); err != nil { // baselines: no record
		return err
	}
	tick := time.NewTicker(r.options.every)
	defer tick.Stop()
	end := time.After(r.options.duration + r.options.every/2) // the last tick belongs to the capture
	for {
		select {
		case <-tick.C:
			if err := r.read(); err != nil {
				return err
			}
		case <-end:
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}

// read reads everything once.
func (r *reader) read() error {
	r.takeRows()
	known := r.look()
	for _, c := range known {
		dir := r.dirs[c.ID]
		if dir == "" {
			continue
		}
		var err error
		switch r.options.mode {
		case "throttle", "mixed":
			err = r.readCPU(c, dir)
		case "memory":
			err = r.readMemory(c, dir)
		}
		if err != nil {
			return err
		}
	}
	if r.options.mode == "network" {
		if err := r.readNetworks(known); err != nil {
			return err
		}
	}
	if r.trace == nil {
		return nil
	}
	for _, k := range r.kills.Complete(r.kube.pods(), r.trace.Boot) {
		if err := r.out.add(k.Subject, k); err != nil {
			return err
		}
	}
	return nil
}

// look finds the cgroups of containers that it does not know yet.
func (r *reader) look() []kernel.Container {
	all := r.kube.containers()
	if slices.ContainsFunc(all, func(c kernel.Container) bool { _, known := r.dirs[c.ID]; return !known }) {
		var err error
		if r.found, err = r.tree.Containers(); err != nil {
			fmt.Fprintln(os.Stderr, "record:", err)
		}
		for _, c := range all {
			if _, known := r.dirs[c.ID]; !known {
				r.dirs[c.ID] = r.found[c.ID] // "": ended before it was seen, or not on this node
			}
		}
	}
	return all
}

func (r *reader) readCPU(c kernel.Container, dir string) error {
	now, err := r.tree.Read(dir)
	if err != nil { // the container ended, its cgroup went with it
		r.dirs[c.ID] = ""
		delete(r.cpu, c.ID)
		return nil //nolint:nilerr // as said
	}
	before, ok := r.cpu[c.ID]
	r.cpu[c.ID] = now
	if !ok {
		return nil
	}
	record, whole := kernel.Delta(c, before, now)
	return r.put(record.Subject, record, whole)
}

func (r *reader) readMemory(c kernel.Container, dir string) error {
	now, err := r.tree.ReadMemory(dir)
	if err != nil { // the container ended, its cgroup went with it
		r.dirs[c.ID] = ""
		delete(r.memory, c.ID)
		return nil //nolint:nilerr // as said
	}
	before, ok := r.memory[c.ID]
	r.memory[c.ID] = now
	if !ok {
		return nil
	}
	record, whole := kernel.MemoryDelta(c, before, now)
	return r.put(record.Subject, record, whole)
}

func (r *reader) readNetworks(known []kernel.Container) error {
	byID := map[string]kernel.Container{}
	for _, c := range known {
		byID[c.ID] = c
	}
	defer r.sockets.Begin()
	networks := kernel.Networks(r.found, byID)
	for _, p := range r.kube.pods() {
		if networks[p.Metadata.UID] == "" {
			continue
		}
		now, err := r.tree.ReadNetwork("/proc", networks[p.Metadata.UID])
		if err != nil {
			delete(r.networks, p.Metadata.UID)
			continue
		}
		before, ok := r.networks[p.Metadata.UID]
		r.networks[p.Metadata.UID] = now
		if !ok {
			continue
		}
		record, whole := kernel.NetworkDelta(p, before, now)
		record.ConnectFailures = new(r.sockets.Of("connect_fail", now.NetNS))
		r.retransmits += r.sockets.Of("retransmit", now.NetNS)
		if err := r.put(record.Subject, record, whole); err != nil {
			return err
		}
	}
	return nil
}

// put keeps a record, or counts that its interval is left out.
func (r *reader) put(s kernel.Subject, record any, whole bool) error {
	if !whole {
		r.leftOut++
		return nil
	}
	return r.out.add(s, record)
}

// takeRows takes what bpftrace has said.
func (r *reader) takeRows() {
	if r.trace == nil {
		return
	}
	rows, lost := r.trace.Take()
	r.lost += lost
	r.births = append(r.births, rows.Births...)
	for _, k := range rows.Kills {
		r.kills.Add(k)
	}
	for _, s := range rows.Sockets {
		r.sockets.Add(s)
	}
}
