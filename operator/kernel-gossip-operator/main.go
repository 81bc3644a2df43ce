// Command kernel-gossip-operator takes kernel events over HTTP and keeps Kubernetes objects that say what they mean.
// Package operator has all of it; --help lists the flags.
package main

import (
	"os"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/kernel-gossip/kernel-gossip/operator"
)

func main() {
	os.Exit(operator.Run(ctrl.SetupSignalHandler(), os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr))
}
