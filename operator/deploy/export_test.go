package deploy_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/kernel-gossip/kernel-gossip/operator/deploy"
	"github.com/kernel-gossip/kernel-gossip/pxl"
	"github.com/kernel-gossip/kernel-gossip/pxl/check"
)

// cronScript is a ConfigMap as Pixie's query broker reads it.
type cronScript struct {
	Name   string // of the script
	Script string
	Cron   struct {
		FrequencyS int64 `json:"frequency_s"`
	}
	Configs struct {
		OTelEndpointConfig struct {
			URL      string            `json:"url"`
			Insecure bool              `json:"insecure"`
			Headers  map[string]string `json:"headers"`
		} `json:"otelEndpointConfig"`
	}
}

// cronScripts returns the scripts that pixie-export's kustomization names.
func cronScripts(t *testing.T) []cronScript {
	t.Helper()
	var kustomization struct{ Resources []string }
	text, err := os.ReadFile("pixie-export/kustomization.yaml")
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, &kustomization))
	var scripts []cronScript
	for _, file := range kustomization.Resources {
		text, err := os.ReadFile(filepath.Join("pixie-export", file))
		require.NoError(t, err)
		var m corev1.ConfigMap
		require.NoError(t, yaml.UnmarshalStrict(text, &m))
		require.Equal(t, "v1 ConfigMap", m.APIVersion+" "+m.Kind)
		require.Equal(t, "pl", m.Namespace)
		require.Equal(t, "cron-script", m.Labels["purpose"], "what the query broker looks for")
		name, ours := strings.CutPrefix(m.Name, "kernel-gossip-")
		require.True(t, ours)
		s := cronScript{Name: strings.ReplaceAll(name, "-", "_"), Script: m.Data["script.pxl"]}
		require.NoError(t, yaml.UnmarshalStrict([]byte(m.Data["cron.yaml"]), &s.Cron))
		require.NoError(t, yaml.UnmarshalStrict([]byte(m.Data["configs.yaml"]), &s.Configs))
		require.Len(t, m.Data, 3)
		scripts = append(scripts, s)
	}
	return scripts
}

// Every script of package pxl is there, in its export form, and would pass Pixie's compiler.
func TestEveryScriptIsExported(t *testing.T) {
	var names []string
	for _, s := range cronScripts(t) {
		names = append(names, s.Name)
		want, err := pxl.Render(s.Name, pxl.Export, pxl.Params{Lookback: parameter(t, s.Script, "LOOKBACK")})
		require.NoError(t, err)
		if diff := cmp.Diff(want, s.Script); diff != "" {
			t.Errorf("%s is not that of package pxl: go generate ./operator/deploy/... (-want +got)\n%s", s.Name, diff)
		}
		display, err := pxl.Script(s.Name)
		require.NoError(t, err)
		var filled []check.Table
		for _, p := range check.Script(display).Probes {
			filled = append(filled, p.Table)
		}
		report := check.Script(s.Script, filled...)
		require.Empty(t, report.Problems, s.Name)
		require.Empty(t, report.Probes, "a scheduled script cannot deploy probes")
		require.Len(t, report.Exports, len(pxl.Tables(s.Name)))
		require.Less(t, len(s.Script), 900<<10, "a ConfigMap holds 1 MiB")
	}
	require.ElementsMatch(t, pxl.Names(), names)
}

// Scripts send to the installed Service, without TLS, because its port speaks plain HTTP/2; no token is shipped.
func TestExportsGoToTheInstalledService(t *testing.T) {
	want := ""
	for _, o := range objects(t, deploy.Install) {
		var s corev1.Service
		if o.GetKind() == "Service" && runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &s) == nil {
			for _, p := range s.Spec.Ports {
				if p.Name == "otlp-grpc" {
					require.Equal(t, "kubernetes.io/h2c", *p.AppProtocol)
					want = fmt.Sprintf("%s.%s.svc:%d", s.Name, s.Namespace, p.Port)
				}
			}
		}
	}
	require.Equal(t, "kernel-gossip.kernel-gossip.svc:4317", want)
	for _, s := range cronScripts(t) {
		endpoint := s.Configs.OTelEndpointConfig
		require.Equal(t, want, endpoint.URL)
		require.True(t, endpoint.Insecure)
		require.Equal(t, map[string]string{"authorization": "Bearer THE-TOKEN"}, endpoint.Headers,
			"keys of gRPC's metadata are lower case")
	}
}

// parameter returns a duration at the head of a script; 0 if there is none of that name.
func parameter(t *testing.T, script, name string) time.Duration {
	t.Helper()
	m := regexp.MustCompile(`(?m)^` + name + ` = px\.(seconds|minutes)\((\d+)\)`).FindStringSubmatch(script)
	if m == nil {
		return 0
	}
	n, err := strconv.Atoi(m[2])
	require.NoError(t, err)
	return time.Duration(n) * map[string]time.Duration{"seconds": time.Second, "minutes": time.Minute}[m[1]]
}

// Every window and every birth of at most five minutes is sent by at least two runs, at any time and even if each run
// is two seconds early or late: nothing is tried again if one fails.
func TestEveryWindowIsExportedTwice(t *testing.T) {
	const off = 2 * time.Second
	for _, s := range cronScripts(t) {
		every := time.Duration(s.Cron.FrequencyS) * time.Second
		lookback := parameter(t, s.Script, "LOOKBACK")
		require.Positive(t, every)
		require.Positive(t, lookback)
		// A row begins at 0 and is complete after this time: runs show it from then until they no longer look back to 0.
		complete := parameter(t, s.Script, "WINDOW") + parameter(t, s.Script, "LAG")
		if complete == 0 {
			complete = 5*time.Minute + parameter(t, s.Script, "SETTLE")
		}
		for phase := time.Duration(0); phase < every; phase += time.Second {
			for shift := -off; shift <= off; shift += off {
				sent := 0
				for run, at := 0, phase; at < 2*lookback; run, at = run+1, at+every {
					now := at + shift*time.Duration(run%2*2-1) // every other run early, and late
					if now >= complete && now <= lookback {
						sent++
					}
				}
				require.GreaterOrEqual(t, sent, 2, "%s: runs from %v on, %v off", s.Name, phase, shift)
				require.LessOrEqual(t, sent, 10, "%s is sent more often than it needs", s.Name)
			}
		}
	}
}
