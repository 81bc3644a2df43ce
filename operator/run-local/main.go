// Command run-local tries the operator without a cluster: it starts etcd and kube-apiserver, installs our kinds, places the pods of a
// recorded capture, runs the operator, and prints the lines that post the capture and show what becomes of it. Ctrl-C ends and
// removes everything.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/hack/kubeassets"
	"github.com/kernel-gossip/kernel-gossip/operator"
	"github.com/kernel-gossip/kernel-gossip/operator/localcluster"
)

func main() {
	capture := flag.String("capture", "examples/captures/mixed.ndjson", "`FILE` to post; its pods are beside it")
	listen := flag.String("listen", "127.0.0.1:8080", "loopback `ADDRESS` to which records are posted")
	flag.Parse()
	if err := run(ctrl.SetupSignalHandler(), *capture, *listen); err != nil {
		fmt.Fprintln(os.Stderr, "run-local:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, capture, listen string) (err error) {
	assets, err := kubeassets.Get(ctx, os.Stderr)
	if err != nil {
		return err
	}
	cluster, err := localcluster.Start(assets)
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
	kubeconfig, live := filepath.Join(folder, "kubeconfig"), filepath.Join(folder, filepath.Base(capture))
	if err := os.WriteFile(kubeconfig, cluster.Kubeconfig, 0o600); err != nil {
		return err
	}
	if err := place(ctx, cluster, capture, live); err != nil {
		return err
	}
	o, err := operator.New(cluster.Config, operator.Options{
		IngestAddress: listen, IngestAuth: operator.AuthNone, OTLPGRPCAddress: "0", OTLPHTTPAddress: "0", HealthAddress: "0", MetricsAddress: "0",
	}, log(os.Stderr))
	if err != nil {
		return err
	}
	go func() {
		if addr, err := o.Addr(ctx); err == nil {
			fmt.Printf(instructions, kubeconfig, live, addr, cluster.Kubectl)
		}
	}()
	return o.Start(ctx)
}

const instructions = `
The operator runs. In another terminal:

export KUBECONFIG=%s
curl -sS -H 'Content-Type: application/x-ndjson' --data-binary @%s http://%s/v1/events
%s get kw,pbc -A

Ctrl-C ends and removes everything.

`

// place makes the pods of a capture, and writes the capture with their UIDs to live.
func place(ctx context.Context, cluster *localcluster.Cluster, capture, live string) error {
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return err
	}
	c, err := client.New(cluster.Config, client.Options{Scheme: scheme})
	if err != nil {
		return err
	}
	pods, err := os.Open(strings.TrimSuffix(capture, filepath.Ext(capture)) + ".pods.yaml")
	if err != nil {
		return err
	}
	defer pods.Close()
	uids, err := localcluster.Place(ctx, c, pods)
	if err != nil {
		return err
	}
	recorded, err := os.Open(capture)
	if err != nil {
		return err
	}
	defer recorded.Close()
	out, err := os.Create(live)
	if err != nil {
		return err
	}
	if err := uids.Rewrite(out, recorded); err != nil {
		return err
	}
	return out.Close()
}

func log(w io.Writer) logr.Logger {
	l := logr.FromSlogHandler(slog.NewTextHandler(w, nil))
	ctrl.SetLogger(l)
	return l
}
