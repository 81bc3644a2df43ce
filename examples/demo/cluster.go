package demo

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/examples/demo/stage"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
)

// Cluster is what a live demo runs on.
type Cluster struct {
	Kind       string // name of the kind cluster, which is made when there is none; "" for the cluster of Kubeconfig as it is
	Kubeconfig string // file; that of the kind cluster is written
	Root       string // the repository
	Images     testcluster.Images
	Also       []byte // manifests that are installed with operator and observer
}

// Open gets the cluster ready: kind, images, operator and observer, each unless it is there already. Of a cluster that is not the demo's own,
// close takes away what was installed.
func (c Cluster) Open(ctx context.Context, st *stage.Stage) (live *Live, closeIt func(context.Context) error, err error) {
	closeIt = func(context.Context) error { return nil }
	begin := time.Now()
	if c.Kind != "" {
		if err := c.startKind(ctx, st); err != nil {
			return nil, closeIt, err
		}
	}
	kubectl, err := testcluster.FindKubectl(c.Kubeconfig)
	if err != nil {
		return nil, closeIt, err
	}
	live = &Live{Kubectl: kubectl, Images: c.Images}
	there, err := installed(ctx, kubectl)
	if err != nil {
		return nil, closeIt, err
	}
	if there {
		return live, closeIt, nil
	}
	st.Note("Installing operator and observer …")
	manifests, err := testcluster.Manifests(ctx, kubectl, c.Root, c.Images)
	if err != nil {
		return nil, closeIt, err
	}
	manifests = append(append(manifests, "\n---\n"...), c.Also...)
	if c.Kind == "" {
		closeIt = func(ctx context.Context) error { return testcluster.Uninstall(ctx, kubectl, manifests) }
	}
	if err := testcluster.Install(ctx, kubectl, manifests); err != nil {
		return nil, closeIt, err
	}
	st.Note("Ready after %s.", time.Since(begin).Round(time.Second))
	return live, closeIt, nil
}

func (c Cluster) startKind(ctx context.Context, st *stage.Stage) error {
	kind, err := testcluster.FindKind(c.Kind, c.Kubeconfig)
	if err != nil {
		return err
	}
	st.Note("The kind cluster %s: starting it unless it runs …", c.Kind)
	if err := kind.Up(); err != nil {
		return err
	}
	st.Note("Loading images …")
	return kind.Load(ctx, c.Images.All()...)
}

// installed says whether operator and observer are there.
func installed(ctx context.Context, k testcluster.Kubectl) (bool, error) {
	var found int
	for _, what := range [][]string{{"kernel-gossip", "deployment/kernel-gossip-operator"}, {"kernel-gossip-observer", "daemonset/kernel-gossip-observer"}} {
		out, err := k.Run(ctx, nil, "get", "--namespace", what[0], what[1], "--ignore-not-found", "--output=name")
		if err != nil {
			return false, err
		}
		if strings.TrimSpace(out) != "" {
			found++
		}
	}
	if found == 1 {
		return false, fmt.Errorf("the cluster has one of operator and observer: install the other, or delete both")
	}
	return found == 2, nil
}

// DefaultKubeconfig is where the credentials of the demo's kind cluster are kept.
func DefaultKubeconfig(root string) string { return filepath.Join(root, "bin", "demo.kubeconfig") }
