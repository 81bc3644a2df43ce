package kernel

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// maxTimeline is the longest timeline that the payload allows.
const maxTimeline = 32

// cloneFlags names the kernel's CLONE_NEW* flags.
var cloneFlags = []struct {
	flag uint64
	name string
}{
	{0x02000000, "cgroup"},
	{0x08000000, "ipc"},
	{0x00020000, "mnt"},
	{0x40000000, "net"},
	{0x20000000, "pid"},
	{0x00000080, "time"},
	{0x10000000, "user"},
	{0x04000000, "uts"},
}

// timelineBuilder collects the steps of a birth.
type timelineBuilder struct {
	start, end uint64
	steps      []weightedStep
}

// weightedStep is a step with its time. When there are too many steps, the steps of the lowest weight go first.
type weightedStep struct {
	gossip.Step
	ns     uint64
	weight int
}

// addStep adds a step, unless it came after the end of the birth. Its offset is in whole milliseconds.
func (t *timelineBuilder) addStep(ns uint64, weight int, actor gossip.Actor, action, details string) {
	if ns <= t.end {
		t.steps = append(t.steps, weightedStep{
			Step: gossip.Step{
				Offset:  toDuration(ns - min(ns, t.start)).Round(time.Millisecond),
				Actor:   actor,
				Action:  cutText(action, 64),
				Details: cutText(details, 96),
			},
			ns: ns, weight: weight,
		})
	}
}

// buildTimeline is the birth from its start to the exec of the last container's command.
func (b *podBirth) buildTimeline(start, end uint64) []gossip.Step {
	t := &timelineBuilder{start: start, end: end}
	seen := map[string]bool{} // cgroup v1 makes one directory in each hierarchy: the first counts
	for _, d := range b.dirs {
		switch {
		case seen[d.container]:
		case d.container == "":
			t.addStep(d.ns, 3, gossip.ActorKubelet, "cgroup of the pod created", "by "+d.comm)
		default:
			t.addStep(d.ns, 2, gossip.ActorRuntime, "cgroup created", b.describeDir(d.name)+", by "+d.comm)
		}
		seen[d.container] = true
	}
	for i, r := range b.rows {
		b.addRowStep(t, r, i == 0)
	}
	for _, c := range b.commands {
		t.addStep(
			c.NS,
			3,
			gossip.ActorKernel,
			"exec "+c.File,
			fmt.Sprintf("%s; %d syscalls, %d mounts so far", b.describeDir(c.A), c.Syscalls, c.Mounts),
		)
		if ended, ok := b.ends[c.PID]; ok {
			t.addStep(ended, 2, gossip.ActorKernel, "exit", b.describeDir(c.A))
		}
	}
	slices.SortStableFunc(t.steps, func(x, y weightedStep) int { return cmp.Compare(x.ns, y.ns) })
	for weight := 0; len(t.steps) > maxTimeline && weight < 3; weight++ {
		t.steps = slices.DeleteFunc(t.steps, func(e weightedStep) bool { return e.weight == weight })
	}
	var out []gossip.Step
	for _, step := range t.steps[max(0, len(t.steps)-maxTimeline):] {
		out = append(out, step.Step)
	}
	return out
}

// addRowStep adds the step of one row of the shim's tree, if the row is worth one.
func (b *podBirth) addRowStep(t *timelineBuilder, r Row, first bool) {
	switch r.Event {
	case "exec":
		again := strings.HasPrefix(r.Comm, "containerd-shim") || strings.HasPrefix(r.File, "/proc/self/") // of themselves
		hook := containerDir.MatchString(r.A)
		switch {
		case first:
			t.addStep(r.NS, 3, gossip.ActorRuntime, "exec "+path.Base(r.File), "the pod's shim")
		case hook:
			t.addStep(r.NS, 0, gossip.ActorRuntime, "exec "+path.Base(r.File), "a hook in the cgroup of "+b.describeDir(r.A))
		case !again:
			t.addStep(r.NS, 0, gossip.ActorRuntime, "exec "+path.Base(r.File), "")
		}
	case "namespaces":
		var names []string
		for _, f := range cloneFlags {
			if r.Value&f.flag != 0 {
				names = append(names, f.name)
			}
		}
		t.addStep(r.NS, 2, gossip.ActorKernel, "namespaces created: "+strings.Join(names, " "), b.describeDir(r.A))
	case "pivot_root":
		t.addStep(r.NS, 1, gossip.ActorKernel, "root file system changed", b.describeDir(r.A))
	}
}

// describeDir names the owner of a cgroup directory.
func (b *podBirth) describeDir(dir string) string {
	if name := b.containerName(dir); name != "" {
		return "container " + name
	}
	if containerDir.MatchString(dir) {
		return "sandbox"
	}
	return "shim"
}

// cutText cuts a text to a length in bytes, between two characters.
func cutText(text string, length int) string {
	return strings.ToValidUTF8(text[:min(len(text), length)], "")
}
