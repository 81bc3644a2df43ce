package preflight

import (
	"context"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kernel-gossip/kernel-gossip/examples/demo/install"
)

// mostTold is how many images a kubelet tells of, unless it is configured otherwise.
const mostTold = 50

// checkImages looks for what the demo runs on every node: in kind by the container runtime, elsewhere by what kubelets tell.
func checkImages(ctx context.Context, s *install.Site) Result {
	if s.Kind == "" {
		return toldImages(ctx, s)
	}
	missing, err := Missing(ctx, s)
	switch {
	case err != nil:
		return fail("docker ps", "%v", err)
	case len(missing) == 0:
		return ok("%s on every node, by the container runtime", plural(len(s.Images), "image"))
	}
	node := slices.Sorted(maps.Keys(missing))[0]
	return fail(s.Recover+"   # or, by hand: docker save "+missing[node][0]+" | docker exec -i "+node+" ctr --namespace=k8s.io images import -",
		"%s lacks %s", node, strings.Join(missing[node], ", "))
}

// Missing are the images that nodes of a kind cluster lack.
func Missing(ctx context.Context, s *install.Site) (map[string][]string, error) {
	nodes, err := s.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	missing := map[string][]string{}
	for node := range nodes {
		out, err := exec.CommandContext(ctx, "docker", "exec", node, "ctr", "--namespace=k8s.io", "images", "list", "--quiet").Output()
		if err != nil {
			return nil, fmt.Errorf("docker exec %s ctr images list: %w", node, err)
		}
		have := strings.Fields(string(out))
		if lacks := lacking(s.Images, have); len(lacks) > 0 {
			missing[node] = lacks
		}
	}
	return missing, nil
}

// toldImages cannot say that an image is missing where a kubelet tells of as many as it ever does; and a registry may have it.
func toldImages(ctx context.Context, s *install.Site) Result {
	var nodes corev1.NodeList
	if err := s.Client.List(ctx, &nodes); err != nil {
		return fail("kubectl get nodes", "%v", err)
	}
	for _, n := range nodes.Items {
		var have []string
		for _, i := range n.Status.Images {
			have = append(have, i.Names...)
		}
		lacks := lacking(s.Images, have)
		switch {
		case len(lacks) == 0:
		case len(n.Status.Images) >= mostTold:
			return warn("make e2e-images E2E_REGISTRY=…", "%s tells of %d images only, not of %s", n.Name, mostTold, strings.Join(lacks, ", "))
		default:
			return warn("make e2e-images E2E_REGISTRY=…", "%s has to pull %s first", n.Name, strings.Join(lacks, ", "))
		}
	}
	return ok("%s on every node, as kubelets tell", plural(len(s.Images), "image"))
}

// lacking are the wanted images that are not among those, short names and those with Docker's registry being the same.
func lacking(wanted, have []string) []string {
	full := func(name string) string {
		first, _, inFolder := strings.Cut(name, "/")
		switch {
		case !inFolder:
			return "docker.io/library/" + name
		case !strings.ContainsAny(first, ".:") && first != "localhost":
			return "docker.io/" + name
		}
		return name
	}
	known := map[string]bool{}
	for _, name := range have {
		known[full(name)] = true
	}
	var out []string
	for _, name := range wanted {
		if !known[full(name)] {
			out = append(out, name)
		}
	}
	return out
}
