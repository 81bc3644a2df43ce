package testcluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/kind/pkg/cluster"
	"sigs.k8s.io/kind/pkg/cluster/nodes"
	"sigs.k8s.io/kind/pkg/cluster/nodeutils"
)

// startTimeout is how long nodes may take to get ready.
const startTimeout = 5 * time.Minute

// config has the kernel kill processes, not whole containers, on cgroup v2 too: as on v1, where it cannot be otherwise. It is a setting of the
// kubelet, since Kubernetes 1.32. Without it a kill of a child shows as a restart, and no cluster of the tests could have the other case.
const config = `kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
kubeadmConfigPatches:
- |
  kind: KubeletConfiguration
  apiVersion: kubelet.config.k8s.io/v1beta1
  singleProcessOOMKill: true
`

// Kind is a kind cluster, in Docker.
type Kind struct {
	Name       string
	Kubeconfig string // file

	provider *cluster.Provider
}

// FindKind is the kind cluster of this name, which may not exist yet, with its credentials in a file.
func FindKind(name, kubeconfig string) (*Kind, error) {
	if out, err := exec.Command("docker", "info").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("the kind cluster needs Docker, which does not answer: %w\n%s", err, out)
	}
	return &Kind{Name: name, Kubeconfig: kubeconfig, provider: cluster.NewProvider(cluster.ProviderWithDocker())}, nil
}

// Up creates the cluster, unless it is there.
func (k *Kind) Up() error {
	names, err := k.provider.List()
	if err != nil {
		return err
	}
	if slices.Contains(names, k.Name) {
		return k.provider.ExportKubeConfig(k.Name, k.Kubeconfig, false)
	}
	options := []cluster.CreateOption{
		cluster.CreateWithKubeconfigPath(k.Kubeconfig), cluster.CreateWithWaitForReady(startTimeout), cluster.CreateWithRawConfig([]byte(config)),
	}
	if image := os.Getenv("KIND_NODE_IMAGE"); image != "" {
		options = append(options, cluster.CreateWithNodeImage(image))
	}
	return k.provider.Create(k.Name, options...)
}

// Down deletes the cluster.
func (k *Kind) Down() error { return k.provider.Delete(k.Name, k.Kubeconfig) }

// Load copies local images to every node that does not have them: all at once, for they share layers.
func (k *Kind) Load(ctx context.Context, images ...string) error {
	local, err := exec.CommandContext(ctx, "docker", append([]string{"image", "inspect", "--format={{.Id}}"}, images...)...).Output()
	if err != nil {
		return fmt.Errorf("look for the images %s, which make e2e-images builds: %w", strings.Join(images, ", "), err)
	}
	all, err := k.provider.ListInternalNodes(k.Name)
	if err != nil {
		return err
	}
	missing := slices.DeleteFunc(all, func(node nodes.Node) bool {
		for i, id := range strings.Fields(string(local)) {
			if there, err := nodeutils.ImageID(node, images[i]); err != nil || there != id {
				return false
			}
		}
		return true
	})
	if len(missing) == 0 {
		return nil
	}
	dir, err := os.MkdirTemp("", "kernel-gossip-images-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	archive := filepath.Join(dir, "images.tar")
	if out, err := exec.CommandContext(ctx, "docker", append([]string{"save", "--output", archive}, images...)...).CombinedOutput(); err != nil {
		return fmt.Errorf("docker save: %w\n%s", err, out)
	}
	for _, node := range missing {
		f, err := os.Open(archive)
		if err != nil {
			return err
		}
		err = nodeutils.LoadImageArchive(node, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("load images into %s: %w", node, err)
		}
	}
	return nil
}

// Kill sends SIGKILL to the processes of this name on all nodes, and says how many there were.
func (k *Kind) Kill(ctx context.Context, process string) (int, error) {
	all, err := k.provider.ListInternalNodes(k.Name)
	if err != nil {
		return 0, err
	}
	killed := 0
	for _, node := range all {
		var out strings.Builder
		script := `for p in $(pidof ` + process + `); do kill -9 "$p" && echo killed; done`
		if err := node.CommandContext(ctx, "sh", "-c", script).SetStdout(&out).SetStderr(io.Discard).Run(); err != nil {
			return killed, err
		}
		killed += strings.Count(out.String(), "killed")
	}
	return killed, nil
}
