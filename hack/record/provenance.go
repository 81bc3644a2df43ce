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
)

// provenance says where a capture comes from. It has versions and the command, and nothing of the machine: no path, no
// host name.
type provenance struct {
	options options

	Started    time.Time
	Lasted     time.Duration
	Kernel     string
	Cgroup     string // v1 or v2
	Kubernetes string // version of the kubelet
	Containers string // version of the container runtime
	NodeCPUs   int
	LoadBefore string // load averages
	LoadAfter  string
	Bpftrace   string // "" if none ran

	Records       map[string]int // by type
	Retransmits   uint64         // as bpftrace saw them, to compare with /proc
	LeftOut       int            // intervals without a record: counters fell or the limit changed
	LostRows      int            // events that bpftrace lost
	KillsLost     int            // kills in containers of other namespaces
	BirthsGivenUp int            // births that were not complete after ten minutes
	Incomplete    []string
}

// newProvenance notes what is known before a recording.
func newProvenance(o options, cluster *cluster) (*provenance, error) {
	p := &provenance{options: o, Started: time.Now(), LoadBefore: loadAverage(), NodeCPUs: runtime.NumCPU()}
	uname, err := exec.Command("uname", "-r").Output()
	if err != nil {
		return nil, fmt.Errorf("uname: %w", err)
	}
	p.Kernel = strings.TrimSpace(string(uname))
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
	out, err := cluster.runKubectl("get", "nodes", "-o", "json")
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(out, &nodes); err != nil {
		return nil, fmt.Errorf("kubectl get nodes: %w", err)
	}
	for _, n := range nodes.Items {
		p.Kubernetes, p.Containers = n.Status.NodeInfo.KubeletVersion, n.Status.NodeInfo.ContainerRuntimeVersion
	}
	return p, nil
}

// formatYAML is the provenance as YAML, with all values quoted.
func (p *provenance) formatYAML() []byte {
	var b strings.Builder
	add := func(key, value string) { fmt.Fprintf(&b, "%s: %s\n", key, strconv.Quote(value)) }
	add("capture", filepath.Base(p.options.out))
	if p.options.note != "" {
		add("what", p.options.note)
	}
	add("recorded", p.Started.UTC().Format(time.RFC3339))
	add("lasted", p.Lasted.Round(time.Second).String())
	add("command", p.formatCommand())
	add("tool", "hack/record, "+runtime.Version())
	if p.Bpftrace != "" {
		add("bpftrace", p.Bpftrace)
	}
	add("kernel", p.Kernel)
	add("cgroup", p.Cgroup)
	add("kubernetes", p.Kubernetes)
	add("containerRuntime", p.Containers)
	fmt.Fprintf(&b, "nodeCPUs: %d\n", p.NodeCPUs)
	add("loadAverageBefore", p.LoadBefore)
	add("loadAverageAfter", p.LoadAfter)
	var records []string
	for _, name := range modes[p.options.mode].records {
		records = append(records, fmt.Sprintf("%s: %d", name, p.Records[name]))
	}
	fmt.Fprintf(&b, "records: {%s}\n", strings.Join(records, ", "))
	if p.options.mode == "network" {
		fmt.Fprintf(&b, "retransmitsSeenByTracepoint: %d\n", p.Retransmits)
	}
	add("lost", p.describeLost())
	return []byte(b.String())
}

// describeLost says in a sentence what is missing.
func (p *provenance) describeLost() string {
	var parts []string
	if p.LeftOut > 0 {
		parts = append(
			parts,
			fmt.Sprintf("intervals left out because a counter fell or the limit changed in them: %d", p.LeftOut),
		)
	}
	if p.LostRows > 0 {
		parts = append(
			parts,
			fmt.Sprintf("events lost by bpftrace, so no birth was written, and kills may be missing: %d", p.LostRows),
		)
	}
	if p.KillsLost > 0 {
		parts = append(
			parts,
			fmt.Sprintf("kills in containers that no pod of these namespaces named, not written: %d", p.KillsLost),
		)
	}
	if p.BirthsGivenUp > 0 {
		parts = append(
			parts,
			fmt.Sprintf("births not written because they were not complete after ten minutes: %d", p.BirthsGivenUp),
		)
	}
	if len(p.Incomplete) > 0 {
		parts = append(parts, "births not written because they were seen in part: "+strings.Join(p.Incomplete, ", "))
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, "; ")
}

// formatCommand is the command line, without paths of this machine.
func (p *provenance) formatCommand() string {
	o := p.options
	args := []string{"go run ./hack/record", o.mode, "--for", o.duration.String()}
	if o.mode != "birth" {
		args = append(args, "--every", o.every.String())
	}
	return strings.Join(append(args, "--namespace", strings.Join(o.namespaces, ","), "--out", relativePath(o.out)), " ")
}

// relativePath is a path below the working directory, or else the name of the file.
func relativePath(path string) string {
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
