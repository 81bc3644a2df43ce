package demo_test

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

	"github.com/kernel-gossip/kernel-gossip/examples/demo"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster/kubeassets"
	"github.com/kernel-gossip/kernel-gossip/operator/deploy"
)

// openSite returns an API server as a site.
func openSite(t *testing.T) *demo.Site {
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
	s, err := demo.Open(testcluster.Kubectl{Program: cluster.Kubectl, Kubeconfig: kubeconfig}, deploy.Install)
	require.NoError(t, err)
	return s
}

func findDifferences(t *testing.T, s *demo.Site) []string {
	t.Helper()
	differences, err := s.Differences(t.Context())
	require.NoError(t, err)
	slices.Sort(differences)
	return differences
}

func TestDifferencesNameTheFieldsAndChangeNothing(t *testing.T) {
	s := openSite(t)
	missing := findDifferences(t, s)
	require.Len(t, missing, len(s.Wanted))
	require.Contains(t, missing, "Deployment kernel-gossip/kernel-gossip-operator is missing")
	for _, o := range s.Wanted {
		apply := client.ApplyConfigurationFromUnstructured(o.DeepCopy())
		require.NoError(t, s.Client.Apply(t.Context(), apply, client.FieldOwner("kubectl")))
	}
	require.Empty(t, findDifferences(t, s))

	key := client.ObjectKey{Namespace: "kernel-gossip", Name: "kernel-gossip-operator"}
	var d appsv1.Deployment
	require.NoError(t, s.Client.Get(t.Context(), key, &d))
	d.Spec.Replicas = new(int32(0))
	d.Spec.Template.Spec.Containers[0].Image = "another"
	d.Annotations = map[string]string{"example.com/note": "the manifests do not name it"}
	require.NoError(t, s.Client.Update(t.Context(), &d))
	role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "kernel-gossip-sender"}}
	require.NoError(t, s.Client.Delete(t.Context(), role))
	var config corev1.ConfigMap
	key.Name = "kernel-gossip"
	require.NoError(t, s.Client.Get(t.Context(), key, &config))
	config.Finalizers = []string{"example.com/held"}
	require.NoError(t, s.Client.Update(t.Context(), &config))
	require.NoError(t, s.Client.Delete(t.Context(), &config))

	for range 2 {
		require.Empty(t, cmp.Diff([]string{
			"ClusterRole kernel-gossip-sender is missing",
			"ConfigMap kernel-gossip/kernel-gossip is being deleted",
			"Deployment kernel-gossip/kernel-gossip-operator differs in spec.replicas, spec.template.spec.containers[0].image",
		}, findDifferences(t, s)))
	}
}
