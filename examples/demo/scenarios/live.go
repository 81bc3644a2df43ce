package scenarios

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
)

const (
	// Namespace is where the pods of the scenarios run.
	Namespace = "kernel-gossip-demo"
	// LossNamespace is where the pod runs that loses packets.
	LossNamespace = "kernel-gossip-demo-loss"
	// PartOf is the label of what belongs to the demo, with the value Part. A namespace without it is never deleted.
	PartOf = "app.kubernetes.io/part-of"
	// Part is the value of the label PartOf.
	Part = "kernel-gossip-demo"
)

// Manifests has manifests/NAME.yaml for each scenario, and namespace, and loss, which belongs to network.
//
//go:embed manifests/*.yaml
var Manifests embed.FS

// Live is a cluster in which operator and observer run. It asks by kubectl, and its commands are those that are shown.
type Live struct {
	Kubectl testcluster.Kubectl
	Images  testcluster.Images
}

// Origin says that everything was measured now.
func (l *Live) Origin() string { return "Measured in this run; the kernel's side is the object's." }

// Begin applies the namespace and the manifest of a scenario; for the loss it applies the pod that makes it.
func (l *Live) Begin(ctx context.Context, scenario string) error {
	if scenario == "loss" {
		return l.beginLoss(ctx)
	}
	if err := l.applyManifest(ctx, "namespace"); err != nil {
		return err
	}
	account := []string{"wait", "--for=create", "--timeout=30s", "--namespace", Namespace, "serviceaccount/default"}
	if _, err := l.Kubectl.Run(ctx, nil, account...); err != nil {
		return err
	}
	return l.applyManifest(ctx, scenario, "--namespace", Namespace)
}

// beginLoss lets packets on the way to the server get lost.
func (l *Live) beginLoss(ctx context.Context) error {
	server, err := l.Pod(ctx, "server")
	if err != nil || server == nil || !isReady(server) {
		return errors.Join(err, errors.New("pod server is not ready"))
	}
	_, id, _ := strings.Cut(server.Status.ContainerStatuses[0].ContainerID, "://")
	if err := l.applyManifest(ctx, "loss", "NODE", server.Spec.NodeName, "CONTAINER", id); err != nil {
		return err
	}
	_, err = l.Kubectl.Run(ctx, nil, "wait", "--namespace", LossNamespace, "pod/loss",
		"--for=jsonpath={.status.phase}=Succeeded", "--timeout=1m")
	if err != nil {
		logs, _ := l.Kubectl.Run(ctx, nil, "logs", "--namespace", LossNamespace, "loss")
		return fmt.Errorf("no packets are lost, because the pod that makes them get lost has failed: %w\n%s", err, logs)
	}
	return nil
}

// applyManifest applies a manifest, after replacing pairs of old and new text in it.
func (l *Live) applyManifest(ctx context.Context, name string, pairs ...string) error {
	manifest, err := Manifests.ReadFile("manifests/" + name + ".yaml")
	if err != nil {
		return err
	}
	pairs = append(pairs,
		"localhost/kernel-gossip-web:e2e", l.Images.Web, "localhost/kernel-gossip-burst:e2e", l.Images.Workload,
		"localhost/kernel-gossip-strain:e2e", l.Images.Strain, "localhost/kernel-gossip-e2e-base:e2e", l.Images.Base)
	args := []string{"apply", "--filename=-"}
	if name != "loss" && name != "namespace" {
		args = append(args, "--namespace", Namespace)
	}
	_, err = l.Kubectl.Run(ctx, []byte(strings.NewReplacer(pairs...).Replace(string(manifest))), args...)
	return err
}

// Pod returns the pod of that name.
func (l *Live) Pod(ctx context.Context, role string) (*corev1.Pod, error) {
	return getObject[corev1.Pod](ctx, l, "pod", role)
}

// Certificate returns the certificate of the pod.
func (l *Live) Certificate(ctx context.Context, role string) (*v1alpha1.PodBirthCertificate, error) {
	return getObject[v1alpha1.PodBirthCertificate](ctx, l, "pbc", role)
}

// Whisper returns the whisper of that kind about the pod.
func (l *Live) Whisper(ctx context.Context, role string, kind v1alpha1.WhisperKind) (*v1alpha1.KernelWhisper, error) {
	about := gossip.WorkloadSubject{
		Kind: gossip.Kind(kind), Namespace: Namespace, Workload: gossip.Workload{Kind: "Pod", Name: role}, Container: "app",
	}
	if kind == v1alpha1.WhisperNetworkIssue {
		about.Container = ""
	}
	return getObject[v1alpha1.KernelWhisper](ctx, l, "kw", crd.Name(about))
}

