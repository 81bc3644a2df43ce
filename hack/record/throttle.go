package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"time"
)

// throttleReader turns reads of cumulative counters into records.
type throttleReader struct {
	tree    cgroupTree
	kube    *cluster
	dirs    map[string]string   // cgroup by container ID
	last    map[string]counters // the read before, by container ID
	leftOut int                 // intervals that belong to two epochs
}

func newThrottleReader(root string, kube *cluster) (*throttleReader, error) {
	tree, err := openCgroups(root)
	if err != nil {
		return nil, err
	}
	return &throttleReader{tree: tree, kube: kube, dirs: map[string]string{}, last: map[string]counters{}}, nil
}

// record reads every interval until the time is over or ctx ends.
func (r *throttleReader) record(ctx context.Context, duration, every time.Duration) []cpuThrottle {
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
func (r *throttleReader) read() []cpuThrottle {
	all := r.kube.containers()
	var unknown []container
	for _, c := range all {
		if _, ok := r.dirs[c.id]; !ok {
			unknown = append(unknown, c)
		}
	}
	if len(unknown) > 0 {
		found, err := r.tree.find(unknown)
		if err != nil {
			fmt.Fprintln(os.Stderr, "record:", err)
		}
		for _, c := range unknown {
			r.dirs[c.id] = found[c.id] // "": ended before it was seen, or not on this node
		}
	}
	var records []cpuThrottle
	for _, c := range all {
		dir := r.dirs[c.id]
		if dir == "" {
			continue
		}
		now, err := r.tree.read(dir)
		if err != nil { // the container ended, its cgroup went with it
			r.dirs[c.id] = ""
			delete(r.last, c.id)
			continue
		}
		if before, ok := r.last[c.id]; ok {
			if rec, ok := delta(c, before, now); ok {
				records = append(records, rec)
			} else {
				r.leftOut++
			}
		}
		r.last[c.id] = now
	}
	return records
}

// delta is the record of one interval, or false when the interval belongs to two epochs.
func delta(c container, a, b counters) (cpuThrottle, bool) {
	if b.periods < a.periods || b.throttled < a.throttled || b.throttledNS < a.throttledNS || b.usageNS < a.usageNS ||
		a.quotaUS != b.quotaUS || a.periodUS != b.periodUS {
		return cpuThrottle{}, false
	}
	period := b.at.Sub(a.at).Seconds()
	rec := cpuThrottle{
		subject: subject{
			Type: "cpu_throttle", Timestamp: b.at.UTC().Format(timestampLayout), PeriodSeconds: round(period),
			Namespace: c.pod.Metadata.Namespace, PodName: c.pod.Metadata.Name, PodUID: c.pod.Metadata.UID,
			Node: c.pod.Spec.NodeName, ContainerName: c.name, ContainerID: c.id, Source: "cgroup", at: b.at,
		},
		NrPeriods:     b.periods - a.periods,
		NrThrottled:   b.throttled - a.throttled,
		ThrottledUsec: b.throttledNS/1000 - a.throttledNS/1000,
		UsageUsec:     b.usageNS/1000 - a.usageNS/1000,
		CFSPeriodUsec: b.periodUS,
		Threads:       b.threads,
		NodeCPUs:      runtime.NumCPU(),
	}
	if b.quotaUS > 0 {
		cores := float64(b.usageNS-a.usageNS) / 1e9 / period
		limit := float64(b.quotaUS) / float64(b.periodUS)
		share, actual := round(cores/limit), round(cores)
		rec.LimitCores, rec.Actual, rec.Reported = round(limit), &actual, &share
	}
	return rec, true
}
