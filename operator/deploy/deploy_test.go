package deploy_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster/kubeassets"
	"github.com/kernel-gossip/kernel-gossip/operator/deploy"
)

// kubectl runs the program that came with the API server.
type kubectl struct{ program, kubeconfig string }

func (k kubectl) run(t *testing.T, stdin []byte, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), k.program, args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+k.kubeconfig)
	cmd.Stdin = bytes.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "kubectl %s: %s", strings.Join(args, " "), out)
	return string(out)
}

// found is the folder with kube-apiserver, etcd and kubectl. With -short they do not run: what they say about manifests
// is not what the race detector looks at.
func found(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("no manifest is applied with -short")
	}
	assets, err := kubeassets.Find()
	if err != nil && os.Getenv("CI") != "true" {
		t.Skip("no kube-apiserver, etcd and kubectl: run `make test`")
	}
	require.NoError(t, err)
	return assets
}

func start(t *testing.T) (kubectl, client.Client) {
	t.Helper()
	cluster, err := testcluster.StartBareControlPlane(found(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cluster.Stop()) })
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, os.WriteFile(kubeconfig, cluster.Kubeconfig, 0o600))
	c, err := client.New(cluster.Config, client.Options{})
	require.NoError(t, err)
	return kubectl{cluster.Kubectl, kubeconfig}, c
}

// objects returns the objects of a rendered file.
func objects(t *testing.T, rendered []byte) []*unstructured.Unstructured {
	t.Helper()
	var out []*unstructured.Unstructured
	for d := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(rendered), 4096); ; {
		o := &unstructured.Unstructured{}
		err := d.Decode(o)
		if errors.Is(err, io.EOF) {
			return out
		}
		require.NoError(t, err)
		if len(o.Object) > 0 {
			out = append(out, o)
		}
	}
}

// A real API server takes the installation, with strict validation, and each overlay; deleting the installation deletes
// all of it.
func TestAPIServerTakesTheInstallation(t *testing.T) {
	k, c := start(t)
	k.run(t, deploy.Install, "apply", "--server-side", "--validate=strict", "--filename=-")
	overlays, err := filepath.Glob("overlays/*")
	require.NoError(t, err)
	require.Len(t, overlays, 4)
	for _, overlay := range overlays {
		rendered := k.run(t, nil, "kustomize", overlay)
		out := k.run(t, []byte(rendered), "apply", "--server-side", "--dry-run=server", "--validate=strict", "--filename=-")
		require.NotContains(t, out, "Warning", overlay)
		for _, o := range objects(t, []byte(rendered)) {
			require.NotEqual(t, "Secret", o.GetKind(), "nothing ships a credential")
		}
	}
	k.run(t, nil, "create", "namespace", "pl")
	rendered := k.run(t, nil, "kustomize", "pixie-export")
	with := strings.ReplaceAll(rendered, "THE-TOKEN", "0123456789abcdef") // as its README says
	k.run(t, []byte(with), "apply", "--server-side", "--validate=strict", "--filename=-")
	for _, s := range cronScripts(t) {
		var m corev1.ConfigMap
		require.NoError(t, c.Get(t.Context(),
			client.ObjectKey{Namespace: "pl", Name: "kernel-gossip-" + strings.ReplaceAll(s.Name, "_", "-")}, &m))
		require.Equal(t, s.Script, m.Data["script.pxl"])
		require.Contains(t, m.Data["configs.yaml"], "authorization: Bearer 0123456789abcdef\n")
	}
	for _, observer := range []string{"counters", "births"} {
		rendered := k.run(t, nil, "kustomize", "../observer/deploy/"+observer)
		k.run(t, nil, "apply", "--server-side", "--filename=../observer/deploy/counters/namespace.yaml")
		k.run(t, []byte(rendered), "apply", "--server-side", "--dry-run=server", "--validate=strict", "--filename=-")
	}

	k.run(t, deploy.Install, "delete", "--wait=false", "--filename=-")
	for _, o := range objects(t, deploy.Install) {
		err := c.Get(t.Context(), client.ObjectKeyFromObject(o), o)
		if err == nil && o.GetDeletionTimestamp() != nil {
			continue // without controllers the deletion of a namespace does not end
		}
		require.True(t, apierrors.IsNotFound(err), "%s %s: %v", o.GetKind(), o.GetName(), err)
	}
}

// The namespace admits the operator's pod, and no pod that needs more rights.
func TestNamespaceAdmitsOnlyTheOperator(t *testing.T) {
	k, c := start(t)
	k.run(t, deploy.Install, "apply", "--server-side", "--filename=-")
	var d appsv1.Deployment
	require.NoError(t, c.Get(t.Context(), client.ObjectKey{Namespace: "kernel-gossip", Name: "kernel-gossip-operator"},
		&d))
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: d.Namespace, Name: "p"}, Spec: d.Spec.Template.Spec}
	require.NoError(t, c.Create(t.Context(), pod.DeepCopy(), client.DryRunAll))
	pod.Spec.Containers[0].SecurityContext = &corev1.SecurityContext{Privileged: new(true)}
	err := c.Create(t.Context(), pod, client.DryRunAll)
	require.True(t, apierrors.IsForbidden(err), "%v", err)
	require.ErrorContains(t, err, "violates PodSecurity")
}

// No right is wider than its marker in the code.
func TestRightsAreNoWiderThanTheCodeNeeds(t *testing.T) {
	var scopes []string
	for _, o := range objects(t, deploy.Install) {
		if o.GetNamespace() != "" {
			require.Equal(t, "kernel-gossip", o.GetNamespace(), o.GetName())
		}
		if o.GetKind() != "ClusterRole" && o.GetKind() != "Role" {
			continue
		}
		var role rbacv1.ClusterRole
		require.NoError(t, runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &role))
		for _, r := range role.Rules {
			for _, list := range [][]string{r.APIGroups, r.Resources, r.Verbs, r.NonResourceURLs} {
				require.NotContains(t, list, "*", role.Name)
			}
		}
		scopes = append(scopes, o.GetKind()+" "+o.GetName())
	}
	want := []string{
		"Role kernel-gossip-operator", "ClusterRole kernel-gossip-metrics-reader", "ClusterRole kernel-gossip-operator",
		"ClusterRole kernel-gossip-sender", "ClusterRole kernel-gossip-view",
	}
	if diff := cmp.Diff(want, scopes); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
}

// Production takes an image by its digest if it has one, as the overlay's comment says.
func TestProductionTakesAnImageByDigest(t *testing.T) {
	program := filepath.Join(found(t), "kubectl")
	digest := "sha256:" + strings.Repeat("0a", 32)
	root := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(root, "operator", "deploy"), os.DirFS(".")))
	require.NoError(t, os.CopyFS(filepath.Join(root, "crd"), os.DirFS("../../crd")))
	overlay := filepath.Join(root, "operator", "deploy", "overlays", "production")
	file := filepath.Join(overlay, "kustomization.yaml")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	with := regexp.MustCompile(`newTag: .*`).ReplaceAll(text,
		[]byte("digest: "+digest)) // what kustomize edit set image writes
	require.NotEqual(t, text, with)
	require.NoError(t, os.WriteFile(file, with, 0o600))
	rendered := kubectl{program: program}.run(t, nil, "kustomize", overlay)
	require.Contains(t, rendered, fmt.Sprintf("image: ghcr.io/kernel-gossip/kernel-gossip-operator@%s\n", digest))
}
