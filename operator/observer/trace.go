package observer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/kernel-gossip/kernel-gossip/operator/observer/kernel"
	"github.com/kernel-gossip/kernel-gossip/pxl"
)

// startTrace starts bpftrace. Retransmits need none: /proc counts them, and the segments sent, for every pod.
func (w *watcher) startTrace(ctx context.Context, mode string) error {
	if mode == "off" {
		return nil
	}
	trace, err := kernel.StartTrace(ctx, pxl.PodBirth, pxl.OOMKill, pxl.ConnectFail)
	switch {
	case err == nil:
		w.trace = trace
		w.log.Info("Births, OOM kills and failed connects are watched", "bpftrace", trace.Version)
	case mode == "on":
		return fmt.Errorf("--bpftrace=on: %w", err)
	default:
		reason, _, _ := strings.Cut(err.Error(), "\n")
		w.log.Info("Births, OOM kills and failed connects are not watched", "why", reason)
	}
	return nil
}

func (w *watcher) stopTrace() {
	if w.trace != nil {
		if err := w.trace.Stop(); err != nil {
			w.log.Error("bpftrace", "error", err)
		}
	}
}

// takeRows takes what bpftrace has said, and tells whether there is something about whose pod it is worth asking.
func (w *watcher) takeRows() bool {
	if w.trace == nil {
		return false
	}
	rows, lost := w.trace.Take()
	for _, r := range rows.Kills {
		w.kills.Add(r)
	}
	for _, r := range rows.Sockets {
		w.sockets.Add(r)
	}
	if lost > 0 {
		w.log.Error("bpftrace lost rows: births that are under way are given up, and OOM kills may be missing", "rows", lost)
		w.births.Lost()
		return w.kills.Waiting()
	}
	for _, r := range rows.Births {
		w.births.Add(r)
	}
	return w.births.Waiting() || w.kills.Waiting()
}

// tellRows tells the births and kills that are complete, and fails when bpftrace has ended.
func (w *watcher) tellRows(ctx context.Context, out sink) error {
	if w.trace == nil {
		return nil
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
	for _, record := range w.kills.Complete(w.pods, w.trace.Boot) {
		out.put(record)
	}
	select {
	case <-w.trace.Done():
		return fmt.Errorf("the kernel is watched no more: %w", errors.Join(w.trace.Stop(), errors.New("bpftrace ended")))
	default:
		return nil
	}
}
