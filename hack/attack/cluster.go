package main

import (
	"context"
	"fmt"
	"os"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster/kubeassets"
)

// home is the namespace of the accounts and of the lease.
const home = "kernel-gossip"

// testCluster is an API server with three accounts: an honest sender, a sender with a token that was stolen, and
// Prometheus.
type testCluster struct {
	plane      *testcluster.ControlPlane
	client     client.Client
	kubeconfig string // file

	honest, stolen, scraper string // tokens
}

func startCluster(ctx context.Context) (*testCluster, error) {
	assets, err := kubeassets.Get(ctx, os.Stderr)
	if err != nil {
		return nil, err
	}
	plane, err := testcluster.StartControlPlane(assets)
	if err != nil {
		return nil, err
	}
	c := &testCluster{plane: plane}
	if err := c.prepareAccounts(ctx); err != nil {
		c.stop()
		return nil, err
	}
	return c, nil
}

func (c *testCluster) stop() {
	if c.kubeconfig != "" {
		_ = os.Remove(c.kubeconfig)
	}
	if err := c.plane.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "attack:", err)
	}
}

// prepareAccounts makes the client, the file kubeconfig and the accounts.
func (c *testCluster) prepareAccounts(ctx context.Context) error {
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return err
	}
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return err
	}
	var err error
	if c.client, err = client.New(c.plane.Config, client.Options{Scheme: scheme}); err != nil {
		return err
	}
	file, err := os.CreateTemp("", "kubeconfig-")
	if err != nil {
		return err
	}
	c.kubeconfig = file.Name()
	if _, err := file.Write(c.plane.Kubeconfig); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if err := c.makeNamespace(ctx, home); err != nil {
		return err
	}
	senders := []string{"/v1/events", "/v1/metrics"}
	if c.honest, err = c.makeAccount(ctx, "honest", "post", senders, "kernel-gossip"); err != nil {
		return err
	}
	if c.stolen, err = c.makeAccount(ctx, "stolen", "post", senders, "kernel-gossip"); err != nil {
		return err
	}
	c.scraper, err = c.makeAccount(ctx, "prometheus", "get", []string{"/metrics"})
	return err
}

func (c *testCluster) makeNamespace(ctx context.Context, name string) error {
	return c.client.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
}

// makeAccount makes an account that may do one thing with these paths, and returns a token of it.
func (c *testCluster) makeAccount(
	ctx context.Context, name, verb string, paths []string, audiences ...string,
) (token string, err error) {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: home, Name: name}}
	for _, object := range []client.Object{
		account,
		&rbacv1.ClusterRole{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Rules:      []rbacv1.PolicyRule{{NonResourceURLs: paths, Verbs: []string{verb}}},
		},
		&rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: home, Name: name}},
		},
	} {
		if err := c.client.Create(ctx, object); err != nil {
			return "", err
		}
	}
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{Audiences: audiences}}
	err = c.client.SubResource("token").Create(ctx, account, request)
	return request.Status.Token, err
}

// makePods makes n pods, as a kubelet reports them. No node runs them.
func (c *testCluster) makePods(ctx context.Context, namespace, name string, n int) ([]target, error) {
	var out []target
	for i := range n {
		t, err := c.makePod(ctx, namespace, fmt.Sprintf("%s-%d", name, i))
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

func (c *testCluster) makePod(
	ctx context.Context, namespace, name string, owners ...metav1.OwnerReference,
) (target, error) {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, OwnerReferences: owners},
		Spec: corev1.PodSpec{
			SchedulingGates: []corev1.PodSchedulingGate{{Name: "example.com/never"}},
			Containers: []corev1.Container{{Name: "app", Image: "none", Resources: corev1.ResourceRequirements{
				Limits: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m")},
			}}},
		},
	}
	if err := c.client.Create(ctx, pod); err != nil {
		return target{}, err
	}
	id := "id-of-" + name
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
		Name: "app", Image: "none", ImageID: "none", ContainerID: "containerd://" + id,
		State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
	}}
	return target{namespace, name, string(pod.UID), id}, c.client.Status().Update(ctx, pod)
}

// readVerdicts returns the severity about the CPU time of each pod without a controller in a namespace, if it has an
// object.
func (c *testCluster) readVerdicts(ctx context.Context, namespace string) (map[string]string, error) {
	var list v1alpha1.KernelWhisperList
	if err := c.client.List(ctx, &list, client.InNamespace(namespace)); err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, w := range list.Items {
		if w.Spec.Kind == v1alpha1.WhisperCPUThrottling && w.Spec.Container == "app" && w.Status.Severity != "" {
			out[w.Spec.Workload.Name] = string(w.Status.Severity)
		}
	}
	return out, nil
}
