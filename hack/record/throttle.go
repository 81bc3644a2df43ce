package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/kernel-gossip/kernel-gossip/examples/observer/kernel"
)

// throttleReader turns reads of cumulative counters into records.
type throttleReader struct {
	tree    kernel.Tree
	kube    *cluster
	dirs    map[string]string          // cgroup by container ID
	last    map[string]kernel.Counters // the read before, by container ID
	leftOut int                        // intervals that belong to two epochs
}

func newThrottleReader(root string, kube *cluster) (*throttleReader, error) {
	tree, err := kernel.Open(root)
	if err != nil {
		return nil, err
	}
	return &throttleReader{tree: tree, kube: kube, dirs: map[string]string{}, last: map[string]kernel.Counters{}}, nil
}

// record reads every interval until the time is over or ctx ends.
func (r *throttleReader) record(ctx context.Context, duration, every time.Duration) []kernel.CPUThrottle {
	records := r.read() // baselines: no record
	tick := time.NewTicker(every)
	defer tick.Stop()
	end := time.After(duration + every/2) // the last tick belongs to the capture
	for {
		select {
		case <-tick.C:
			records = append(records, r.read()...)
		case <-end:
			return records
		case <-ctx.Done():
			return records
		}
	}
}

// read reads all containers once.
func (r *throttleReader) read() []kernel.CPUThrottle {
	all := r.kube.containers()
	if slices.ContainsFunc(all, func(c kernel.Container) bool { _, known := r.dirs[c.ID]; return !known }) {
		found, err := r.tree.Containers()
		if err != nil {
			fmt.Fprintln(os.Stderr, "record:", err)
		}
		for _, c := range all {
			if _, known := r.dirs[c.ID]; !known {
				r.dirs[c.ID] = found[c.ID] // "": ended before it was seen, or not on this node
			}
		}
	}
	var records []kernel.CPUThrottle
	for _, c := range all {
		dir := r.dirs[c.ID]
		if dir == "" {
			continue
		}
		now, err := r.tree.Read(dir)
		if err != nil { // the container ended, its cgroup went with it
			r.dirs[c.ID] = ""
			delete(r.last, c.ID)
			continue
		}
		if before, ok := r.last[c.ID]; ok {
			if rec, ok := kernel.Delta(c, before, now); ok {
				records = append(records, rec)
			} else {
				r.leftOut++
			}
		}
		r.last[c.ID] = now
	}
	return records
}
