package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/examples/demo/scenarios"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
)

// patience is how long each step of a recovery may take.
const patience = 2 * time.Minute

// Recover brings the site back from whatever is broken: if a check fails, it installs everything anew. What must be
// deleted is deleted, also if a finalizer holds it, every object is applied, operator and observer start again. The
// namespaces of the workloads go: a scenario makes its own. Doing it twice does no harm. An error says what could not
// be done, and what to type next.
//
// It changes only the objects of the manifests, by their names, objects of kernel gossip's own kinds, and what is in a
// namespace with the label of the demo, of operator or of observer.
func Recover(ctx context.Context, out io.Writer, s *Site) error {
	broken := false
	for _, line := range Preflight(ctx, io.Discard, s.Checks()) {
		if line.Verdict == Fail {
			broken = true
			fmt.Fprintf(out, "found  %s: %s\n", line.Name, gossip.CleanLines(line.Detail))
		}
	}
	if !broken {
		fmt.Fprintln(out, "nothing was broken")
		return nil
	}
	r := &recovery{Site: s, out: out}
	for _, step := range []func(context.Context) error{
		r.startNodes, r.loadImages, r.clearLeftovers, r.installAnew, r.awaitEvents,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Install installs operator and observer, unless both are there. It reports whether it had to.
func (s *Site) Install(ctx context.Context) (installed bool, err error) {
	found, err := s.runForBoth(ctx, "get", "--ignore-not-found", "--output=name")
	if err != nil {
		return false, err
	}
	switch len(strings.Fields(found)) {
	case 1:
		return false, errors.New("the cluster has one of operator and observer: install the other, or delete both")
	case 2:
		return false, nil
	}
	return true, testcluster.Install(ctx, s.Kubectl, s.manifests)
}

// Uninstall deletes everything that Install installs, and waits until it is gone.
func (s *Site) Uninstall(ctx context.Context) error {
	return testcluster.Uninstall(ctx, s.Kubectl, s.manifests)
}

// runForBoth runs a command of kubectl for the operator, and for the observer unless the site does without it.
func (s *Site) runForBoth(ctx context.Context, args ...string) (string, error) {
	out, err := s.Kubectl.Run(ctx, nil, append(args, "--namespace="+operatorNamespace, "deployment/"+operatorName)...)
	if err != nil || s.withoutObserver {
		return out, err
	}
	more, err := s.Kubectl.Run(ctx, nil, append(args, "--namespace="+observerNamespace, "daemonset/"+observerName)...)
	return out + more, err
}

// recovery is one run of Recover.
type recovery struct {
	*Site

	out io.Writer
}

// reportAction says what was done.
func (r *recovery) reportAction(format string, args ...any) {
	fmt.Fprintf(r.out, "did    "+format+"\n", args...)
}

// withRemedy returns an error with the command to type.
func withRemedy(command, format string, args ...any) error {
	return fmt.Errorf("%s\n       → %s", fmt.Sprintf(format, args...), command)
}

// pollUntil asks until something is so, for as long as patience.
func pollUntil(ctx context.Context, isSo func(context.Context) (bool, error)) error {
	return wait.PollUntilContextTimeout(ctx, 500*time.Millisecond, patience, true, isSo)
}

// startNodes starts the nodes of a kind cluster that were stopped, as after a restart of the machine, and waits for the
// API server.
func (r *recovery) startNodes(ctx context.Context) error {
	if r.Trouble != nil {
		return withRemedy("make demo   # makes the cluster", "%v", r.Trouble)
	}
	nodes, err := r.nodeContainers(ctx)
	if err != nil {
		return withRemedy("sudo systemctl start docker", "Docker does not answer: %v", err)
	}
	for name, state := range nodes {
		if state == "running" {
			continue
		}
		if out, err := exec.CommandContext(ctx, "docker", "start", name).CombinedOutput(); err != nil {
			return withRemedy("docker logs "+name, "docker start %s: %v: %s", name, err, out)
		}
		r.reportAction("started the node %s, which was %s", name, state)
	}
	if err := pollUntil(ctx, func(ctx context.Context) (bool, error) {
		return r.checkNodes(ctx).Verdict == OK, nil
	}); err != nil {
		return withRemedy(Fallback, "the cluster does not come back: %s", r.checkNodes(ctx).Detail)
	}
	return nil
}

// loadImages copies to the nodes of a kind cluster the images that they lack. Other clusters have a registry.
func (r *recovery) loadImages(ctx context.Context) error {
	if r.Kind == "" {
		return nil
	}
	kind, err := testcluster.FindKind(r.Kind, r.Kubectl.Kubeconfig)
	if err == nil {
		err = kind.Load(ctx, r.Images...)
	}
	if err != nil {
		return withRemedy("make e2e-images", "%v", err)
	}
	return nil
}

// clearLeftovers deletes the namespaces of the workloads, and finishes each deletion that was begun.
func (r *recovery) clearLeftovers(ctx context.Context) error {
	for _, name := range r.Namespaces {
		var ns corev1.Namespace
		err := r.Client.Get(ctx, client.ObjectKey{Name: name}, &ns)
		switch {
		case apierrors.IsNotFound(err):
		case err != nil:
			return err
		case ns.Labels[scenarios.PartOf] != scenarios.Part:
			return withRemedy("kubectl get all --namespace "+name,
				"namespace %s lacks the label %s of the demo, so it stays as it is", name, scenarios.PartOf)
		default:
			if err := r.deleteFully(ctx, "namespace", "", name); err != nil {
				return err
			}
		}
	}
	for _, wanted := range r.Wanted {
		live := wanted.DeepCopy()
		err := r.Client.Get(ctx, client.ObjectKeyFromObject(live), live)
		if client.IgnoreNotFound(err) != nil {
			return err
		}
		if err != nil || live.GetDeletionTimestamp() == nil {
			continue
		}
		if err := r.deleteFully(ctx, strings.ToLower(live.GetKind()), live.GetNamespace(), live.GetName()); err != nil {
			return err
		}
	}
	return nil
}

// deleteFully deletes an object and waits until it is gone. After a few seconds it takes the finalizers from what holds
// it.
func (r *recovery) deleteFully(ctx context.Context, kind, namespace, name string) error {
	remove := []string{"delete", kind, name, "--namespace=" + namespace, "--ignore-not-found", "--wait"}
	if _, err := r.Kubectl.Run(ctx, nil, append(remove, "--timeout=5s")...); err != nil {
		if err := r.releaseHolders(ctx, kind, namespace, name); err != nil {
			return err
		}
		if _, err := r.Kubectl.Run(ctx, nil, append(remove, "--timeout="+patience.String())...); err != nil {
			return withRemedy("kubectl get "+kind+" "+name+" --output yaml   # its conditions say what is left", "%v", err)
		}
	}
	r.reportAction("deleted %s %s", kind, name)
	return nil
}

// leftInNamespace finds, in the conditions of a namespace, the kinds of the objects that are left in it.
var leftInNamespace = regexp.MustCompile(`([\w.]+?)\.? has \d+ resource instances`)

// releaseHolders takes the finalizers from what holds an object that is being deleted: the objects in a namespace, the
// objects of a definition, or the object itself.
func (r *recovery) releaseHolders(ctx context.Context, kind, namespace, name string) error {
	kinds, where := []string{kind}, []string{"--namespace=" + namespace, "--field-selector=metadata.name=" + name}
	switch kind {
	case "namespace":
		conditions, err := r.Kubectl.Run(ctx, nil, "get", kind, name, "--output=jsonpath={.status.conditions[*].message}")
		if err != nil {
			return err
		}
		kinds, where = nil, []string{"--namespace=" + name}
		for _, found := range leftInNamespace.FindAllStringSubmatch(conditions, -1) {
			kinds = append(kinds, found[1])
		}
	case "customresourcedefinition":
		kinds, where = []string{name}, []string{"--all-namespaces"}
	}
	for _, held := range kinds {
		const format = "--output=jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name} {end}"
		out, err := r.Kubectl.Run(ctx, nil, append([]string{"get", held, format}, where...)...)
		if err != nil {
			return err
		}
		for object := range strings.FieldsSeq(out) {
			in, called, _ := strings.Cut(object, "/")
			if _, err := r.Kubectl.Run(ctx, nil, "patch", held, called, "--namespace="+in,
				"--type=merge", `--patch={"metadata":{"finalizers":null}}`); err == nil { // else it is gone
				r.reportAction("took the finalizers from %s %s", held, object)
			}
		}
	}
	return nil
}

// installAnew applies everything, and starts operator and observer again. The lease goes too: its holder may be a
// process that has died, and a new one would wait for it. The observer sees no birth before it listens to the kernel.
func (r *recovery) installAnew(ctx context.Context) error {
	for _, wanted := range r.Wanted {
		if _, err := r.applyObject(ctx, wanted); err != nil {
			return withRemedy(recoverCommand, "%s %s: %v", wanted.GetKind(), wanted.GetName(), err)
		}
	}
	r.reportAction("applied %s", countOf(len(r.Wanted), "object"))
	_, err := r.runForBoth(ctx, "rollout", "restart")
	if err == nil {
		lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: operatorNamespace, Name: operatorName}}
		err = client.IgnoreNotFound(r.Client.Delete(ctx, lease))
	}
	if err == nil {
		_, err = r.runForBoth(ctx, "rollout", "status", "--timeout="+patience.String())
	}
	if err == nil {
		err = pollUntil(ctx, func(ctx context.Context) (bool, error) { return r.checkLeader(ctx).Verdict == OK, nil })
	}
	if err == nil && !r.withoutObserver {
		err = testcluster.WaitForObservers(ctx, r.Kubectl)
	}
	if err != nil {
		return withRemedy("kubectl get pods --all-namespaces; "+operatorLog+"; "+observerLog, "%v", err)
	}
	r.reportAction("started the pods again")
	return nil
}

// awaitEvents waits for the first events. If none comes, preflight says so.
func (r *recovery) awaitEvents(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience/2)
	defer cancel()
	_ = pollUntil(ctx, func(ctx context.Context) (bool, error) {
		return r.withoutObserver || r.checkEvents(ctx).Verdict == OK, nil
	})
	return nil
}
