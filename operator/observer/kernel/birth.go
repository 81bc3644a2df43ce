package kernel

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// podBirth is what the kernel did for one pod.
type podBirth struct {
	dirs     []newDir // cgroup directories of the pod and of its containers
	shims    map[uint64]bool
	commands []Row             // execs of containers' commands, the sandbox's too
	ends     map[uint64]uint64 // exits, by PID
	rows     []Row             // all other rows of the shim's tree
	runs     []Container
}

// addRow files a row of the birth's own tree.
func (b *podBirth) addRow(r Row) {
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
	slices.SortStableFunc(b.dirs, func(x, y newDir) int { return cmp.Compare(x.ns, y.ns) })
}

// startNS is the time of the first row.
func (b *podBirth) startNS() uint64 {
	var first uint64
	for _, ns := range []uint64{
		firstNS(b.dirs, func(d newDir) uint64 { return d.ns }), firstNS(b.commands, Row.timeNS), firstNS(b.rows, Row.timeNS),
	} {
		if ns > 0 && (first == 0 || ns < first) {
			first = ns
		}
	}
	return first
}

// firstNS is the time of a list's first element, 0 if there is none.
func firstNS[T any](list []T, timeNS func(T) uint64) uint64 {
	if len(list) == 0 {
		return 0
	}
	return timeNS(list[0])
}

// event makes the event of the birth. The error says what is missing.
func (b *podBirth) event(p *Pod, boot time.Time) (gossip.PodCreation, error) {
	switch {
	case !b.hasPodDir():
		return gossip.PodCreation{}, errors.New("its first cgroup directory was not seen")
	case len(b.shims) != 1:
		return gossip.PodCreation{}, fmt.Errorf("%d shims", len(b.shims))
	}
	started, unknown := b.firstCommands()
	if unknown > 1 { // one is the sandbox
		return gossip.PodCreation{}, errors.New("a container ran that its status does not name")
	}
	var last Row
	for _, c := range p.Spec.Containers {
		r, ok := started[c.Name]
		if !ok {
			return gossip.PodCreation{}, fmt.Errorf("no exec of container %s", c.Name)
		}
		if r.NS > last.NS {
			last = r
		}
	}
	start := b.dirs[0].ns
	return gossip.PodCreation{
		Origin:        p.originAt("bpftrace", wallTime(boot, last.NS)),
		TotalSyscalls: gossip.Some(int64(last.Syscalls)),
		NamespaceOps:  gossip.Some(int64(last.Namespaces)),
		CgroupWrites:  gossip.Some(int64(last.CgroupWrites)),
		Duration:      toDuration(last.NS - start),
		Execs:         gossip.Some(int64(last.Execs)),
		Processes:     gossip.Some(int64(last.Processes)),
		Mounts:        gossip.Some(int64(last.Mounts)),
		Init:          b.initTime(p, started),
		Timeline:      b.buildTimeline(start, last.NS),
	}, nil
}

// hasPodDir reports whether the pod's own cgroup was seen to be made. A birth begins with that.
func (b *podBirth) hasPodDir() bool { return len(b.dirs) > 0 && b.dirs[0].container == "" }

// firstCommands finds the first command of each container by its name, and counts the cgroups with commands and without
// a name.
func (b *podBirth) firstCommands() (first map[string]Row, unknown int) {
	first = map[string]Row{}
	nameless := map[string]bool{}
	for _, c := range b.commands {
		name := b.containerName(c.A)
		if name == "" {
			nameless[c.A] = true
		} else if _, ok := first[name]; !ok {
			first[name] = c
		}
	}
	return first, len(nameless)
}

// initTime is how long the commands of the init containers ran. It is absent if that was not seen. Sidecars are left
// out, because no container waits for their end.
func (b *podBirth) initTime(p *Pod, started map[string]Row) gossip.Optional[time.Duration] {
	var sum uint64
	for _, c := range p.Spec.InitContainers {
		if c.RestartPolicy == "Always" {
			continue
		}
		r, seen := started[c.Name]
		end, ended := b.ends[r.PID]
		if !seen || !ended {
			return gossip.Optional[time.Duration]{}
		}
		sum += end - min(end, r.NS)
	}
	return gossip.Some(toDuration(sum))
}

// containerName is the name of the container with this cgroup directory; "" for the sandbox.
func (b *podBirth) containerName(dir string) string {
	id := containerDir.FindString(dir)
	for _, c := range b.runs {
		if id != "" && strings.HasPrefix(c.ID, id) {
			return c.Name
		}
	}
	return ""
}
