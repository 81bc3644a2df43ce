// Command kernel-gossip-observer reports to the operator what the kernel knows of the pods of its node: for clusters
// without Pixie, for kind, for trying out. Package observer is all of it; --help lists the flags.
//
//	kernel-gossip-observer --url http://kernel-gossip.kernel-gossip:8080/v1/events --token-file TOKEN
//	kernel-gossip-observer | gossip-replay -   # without a URL the records go to standard output
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/kernel-gossip/kernel-gossip/operator/observer"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := observer.Run(ctx, os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
