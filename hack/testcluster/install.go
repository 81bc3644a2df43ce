package testcluster

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/hack/testcluster/kubeassets"
	"github.com/kernel-gossip/kernel-gossip/operator/deploy"
)

// Images has the names of the images that run in the cluster; `make e2e-images` builds them.
type Images struct{ Operator, Observer, Workload, Strain, Web, Base string }

// FindImages returns the images of this machine, or of the registry that E2E_REGISTRY names.
func FindImages() Images {
	registry := strings.TrimSuffix(cmp.Or(os.Getenv("E2E_REGISTRY"), "localhost"), "/") + "/"
	base := registry + "kernel-gossip-e2e-base:e2e"
	if os.Getenv("E2E_REGISTRY") == "" {
		base = cmp.Or(os.Getenv("E2E_BASE"), base)
	}
	return Images{
		Operator: registry + "kernel-gossip-operator:e2e",
		Observer: registry + "kernel-gossip-observer-births:e2e",
		Workload: registry + "kernel-gossip-burst:e2e",
		Strain:   registry + "kernel-gossip-strain:e2e",
		Web:      registry + "kernel-gossip-web:e2e",
		Base:     base,
	}
}

// All lists the images.
func (i Images) All() []string {
	return []string{i.Operator, i.Observer, i.Workload, i.Strain, i.Web, i.Base}
}

// Kubectl runs kubectl against one cluster.
type Kubectl struct{ Program, Kubeconfig string }

// FindKubectl returns the kubectl of the tests' API server, or else the one in the PATH.
func FindKubectl(kubeconfig string) (Kubectl, error) {
	if assets, err := kubeassets.Find(); err == nil {
		return Kubectl{filepath.Join(assets, "kubectl"), kubeconfig}, nil
	}
	program, err := exec.LookPath("kubectl")
	return Kubectl{program, kubeconfig}, err
}

// Environ returns the environment of a shell in which the command kubectl is this one, for this cluster.
func (k Kubectl) Environ() []string {
	return append(os.Environ(), "KUBECONFIG="+k.Kubeconfig,
		"PATH="+filepath.Dir(k.Program)+string(filepath.ListSeparator)+os.Getenv("PATH"))
}

// Run runs kubectl and returns its output. The error includes what kubectl wrote to stderr.
func (k Kubectl) Run(ctx context.Context, stdin []byte, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, k.Program, args...)
	cmd.Env = k.Environ()
	cmd.Stdin = bytes.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, errs.String())
	}
	return out.String(), nil
}

// operatorImage matches the operator's image in an install.yaml of this tree or of a release.
var operatorImage = regexp.MustCompile(`image: ghcr\.io/kernel-gossip/kernel-gossip-operator:\S+`)

// Manifests returns an install.yaml (the file E2E_INSTALL, or else this tree's) and the observer's manifests, with the
// images of the tests. The observer reads the counters every five seconds.
func Manifests(ctx context.Context, k Kubectl, root string, images Images) ([]byte, error) {
	observer, err := k.Run(ctx, nil, "kustomize", filepath.Join(root, "operator", "observer", "deploy", "births"))
	if err != nil {
		return nil, err
	}
	install := deploy.Install
	if file := os.Getenv("E2E_INSTALL"); file != "" {
		if install, err = os.ReadFile(file); err != nil {
			return nil, err
		}
	}
	all := string(install) + "---\n" + observer
	for old, replaced := range map[string]string{
		operatorImage.FindString(all):                        "image: " + images.Operator,
		"image: localhost/kernel-gossip-observer-births:dev": "image: " + images.Observer,
		"        - --bpftrace=on\n":                          "        - --bpftrace=on\n        - --interval=5s\n",
	} {
		if strings.Count(all, old) != 1 {
			return nil, fmt.Errorf("the manifests have %q %d times, not once", old, strings.Count(all, old))
		}
		all = strings.Replace(all, old, replaced, 1)
	}
	return []byte(all), nil
}

// listeningLine is what the observer logs when bpftrace listens. A birth before that is not observed.
const listeningLine = "Births, OOM kills and failed connects are watched"

// Install applies the manifests and waits until all pods run and the observers listen to the kernel.
func Install(ctx context.Context, k Kubectl, manifests []byte) error {
	if _, err := k.Run(ctx, manifests, "apply", "--server-side", "--filename=-"); err != nil {
		return err
	}
	for namespace, workload := range map[string]string{
		"kernel-gossip": "deployment/kernel-gossip-operator", "kernel-gossip-observer": "daemonset/kernel-gossip-observer",
	} {
		if _, err := k.Run(ctx, nil, "rollout", "status", "--timeout=5m", "--namespace", namespace, workload); err != nil {
			described, _ := k.Run(ctx, nil, "describe", "pods", "--namespace", namespace)
			return fmt.Errorf("%w\n%s", err, described)
		}
	}
	return WaitForObservers(ctx, k)
}

// WaitForObservers waits until the observers listen to the kernel, for a minute at most.
func WaitForObservers(ctx context.Context, k Kubectl) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		out, err := k.Run(ctx, nil, "logs", "--namespace=kernel-gossip-observer",
			"--selector=app.kubernetes.io/name=kernel-gossip-observer", "--tail=-1")
		if err == nil && strings.Count(out, listeningLine) >= max(1, strings.Count(out, "msg=Observing")) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the observer does not listen to the kernel;"+
				" it needs bpftrace, privileges and BTF on each node: %w\n%s", ctx.Err(), out)
		case <-time.After(time.Second):
		}
	}
}

// Uninstall deletes what Install applied, and waits for its end.
func Uninstall(ctx context.Context, k Kubectl, manifests []byte) error {
	_, err := k.Run(ctx, manifests, "delete", "--ignore-not-found", "--wait", "--timeout=3m", "--filename=-")
	return err
}
