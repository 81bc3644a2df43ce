package deploy_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr/testr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
	"github.com/kernel-gossip/kernel-gossip/operator"
	"github.com/kernel-gossip/kernel-gossip/operator/deploy"
)

// The smoke test of a deployment passes if the operator works, fails if it does not, and leaves nothing.
func TestSmokeTestFindsAnOperatorThatFails(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil && os.Getenv("CI") != "true" {
		t.Skip("no curl")
	}
	assets := found(t)
	cluster, err := testcluster.StartBareControlPlane(assets)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cluster.Stop()) })
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, os.WriteFile(kubeconfig, cluster.Kubeconfig, 0o600))
	k := kubectl{cluster.Kubectl, kubeconfig}
	k.run(t, deploy.Install, "apply", "--server-side", "--filename=-")

	smoke := func(addr string) ([]byte, error) {
		cmd := exec.CommandContext(t.Context(), "../../hack/smoke.sh", "http://"+addr+"/v1/events")
		cmd.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig, "PATH="+assets+string(filepath.ListSeparator)+
			os.Getenv("PATH"))
		return cmd.CombinedOutput()
	}
	c, err := client.New(cluster.Config, client.Options{})
	require.NoError(t, err)
	out, err := smoke("127.0.0.1:1")
	require.Error(t, err, "nobody listens there: %s", out)
	left(t, c, 1)

	o, err := operator.New(cluster.Config, operator.Options{
		IngestAddress: "127.0.0.1:0", HealthAddress: "0", MetricsAddress: "0", Metrics: prometheus.NewRegistry(),
		WriteDelay: 50 * time.Millisecond,
	}, testr.New(t))
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- o.Start(ctx) }()
	defer func() { stop(); require.NoError(t, <-done) }()
	var addr net.Addr
	addr, err = o.Addr(t.Context())
	require.NoError(t, err)
	out, err = smoke(addr.String())
	require.NoError(t, err, "%s", out)
	left(t, c, 2)
}

// left returns the namespaces of smoke tests. They remain without controllers, but they must be marked as deleted.
func left(t *testing.T, c client.Client, want int) {
	t.Helper()
	var all corev1.NamespaceList
	require.NoError(t, c.List(t.Context(), &all))
	got := 0
	for _, ns := range all.Items {
		if strings.HasPrefix(ns.Name, "kernel-gossip-smoke-") {
			require.NotNil(t, ns.DeletionTimestamp)
			got++
		}
	}
	require.Equal(t, want, got)
	var bindings rbacv1.ClusterRoleBindingList
	require.NoError(t, c.List(t.Context(), &bindings))
	for _, b := range bindings.Items {
		require.NotContains(t, b.Name, "smoke")
	}
}
