package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/kernel-gossip/kernel-gossip/examples/demo"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/install"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/preflight"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/recording"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/recovery"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
)

// errNotReady says that preflight has found something, which it has told.
var errNotReady = errors.New("not ready")

// site is the cluster of a demo with what the demo needs in it. It need not be there: its Trouble says why not.
func site(ctx context.Context, c demo.Cluster) *install.Site {
	kubectl, err := testcluster.FindKubectl(c.Kubeconfig)
	if err != nil {
		kubectl = testcluster.Kubectl{Program: "kubectl", Kubeconfig: c.Kubeconfig}
	}
	var s *install.Site
	manifests, err := testcluster.Manifests(ctx, kubectl, c.Root, c.Images)
	if err == nil {
		s, err = install.Open(kubectl, manifests)
	}
	if err != nil {
		s = &install.Site{Kubectl: kubectl, Kind: c.Kind, Trouble: err}
	}
	s.Images, s.Recover = c.Images.All(), "make demo-recover"
	s.Namespaces = map[string]string{demo.Namespace: "restricted", demo.LossNamespace: "privileged"}
	return s
}

// check shows the list. Its error is errNotReady when the talk cannot be given.
func check(ctx context.Context, c demo.Cluster) error {
	return list(ctx, site(ctx, c))
}

func list(ctx context.Context, s *install.Site) error {
	text, ready := preflight.Summary(preflight.Run(ctx, os.Stdout, preflight.Checks(s)))
	fmt.Println(text)
	if !ready {
		return errNotReady
	}
	return nil
}

// repair recovers, and shows the list.
func repair(ctx context.Context, c demo.Cluster) error {
	s := site(ctx, c)
	if err := recovery.Run(ctx, os.Stdout, s); err != nil {
		return err
	}
	return list(ctx, s)
}

// recorded is the source of a demo from recordings. Of the cluster it needs the operator only, and gets it ready.
func recorded(ctx context.Context, c demo.Cluster) (demo.Source, error) {
	if c.Kind != "" {
		kind, err := testcluster.FindKind(c.Kind, c.Kubeconfig)
		if err != nil {
			return nil, err
		}
		if err := kind.Up(); err != nil {
			return nil, err
		}
	}
	s := site(ctx, c)
	if err := recovery.Operator(ctx, os.Stdout, s); err != nil {
		return nil, fmt.Errorf("%w\n       → %s", err, preflight.Fallback)
	}
	return recording.New(s), nil
}
