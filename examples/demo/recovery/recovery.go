// Package recovery brings a demo's cluster back from any half-broken state: it looks at each thing, repairs only what is broken, and says
// what it found and what it did. Doing it twice does no harm.
//
// What it may touch: the objects of the manifests, by their names; objects of the kinds that kernel gossip defines; and what is in a namespace with
// the label of kernel gossip. Nothing else is changed or deleted, and no other namespace is looked into.
package recovery

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/examples/demo/install"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/preflight"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
)

// How long things may take, and how often one looks.
const (
	patience  = 2 * time.Minute
	look      = 500 * time.Millisecond
	eventTime = time.Minute
	ownPace   = 5 * time.Second // for what is being deleted to go by itself
)

// repair is one recovery on its way.
type repair struct {
	*install.Site
	out   io.Writer
	found int
}

// Run repairs a site. An error says what could not be repaired, and what to type next. Whether all is well is preflight's to say.
func Run(ctx context.Context, out io.Writer, site *install.Site) error {
	r := &repair{Site: site, out: out}
	for _, step := range []func(context.Context) error{
		r.cluster, r.images, r.definitions, r.installation, r.operator, r.observer, r.workloads, r.events,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if r.found == 0 {
		fmt.Fprintln(out, "nothing was broken")
	}
	return nil
}

// Operator repairs no more than a recording needs: the cluster, the definitions, the operator and the demo's account.
func Operator(ctx context.Context, out io.Writer, site *install.Site) error {
	part := *site
	part.Wanted = slices.DeleteFunc(slices.Clone(site.Wanted), func(o unstructured.Unstructured) bool {
		return o.GetNamespace() == install.ObserverNamespace || strings.HasPrefix(o.GetName(), install.Observer)
	})
	part.Images = slices.DeleteFunc(slices.Clone(site.Images), func(image string) bool { return !strings.Contains(image, install.Operator) })
	r := &repair{Site: &part, out: out}
	for _, step := range []func(context.Context) error{r.cluster, r.images, r.definitions, r.installation, r.operator} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// tell says what was found.
func (r *repair) tell(format string, args ...any) {
	r.found++
	fmt.Fprintf(r.out, "found  %s\n", fmt.Sprintf(format, args...))
}

// did says what was done about it.
func (r *repair) did(format string, args ...any) {
	fmt.Fprintf(r.out, "did    %s\n", fmt.Sprintf(format, args...))
}

// next is an error with the command to type.
func next(command, format string, args ...any) error {
	return fmt.Errorf("%s\n       → %s", fmt.Sprintf(format, args...), command)
}

// until waits for the world to be as wanted.
func until(ctx context.Context, wanted func(context.Context) (bool, error)) error {
	return wait.PollUntilContextTimeout(ctx, look, patience, true, wanted)
}

// cluster starts the nodes of a kind cluster that were stopped, as after a restart of the machine.
func (r *repair) cluster(ctx context.Context) error {
	if r.Trouble != nil {
		return next("make demo   # makes the cluster", "%v", r.Trouble)
	}
	if r.answers(ctx) == nil {
		return nil
	}
	r.tell("%s does not answer", r.Config.Host)
	nodes, err := r.Nodes(ctx)
	if err != nil {
		return next("sudo systemctl start docker", "Docker does not answer: %v", err)
	}
	begin := time.Now().Truncate(time.Second) // as the kubelets tell of containers
	for name, state := range nodes {
		if state == "running" {
			continue
		}
		if out, err := exec.CommandContext(ctx, "docker", "start", name).CombinedOutput(); err != nil {
			return next("docker logs "+name, "docker start %s: %v: %s", name, err, out)
		}
		r.did("started the node %s, which was %s", name, state)
	}
	if err := until(ctx, func(ctx context.Context) (bool, error) { return r.answers(ctx) == nil, nil }); err != nil {
		return next(preflight.Fallback, "the cluster does not come back: %v", r.answers(ctx))
	}
	if err := until(ctx, func(ctx context.Context) (bool, error) { return r.afresh(ctx, begin), nil }); err != nil {
		return next("kubectl get pods --all-namespaces", "the pods do not come back: %v", err)
	}
	return nil
}

// afresh says whether all that is told of operator and observer is of this life of the nodes: what was written before they stopped stands until
// their kubelets have looked.
func (r *repair) afresh(ctx context.Context, begin time.Time) bool {
	for _, namespace := range []string{install.OperatorNamespace, install.ObserverNamespace} {
		var pods corev1.PodList
		if r.Client.List(ctx, &pods, client.InNamespace(namespace)) != nil {
			return false
		}
		for _, p := range pods.Items {
			for _, c := range p.Status.ContainerStatuses {
				if c.State.Running != nil && c.State.Running.StartedAt.Time.Before(begin) {
					return false
				}
			}
		}
	}
	return true
}

func (r *repair) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err := preflight.ServerVersion(ctx, r.Site)
	return err
}

// images copies to the nodes of a kind cluster what they lack and this machine has.
func (r *repair) images(ctx context.Context) error {
	if r.Kind == "" {
		return nil // a registry has them, or preflight tells
	}
	missing, err := preflight.Missing(ctx, r.Site)
	if err != nil {
		return next("docker ps", "%v", err)
	}
	lacking := map[string]bool{}
	for node, images := range missing {
		for _, image := range images {
			r.tell("node %s lacks the image %s", node, image)
			lacking[image] = true
		}
	}
	if len(lacking) == 0 {
		return nil
	}
	kind, err := testcluster.FindKind(r.Kind, r.Kubectl.Kubeconfig)
	if err != nil {
		return err
	}
	for image := range lacking {
		if err := exec.CommandContext(ctx, "docker", "image", "inspect", image).Run(); err != nil {
			return next("make e2e-images", "this machine has no image %s either", image)
		}
		if err := kind.Load(ctx, image); err != nil {
			return err
		}
		r.did("loaded %s", image)
	}
	return nil
}

// drop deletes an object, and takes one that is gone for deleted.
func (r *repair) drop(ctx context.Context, o client.Object) error {
	uid := o.GetUID()
	return client.IgnoreNotFound(r.Client.Delete(ctx, o, client.Preconditions{UID: &uid}, client.PropagationPolicy("Background")))
}
