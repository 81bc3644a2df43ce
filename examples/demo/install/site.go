// Package install knows what the demo needs in a cluster, and compares it with what is there: the manifests of operator and observer,
// object by object and field by field, without changing anything. Apply writes one of them as it should be.
//
// The comparison is the API server's own: a server-side apply that is only tried. So fields that nobody wrote, and that have a default,
// are no difference; fields that somebody else added, and that the manifests do not name, are none either.
package install

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
)

// Where things are, as their manifests have it.
const (
	OperatorNamespace = "kernel-gossip"
	Operator          = "kernel-gossip-operator" // Deployment and lease
	ObserverNamespace = "kernel-gossip-observer"
	Observer          = "kernel-gossip-observer" // DaemonSet and account
	Crew              = "kernel-gossip-demo"     // the account in OperatorNamespace that the demo sends and looks as
	// Part is the label that tells what is ours. What has neither of the values below is never deleted.
	Part = "app.kubernetes.io/part-of"
	// Product is the label's value on operator and observer.
	Product = "kernel-gossip"
	// DemoPart is the label's value on what belongs to the demo.
	DemoPart = "kernel-gossip-demo"
)

//go:embed crew.yaml
var crew []byte

// CrewManifest is the manifest of the account that the demo sends and looks as. Open adds it to those it is given.
func CrewManifest() []byte { return bytes.Clone(crew) }

// Site is a cluster, and what the demo wants there.
type Site struct {
	Client  client.Client
	Config  *rest.Config
	Kubectl testcluster.Kubectl
	// Kind is the name of the kind cluster that the kubeconfig's context is of; empty: it is some other cluster.
	Kind string
	// Wanted are the objects that operator, observer and demo consist of, in the order in which they are applied.
	Wanted []unstructured.Unstructured
	// Images are what the demo runs, by their full names.
	Images []string
	// Namespaces are where the demo's workloads live, each with the level of Pod Security that its pods need.
	Namespaces map[string]string
	// Trouble is why there is no Client and no Config, such as a kubeconfig that cannot be read; nil: there are both.
	Trouble error
	// Recover is the command that recovers: the remedy of most troubles.
	Recover string
}

// Open prepares a site; the cluster need not be there. Manifests are those of operator and observer, in YAML; the demo's own account is added to
// them. An error means that the kubeconfig or the manifests cannot be read.
func Open(kubectl testcluster.Kubectl, manifests []byte) (*Site, error) {
	load := &clientcmd.ClientConfigLoadingRules{ExplicitPath: kubectl.Kubeconfig}
	if kubectl.Kubeconfig == "" {
		load = clientcmd.NewDefaultClientConfigLoadingRules()
	}
	deferred := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(load, nil)
	config, err := deferred.ClientConfig()
	if err != nil {
		return nil, err
	}
	config.QPS = -1
	raw, err := deferred.RawConfig()
	if err != nil {
		return nil, err
	}
	s := &Site{Config: config, Kubectl: kubectl}
	if current, ok := raw.Contexts[raw.CurrentContext]; ok {
		if name, isKind := strings.CutPrefix(current.Cluster, "kind-"); isKind {
			s.Kind = name
		}
	}
	if s.Wanted, err = parse(append(append(bytes.Clone(manifests), "\n---\n"...), crew...)); err != nil {
		return nil, err
	}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, apiextensionsv1.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	s.Client, err = client.New(config, client.Options{Scheme: scheme})
	return s, err
}

// Nodes are the containers that the kind cluster's nodes are, running or not, with Docker's word for their state.
func (s *Site) Nodes(ctx context.Context) (map[string]string, error) {
	if s.Kind == "" {
		return nil, nil
	}
	cmd := exec.CommandContext(ctx, "docker", "ps", "--all", "--filter", "label=io.x-k8s.kind.cluster="+s.Kind, "--format", "{{.Names}} {{.State}}")
	out, err := cmd.Output()
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

func parse(manifests []byte) ([]unstructured.Unstructured, error) {
	var out []unstructured.Unstructured
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifests), 4096)
	for {
		var o unstructured.Unstructured
		err := decoder.Decode(&o.Object)
		switch {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, fmt.Errorf("manifests: %w", err)
		case len(o.Object) > 0:
			out = append(out, o)
		}
	}
}
