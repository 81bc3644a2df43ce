// Command assets gets kube-apiserver, etcd and kubectl for the tests and prints the folder that they are in. See
// package kubeassets.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/kernel-gossip/kernel-gossip/hack/testcluster/kubeassets"
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir, err := kubeassets.Get(ctx, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "assets:", err)
		return 1
	}
	fmt.Println(dir)
	return 0
}
