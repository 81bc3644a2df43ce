package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/operator/observer/kernel"
)

// provenance says where a capture comes from. It names versions and the
// command, and nothing of the machine: no path, no host name.
type provenance struct {
	options                options
	started                time.Time
	kernel, cgroup         string
	kubernetes, containers string
	loadBefore             string

	Bpftrace    string         // "" if none ran
	Records     map[string]int // by type
	Retransmits uint64         // as bpftrace saw them, to compare with /proc
	LeftOut     int            // intervals without a record: counters fell or the limit changed
	LostEvents  int            // events that bpftrace lost
	KillsLost   int            // kills in containers of nobody here
	Incomplete  []string
}

func newProvenance(o options, kube *cluster) (*provenance, error) {
	p := &provenance{options: o, started: time.Now(), loadBefore: loadAverage()}
	uname, err := exec.Command("uname", "-r").Output()
	if err != nil {
		return nil, fmt.Errorf("uname: %w", err)
	}
	p.kernel = strings.TrimSpace(string(uname))
	tree, err := kernel.Open(o.cgroupRoot)
	if err != nil {
		return nil, err
	}
	p.cgroup = tree.Version()
	var nodes struct {
		Items []struct {
			Status struct {
				NodeInfo struct {
					KubeletVersion          string `json:"kubeletVersion"`
					ContainerRuntimeVersion string `json:"containerRuntimeVersion"`
				} `json:"nodeInfo"`
			} `json:"status"`
		} `json:"items"`
	}
	out, err := kube.output("get", "nodes", "-o", "json")
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(out, &nodes); err != nil {
		return nil, fmt.Errorf("kubectl get nodes: %w", err)
	}
	for _, n := range nodes.Items {
		p.kubernetes, p.containers = n.Status.NodeInfo.KubeletVersion, n.Status.NodeInfo.ContainerRuntimeVersion
	}
	return p, nil
}

// yaml renders the provenance; every value is quoted.
func (p *provenance) yaml() []byte {
	var b strings.Builder
	add := func(key, value string) { fmt.Fprintf(&b, "%s: %s\n", key, strconv.Quote(value)) }
	add("capture", filepath.Base(p.options.out))
	if p.options.note != "" {
		add("what", p.options.note)
	}
	add("recorded", p.started.UTC().Format(time.RFC3339))
	add("lasted", time.Since(p.started).Round(time.Second).String())
	add("command", p.command())
	add("tool", "hack/record, "+runtime.Version())
	if p.Bpftrace != "" {
		add("bpftrace", p.Bpftrace)
	}
	add("kernel", p.kernel)
	add("cgroup", p.cgroup)
	add("kubernetes", p.kubernetes)
	add("containerRuntime", p.containers)
	fmt.Fprintf(&b, "nodeCPUs: %d\n", runtime.NumCPU())
	add("loadAverageBefore", p.loadBefore)
	add("loadAverageAfter", loadAverage())
	var records []string
	for _, kind := range modes[p.options.mode].records {
		records = append(records, fmt.Sprintf("%s: %d", kind, p.Records[kind]))
	}
	fmt.Fprintf(&b, "records: {%s}\n", strings.Join(records, ", "))
	if p.options.mode == "network" {
		fmt.Fprintf(&b, "retransmitsSeenByTracepoint: %d\n", p.Retransmits)
	}
	add("lost", p.lost())
	return []byte(b.String())
}

// lost says in a sentence what is missing.
func (p *provenance) lost() string {
	var parts []string
	if p.LeftOut > 0 {
		parts = append(parts, fmt.Sprintf("intervals left out because a counter fell or the limit changed in them: %d", p.LeftOut))
	}
	if p.LostEvents > 0 {
		parts = append(parts, fmt.Sprintf("events lost by bpftrace, so no birth was written, and kills may be missing: %d", p.LostEvents))
	}
	if p.KillsLost > 0 {
		parts = append(parts, fmt.Sprintf("kills in containers that no pod of these namespaces named, not written: %d", p.KillsLost))
	}
	if len(p.Incomplete) > 0 {
		parts = append(parts, "births not written because they were seen in part: "+strings.Join(p.Incomplete, ", "))
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, "; ")
}

// command is the command line without what only this machine knows.
func (p *provenance) command() string {
	o := p.options
	args := []string{"go run ./hack/record", o.mode, "--for", o.duration.String()}
	if o.mode != "birth" {
		args = append(args, "--every", o.every.String())
	}
	return strings.Join(append(args, "--namespace", strings.Join(o.namespaces, ","), "--out", relative(o.out)), " ")
}

func relative(path string) string {
	if !filepath.IsAbs(path) {
		return path
	}
	if wd, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(wd, path); err == nil && !strings.HasPrefix(rel, "..") {
			return rel
		}
	}
	return filepath.Base(path)
}

// loadAverage is the load of the last one, five and fifteen minutes.
func loadAverage() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	f := strings.Fields(string(b))
	return strings.Join(f[:min(3, len(f))], " ")
}
