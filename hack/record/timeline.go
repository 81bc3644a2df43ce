package main

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
	timelineEntry
	ns     uint64
	weight int
}

func (t *timelineBuilder) add(ns uint64, weight int, actor, action, details string) {
	if ns <= t.end {
		ms := (ns - min(ns, t.start) + 500_000) / 1_000_000
		t.entries = append(t.entries, weighted{timelineEntry{ms, actor, cut(action, 64), cut(details, 96)}, ns, weight})
	}
}

// timeline tells the birth from its start to the exec of the last container's command.
func (b *podBirth) timeline(start, end uint64) []timelineEntry {
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
		t.add(c.ns, 3, "kernel", "exec "+c.file, fmt.Sprintf("%s; %d syscalls, %d mounts so far", b.who(c.a), c.syscalls, c.mounts))
		if ended, ok := b.ends[c.pid]; ok {
			t.add(ended, 2, "kernel", "exit", b.who(c.a))
		}
	}
	slices.SortStableFunc(t.entries, func(x, y weighted) int { return cmp.Compare(x.ns, y.ns) })
	for weight := 0; len(t.entries) > maxTimeline && weight < 3; weight++ {
		t.entries = slices.DeleteFunc(t.entries, func(e weighted) bool { return e.weight == weight })
	}
	var out []timelineEntry
	for _, e := range t.entries[max(0, len(t.entries)-maxTimeline):] {
		out = append(out, e.timelineEntry)
	}
	return out
}

// tell adds the entry of one row of the shim's tree, if it is worth one.
func (b *podBirth) tell(t *timelineBuilder, r row, first bool) {
	switch r.event {
	case "exec":
		again := strings.HasPrefix(r.comm, "containerd-shim") || strings.HasPrefix(r.file, "/proc/self/") // of themselves
		hook := containerDir.MatchString(r.a)
		switch {
		case first:
			t.add(r.ns, 3, "runtime", "exec "+path.Base(r.file), "the pod's shim")
		case hook:
			t.add(r.ns, 0, "runtime", "exec "+path.Base(r.file), "a hook in the cgroup of "+b.who(r.a))
		case !again:
			t.add(r.ns, 0, "runtime", "exec "+path.Base(r.file), "")
		}
	case "namespaces":
		var names []string
		for _, f := range cloneFlags {
			if r.value&f.flag != 0 {
				names = append(names, f.name)
			}
		}
		t.add(r.ns, 2, "kernel", "namespaces created: "+strings.Join(names, " "), b.who(r.a))
	case "pivot_root":
		t.add(r.ns, 1, "kernel", "root file system changed", b.who(r.a))
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
