package deploy_test

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/operator"
	"github.com/kernel-gossip/kernel-gossip/operator/deploy"
)

// The component switches pull mode on, with the base and with an overlay, and changes nothing else. The Secret has all
// keys that the operator needs.
func TestPixiePullComponentSwitchesPullOn(t *testing.T) {
	k, c := start(t)
	root := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(root, "operator", "deploy"), os.DirFS(".")))
	require.NoError(t, os.CopyFS(filepath.Join(root, "crd"), os.DirFS("../../crd")))
	mine := filepath.Join(root, "mine")
	require.NoError(t, os.Mkdir(mine, 0o700))
	k.run(t, deploy.Install, "apply", "--server-side", "--filename=-")
	for _, under := range []string{"base", "overlays/production"} {
		overlay := "resources: [../operator/deploy/" + under + "]\ncomponents: [../operator/deploy/components/pixie-pull]\n"
		require.NoError(t, os.WriteFile(filepath.Join(mine, "kustomization.yaml"), []byte(overlay), 0o600))
		rendered := []byte(k.run(t, nil, "kustomize", mine))
		with, without := objects(t, rendered), objects(t, []byte(k.run(t, nil, "kustomize", under)))
		require.Len(t, with, len(without))
		out := k.run(t, rendered, "apply", "--server-side", "--dry-run=server", "--validate=strict", "--filename=-")
		require.NotContains(t, out, "Warning")
		for i := range with {
			if with[i].GetKind() != "Deployment" {
				require.Empty(t, cmp.Diff(without[i].Object, with[i].Object))
				continue
			}
			var d, plain appsv1.Deployment
			require.NoError(t, runtime.DefaultUnstructuredConverter.FromUnstructured(with[i].Object, &d))
			require.NoError(t, runtime.DefaultUnstructuredConverter.FromUnstructured(without[i].Object, &plain))
			switchedOn(t, &d)
			d.Spec.Template.Spec.Containers[0].Env = plain.Spec.Template.Spec.Containers[0].Env
			require.Empty(t, cmp.Diff(plain, d), "nothing else changes")
		}
	}

	k.run(t, nil, "patch", "deployment/kernel-gossip-operator", "--namespace=kernel-gossip",
		"--patch-file=components/pixie-pull/deployment.yaml")
	var d appsv1.Deployment
	require.NoError(t, c.Get(t.Context(), client.ObjectKey{Namespace: "kernel-gossip", Name: "kernel-gossip-operator"},
		&d))
	switchedOn(t, &d)
}

// switchedOn runs the operator's program with the environment of a Deployment, without the key: only the key must be
// missing.
func switchedOn(t *testing.T, d *appsv1.Deployment) {
	t.Helper()
	secret := map[string]string{
		"address": "work.withpixie.ai:443", "cluster-id": "01234567-89ab-cdef-0123-456789abcdef",
		"api-key": "",
	}
	environment := map[string]string{}
	var keys []string
	for _, e := range d.Spec.Template.Spec.Containers[0].Env {
		environment[e.Name] = e.Value
		if e.ValueFrom != nil {
			require.Equal(t, "kernel-gossip-pixie", e.ValueFrom.SecretKeyRef.Name)
			environment[e.Name] = secret[e.ValueFrom.SecretKeyRef.Key]
			keys = append(keys, e.ValueFrom.SecretKeyRef.Key)
		}
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(secret)), keys)
	require.NotEmpty(t, environment["GOMEMLIMIT"], "what was there stays")
	var errs bytes.Buffer
	lookup := func(name string) (string, bool) { value, set := environment[name]; return value, set }
	require.Equal(t, 2, operator.Run(t.Context(), nil, lookup, &errs, &errs))
	require.Equal(t, "kernel-gossip-operator: PIXIE_API_KEY: --pixie-pull needs it\n", errs.String())
}
