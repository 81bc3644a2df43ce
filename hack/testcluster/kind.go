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

// kindStartTimeout is how long the nodes may take to become ready, in kind's notation.
const kindStartTimeout = "5m"

// kindConfig makes the kernel kill single processes, not whole containers, on cgroup v2 as well; on v1 it always does.
// The kubelet has this setting since Kubernetes 1.32. Without it the kill of a child process restarts the container,
// and no cluster of the tests would have the case in which Kubernetes shows nothing.
const kindConfig = `kind: Cluster
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

// FindKind returns the kind cluster of this name, which may not exist yet; kubeconfig is the file for its credentials.
// In the repository the program kind is built in the version that hack/kind.mod pins, elsewhere it is the one in the
// PATH.
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
	module, err := commandOutput(exec.Command("go", "env", "GOMOD"))
	if err != nil {
		return exec.LookPath("kind")
	}
	pinned := filepath.Join(filepath.Dir(strings.TrimSpace(module)), "hack", "kind.mod")
	if _, err := os.Stat(pinned); err != nil {
		return exec.LookPath("kind")
	}
	// -n builds the program and prints its path instead of running it.
	program, err := commandOutput(exec.Command("go", "tool", "-modfile="+pinned, "-n", "kind"))
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
	args := []string{
		"create", "cluster", "--name", k.Name, "--kubeconfig", k.Kubeconfig, "--wait", kindStartTimeout, "--config", "-",
	}
	if image := os.Getenv("KIND_NODE_IMAGE"); image != "" {
		args = append(args, "--image", image)
	}
	_, err = k.run([]byte(kindConfig), args...)
	return err
}

// Down deletes the cluster, if it exists.
func (k *Kind) Down() error {
	_, err := k.run(nil, "delete", "cluster", "--name", k.Name, "--kubeconfig", k.Kubeconfig)
	return err
}

// Load copies local images to every node that does not have them, all in one archive because they share layers.
func (k *Kind) Load(ctx context.Context, images ...string) error {
	args := append([]string{"load", "docker-image", "--name", k.Name}, images...)
	if _, err := commandOutput(exec.CommandContext(ctx, k.program, args...)); err != nil {
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
	for node := range strings.FieldsSeq(nodes) {
		out, err := commandOutput(exec.CommandContext(ctx, "docker", "exec", node, "sh", "-c", script))
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
	return commandOutput(cmd)
}

// commandOutput runs a command and returns its output. The error includes what the command wrote to stderr.
func commandOutput(cmd *exec.Cmd) (string, error) {
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, bytes.TrimSpace(exit.Stderr))
	}
	return string(out), err
}
