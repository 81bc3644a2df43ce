package install_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/examples/demo/install"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster/kubeassets"
	"github.com/kernel-gossip/kernel-gossip/operator/deploy"
)

func open(t *testing.T) *install.Site {
	t.Helper()
	assets, err := kubeassets.Find()
	if err != nil && os.Getenv("CI") != "true" {
		t.Skip("no kube-apiserver, etcd and kubectl: run `make test`")
	}
	require.NoError(t, err)
	cluster, err := testcluster.StartBareControlPlane(assets)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cluster.Stop()) })
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, os.WriteFile(kubeconfig, cluster.Kubeconfig, 0o600))
	s, err := install.Open(testcluster.Kubectl{Program: cluster.Kubectl, Kubeconfig: kubeconfig}, deploy.Install)
	require.NoError(t, err)
	return s
}

func compare(t *testing.T, s *install.Site) []string {
	t.Helper()
	differences, err := install.Compare(t.Context(), s.Client, s.Wanted)
	require.NoError(t, err)
	var out []string
	for _, d := range differences {
		out = append(out, d.String())
	}
	return out
}

// What was changed is told by its fields, what is as written is not told, and comparing changes nothing.
func TestCompare(t *testing.T) {
	s := open(t)
	require.Empty(t, s.Kind)
	missing := compare(t, s)
	require.Len(t, missing, len(s.Wanted))
	require.True(t, slices.Contains(missing, "Deployment kernel-gossip/kernel-gossip-operator is missing"), missing)
	require.True(t, slices.Contains(missing, "ServiceAccount kernel-gossip/kernel-gossip-demo is missing"), missing)
	for _, o := range s.Wanted {
		require.NoError(t, install.Apply(t.Context(), s.Client, o))
	}
	require.Empty(t, compare(t, s))

	var d appsv1.Deployment
	require.NoError(t, s.Client.Get(t.Context(), client.ObjectKey{Namespace: "kernel-gossip", Name: "kernel-gossip-operator"}, &d))
	d.Spec.Replicas = new(int32(0))
	d.Spec.Template.Spec.Containers[0].Image = "another"
	d.Annotations = map[string]string{"example.com/note": "not in the manifests, and nobody's business"}
	require.NoError(t, s.Client.Update(t.Context(), &d))
	require.NoError(t, s.Client.Delete(t.Context(), &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "kernel-gossip-sender"}}))
	var config corev1.ConfigMap
	require.NoError(t, s.Client.Get(t.Context(), client.ObjectKey{Namespace: "kernel-gossip", Name: "kernel-gossip"}, &config))
	config.Finalizers = []string{"example.com/held"}
	require.NoError(t, s.Client.Update(t.Context(), &config))
	require.NoError(t, s.Client.Delete(t.Context(), &config))

	want := []string{
		"ClusterRole kernel-gossip-sender is missing",
		"ConfigMap kernel-gossip/kernel-gossip is being deleted",
		"Deployment kernel-gossip/kernel-gossip-operator differs in spec.replicas, spec.template.spec.containers[0].image",
	}
	got := compare(t, s)
	slices.Sort(got)
	require.Empty(t, cmp.Diff(want, got))
	got = compare(t, s)
	slices.Sort(got)
	require.Empty(t, cmp.Diff(want, got), "comparing has changed something")
}
