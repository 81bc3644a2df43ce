package deploy_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

const monitoring = "components/monitoring"

// Each alert fires when it should and not otherwise: promtool runs the rules on series.
func TestEachAlertFiresWhenItShould(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil && os.Getenv("CI") != "true" {
		t.Skip("no promtool: run `hack/promtool.sh DIR` with a DIR of your PATH")
	}
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(monitoring, "rules.yaml"))
	require.NoError(t, err)
	var rule struct {
		Spec json.RawMessage // what Prometheus reads
	}
	require.NoError(t, yaml.Unmarshal(text, &rule))
	series, err := os.ReadFile("testdata/rules.yaml")
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "rules.yml"), rule.Spec, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tests.yml"), series, 0o600))
	for _, args := range [][]string{{"check", "rules", "--lint-fatal", "rules.yml"}, {"test", "rules", "tests.yml"}} {
		cmd := exec.CommandContext(t.Context(), promtool, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "promtool %v: %s", args, out)
	}
}

// Each alert fires in one of the tests, and does not in another.
func TestNoAlertIsUntested(t *testing.T) {
	var rules struct {
		Spec struct {
			Groups []struct{ Rules []struct{ Alert string } }
		}
	}
	read(t, filepath.Join(monitoring, "rules.yaml"), &rules)
	var tests struct {
		Tests []struct {
			Alerts []struct {
				Name   string            `json:"alertname"`
				Expect []json.RawMessage `json:"exp_alerts"`
			} `json:"alert_rule_test"`
		}
	}
	read(t, "testdata/rules.yaml", &tests)
	want, fired, quiet := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, g := range rules.Spec.Groups {
		for _, r := range g.Rules {
			want[r.Alert] = true
		}
	}
	for _, test := range tests.Tests {
		for _, a := range test.Alerts {
			if len(a.Expect) > 0 {
				fired[a.Name] = true
			} else {
				quiet[a.Name] = true
			}
		}
	}
	require.NotEmpty(t, want)
	require.Empty(t, cmp.Diff(want, fired), "alerts that fire (-all +tried)")
	require.Empty(t, cmp.Diff(want, quiet), "alerts that are quiet (-all +tried)")
}

// The component can be added to the base, and adds what it says.
func TestMonitoringGoesOnTopOfTheBase(t *testing.T) {
	k := kubectl{program: filepath.Join(found(t), "kubectl")}
	without, with := withMonitoring(t, k)

	var added []string
	for _, o := range with {
		if !slices.ContainsFunc(without, func(b *unstructured.Unstructured) bool { return identity(b) == identity(o) }) {
			added = append(added, identity(o))
		}
		if o.GetName() != "kernel-gossip-dashboard" {
			continue
		}
		text, _, err := unstructured.NestedString(o.Object, "data", "kernel-gossip.json")
		require.NoError(t, err)
		require.True(t, json.Valid([]byte(text)))
		require.Equal(t, "1", o.GetLabels()["grafana_dashboard"])
	}
	want := []string{
		"ClusterRoleBinding kernel-gossip-metrics-reader", "ConfigMap kernel-gossip-dashboard",
		"NetworkPolicy kernel-gossip-metrics", "PrometheusRule kernel-gossip", "ServiceMonitor kernel-gossip",
	}
	slices.Sort(added)
	require.Empty(t, cmp.Diff(want, added), "objects (-want +got)")
	require.Len(t, with, len(without)+len(want))
}

// withMonitoring returns the objects of the base, and of the base with the component.
func withMonitoring(t *testing.T, k kubectl) (without, with []*unstructured.Unstructured) {
	t.Helper()
	root := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(root, "operator", "deploy"), os.DirFS(".")))
	require.NoError(t, os.CopyFS(filepath.Join(root, "crd"), os.DirFS("../../crd")))
	overlay := "resources: [../operator/deploy/base]\ncomponents: [../operator/deploy/components/monitoring]\n"
	require.NoError(t, os.Mkdir(filepath.Join(root, "mine"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(root, "mine", "kustomization.yaml"), []byte(overlay), 0o600))
	without = objects(t, []byte(k.run(t, nil, "kustomize", filepath.Join(root, "operator", "deploy", "base"))))
	return without, objects(t, []byte(k.run(t, nil, "kustomize", filepath.Join(root, "mine"))))
}

func identity(o *unstructured.Unstructured) string { return o.GetKind() + " " + o.GetName() }

func read(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, into), file)
}
