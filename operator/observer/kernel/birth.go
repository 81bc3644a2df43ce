package kernel

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// podBirth is what the kernel did for one pod.
type podBirth struct {
	dirs     []dirMade // cgroup directories of the pod and of its containers
	shims    map[uint64]bool
	commands []Row // execs of containers' commands, the sandbox's too
	ends     map[uint64]uint64
	rows     []Row             // all other rows of the shim's tree
	names    map[string]string // of containers, by ID
}

// take files a row of the birth's own tree.
func (b *podBirth) take(r Row) {
	switch {
	case r.isCommand():
		b.commands = append(b.commands, r)
	case r.Event == "exit":
		b.ends[r.PID] = r.NS
	default:
		b.rows = append(b.rows, r)
	}
}

func (b *podBirth) sort() {
	slices.SortStableFunc(b.rows, func(x, y Row) int { return cmp.Compare(x.NS, y.NS) })
	slices.SortStableFunc(b.commands, func(x, y Row) int { return cmp.Compare(x.NS, y.NS) })
	slices.SortStableFunc(b.dirs, func(x, y dirMade) int { return cmp.Compare(x.ns, y.ns) })
}

// begin is the time of the first row.
func (b *podBirth) begin() uint64 {
	var first uint64
	for _, ns := range []uint64{at(b.dirs, func(d dirMade) uint64 { return d.ns }), at(b.commands, Row.when), at(b.rows, Row.when)} {
		if ns > 0 && (first == 0 || ns < first) {
			first = ns
		}
	}
	return first
}

func at[T any](list []T, when func(T) uint64) uint64 {
	if len(list) == 0 {
		return 0
	}
	return when(list[0])
}

// record folds the birth, or says what is missing.
func (b *podBirth) record(p *Pod, boot time.Time) (PodCreation, error) {
	switch {
	case !b.hasPodDir():
		return PodCreation{}, errors.New("its first cgroup directory was not seen")
	case len(b.shims) != 1:
		return PodCreation{}, fmt.Errorf("%d shims", len(b.shims))
	}
	started, strangers := b.started()
	if strangers > 1 { // one is the sandbox
		return PodCreation{}, errors.New("a container ran that its status does not name")
	}
	var last Row
	for _, c := range p.Spec.Containers {
		r, ok := started[c.Name]
		if !ok {
			return PodCreation{}, fmt.Errorf("no exec of container %s", c.Name)
		}
		if r.NS > last.NS {
			last = r
		}
	}
	start := b.dirs[0].ns
	return PodCreation{
		Subject:       subjectOf("pod_creation", boot.Add(nanoseconds(last.NS)), p, "bpftrace"),
		TotalSyscalls: last.Syscalls, NamespaceOps: last.Namespaces, CgroupWrites: last.CgroupWrites,
		DurationNS: last.NS - start, Execs: last.Execs, Processes: last.Processes, Mounts: last.Mounts,
		InitNS:   b.initTime(p, started),
		Timeline: b.timeline(start, last.NS),
	}, nil
}

// hasPodDir tells if the making of the pod's own cgroup was seen, with which a birth begins.
func (b *podBirth) hasPodDir() bool { return len(b.dirs) > 0 && b.dirs[0].container == "" }

// started finds the first command of each container by its name, and how many ran that have none.
func (b *podBirth) started() (first map[string]Row, strangers int) {
	first = map[string]Row{}
	unknown := map[string]bool{}
	for _, c := range b.commands {
		name := b.name(c.A)
		if name == "" {
			unknown[c.A] = true
		} else if _, ok := first[name]; !ok {
			first[name] = c
		}
	}
	return first, len(unknown)
}

// initTime is how long the init containers' commands ran, nil if that was not seen. Sidecars are not waited for and count nothing.
func (b *podBirth) initTime(p *Pod, started map[string]Row) *uint64 {
	var sum uint64
	for _, c := range p.Spec.InitContainers {
		if c.RestartPolicy == "Always" {
			continue
		}
		r, seen := started[c.Name]
		end, ended := b.ends[r.PID]
		if !seen || !ended {
			return nil
		}
		sum += end - min(end, r.NS)
	}
	return &sum
}

// name is the name of the container whose cgroup directory this is; "" for the sandbox.
func (b *podBirth) name(dir string) string {
	id := containerDir.FindString(dir)
	for full, name := range b.names {
		if id != "" && strings.HasPrefix(full, id) {
			return name
		}
	}
	return ""
}
