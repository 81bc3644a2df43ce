package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
)

// Namespace is where the pods of the demo run, and LossNamespace where the one runs that loses packets.
const (
	Namespace     = "kernel-gossip-demo"
	LossNamespace = "kernel-gossip-demo-loss"
)

// Live is a cluster in which operator and observer run. It asks by kubectl, whose commands are the ones that are shown.
type Live struct {
	Kubectl testcluster.Kubectl
	Images  testcluster.Images
}

// Origin says that all of it was measured now.
func (l *Live) Origin() string { return "Measured in this run; the kernel's side is the object's." }

// Begin applies the namespace and the manifest of a scenario; for the loss it applies the pod that makes it.
func (l *Live) Begin(ctx context.Context, scenario string) error {
	if scenario == "loss" {
		return l.lose(ctx)
	}
	if err := l.apply(ctx, "namespace"); err != nil {
		return err
	}
	if _, err := l.Kubectl.Run(ctx, nil, "wait", "--for=create", "--timeout=30s", "--namespace", Namespace, "serviceaccount/default"); err != nil {
		return err
	}
	return l.apply(ctx, scenario)
}

// lose has the packets on the way to the server lost.
func (l *Live) lose(ctx context.Context) error {
	server, err := l.Pod(ctx, "server")
	if err != nil || server == nil || !isReady(server) {
		return errors.Join(err, errors.New("pod server is not ready"))
	}
	_, id, _ := strings.Cut(server.Status.ContainerStatuses[0].ContainerID, "://")
	if err := l.apply(ctx, "loss", "NODE", server.Spec.NodeName, "CONTAINER", id); err != nil {
		return err
	}
	_, err = l.Kubectl.Run(ctx, nil, "wait", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=1m", "--namespace", LossNamespace, "pod/loss")
	if err != nil {
		logs, _ := l.Kubectl.Run(ctx, nil, "logs", "--namespace", LossNamespace, "loss")
		return fmt.Errorf("no packets are lost, since the pod that should see to it failed: %w\n%s", err, logs)
	}
	return nil
}

// apply applies a manifest, after replacing pairs of old and new text in it.
func (l *Live) apply(ctx context.Context, name string, pairs ...string) error {
	manifest, err := Manifests.ReadFile("manifests/" + name + ".yaml")
	if err != nil {
		return err
	}
	pairs = append(pairs,
		"localhost/kernel-gossip-web:e2e", l.Images.Web, "localhost/kernel-gossip-burst:e2e", l.Images.Workload,
		"localhost/kernel-gossip-strain:e2e", l.Images.Strain, "localhost/kernel-gossip-e2e-base:e2e", l.Images.Base)
	text := strings.NewReplacer(pairs...).Replace(string(manifest))
	args := []string{"apply", "--filename=-"}
	if name != "loss" && name != "namespace" {
		args = append(args, "--namespace", Namespace)
	}
	_, err = l.Kubectl.Run(ctx, []byte(text), args...)
	return err
}

// Pod is the pod of that name.
func (l *Live) Pod(ctx context.Context, role string) (*corev1.Pod, error) {
	return get[corev1.Pod](ctx, l, "pod", role)
}

// Certificate is the certificate of the pod, once it has its status.
func (l *Live) Certificate(ctx context.Context, role string) (*v1alpha1.PodBirthCertificate, error) {
	pbc, err := get[v1alpha1.PodBirthCertificate](ctx, l, "pbc", role)
	if err != nil || pbc == nil || pbc.Status.Severity == "" {
		return nil, err
	}
	return pbc, nil
}

// Whisper is the whisper of that kind about the pod.
func (l *Live) Whisper(ctx context.Context, role string, kind v1alpha1.WhisperKind) (*v1alpha1.KernelWhisper, error) {
	name := role + ".app." + strings.ToLower(string(kind))
	if kind == v1alpha1.WhisperNetworkIssue {
		name = role + "." + strings.ToLower(string(kind))
	}
	return get[v1alpha1.KernelWhisper](ctx, l, "kw", name)
}

// get is an object of the demo's namespace, or nil.
func get[T any](ctx context.Context, l *Live, kind, name string) (*T, error) {
	out, err := l.Kubectl.Run(ctx, nil, "get", kind, name, "--namespace", Namespace, "--ignore-not-found", "--output=json")
	if err != nil || strings.TrimSpace(out) == "" {
		return nil, err
	}
	o := new(T)
	return o, json.Unmarshal([]byte(out), o)
}

// Run runs a line in a shell that has this kubectl.
func (l *Live) Run(ctx context.Context, line string) (string, error) {
	shell := exec.CommandContext(ctx, "sh", "-c", line)
	shell.Env = l.Kubectl.Environ()
	var out, errs bytes.Buffer
	shell.Stdout, shell.Stderr = &out, &errs
	if err := shell.Run(); err != nil {
		return out.String(), fmt.Errorf("%s: %w: %s", line, err, errs.String())
	}
	return out.String(), nil
}

// End deletes the namespaces of the demo, and waits until they are gone.
func (l *Live) End(ctx context.Context) error {
	_, err := l.Kubectl.Run(ctx, nil, "delete", "namespace", Namespace, LossNamespace, "--ignore-not-found", "--wait", "--timeout=90s")
	if err != nil && ctx.Err() != nil {
		return errors.Join(err, ctx.Err())
	}
	return err
}
