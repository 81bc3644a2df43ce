package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/kernel-gossip/kernel-gossip/examples/observer/kernel"
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

	pods    []*kernel.Pod
	known   map[string]kernel.Container // by ID
	asked   map[string]int              // how often, about containers that are not known
	last    map[string]kernel.Counters  // the read before, by ID
	leftOut int                         // intervals that belong to two epochs
	trouble string                      // that was logged last, so that it is logged once

	trace  *kernel.Trace // nil: births are not watched
	births kernel.Births
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
		log: log, tree: tree, list: podList{client, o.pods, o.podsTokenFile},
		known: map[string]kernel.Container{}, asked: map[string]int{}, last: map[string]kernel.Counters{},
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
	maps.DeleteFunc(w.last, func(id string, _ kernel.Counters) bool { return dirs[id] == "" })
	maps.DeleteFunc(w.asked, func(id string, _ int) bool { return dirs[id] == "" })
	w.tellBirths(ctx, out)
	if w.trace != nil {
		select {
		case <-w.trace.Done():
			return fmt.Errorf("births are watched no more: %w", errors.Join(w.trace.Stop(), errors.New("bpftrace ended")))
		default:
		}
	}
	return nil
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
	now, err := w.tree.Read(dir)
	if err != nil { // the container ended, its cgroup went with it
		delete(w.last, c.ID)
		return
	}
	if before, ok := w.last[c.ID]; ok {
		if record, ok := kernel.Delta(c, before, now); ok {
			out.put(record)
		} else {
			w.leftOut++
		}
	}
	w.last[c.ID] = now
}

// watchBirths starts bpftrace.
func (w *watcher) watchBirths(ctx context.Context, mode string) error {
	if mode == "off" {
		return nil
	}
	trace, err := kernel.StartTrace(ctx)
	switch {
	case err == nil:
		w.trace = trace
		w.log.Info("Births are watched", "bpftrace", trace.Version)
	case mode == "on":
		return fmt.Errorf("--births=on: %w", err)
	default:
		reason, _, _ := strings.Cut(err.Error(), "\n")
		w.log.Info("Births are not watched", "why", reason)
	}
	return nil
}

func (w *watcher) stopBirths() {
	if w.trace != nil {
		if err := w.trace.Stop(); err != nil {
			w.log.Error("bpftrace", "error", err)
		}
	}
}

// takeRows takes what bpftrace has said, and tells whether a birth is under way.
func (w *watcher) takeRows() bool {
	if w.trace == nil {
		return false
	}
	rows, lost := w.trace.Take()
	if lost > 0 {
		w.log.Error("bpftrace lost rows: births that are under way are given up", "rows", lost)
		w.births.Lost()
		return false
	}
	for _, r := range rows {
		w.births.Add(r)
	}
	return w.births.Waiting()
}

// tellBirths tells the births that are complete.
func (w *watcher) tellBirths(ctx context.Context, out sink) {
	if w.trace == nil {
		return
	}
	for _, record := range w.births.Complete(w.pods, w.trace.Boot) {
		p := w.pods[slices.IndexFunc(w.pods, func(p *kernel.Pod) bool { return p.Metadata.UID == record.PodUID })]
		events, err := w.list.events(ctx, p)
		if err != nil {
			w.log.Info("Not known how long images were pulled", "pod", p.Metadata.Namespace+"/"+p.Metadata.Name, "why", err)
		}
		record.ImagePullNS = kernel.PullTime(p, events)
		out.put(record)
	}
}
