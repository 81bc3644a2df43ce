// Package observer sends the operator what the kernel knows of the pods of one node: for clusters without Pixie, for
// kind, for trying out.
//
// Every interval it reads the CPU and memory of all pods of the node from their cgroups and, where it sees the node's
// processes, their network. It sends what the counters grew by, as records of the payload (pixie/payload.md). Where
// bpftrace and root's rights exist it watches births, OOM kills and failed connects too. The pods come from the API
// server, or from any other URL that answers a GET with a list of them. It changes nothing, and reads neither the
// memory nor the files nor the traffic of containers. README.md says how to run it on every node, and what it costs.
// Package kernel reads; the program is kernel-gossip-observer.
package observer

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"time"
)

// serviceAccount is where Kubernetes mounts a pod's own credentials.
const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount/"

// options are the flags.
type options struct {
	node       string
	interval   time.Duration
	cgroupRoot string
	bpftrace   string

	pods          string
	podsTokenFile string
	podsCAFile    string
	url           string
	tokenFile     string
	caFile        string
	maxBuffer     int
	costEvery     time.Duration

	firstPause time.Duration // between two tries to send; 0 means one second
}

// Run is the program kernel-gossip-observer: it observes until ctx ends and returns an exit code, which is 0 at the end
// of ctx and 1 if it could not go on or a flag was wrong. Lookup finds environment variables, as os.LookupEnv does.
func Run(ctx context.Context, args []string, lookup func(string) (string, bool), stdout, stderr io.Writer) int {
	o, err := parse(args, lookup, stderr)
	if err == nil {
		err = run(ctx, o, stdout, slog.New(slog.NewTextHandler(stderr, nil)))
	}
	switch {
	case err == flag.ErrHelp: //nolint:errorlint // as flag documents it
		return 0
	case err != nil:
		fmt.Fprintln(stderr, "kernel-gossip-observer:", err)
		return 1
	}
	return 0
}

func parse(args []string, lookup func(string) (string, bool), stderr io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("kernel-gossip-observer", flag.ContinueOnError)
	f.SetOutput(stderr)
	node, _ := lookup("NODE_NAME")
	f.StringVar(&o.node, "node", node, "`NAME` of the node, to ask for its pods (default $NODE_NAME)")
	f.DurationVar(&o.interval, "interval", 10*time.Second, "time between two reads of the counters")
	f.StringVar(&o.cgroupRoot, "cgroup-root", "/sys/fs/cgroup", "`FOLDER` where the node's cgroups are mounted")
	f.StringVar(&o.bpftrace, "bpftrace", "auto",
		"watch births, OOM kills and failed connects with bpftrace: auto (where it works), on (or end), off")
	f.StringVar(&o.pods, "pods", "",
		"`URL` that lists pods: the API server's or the kubelet's /pods (default the cluster's API server, for --node)")
	f.StringVar(&o.podsTokenFile, "pods-token-file", ifPresent(serviceAccount+"token"),
		"`FILE` with the bearer token for --pods")
	f.StringVar(&o.podsCAFile, "pods-ca-file", ifPresent(serviceAccount+"ca.crt"),
		"`FILE` with certificates that --pods is checked with")
	f.StringVar(&o.url, "url", "", "`URL` that records are posted to; standard output without it")
	f.StringVar(&o.tokenFile, "token-file", "",
		"`FILE` with the bearer token for --url; it is read again for each request")
	f.StringVar(&o.caFile, "ca-file", "", "`FILE` with certificates that --url is checked with (default the system's)")
	f.IntVar(&o.maxBuffer, "max-buffer", 8<<20,
		"`BYTES` of records that wait while --url is away; then the oldest are dropped")
	f.DurationVar(&o.costEvery, "cost-every", time.Minute, "time between two lines about this program's own cost")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("%q: there are no arguments, only flags", f.Arg(0))
	}
	err := o.fillDefaults(lookup)
	return o, err
}

// fillDefaults checks the options, and fills in where pods are listed, which depends on where the program runs.
func (o *options) fillDefaults(lookup func(string) (string, bool)) error {
	if o.bpftrace != "auto" && o.bpftrace != "on" && o.bpftrace != "off" {
		return fmt.Errorf("--bpftrace: %q is not auto, on or off", o.bpftrace)
	}
	if o.interval < time.Second || o.costEvery < time.Second {
		return fmt.Errorf("--interval and --cost-every are at least 1s")
	}
	if o.pods == "" {
		host, inCluster := lookup("KUBERNETES_SERVICE_HOST")
		port, _ := lookup("KUBERNETES_SERVICE_PORT")
		if !inCluster || o.node == "" {
			return fmt.Errorf("--pods is needed outside of a cluster, and --node inside")
		}
		o.pods = "https://" + net.JoinHostPort(host, port) + "/api/v1/pods?resourceVersion=0&fieldSelector=" +
			url.QueryEscape("spec.nodeName="+o.node)
	}
	return nil
}

// ifPresent is the name of a file if it exists.
func ifPresent(file string) string {
	if _, err := os.Stat(file); err != nil {
		return ""
	}
	return file
}

// run observes until ctx ends.
func run(ctx context.Context, o options, stdout io.Writer, log *slog.Logger) error {
	w, err := newWatcher(o, log)
	if err != nil {
		return err
	}
	var out sink = &printer{w: stdout}
	if o.url != "" {
		s, err := newSender(o, log)
		if err != nil {
			return err
		}
		done := make(chan struct{})
		sending, stop := context.WithCancel(context.WithoutCancel(ctx))
		go func() { defer close(done); s.run(sending) }()
		defer func() { s.flush(5 * time.Second); stop(); <-done }()
		out = s
	}
	if err := w.startTrace(ctx, o.bpftrace); err != nil {
		return err
	}
	defer w.stopTrace()
	cost := newCost(log)
	tick := time.NewTicker(o.interval)
	defer tick.Stop()
	for next := time.Now().Add(o.costEvery); ; {
		if err := w.observeOnce(ctx, out); err != nil {
			return err
		}
		if now := time.Now(); now.After(next) {
			cost.logCost(w, out)
			next = now.Add(o.costEvery)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			cost.logCost(w, out)
			return nil
		}
	}
}
