// Command run-local tries the operator without a cluster: it starts etcd and kube-apiserver, installs our kinds, places
// the pods of a recorded capture, runs the operator, and prints the lines that send the capture and show what becomes
// of it. Ctrl-C ends and removes everything.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/gossip/kube"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster/kubeassets"
	"github.com/kernel-gossip/kernel-gossip/operator"
	"github.com/kernel-gossip/kernel-gossip/pixie"
)

// settings are the flags.
type settings struct {
	capture, pods      string // files
	listen, metrics    string // addresses
	overGRPC, overHTTP string
	logLevel           string
}

func main() {
	var s settings
	flag.StringVar(&s.capture, "capture", "examples/captures/mixed.ndjson", "`FILE` to send")
	flag.StringVar(&s.pods, "pods", "", "`FILE` of its pods, as kubectl lists them; CAPTURE.pods.yaml without it")
	flag.StringVar(&s.listen, "listen", "127.0.0.1:8080", "loopback `ADDRESS` to which records are posted")
	flag.StringVar(&s.overGRPC, "otlp-grpc", "127.0.0.1:0",
		"loopback `ADDRESS` that takes OpenTelemetry metrics over gRPC; port 0 is any that is free")
	flag.StringVar(&s.overHTTP, "otlp-http", "127.0.0.1:0", "the same over HTTP")
	flag.StringVar(&s.metrics, "metrics", "127.0.0.1:8443", "loopback `ADDRESS` of /metrics, 0 for none")
	flag.StringVar(&s.logLevel, "log-level", "info", "info or debug")
	flag.Parse()
	if err := s.run(ctrl.SetupSignalHandler(), os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "run-local:", err)
		os.Exit(1)
	}
}

func (s settings) run(ctx context.Context, out, errs io.Writer) (err error) {
	assets, err := kubeassets.Get(ctx, errs)
	if err != nil {
		return err
	}
	cluster, err := testcluster.StartControlPlane(assets)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "kernel-gossip-")
	if err != nil {
		return err
	}
	defer func() {
		if stopped := cluster.Stop(); err == nil {
			err = stopped
		}
		_ = os.RemoveAll(folder)
	}()
	kubeconfig := filepath.Join(folder, "kubeconfig")
	live := filepath.Join(folder, strings.TrimSuffix(filepath.Base(s.capture), ".gz"))
	if err := os.WriteFile(kubeconfig, cluster.Kubeconfig, 0o600); err != nil {
		return err
	}
	if err := s.placeCapture(ctx, cluster, live, errs); err != nil {
		return err
	}
	o, err := operator.New(cluster.Config, operator.Options{
		IngestAddress: s.listen, IngestAuth: operator.AuthNone, OTLPGRPCAddress: s.overGRPC, OTLPHTTPAddress: s.overHTTP,
		HealthAddress: "0", MetricsAddress: s.metrics,
	}, s.newLogger(errs))
	if err != nil {
		return err
	}
	go func() {
		addr, err := o.Addr(ctx)
		if err != nil {
			return // it ends
		}
		overGRPC, overHTTP, err := o.OTLPAddrs(ctx)
		if err != nil {
			return
		}
		fmt.Fprint(out, s.formatInstructions(kubeconfig, live, cluster.Kubectl, doors{addr, overGRPC, overHTTP}))
	}()
	return o.Start(ctx)
}

// doors are where the operator listens.
type doors struct{ records, overGRPC, overHTTP net.Addr }

// formatInstructions are what to type. The capture to send is the copy: its pods have other UIDs than the recorded
// ones.
func (s settings) formatInstructions(kubeconfig, live, kubectl string, d doors) string {
	return fmt.Sprintf(`
The operator runs. In another terminal:

export KUBECONFIG=%[1]s
go run ./replay/gossip-replay send --speed max --url http://%[3]s %[2]s
%[4]s get kw -A && %[4]s get pbc -A

The same with curl: curl -sS -H 'Content-Type: application/x-ndjson' --data-binary @%[2]s http://%[3]s/v1/events
This copy of %[5]s has the UIDs of the pods placed here: the operator does not know those of the original.
OpenTelemetry metrics: gRPC to %[6]s, HTTP to http://%[7]s/v1/metrics.
Metrics of the operator: curl -s http://%[8]s/metrics

Ctrl-C ends and removes everything.

`, kubeconfig, live, d.records, kubectl, s.capture, d.overGRPC, d.overHTTP, s.metrics)
}

// placeCapture makes the pods of the capture, writes the capture with their UIDs to live, and says what could not be
// placed.
func (s settings) placeCapture(
	ctx context.Context, cluster *testcluster.ControlPlane, live string, errs io.Writer,
) error {
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return err
	}
	c, err := client.New(cluster.Config, client.Options{Scheme: scheme})
	if err != nil {
		return err
	}
	pods, err := os.Open(s.podsFile())
	if err != nil {
		return fmt.Errorf("the capture's pods (kubectl get %s -A -o yaml): %w", kube.Kinds, err)
	}
	defer pods.Close()
	uids, leftOut, err := testcluster.Place(ctx, c, pods)
	if err != nil {
		return fmt.Errorf("%s: %w", pods.Name(), err)
	}
	for _, text := range leftOut {
		fmt.Fprintln(errs, "run-local: not placed:", text)
	}
	return s.rewriteCapture(uids, live)
}

// podsFile is --pods, or the file beside the capture.
func (s settings) podsFile() string {
	if s.pods != "" {
		return s.pods
	}
	plain := strings.TrimSuffix(s.capture, ".gz")
	return strings.TrimSuffix(plain, filepath.Ext(plain)) + ".pods.yaml"
}

func (s settings) rewriteCapture(uids testcluster.UIDs, live string) error {
	recorded, err := os.Open(s.capture)
	if err != nil {
		return err
	}
	defer recorded.Close()
	text, err := pixie.Unpack(recorded)
	if err != nil {
		return fmt.Errorf("%s: %w", s.capture, err)
	}
	defer text.Close()
	out, err := os.Create(live)
	if err != nil {
		return err
	}
	if err := uids.Rewrite(out, text); err != nil {
		return err
	}
	return out.Close()
}

func (s settings) newLogger(w io.Writer) logr.Logger {
	level := slog.LevelInfo
	if s.logLevel == "debug" {
		level = slog.LevelDebug
	}
	l := logr.FromSlogHandler(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
	ctrl.SetLogger(l)
	return l
}
