package kernel

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
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

// timelineBuilder collects entries; the weight says what goes first when there are too many.
type timelineBuilder struct {
	start, end uint64
	entries    []weighted
}

type weighted struct {
	TimelineEntry
	ns     uint64
	weight int
}

func (t *timelineBuilder) add(ns uint64, weight int, actor, action, details string) {
	if ns <= t.end {
		ms := (ns - min(ns, t.start) + 500_000) / 1_000_000
		t.entries = append(t.entries, weighted{TimelineEntry{ms, actor, cut(action, 64), cut(details, 96)}, ns, weight})
	}
}

// timeline tells the birth from its start to the exec of the last container's command.
func (b *podBirth) timeline(start, end uint64) []TimelineEntry {
	t := &timelineBuilder{start: start, end: end}
	seen := map[string]bool{} // cgroup v1 makes one directory in each hierarchy: the first counts
	for _, d := range b.dirs {
		switch {
		case seen[d.container]:
		case d.container == "":
			t.add(d.ns, 3, "kubelet", "cgroup of the pod created", "by "+d.comm)
		default:
			t.add(d.ns, 2, "runtime", "cgroup created", b.who(d.name)+", by "+d.comm)
		}
		seen[d.container] = true
	}
	for i, r := range b.rows {
		b.tell(t, r, i == 0)
	}
	for _, c := range b.commands {
		t.add(c.NS, 3, "kernel", "exec "+c.File, fmt.Sprintf("%s; %d syscalls, %d mounts so far", b.who(c.A), c.Syscalls, c.Mounts))
		if ended, ok := b.ends[c.PID]; ok {
			t.add(ended, 2, "kernel", "exit", b.who(c.A))
		}
	}
	slices.SortStableFunc(t.entries, func(x, y weighted) int { return cmp.Compare(x.ns, y.ns) })
	for weight := 0; len(t.entries) > maxTimeline && weight < 3; weight++ {
		t.entries = slices.DeleteFunc(t.entries, func(e weighted) bool { return e.weight == weight })
	}
	var out []TimelineEntry
	for _, e := range t.entries[max(0, len(t.entries)-maxTimeline):] {
		out = append(out, e.TimelineEntry)
	}
	return out
}

// tell adds the entry of one row of the shim's tree, if it is worth one.
func (b *podBirth) tell(t *timelineBuilder, r Row, first bool) {
	switch r.Event {
	case "exec":
		again := strings.HasPrefix(r.Comm, "containerd-shim") || strings.HasPrefix(r.File, "/proc/self/") // of themselves
		hook := containerDir.MatchString(r.A)
		switch {
		case first:
			t.add(r.NS, 3, "runtime", "exec "+path.Base(r.File), "the pod's shim")
		case hook:
			t.add(r.NS, 0, "runtime", "exec "+path.Base(r.File), "a hook in the cgroup of "+b.who(r.A))
		case !again:
			t.add(r.NS, 0, "runtime", "exec "+path.Base(r.File), "")
		}
	case "namespaces":
		var names []string
		for _, f := range cloneFlags {
			if r.Value&f.flag != 0 {
				names = append(names, f.name)
			}
		}
		t.add(r.NS, 2, "kernel", "namespaces created: "+strings.Join(names, " "), b.who(r.A))
	case "pivot_root":
		t.add(r.NS, 1, "kernel", "root file system changed", b.who(r.A))
	}
}

// who says in words whose cgroup directory it is.
func (b *podBirth) who(dir string) string {
	if name := b.name(dir); name != "" {
		return "container " + name
	}
	if containerDir.MatchString(dir) {
		return "sandbox"
	}
	return "shim"
}

func cut(s string, most int) string { return s[:min(len(s), most)] }

func nanoseconds(n uint64) time.Duration { return time.Duration(min(n, 1<<63-1)) }
