package preflight

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"

	"github.com/kernel-gossip/kernel-gossip/examples/demo/install"
)

// minFree is how much CPU has to be free, in cores, for throttling to be the limit's doing.
const minFree = 1.0

// cluster are checks of the API server and the nodes.
func cluster(s *install.Site) []Check {
	with := func(f func(context.Context, *install.Site) Result) func(context.Context) Result {
		return func(ctx context.Context) Result { return f(ctx, s) }
	}
	return []Check{
		{Name: "cluster", Run: with(checkCluster)},
		{Name: "versions", Needs: []string{"kubectl", "cluster"}, Run: with(checkSkew)},
		{Name: "nodes", Needs: []string{"cluster"}, Run: with(checkNodes)},
		{Name: "clock", Needs: []string{"cluster"}, Run: with(checkClock)},
		{Name: "node clocks", Needs: []string{"nodes"}, Run: with(checkNodeClocks)},
		{Name: "free CPU", Needs: []string{"nodes"}, Run: with(checkCPU)},
	}
}

// ServerVersion asks the API server for its version, such as v1.37.2, and gives it a few seconds.
func ServerVersion(ctx context.Context, s *install.Site) (string, error) {
	config := rest.CopyConfig(s.Config)
	config.Timeout = checkTime / 2
	if deadline, bounded := ctx.Deadline(); bounded {
		config.Timeout = min(config.Timeout, time.Until(deadline))
	}
	d, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return "", err
	}
	v, err := d.ServerVersion()
	if err != nil {
		return "", err
	}
	return v.GitVersion, nil
}

func checkCluster(ctx context.Context, s *install.Site) Result {
	if s.Trouble != nil {
		return fail("make demo   # makes the cluster", "%v", s.Trouble)
	}
	v, err := ServerVersion(ctx, s)
	if err == nil {
		return ok("Kubernetes %s at %s", v, s.Config.Host)
	}
	nodes, _ := s.Nodes(ctx) // without Docker nobody knows, and that has its own line
	for _, name := range slices.Sorted(maps.Keys(nodes)) {
		if nodes[name] != "running" {
			return fail("docker start "+name, "the node %s is %s", name, nodes[name])
		}
	}
	return fail(Fallback, "%s does not answer: %v", s.Config.Host, err)
}

// Fallback is what to type when there is no cluster any more.
const Fallback = "make replay CAPTURE=examples/demo/recording/captures/throttle.ndjson   # the recording, with no cluster at all"

func checkSkew(ctx context.Context, s *install.Site) Result {
	have, err := kubectlVersion(ctx, s)
	if err != nil {
		return fail("kubectl version", "%v", err)
	}
	server, err := ServerVersion(ctx, s)
	if err != nil {
		return fail("kubectl version", "%v", err)
	}
	return skew(have, server)
}

func checkNodes(ctx context.Context, s *install.Site) Result {
	var nodes corev1.NodeList
	if err := s.Client.List(ctx, &nodes); err != nil {
		return fail("kubectl get nodes", "%v", err)
	}
	var bad []string
	for _, n := range nodes.Items {
		switch {
		case !slices.ContainsFunc(n.Status.Conditions, func(c corev1.NodeCondition) bool {
			return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
		}):
			bad = append(bad, n.Name+" is not ready")
		case n.Spec.Unschedulable:
			return fail("kubectl uncordon "+n.Name, "%s takes no pods", n.Name)
		}
	}
	if len(bad) > 0 || len(nodes.Items) == 0 {
		return fail("kubectl describe nodes", "%d of %d: %s", len(bad), len(nodes.Items), strings.Join(bad, ", "))
	}
	return ok("%s ready", plural(len(nodes.Items), "node"))
}

// checkCPU warns where the node is busy: whoever waits for a CPU does not run into its limit.
func checkCPU(ctx context.Context, s *install.Site) Result {
	var nodes corev1.NodeList
	var pods corev1.PodList
	if err := s.Client.List(ctx, &nodes); err != nil {
		return fail("kubectl get nodes", "%v", err)
	}
	if err := s.Client.List(ctx, &pods); err != nil {
		return fail("kubectl get pods --all-namespaces", "%v", err)
	}
	most, where := -1.0, ""
	for _, n := range nodes.Items {
		free := n.Status.Allocatable.Cpu().AsApproximateFloat64() - requested(n.Name, pods.Items)
		if free > most {
			most, where = free, n.Name
		}
	}
	detail := fmt.Sprintf("%.1f cores of %s are not requested", most, where)
	if most < minFree {
		return warn("kubectl describe node "+where, "%s: workloads may wait for each other", detail)
	}
	if s.Kind == "" {
		return ok("%s", detail)
	}
	load, known := loadAverage()
	if !known {
		return ok("%s; the load of this machine is not known", detail)
	}
	cores := nodes.Items[0].Status.Capacity.Cpu().AsApproximateFloat64()
	if cores-load < minFree {
		return warn("uptime; top", "%s, but the load of this machine is %.1f on %.0f cores: figures of throttling will blur", detail, load, cores)
	}
	return ok("%s; the load of this machine is %.1f", detail, load)
}

// requested are the cores that the pods of a node ask for.
func requested(node string, pods []corev1.Pod) float64 {
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

// loadAverage is that of the last minute, where there is /proc.
func loadAverage() (load float64, known bool) {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0, false
	}
	_, err = fmt.Sscan(string(text), &load)
	return load, err == nil
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