// getObject returns an object of the demo's namespace; nil if there is none.
func getObject[T any](ctx context.Context, l *Live, kind, name string) (*T, error) {
	out, err := l.Kubectl.Run(ctx, nil, "get", kind, name, "--namespace", Namespace, "--ignore-not-found", "--output=json")
	if err != nil || strings.TrimSpace(out) == "" {
		return nil, err
	}
	o := new(T)
	return o, json.Unmarshal([]byte(out), o)
}

// Usage asks the kubelet's summary API, with the numbers that metrics-server, and so `kubectl top`, would show.
func (l *Live) Usage(ctx context.Context, role string) (*Usage, error) {
	pod, err := l.Pod(ctx, role)
	if err != nil || pod == nil || pod.Spec.NodeName == "" {
		return nil, err
	}
	out, err := l.Kubectl.Run(ctx, nil, "get", "--raw", "/api/v1/nodes/"+pod.Spec.NodeName+"/proxy/stats/summary")
	if err != nil {
		return nil, err
	}
	var summary struct {
		Pods []struct {
			PodRef     struct{ UID string }
			Containers []struct {
				Name string
				CPU  struct {
					Time           time.Time
					UsageNanoCores *int64
				}
				Memory struct{ WorkingSetBytes *int64 }
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &summary); err != nil {
		return nil, fmt.Errorf("the kubelet's summary: %w", err)
	}
	for _, p := range summary.Pods {
		for _, c := range p.Containers {
			if p.PodRef.UID != string(pod.UID) || c.Name != pod.Spec.Containers[0].Name {
				continue
			}
			u := &Usage{From: "kubelet's summary", At: c.CPU.Time}
			if n := c.CPU.UsageNanoCores; n != nil {
				u.CPU = resource.NewScaledQuantity(*n, resource.Nano)
			}
			if n := c.Memory.WorkingSetBytes; n != nil {
				u.Memory = resource.NewQuantity(*n, resource.BinarySI)
			}
			return u, nil
		}
	}
	return nil, nil
}

// newestPieces is the number of pieces of work in a latency.
const newestPieces = 20

// Latency reads the log of the worker, which has a line on each piece of work.
func (l *Live) Latency(ctx context.Context, role string) (*Latency, error) {
	tail := fmt.Sprint("--tail=", newestPieces+newestPieces/10+1) // some lines are summaries
	log, err := l.Kubectl.Run(ctx, nil, "logs", "--namespace", Namespace, role, tail)
	if err != nil {
		return nil, err
	}
	return parseLatency(log)
}

// parseLatency reads lines like "thread=0 burst=7 cpu=25.002ms wall=213.1ms", and skips others. It returns nil if there
// is none.
func parseLatency(log string) (*Latency, error) {
	var works, walls []time.Duration
	for line := range strings.Lines(log) {
		var thread, burst int
		var cpu, wall string
		if _, err := fmt.Sscanf(line, "thread=%d burst=%d cpu=%s wall=%s", &thread, &burst, &cpu, &wall); err != nil {
			continue
		}
		work, notWork := time.ParseDuration(cpu)
		took, notWall := time.ParseDuration(wall)
		if err := errors.Join(notWork, notWall); err != nil {
			return nil, fmt.Errorf("the worker's log: %w", err)
		}
		works, walls = append(works, work), append(walls, took)
	}
	if len(walls) == 0 {
		return nil, nil
	}
	walls = walls[max(0, len(walls)-newestPieces):]
	slices.Sort(works)
	slices.Sort(walls)
	return &Latency{Work: works[(len(works)-1)/2], Median: walls[(len(walls)-1)/2], Pieces: len(walls)}, nil
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

// End deletes the namespaces of the demo, and waits until they are gone. A namespace that is not the demo's stays.
func (l *Live) End(ctx context.Context) error {
	others, err := l.Kubectl.Run(ctx, nil, "get", "namespaces", "--output=name", "--selector="+PartOf+"!="+Part)
	if err != nil {
		return err
	}
	for _, name := range []string{Namespace, LossNamespace} {
		if slices.Contains(strings.Fields(others), "namespace/"+name) {
			return fmt.Errorf("namespace %s is not the demo's: it lacks the label %s=%s", name, PartOf, Part)
		}
	}
	_, err = l.Kubectl.Run(ctx, nil, "delete", "namespace", Namespace, LossNamespace,
		"--ignore-not-found", "--wait", "--timeout=90s")
	if err != nil && ctx.Err() != nil {
		return errors.Join(err, ctx.Err())
	}
	return err
}
