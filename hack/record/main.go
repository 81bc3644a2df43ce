// Command record records captures for gossip-replay from a running kernel.
//
//	go run ./hack/record throttle --for 2m --every 5s --namespace shop --out shop.ndjson
//	go run ./hack/record birth    --for 60s           --namespace shop --out births.ndjson
//	go run ./hack/record mixed    --for 10m --every 10s --namespace shop,batch --out mixed.ndjson
//	go run ./hack/record memory   --for 5m --every 10s --namespace shop --out memory.ndjson
//	go run ./hack/record network  --for 2m --every 5s --namespace shop --out network.ndjson
//
// throttle reads the CPU counters of every container in the namespaces and writes what happened between two reads as
// cpu_throttle records. birth runs pxl/pod_birth.bt and writes a pod_creation record for each pod with a birth that was
// seen from beginning to end. mixed does both, in one file. memory reads memory and writes memory_pressure records, and
// an oom_kill record for each victim that pxl/oom_kill.bt sees. network reads the pods' network namespaces and writes
// network_issue records, with the failed connects that pxl/connect_fail.bt sees.
//
// It runs as root on the node, beside a kubectl that reaches the cluster (KUBECONFIG or --kubeconfig); a kind node
// counts as the machine that it runs on. All but throttle need bpftrace 0.17 or later, a kernel with BTF and tracefs
// (mount -t tracefs nodev /sys/kernel/tracing); births need containerd. Nothing is installed in the cluster.
//
// Beside NAME.ndjson it writes NAME.pods.yaml, the objects that gossip-replay takes with --pods, and
// NAME.provenance.yaml: kernel, versions, command, load, and what was lost. --note says in a sentence what ran.
//
// # What a cpu_throttle record holds
//
// Differences of nr_periods, nr_throttled, the throttled time and the CPU usage of the container's own cgroup between
// two reads, never a cumulative value, and the measured time between them. A container is found by pod UID and
// container ID in the path of its cgroup, on cgroup v1 and v2, with the systemd and the cgroupfs driver; no PID is
// looked up. The first read of a container is the baseline and gives no record. An interval is left out, and counted in
// the provenance, when a counter fell or the limit changed in it: such an interval belongs to two epochs.
//
// # What a pod_creation record holds
//
// See pxl/pod_birth.bt for what is counted and what is not. A birth is written when the recorder saw the pod's first
// cgroup directory and the exec of every container's command, so a pod that existed before, or that is not complete at
// the end, gives none. If bpftrace lost a single event, no birth is written at all, because the event may have been of
// any of them.
//
// # What the others hold
//
// A memory_pressure record has the working set at its end and what the counters grew by, left out like the records of
// the CPU. A network_issue record has what the counters of the pod's eth* and of its TCP grew by; pods of the node's
// network have none. pxl/retransmit.bt runs beside: the provenance says how many retransmits it saw, to compare with
// the sum of tcp_retransmits.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/operator/observer/kernel"
	"github.com/kernel-gossip/kernel-gossip/pxl"
)

// mode is a subcommand: the counters that it reads, the programs that it runs, and the records that it writes.
type mode struct {
	counters []gossip.Kind
	programs []string
	records  []string // types
}

var modes = map[string]mode{
	"throttle": {
		counters: []gossip.Kind{gossip.KindCPUThrottling},
		records:  []string{"cpu_throttle", "pod_creation"},
	},
	"birth": {
		programs: []string{pxl.PodBirth},
		records:  []string{"cpu_throttle", "pod_creation"},
	},
	"mixed": {
		counters: []gossip.Kind{gossip.KindCPUThrottling},
		programs: []string{pxl.PodBirth},
		records:  []string{"cpu_throttle", "pod_creation"},
	},
	"memory": {
		counters: []gossip.Kind{gossip.KindMemoryPressure},
		programs: []string{pxl.OOMKill},
		records:  []string{"memory_pressure", "oom_kill"},
	},
	"network": {
		counters: []gossip.Kind{gossip.KindNetworkIssue},
		programs: []string{pxl.ConnectFail, pxl.Retransmit},
		records:  []string{"network_issue"},
	},
}

