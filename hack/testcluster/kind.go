package testcluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// startTimeout is how long nodes may take to get ready, as kind reads it.
const startTimeout = "5m"

// config has the kernel kill processes, not whole containers, on cgroup v2 too: as on v1, where it cannot be otherwise. It is a setting of
// the kubelet, since Kubernetes 1.32. Without it a kill of a child shows as a restart, and no cluster of the tests could have the other case.
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

	program string
}

// FindKind returns the kind cluster of this name, which may not exist yet, with its credentials in a file. The program kind is built as
// hack/kind.mod pins it, or is the one of the PATH where this is no folder of the repository.
func FindKind(name, kubeconfig string) (*Kind, error) {
	if out, err := exec.Command("docker", "info").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("the kind cluster needs Docker, which does not answer: %w\n%s", err, out)
	}
	program, err := findKindProgram()
	if err != nil {
		return nil, fmt.Errorf("find the program kind: %w", err)
	}
	return &Kind{Name: name, Kubeconfig: kubeconfig, program: program}, nil
}

func findKindProgram() (string, error) {
	module, err := output(exec.Command("go", "env", "GOMOD"))
	if err != nil {
		return exec.LookPath("kind")
	}
	pinned := filepath.Join(filepath.Dir(strings.TrimSpace(module)), "hack", "kind.mod")
	if _, err := os.Stat(pinned); err != nil {
		return exec.LookPath("kind")
	}
	program, err := output(exec.Command("go", "tool", "-modfile="+pinned, "-n", "kind")) // builds it and prints where it is
	return strings.TrimSpace(program), err
}

// Up creates the cluster, unless it exists.
func (k *Kind) Up() error {
	names, err := k.run(nil, "get", "clusters")
	if err != nil {
		return err
	}
	if slices.Contains(strings.Fields(names), k.Name) {
		_, err := k.run(nil, "export", "kubeconfig", "--name", k.Name, "--kubeconfig", k.Kubeconfig)
		return err
	}
	args := []string{"create", "cluster", "--name", k.Name, "--kubeconfig", k.Kubeconfig, "--wait", startTimeout, "--config", "-"}
	if image := os.Getenv("KIND_NODE_IMAGE"); image != "" {
		args = append(args, "--image", image)
	}
	_, err = k.run([]byte(config), args...)
	return err
}

// Down deletes the cluster, if it exists.
func (k *Kind) Down() error {
	_, err := k.run(nil, "delete", "cluster", "--name", k.Name, "--kubeconfig", k.Kubeconfig)
	return err
}

// Load copies local images to every node that does not have them: all at once, because they share layers.
func (k *Kind) Load(ctx context.Context, images ...string) error {
	args := append([]string{"load", "docker-image", "--name", k.Name}, images...)
	if _, err := output(exec.CommandContext(ctx, k.program, args...)); err != nil {
		return fmt.Errorf("load images, which make e2e-images builds: %w", err)
	}
	return nil
}

// Kill sends SIGKILL to the processes of this name on all nodes, and returns their number.
func (k *Kind) Kill(ctx context.Context, process string) (int, error) {
	nodes, err := k.run(nil, "get", "nodes", "--name", k.Name)
	if err != nil {
		return 0, err
	}
	killed := 0
	script := `for p in $(pidof ` + process + `); do kill -9 "$p" && echo killed; done`
	for _, node := range strings.Fields(nodes) {
		out, err := output(exec.CommandContext(ctx, "docker", "exec", node, "sh", "-c", script))
		if err != nil {
			return killed, err
		}
		killed += strings.Count(out, "killed")
	}
	return killed, nil
}

func (k *Kind) run(stdin []byte, args ...string) (string, error) {
	cmd := exec.Command(k.program, args...)
	cmd.Stdin = bytes.NewReader(stdin)
	return output(cmd)
}

// output runs a command and returns what it printed; the error has what it complained of.
func output(cmd *exec.Cmd) (string, error) {
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, bytes.TrimSpace(exit.Stderr))
	}
	return string(out), err
}
