package demo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	minFree = 1.0             // cores; with fewer, throttling may not be the limit's doing
	maxSkew = 2 * time.Second // of a clock beside the API server's
)

// Fallback is the command for when there is no cluster any more.
const Fallback = "make replay CAPTURE=examples/demo/recording/captures/throttle.ndjson" +
	"   # the recording, without a cluster"

func (s *Site) checkCluster(ctx context.Context) Result {
	if s.Trouble != nil {
		return reportFailure("make demo   # makes the cluster", "%v", s.Trouble)
	}
	_, version, err := s.readVersions(ctx)
	if err == nil {
		return reportOK("Kubernetes %s at %s", version, s.Host)
	}
	nodes, _ := s.nodeContainers(ctx) // an error of Docker has its own line
	for _, name := range slices.Sorted(maps.Keys(nodes)) {
		if nodes[name] != "running" {
			return reportFailure(recoverCommand, "the node %s is %s", name, nodes[name])
		}
	}
	return reportFailure(Fallback, "%s does not answer: %v", s.Host, err)
}

func (s *Site) checkNodes(ctx context.Context) Result {
	var nodes corev1.NodeList
	if err := s.Client.List(ctx, &nodes); err != nil {
		return reportFailure("kubectl get nodes", "%v", err)
	}
	for _, n := range nodes.Items {
		ready := slices.ContainsFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool {
			return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
		})
		switch {
		case !ready:
			return reportFailure("kubectl describe node "+n.Name, "%s is not ready", n.Name)
		case n.Spec.Unschedulable:
			return reportFailure("kubectl uncordon "+n.Name, "%s takes no pods", n.Name)
		}
	}
	return reportOK("%s ready", countOf(len(nodes.Items), "node"))
}

// checkClock compares this machine with the time that the API server gives an object which is only tried. That has
// whole seconds: what was cut off is half a second on average. A wrong clock of a node shows in the age of events.
func (s *Site) checkClock(ctx context.Context) Result {
	tried := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "kernel-gossip-clock"}}
	before := time.Now()
	if err := s.Client.Create(ctx, tried, client.DryRunAll); err != nil {
		return reportFailure("kubectl auth can-i create configmaps", "%v", err)
	}
	middle := before.Add(time.Since(before) / 2)
	return judgeClock(middle.Sub(tried.CreationTimestamp.Add(time.Second / 2)))
}

// judgeClock judges a difference that is known to about a second.
func judgeClock(ahead time.Duration) Result {
	const remedy = "sudo timedatectl set-ntp true"
	ahead = ahead.Round(time.Second)
	switch {
	case ahead > maxSkew:
		return reportFailure(remedy, "this machine is %s ahead of the API server", ahead)
	case ahead < -maxSkew:
		return reportFailure(remedy, "this machine is %s behind the API server", -ahead)
	}
	return reportOK("within %s of the API server", maxSkew)
}

// checkFreeCPU warns if the nodes are busy: a thread that waits for a CPU does not run into its limit.
func (s *Site) checkFreeCPU(ctx context.Context) Result {
	var nodes corev1.NodeList
	var pods corev1.PodList
	if err := errors.Join(s.Client.List(ctx, &nodes), s.Client.List(ctx, &pods)); err != nil {
		return reportFailure("kubectl get nodes; kubectl get pods --all-namespaces", "%v", err)
	}
	most, where := -1.0, ""
	for _, n := range nodes.Items {
		if free := n.Status.Allocatable.Cpu().AsApproximateFloat64() - requestedCores(n.Name, pods.Items); free > most {
			most, where = free, n.Name
		}
	}
	detail := fmt.Sprintf("%.1f cores of %s are not requested", most, where)
	if most < minFree {
		return reportWarning("kubectl describe node "+where, "%s: workloads may wait for each other", detail)
	}
	var load float64
	text, err := os.ReadFile("/proc/loadavg")
	if err == nil {
		_, err = fmt.Sscan(string(text), &load)
	}
	if s.Kind == "" || err != nil { // the load of other machines is not known
		return reportOK("%s", detail)
	}
	cores := nodes.Items[0].Status.Capacity.Cpu().AsApproximateFloat64()
	if cores-load < minFree {
		return reportWarning("uptime; top", "%s, but the load of this machine is %.1f on %.0f cores", detail, load, cores)
	}
	return reportOK("%s; the load of this machine is %.1f", detail, load)
}

// requestedCores returns the cores that the pods of a node request.
func requestedCores(node string, pods []corev1.Pod) float64 {
	var sum resource.Quantity
	for _, p := range pods {
		if p.Spec.NodeName != node || p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
			continue
		}
		for _, c := range p.Spec.Containers {
			sum.Add(*c.Resources.Requests.Cpu())
		}
	}
	return sum.AsApproximateFloat64()
}

// checkImages looks for the demo's images on every node: in kind by the container runtime, elsewhere by the kubelet's
// report, which names 50 at most, and a registry may have them.
func (s *Site) checkImages(ctx context.Context) Result {
	var nodes corev1.NodeList
	if err := s.Client.List(ctx, &nodes); err != nil {
		return reportFailure("kubectl get nodes", "%v", err)
	}
	for _, n := range nodes.Items {
		var have []string
		for _, i := range n.Status.Images {
			have = append(have, i.Names...)
		}
		if s.Kind != "" {
			list := []string{"exec", n.Name, "ctr", "--namespace=k8s.io", "images", "list", "--quiet"}
			out, err := exec.CommandContext(ctx, "docker", list...).Output()
			if err != nil {
				return reportFailure("docker ps", "docker exec %s ctr images list: %v", n.Name, err)
			}
			have = strings.Fields(string(out))
		}
		missing := strings.Join(missingImages(s.Images, have), ", ")
		switch {
		case missing == "":
		case s.Kind != "":
			return reportFailure(recoverCommand, "%s lacks %s", n.Name, missing)
		default:
			return reportWarning("make e2e-images E2E_REGISTRY=…", "%s may have to pull %s", n.Name, missing)
		}
	}
	return reportOK("%s on every node", countOf(len(s.Images), "image"))
}

// missingImages returns the wanted images that are not among the others. Short names mean Docker's registry.
func missingImages(wanted, have []string) []string {
	short := func(name string) string {
		return strings.TrimPrefix(strings.TrimPrefix(name, "docker.io/"), "library/")
	}
	return slices.DeleteFunc(slices.Clone(wanted), func(image string) bool {
		return slices.ContainsFunc(have, func(other string) bool { return short(image) == short(other) })
	})
}