// typeNames are the types of records in the payload.
var typeNames = map[gossip.Kind]string{
	gossip.KindCPUThrottling:  "cpu_throttle",
	gossip.KindMemoryPressure: "memory_pressure",
	gossip.KindNetworkIssue:   "network_issue",
	gossip.KindOOMKill:        "oom_kill",
	gossip.KindPodBirth:       "pod_creation",
}

// options are the flags of all subcommands.
type options struct {
	mode       string // the name of one of the modes
	duration   time.Duration
	every      time.Duration
	namespaces []string
	out        string
	cgroupRoot string
	kubeconfig string
	note       string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stderr)
	stop()
	if err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "record:", err)
		}
		os.Exit(2)
	}
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	if len(args) == 0 || modes[args[0]].records == nil {
		return o, errors.New(
			"usage: record throttle|birth|mixed|memory|network --namespace NS[,NS] --out FILE.ndjson [flags]",
		)
	}
	o.mode = args[0]
	fs := flag.NewFlagSet("record "+o.mode, flag.ContinueOnError)
	fs.SetOutput(stderr)
	namespaces := fs.String("namespace", "", "namespaces whose pods are recorded, comma-separated")
	fs.DurationVar(
		&o.duration,
		"for",
		2*time.Minute,
		"how long to record; an interrupt ends it early and keeps what was seen",
	)
	fs.DurationVar(&o.every, "every", 5*time.Second, "time between two reads of the counters")
	fs.StringVar(&o.out, "out", "", "capture to write, NAME.ndjson")
	fs.StringVar(
		&o.cgroupRoot,
		"cgroup-root",
		"",
		"where cgroups are mounted (default /sys/fs/cgroup, or its cpu hierarchy on cgroup v1)",
	)
	fs.StringVar(&o.kubeconfig, "kubeconfig", "", "passed to kubectl (default: kubectl's own)")
	fs.StringVar(&o.note, "note", "", "a sentence for the provenance: what ran")
	if err := fs.Parse(args[1:]); err != nil {
		return o, err
	}
	if *namespaces == "" || !strings.HasSuffix(o.out, ".ndjson") || fs.NArg() > 0 {
		return o, errors.New("--namespace and --out NAME.ndjson are needed, and no other argument")
	}
	o.namespaces = strings.Split(*namespaces, ",")
	return o, nil
}

// run records until the time is over or ctx ends, then writes the files.
func run(ctx context.Context, args []string, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	cluster := &cluster{kubeconfig: o.kubeconfig, namespaces: o.namespaces}
	origin, err := newProvenance(o, cluster)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := cluster.watchPods(ctx); err != nil {
		return err
	}
	r, err := newRecorder(o, cluster)
	if err != nil {
		return err
	}
	origin.Cgroup = r.node.CgroupVersion()
	if programs := modes[o.mode].programs; programs != nil {
		if r.node.Trace, err = kernel.StartTrace(ctx, programs...); err != nil {
			return err
		}
		origin.Bpftrace = r.node.Trace.Version
		fmt.Fprintln(stderr, "record: probes are attached")
	}
	if o.mode == "birth" {
		waitFor(ctx, o.duration)
	} else if err := r.readUntilEnd(ctx); err != nil {
		return err
	}
	if err := r.endTrace(origin, stderr); err != nil {
		return err
	}
	pods, err := cluster.listObjects()
	if err != nil {
		return err
	}
	origin.Lasted, origin.LoadAfter = time.Since(origin.Started), loadAverage()
	return r.capture.writeFiles(o.out, pods, origin)
}

// waitFor waits for d or for the end of ctx.
func waitFor(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
