// Command cluster keeps a kind cluster with the operator and the observer in it: cluster up, cluster down.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) != 2 || args[0] != "up" && args[0] != "down" {
		return fmt.Errorf("usage: cluster up|down KUBECONFIG")
	}
	kind, err := testcluster.FindKind("kernel-gossip", args[1])
	if err != nil {
		return err
	}
	if args[0] == "down" {
		return kind.Down()
	}
	if err := kind.Up(); err != nil {
		return err
	}
	images := testcluster.FindImages()
	if err := kind.Load(ctx, images.All()...); err != nil {
		return err
	}
	kubectl, err := testcluster.FindKubectl(kind.Kubeconfig)
	if err != nil {
		return err
	}
	manifests, err := testcluster.Manifests(ctx, kubectl, ".", images)
	if err != nil {
		return err
	}
	if err := testcluster.Install(ctx, kubectl, manifests); err != nil {
		return err
	}
	fmt.Println("export KUBECONFIG=" + kind.Kubeconfig)
	return nil
}
