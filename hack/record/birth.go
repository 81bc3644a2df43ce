package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// podBirth collects what the kernel did for one pod.
type podBirth struct {
	dirs       []dirMade // cgroup directories of the pod and of its containers
	shims      map[uint64]bool
	commands   []row // execs of containers' commands, the sandbox's too
	ends       map[uint64]uint64
	rows       []row             // all other rows of the shim's tree
	containers map[string]string // name by ID
}

// births sorts the rows by pod: rows of a shim's tree belong to the pod in
// whose cgroup the tree's commands ran.
func (t *birthTrace) births(uids []string) map[string]*podBirth {
	byUID := map[string]*podBirth{}
	find := func(prefix string) *podBirth {
		i := slices.IndexFunc(uids, func(uid string) bool { return prefix != "" && strings.HasPrefix(uid, prefix) })
		if i < 0 {
			return nil
		}
		if byUID[uids[i]] == nil {
			byUID[uids[i]] = &podBirth{shims: map[uint64]bool{}, ends: map[uint64]uint64{}}
		}
		return byUID[uids[i]]
	}
	for _, d := range dirsMade(t.rows) {
		if b := find(d.pod); b != nil {
			b.dirs = append(b.dirs, d)
		}
	}
	byShim := map[uint64]*podBirth{}
	for _, r := range t.rows {
		if r.isCommand() {
			if b := find(podPrefix(r.b)); b != nil {
				b.shims[r.birth], byShim[r.birth] = true, b
			}
		}
	}
	for _, r := range t.rows {
		if b := byShim[r.birth]; b != nil {
			b.take(r)
		}
	}
	for _, b := range byUID {
		slices.SortStableFunc(b.rows, func(x, y row) int { return cmp.Compare(x.ns, y.ns) })
		slices.SortStableFunc(b.commands, func(x, y row) int { return cmp.Compare(x.ns, y.ns) })
		slices.SortStableFunc(b.dirs, func(x, y dirMade) int { return cmp.Compare(x.ns, y.ns) })
	}
	return byUID
}

// isCommand tells if the row is the exec of a container's command.
func (r row) isCommand() bool { return r.event == "exec" && r.value == 1 }

// take files a row of the birth's own tree.
func (b *podBirth) take(r row) {
	switch {
	case r.isCommand():
		b.commands = append(b.commands, r)
	case r.event == "exit":
		b.ends[r.pid] = r.ns
	default:
		b.rows = append(b.rows, r)
	}
}

// fold makes one record of each birth that was seen from its first cgroup
// directory to its last container's command. Others are named in incomplete.
func (t *birthTrace) fold(kube *cluster) (records []podCreation, incomplete []string, err error) {
	present, err := kube.imagesPresent()
	if err != nil {
		return nil, nil, err
	}
	pods := kube.pods()
	for uid, b := range t.births(slices.Sorted(maps.Keys(pods))) {
		if len(b.shims) == 0 && !b.hasPodDir() {
			continue // a container that restarted: the pod was there before
		}
		p := pods[uid]
		b.containers = kube.names(p)
		rec, err := t.record(p, b)
		if err != nil {
			incomplete = append(incomplete, fmt.Sprintf("%s/%s (%v)", p.Metadata.Namespace, p.Metadata.Name, err))
			continue
		}
		if p.allPresent(present[uid]) {
			rec.ImagePullNS = new(uint64)
		}
		records = append(records, rec)
	}
	slices.Sort(incomplete)
	slices.SortFunc(records, func(a, b podCreation) int { return strings.Compare(a.PodUID, b.PodUID) })
	return records, incomplete, nil
}

// record folds one birth.
func (t *birthTrace) record(p *pod, b *podBirth) (podCreation, error) {
	switch {
	case !b.hasPodDir():
		return podCreation{}, errors.New("its first cgroup directory was not seen")
	case len(b.shims) != 1:
		return podCreation{}, fmt.Errorf("%d shims", len(b.shims))
	}
	started := b.started()
	var last row
	for _, c := range p.Spec.Containers {
		r, ok := started[c.Name]
		if !ok {
			return podCreation{}, fmt.Errorf("no exec of container %s", c.Name)
		}
		if r.ns > last.ns {
			last = r
		}
	}
	start := b.dirs[0].ns
	at := t.boot.Add(nanoseconds(last.ns))
	return podCreation{
		subject: subject{
			Type: "pod_creation", Timestamp: at.UTC().Format(timestampLayout),
			Namespace: p.Metadata.Namespace, PodName: p.Metadata.Name, PodUID: p.Metadata.UID, Node: p.Spec.NodeName,
			Source: "bpftrace", at: at,
		},
		TotalSyscalls: last.syscalls, NamespaceOps: last.namespaces, CgroupWrites: last.writes,
		DurationNS: last.ns - start, Execs: last.exs, Processes: last.procs, Mounts: last.mounts,
		InitNS:   b.initTime(p, started),
		Timeline: b.timeline(start, last.ns),
	}, nil
}

// hasPodDir tells if the making of the pod's own cgroup was seen, with which a birth begins.
func (b *podBirth) hasPodDir() bool { return len(b.dirs) > 0 && b.dirs[0].container == "" }

// started finds the first command of each container, by its name.
func (b *podBirth) started() map[string]row {
	first := map[string]row{}
	for _, c := range b.commands {
		name := b.name(c.a)
		if _, ok := first[name]; name != "" && !ok {
			first[name] = c
		}
	}
	return first
}

// initTime is how long the init containers' commands ran, nil if that was not
// seen. Sidecars are not waited for and count nothing.
func (b *podBirth) initTime(p *pod, started map[string]row) *uint64 {
	var sum uint64
	for _, c := range p.Spec.InitContainers {
		if c.RestartPolicy == "Always" {
			continue
		}
		r, seen := started[c.Name]
		end, ended := b.ends[r.pid]
		if !seen || !ended {
			return nil
		}
		sum += end - min(end, r.ns)
	}
	return &sum
}

// name is the name of the container whose cgroup directory this is; "" for the sandbox.
func (b *podBirth) name(dir string) string {
	id := containerDir.FindString(dir)
	for full, name := range b.containers {
		if id != "" && strings.HasPrefix(full, id) {
			return name
		}
	}
	return ""
}
