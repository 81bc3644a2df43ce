package demo

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/kernel-gossip/kernel-gossip/examples/demo/scenarios"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
)

// Namespaces and names of operator and observer, as their manifests have them.
const (
	operatorNamespace = "kernel-gossip"
	operatorName      = "kernel-gossip-operator" // of the Deployment and the lease
	observerNamespace = "kernel-gossip-observer"
	observerName      = "kernel-gossip-observer" // of the DaemonSet and its account
	accountName       = "kernel-gossip-demo"     // of the account in operatorNamespace that sends and reads metrics
)

//go:embed account.yaml
var account []byte

// Site is a cluster, and what the demo needs in it.
type Site struct {
	Client  client.Client
	Host    string // of the API server
	Kubectl testcluster.Kubectl
	// Kind is the name of the kind cluster that the kubeconfig belongs to; it is empty for any other cluster.
	Kind string
	// Wanted are the objects of operator, observer and the demo's account, in the order in which they are applied.
	Wanted []unstructured.Unstructured
	// Images are the images that the demo runs, by their full names.
	Images []string
	// Namespaces are where the workloads of the demo run.
	Namespaces []string
	// Trouble is why there is no Client, such as a kubeconfig that cannot be read; nil if there is one.
	Trouble error

	manifests       []byte
	withoutObserver bool
}

// Open prepares a site from the manifests of operator and observer, in YAML. The cluster need not run. The demo's own
// account is added to the manifests. An error means that the kubeconfig or the manifests cannot be read.
func Open(kubectl testcluster.Kubectl, manifests []byte, images ...string) (*Site, error) {
	load := &clientcmd.ClientConfigLoadingRules{ExplicitPath: kubectl.Kubeconfig}
	if kubectl.Kubeconfig == "" {
		load = clientcmd.NewDefaultClientConfigLoadingRules()
	}
	kubeconfig := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(load, nil)
	config, err := kubeconfig.ClientConfig()
	if err != nil {
		return nil, err
	}
	config.QPS = -1
	s := &Site{
		Host: config.Host, Kubectl: kubectl, Images: images,
		Namespaces: []string{scenarios.Namespace, scenarios.LossNamespace},
		manifests:  slices.Concat(manifests, []byte("\n---\n"), account),
	}
	if raw, err := kubeconfig.RawConfig(); err == nil && raw.Contexts[raw.CurrentContext] != nil {
		if cluster, isKind := strings.CutPrefix(raw.Contexts[raw.CurrentContext].Cluster, "kind-"); isKind {
			s.Kind = cluster
		}
	}
	if s.Wanted, err = parseManifests(s.manifests); err != nil {
		return nil, err
	}
	s.Client, err = client.New(config, client.Options{})
	return s, err
}

// WithoutObserver returns the part of the site that is enough for recordings.
func (s *Site) WithoutObserver() *Site {
	part := *s
	part.withoutObserver = true
	part.Wanted = slices.DeleteFunc(slices.Clone(s.Wanted), func(o unstructured.Unstructured) bool {
		return o.GetNamespace() == observerNamespace || strings.HasPrefix(o.GetName(), observerName)
	})
	part.Images = slices.DeleteFunc(slices.Clone(s.Images), func(image string) bool {
		return !strings.Contains(image, operatorName)
	})
	return &part
}

// nodeContainers returns the state, in Docker's words, of the containers that are the nodes of a kind cluster.
func (s *Site) nodeContainers(ctx context.Context) (map[string]string, error) {
	if s.Kind == "" {
		return nil, nil
	}
	out, err := exec.CommandContext(ctx, "docker", "ps", "--all", "--format", "{{.Names}} {{.State}}",
		"--filter", "label=io.x-k8s.kind.cluster="+s.Kind).Output()
	if err != nil {
		return nil, fmt.Errorf("docker ps: %w", err)
	}
	nodes := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, state, _ := strings.Cut(strings.TrimSpace(line), " ")
		nodes[name] = state
	}
	return nodes, nil
}

func parseManifests(manifests []byte) ([]unstructured.Unstructured, error) {
	var out []unstructured.Unstructured
	for manifest := range bytes.SplitSeq(manifests, []byte("\n---\n")) {
		var o unstructured.Unstructured
		if err := yaml.Unmarshal(manifest, &o.Object); err != nil {
			return nil, fmt.Errorf("manifests: %w", err)
		}
		if len(o.Object) > 0 {
			out = append(out, o)
		}
	}
	return out, nil
}
