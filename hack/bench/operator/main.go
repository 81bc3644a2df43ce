// Command operator measures the operator from outside: three processes on one machine (load, operator, API server with
// etcd) talk over loopback. `make bench-operator` runs it; it prints a table.
//
//	operator         measures everything
//	operator bare    serves a handler that only reads the body, with which the operator is compared
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"text/tabwriter"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster/kubeassets"
	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
)

func main() {
	steady := flag.Duration("steady", time.Minute, "how long 5,000 pods are watched")
	program := flag.String("operator", "bin/kernel-gossip-operator", "`FILE` of the operator")
	flag.Parse()
	var err error
	if flag.Arg(0) == "bare" {
		err = serveBare(flag.Arg(1))
	} else {
		err = run(ctrl.SetupSignalHandler(), *program, *steady)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/operator:", err)
		os.Exit(1)
	}
}

// serveBare serves the least that can accept records.
func serveBare(address string) error {
	l, err := ingest.NewConnections(0, nil).Listen(address, nil)
	if err != nil {
		return err
	}
	return ingest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"accepted":1,"ignored":0,"rejected":0}`)
	})).Serve(l)
}

func run(ctx context.Context, program string, steady time.Duration) error {
	assets, err := kubeassets.Get(ctx, os.Stderr)
	if err != nil {
		return err
	}
	cluster, err := testcluster.StartControlPlane(assets)
	if err != nil {
		return err
	}
	defer func() { _ = cluster.Stop() }()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	defer func() { _ = out.Flush() }()
	fmt.Fprintln(out, "what\tper second\tp50\tp99\tnote")

	reference, err := startServer(ctx, self, "bare")
	if err != nil {
		return err
	}
	defer reference.stop()
	fleet, err := makeFleet(ctx, cluster, 5000)
	if err != nil {
		return err
	}
	parts := []func(context.Context, io.Writer, string, *podFleet, benchContext) error{
		measureThroughput, measureBurst, measureSteadyState,
	}
	for i, part := range parts {
		if i > 0 {
			if err := fleet.deleteWhispers(ctx); err != nil {
				return err
			}
		}
		if err := withOperator(ctx, program, cluster, func(p *process) error {
			return part(ctx, out, p.url, fleet, benchContext{process: p, reference: reference, steady: steady})
		}); err != nil {
			return err
		}
	}
	return nil
}

// process is a server in another process.
type process struct {
	cmd     *exec.Cmd
	url     string
	metrics string
}

func (p *process) stop() {
	_ = p.cmd.Process.Signal(os.Interrupt)
	_ = p.cmd.Wait()
}

// startServer starts a program that serves at a free port, which is its last argument.
func startServer(ctx context.Context, program string, args ...string) (*process, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	return startListening(ctx, exec.CommandContext(ctx, program, append(args, address)...), address)
}

func startListening(ctx context.Context, cmd *exec.Cmd, address string) (*process, error) {
	p := &process{cmd: cmd, url: "http://" + address + "/v1/events"}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	for range 600 {
		c, err := net.Dial("tcp", address)
		if err == nil {
			return p, c.Close()
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	p.stop()
	return nil, fmt.Errorf("%s does not listen", strings.Join(cmd.Args, " "))
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// withOperator runs an operator until work returns.
func withOperator(
	ctx context.Context, program string, cluster *testcluster.ControlPlane, work func(*process) error,
) error {
	ingest, err := freeAddress()
	if err != nil {
		return err
	}
	metrics, err := freeAddress()
	if err != nil {
		return err
	}
	file, err := os.CreateTemp("", "kubeconfig-")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }()
	if _, err := file.Write(cluster.Kubeconfig); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, "--kubeconfig="+file.Name(), "--leader-elect=false", "--ingest-auth=none",
		"--ingest-bind-address="+ingest, "--otlp-grpc-bind-address=0", "--otlp-http-bind-address=0",
		"--metrics-bind-address="+metrics, "--health-probe-bind-address=0", "--max-objects-per-namespace=10000")
	log, err := os.CreateTemp("", "operator-*.log")
	if err != nil {
		return err
	}
	defer log.Close()
	cmd.Stderr = log
	p, err := startListening(ctx, cmd, ingest)
	if err != nil {
		return fmt.Errorf("%w; see %s", err, log.Name())
	}
	p.metrics = "http://" + metrics + "/metrics"
	err = work(p)
	p.stop()
	if err != nil {
		return fmt.Errorf("%w; see %s", err, log.Name())
	}
	return os.Remove(log.Name())
}
