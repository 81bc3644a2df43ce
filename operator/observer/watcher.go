package observer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/operator/observer/kernel"
	"github.com/kernel-gossip/kernel-gossip/pxl"
)

// sink takes events and makes records of them.
type sink interface {
	addEvent(event gossip.Event)
	countRecords() (records, dropped int) // since the start
}

// patience is the number of looks that ask again for pods because of one unknown container. The sandbox of a pod is
// such a container, and stays unknown for ever.
const patience = 6

// watcher reads the node, and keeps the list of its pods.
type watcher struct {
	log  *slog.Logger
	node *kernel.Node
	list podList
	pods []*kernel.Pod

	asked    map[string]int // looks that asked for pods because of a container, by ID
	trouble  string         // with the list of pods, as it was logged last
	lostRows int            // of bpftrace, as they were logged last
	blind    bool           // it was logged that no process is visible
}

func newWatcher(o options, log *slog.Logger) (*watcher, error) {
	node, err := kernel.OpenNode(o.cgroupRoot)
	if err != nil {
		return nil, fmt.Errorf("--cgroup-root: %w", err)
	}
	list, err := newPodList(o)
	if err != nil {
		return nil, err
	}
	log.Info("Observing", "cgroups", node.CgroupVersion(), "pods", o.pods, "interval", o.interval)
	return &watcher{log: log, node: node, list: list, asked: map[string]int{}}, nil
}

// startTrace starts bpftrace. Retransmits need none: /proc counts them, and the segments sent, for every pod.
func (w *watcher) startTrace(ctx context.Context, mode string) error {
	if mode == "off" {
		return nil
	}
	trace, err := kernel.StartTrace(ctx, pxl.PodBirth, pxl.OOMKill, pxl.ConnectFail)
	switch {
	case err == nil:
		w.node.Trace = trace
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
	if w.node.Trace == nil {
		return
	}
	if err := w.node.Trace.Stop(); err != nil {
		w.log.Error("bpftrace", "error", err)
	}
}

// observeOnce reads everything once. It fails when bpftrace has ended.
func (w *watcher) observeOnce(ctx context.Context, out sink) error {
	if err := w.node.Find(); err != nil {
		return err
	}
	if lost := w.node.LostRows - w.lostRows; lost > 0 {
		w.lostRows = w.node.LostRows
		w.log.Error("bpftrace lost rows: births that are under way are given up, and OOM kills may be missing", "rows", lost)
	}
	if w.countStrangers() || w.node.Waiting() {
		w.refreshPods(ctx)
	}
	w.node.Read(w.pods, func(event gossip.Event) {
		if birth, ok := event.(gossip.PodCreation); ok {
			event = w.addPullTime(ctx, birth)
		}
		out.addEvent(event)
	})
	if w.node.Hidden != "" && !w.blind {
		w.blind = true
		w.log.Info("The network is not read", "pod", w.node.Hidden, "why", kernel.ErrNoProcess)
	}
	if w.node.Trace == nil {
		return nil
	}
	select {
	case <-w.node.Trace.Done():
		return fmt.Errorf(
			"the kernel is no longer watched: %w",
			errors.Join(w.node.Trace.Stop(), errors.New("bpftrace ended")),
		)
	default:
		return nil
	}
}

// countStrangers reports whether there is an unknown container that is still a reason to ask for pods.
func (w *watcher) countStrangers() bool {
	strangers := w.node.Strangers(w.pods)
	maps.DeleteFunc(w.asked, func(id string, _ int) bool { return !slices.Contains(strangers, id) })
	ask := false
	for _, id := range strangers {
		if w.asked[id] < patience {
			w.asked[id]++
			ask = true
		}
	}
	return ask
}

// refreshPods asks for the pods. If there is no answer, the pods that are known stay.
func (w *watcher) refreshPods(ctx context.Context) {
	pods, err := w.list.listPods(ctx)
	switch {
	case err == nil:
		w.logTrouble("")
		w.pods = pods
	case ctx.Err() == nil:
		w.logTrouble(err.Error())
	}
}

// logTrouble logs trouble with the list of pods when it begins, and when it ends.
func (w *watcher) logTrouble(trouble string) {
	switch trouble {
	case w.trouble:
	case "":
		w.log.Info("The pods are known again")
	default:
		w.log.Error("Cannot ask for pods; those that are known are read on", "error", trouble)
	}
	w.trouble = trouble
}

// addPullTime asks how long the images of a new pod were pulled.
func (w *watcher) addPullTime(ctx context.Context, birth gossip.PodCreation) gossip.PodCreation {
	i := slices.IndexFunc(w.pods, func(p *kernel.Pod) bool { return p.Metadata.UID == birth.PodUID })
	events, err := w.list.listEvents(ctx, w.pods[i])
	if err != nil {
		w.log.Info("Not known how long images were pulled", "pod", w.pods[i], "why", err)
	}
	birth.ImagePull = kernel.PullTime(w.pods[i], events)
	return birth
}
