package crd_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// The objects go to a real API server: what it accepts, what it refuses, and what kubectl shows.
func TestTheAPIServerTakesWhatWeMakeAndRefusesTheRest(t *testing.T) {
	c := startCluster(t, crd.CRDs()...)
	t.Run("takes every object of testdata", func(t *testing.T) {
		for _, e := range readExamples(t) {
			object := crd.New(e.report)
			if w, ok := object.(*v1alpha1.KernelWhisper); ok {
				w.SetName(strings.ReplaceAll(e.name, "_", "-"))
			}
			c.write(t, object)
		}
	})
	t.Run("keeps what was written", func(t *testing.T) {
		object := crd.New(adviseHidden())
		var stored, written struct {
			Metadata struct{ Generation int64 }
			Status   json.RawMessage
		}
		require.NoError(t, json.Unmarshal([]byte(c.write(t, object)), &stored))
		text, err := json.Marshal(object)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &written))
		require.JSONEq(t, string(written.Status), string(stored.Status))
		require.EqualValues(t, 1, stored.Metadata.Generation, "observedGeneration says 1")
	})
	t.Run("stores the largest objects below 16 KiB", func(t *testing.T) {
		for _, report := range largestReports("x") {
			object := crd.New(report)
			stored := c.write(t, object)
			t.Logf("%T: %d bytes", object, len(stored))
			require.Less(t, len(stored), 16<<10)
		}
	})
	t.Run("refuses", func(t *testing.T) { testRefusals(t, c) })
	t.Run("shows columns", func(t *testing.T) { testColumns(t, c) })
	t.Run("explains every field", func(t *testing.T) {
		require.Contains(
			t, c.must(t, "", "explain", "kw.status.kernelTruth.cpu.throttledMilliseconds"), "it is not a share of time",
		)
		require.Contains(t, c.must(t, "", "explain", "pbc.status.timeline"), "offsetMilliseconds")
		require.NotContains(t, c.must(t, "", "explain", "kw", "--recursive"), "<empty>")
	})
}

// testRefusals sends objects that the schema must refuse. Each case changes one valid object.
func testRefusals(t *testing.T, c *cluster) {
	t.Helper()
	const (
		whisper = `{"apiVersion":"kernel.gossip.io/v1alpha1","kind":"KernelWhisper","metadata":{"name":"refused"},` +
			`"spec":{"kind":"CPUThrottling","workload":{"group":"apps","kind":"Deployment","name":"web","uid":"u"},` +
			`"container":"app"},"status":{%s}}`
		certificate = `{"apiVersion":"kernel.gossip.io/v1alpha1","kind":"PodBirthCertificate",` +
			`"metadata":{"name":"refused"},"spec":{"pod":{"name":"refused","uid":"u"}},"status":{%s}}`
		when = `"lastTransitionTime":"2026-03-01T12:00:00Z"`
	)
	for _, object := range []string{whisper, certificate} {
		answer, err := c.apply(t, fmt.Sprintf(object, ""), "")
		require.NoError(t, err, answer)
	}
	window := `{"startTime":"2026-03-01T11:45:00Z","endTime":"2026-03-01T12:00:00Z","severity":"High","reason":"R"}`
	step := `{"offsetMilliseconds":0,"action":"a"}`
	missing := `"coverage":{"confidence":"Low","windowSeconds":0,"samples":0,"expectedSamples":0,"missing":[%s]}`
	for name, tc := range map[string]struct{ object, old, new, want string }{
		"another kind": {object: whisper, old: `"CPUThrottling"`, new: `"OOMKill"`, want: "spec is immutable"},
		"an unknown kind": {
			object: whisper, old: `"CPUThrottling"`, new: `"DiskPressure"`, want: "spec.kind: Unsupported value",
		},
		"basis points": {
			object: whisper, old: `%s`, new: `"kernelTruth":{"network":{"dropBasisPoints":10001}}`,
			want: "should be less than or equal to 10000",
		},
		"long victim": {
			object: whisper, old: `%s`, new: `"kernelTruth":{"memory":{"victim":"` + strings.Repeat("a", 49) + `"}}`,
			want: "may not be more than 48",
		},
		"many windows": {
			object: whisper, old: `%s`, new: `"otherWindows":[` + strings.Repeat(window+",", 8) + window + `]`,
			want: "must have at most 8 items",
		},
		"a window without severity": {
			object: whisper, old: `%s`,
			new:  `"otherWindows":[` + strings.Replace(window, `"severity":"High",`, ``, 1) + `]`,
			want: "severity: Required",
		},
		"unknown severity of now": {
			object: whisper, old: `%s`, new: `"now":{"severity":"Bad"}`, want: "Unsupported value",
		},
		"unknown scope": {
			object: whisper, old: `%s`, new: `"kernelTruth":{"memory":{"scope":"pod"}}`, want: "Unsupported value",
		},
		"another workload":   {object: whisper, old: `"web"`, new: `"shop"`, want: "spec is immutable"},
		"another group":      {object: whisper, old: `"apps"`, new: `"argoproj.io"`, want: "spec is immutable"},
		"another kind of it": {object: whisper, old: `"Deployment"`, new: `"StatefulSet"`, want: "spec is immutable"},
		"another container":  {object: whisper, old: `"app"`, new: `"other"`, want: "spec is immutable"},
		"another UID":        {object: whisper, old: `"u"`, new: `"v"`, want: "spec is immutable"},
		"no UID any more":    {object: whisper, old: `,"uid":"u"`, new: ``, want: "spec is immutable"},
		"no workload": {
			object: whisper, old: `"workload":{"group":"apps","kind":"Deployment","name":"web","uid":"u"},`, new: ``,
			want: "spec.workload: Required",
		},
		"a pod in place of a workload": {
			object: whisper, old: `"workload":{"group":"apps","kind":"Deployment",`, new: `"pod":{`,
			want: "field not declared in schema",
		},
		"no workload's name": {object: whisper, old: `"name":"web",`, new: ``, want: "spec.workload.name: Required"},
		"empty name": {
			object: whisper, old: `"web"`, new: `""`, want: "spec.workload.name in body should be at least 1 chars long",
		},
		"long name": {
			object: whisper, old: `"web"`, new: `"` + strings.Repeat("a", 254) + `"`, want: "may not be more than 253",
		},
		"long kind of it": {
			object: whisper, old: `"Deployment"`, new: `"` + strings.Repeat("A", 64) + `"`, want: "may not be more than 63",
		},
		"many pods": {
			object: whisper, old: `%s`,
			new:  `"pods":{"list":[` + strings.Repeat(`{"name":"a","severity":"Info"},`, 5) + `{"name":"b","severity":"Info"}]}`,
			want: "must have at most 5 items",
		},
		"a pod without severity": {
			object: whisper, old: `%s`, new: `"pods":{"list":[{"name":"a"}]}`, want: "severity: Required",
		},
		"a negative number of pods": {
			object: whisper, old: `%s`, new: `"pods":{"seen":-1}`, want: "should be greater than or equal to 0",
		},
		"many revisions": {
			object: whisper, old: `%s`, new: `"revisions":["a","b","c","d","e"]`, want: "must have at most 4 items",
		},
		"a long pod in a window": {
			object: whisper, old: `%s`,
			new:  `"worst":{"pod":{"name":"` + strings.Repeat("a", 254) + `"}}`,
			want: "may not be more than 253",
		},
		"unknown field": {
			object: whisper, old: `"spec":{`, new: `"spec":{"node":"n",`, want: "field not declared in schema",
		},
		"certificate's name": {
			object: certificate, old: `"metadata":{"name":"refused"}`, new: `"metadata":{"name":"other"}`,
			want: "has the name of its pod",
		},
		"certificate's other": {object: certificate, old: `"u"`, new: `"v"`, want: "spec is immutable"},
		"unknown status":      {object: whisper, old: `%s`, new: `"phase":"Bad"`, want: "field not declared in schema"},
		"severity":            {object: whisper, old: `%s`, new: `"severity":"Bad"`, want: "Unsupported value"},
		"percent above 100": {
			object: whisper, old: `%s`, new: `"kernelTruth":{"cpu":{"throttledPercent":101}}`,
			want: "should be less than or equal to 100",
		},
		"fraction": {
			object: whisper, old: `%s`, new: `"kernelTruth":{"cpu":{"throttledPercent":1.5}}`, want: "must be of type integer",
		},
		"negative count": {
			object: whisper, old: `%s`, new: `"kernelTruth":{"cpu":{"periods":-1}}`,
			want: "should be greater than or equal to 0",
		},
		"no quantity": {
			object: whisper, old: `%s`, new: `"metricsLie":{"cpu":{"usage":"much"}}`,
			want: "metricsLie.cpu.usage in body should match",
		},
		"long text": {
			object: whisper, old: `%s`, new: `"kernelSays":"` + strings.Repeat("a", 65) + `"`, want: "may not be more than 64",
		},
		"long message": {
			object: whisper, old: `%s`,
			new: `"conditions":[{"type":"Throttled","status":"True","reason":"R",` + when + `,"message":"` + strings.Repeat(
				"m", 1025,
			) + `"}]`,
			want: "at most 1024",
		},
		"condition twice": {
			object: whisper, old: `%s`,
			new: `"conditions":[{"type":"T","status":"True","reason":"R","message":"",` + when +
				`},{"type":"T","status":"True","reason":"R","message":"",` + when + `}]`,
			want: "duplicate",
		},
		"condition without time": {
			object: whisper, old: `%s`, new: `"conditions":[{"type":"T","status":"True","reason":"R","message":""}]`,
			want: "lastTransitionTime: Required",
		},
		"rule twice": {
			object: whisper, old: `%s`, new: `"recommendations":[{"rule":"a","priority":"Info"},{"rule":"a","priority":"Info"}]`,
			want: "duplicate",
		},
		"rule without name": {
			object: whisper, old: `%s`, new: `"recommendations":[{"priority":"Info"}]`, want: "omits all key fields",
		},
		"many missing": {
			object: whisper, old: `%s`, new: fmt.Sprintf(missing, strings.Repeat(`"f",`, 16)+`"f"`),
			want: "must have at most 16 items",
		},
		"missing, too long": {
			object: whisper, old: `%s`, new: fmt.Sprintf(missing, `"`+strings.Repeat("f", 49)+`"`),
			want: "may not be more than 48",
		},
		"many steps": {
			object: certificate, old: `%s`, new: `"timeline":[` + strings.Repeat(step+",", 32) + step + `]`,
			want: "must have at most 32 items",
		},
		"an unknown actor": {
			object: certificate, old: `%s`, new: `"timeline":[{"offsetMilliseconds":0,"action":"a","actor":"Me"}]`,
			want: "Unsupported value",
		},
		"a step without offset": {
			object: certificate, old: `%s`, new: `"timeline":[{"action":"a"}]`, want: "offsetMilliseconds: Required",
		},
	} {
		require.Contains(t, tc.object, tc.old, name)
		subresource := ""
		if tc.old == "%s" {
			subresource = "/status"
		}
		text := strings.Replace(strings.Replace(tc.object, tc.old, tc.new, 1), "%s", "", 1)
		if answer, err := c.apply(t, text, subresource); err == nil || !strings.Contains(answer, tc.want) {
			t.Errorf("%s: want a refusal with %q, got %v: %s", name, tc.want, err, answer)
		}
	}
	out, err := c.kubectl(
		t, strings.Replace(fmt.Sprintf(whisper, ""), "CPUThrottling", "NetworkIssue", 1), "create", "--validate=strict", "-f",
		"-",
	)
	require.Error(t, err)
	require.Contains(t, out, "a NetworkIssue is about whole pods")
	for _, kind := range []string{"CPUThrottling", "MemoryPressure", "OOMKill", "NetworkIssue"} {
		object := strings.Replace(fmt.Sprintf(whisper, ""), `,"container":"app"`, ``, 1)
		object = strings.Replace(strings.Replace(object, "CPUThrottling", kind, 1), "refused", strings.ToLower(kind), 1)
		c.must(t, object, "create", "--validate=strict", "-f", "-")
	}
}

// A cluster with the definitions of before, where a whisper was about a pod, keeps working with today's: what is
// there can be read and deleted, and new objects can be written.
func TestDefinitionsOfBeforeAreUpgradedInPlace(t *testing.T) {
	var before [][]byte
	paths, err := filepath.Glob("testdata/before_workloads/*.yaml")
	require.NoError(t, err)
	require.Len(t, paths, 2)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		before = append(before, text)
	}
	c := startCluster(t, before...)
	const (
		whisper = `{"apiVersion":"kernel.gossip.io/v1alpha1","kind":"KernelWhisper",` +
			`"metadata":{"name":"api-0.app.cputhrottling"},"spec":{"kind":"CPUThrottling","pod":{"name":"api-0","uid":"u"},` +
			`"container":"app"},"status":{"severity":"High","worstSeverity":"Critical","kernelSays":"throttled"}}`
		certificate = `{"apiVersion":"kernel.gossip.io/v1alpha1","kind":"PodBirthCertificate",` +
			`"metadata":{"name":"api-0"},"spec":{"pod":{"name":"api-0","uid":"u"}},"status":{"severity":"None"}}`
	)
	for _, object := range []string{whisper, certificate} {
		for _, subresource := range []string{"", "/status"} {
			answer, err := c.apply(t, object, subresource)
			require.NoError(t, err, answer)
		}
	}
	c.install(t, crd.CRDs()...)
	text, err := json.Marshal(crd.New(adviseHidden()))
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		_, err := c.apply(t, string(text), "")
		return err == nil
	}, 30*time.Second, 100*time.Millisecond, "the API serves today's definition")

	var list v1alpha1.KernelWhisperList
	require.NoError(t, json.Unmarshal([]byte(c.must(t, "", "get", "kw", "-o", "json")), &list))
	require.Len(t, list.Items, 2)
	require.Equal(t, "api-0.app.cputhrottling", list.Items[0].Name)
	require.Empty(t, list.Items[0].Spec.Workload.Name, "this is what the operator knows it by")
	require.Equal(t, v1alpha1.SeverityHigh, list.Items[0].Status.Severity)
	require.Contains(t, c.must(t, "", "get", "kernel-gossip"), "api-0.app.cputhrottling")

	c.write(t, crd.New(adviseHidden()))
	c.write(t, crd.New(reportOf(birthWith(func(f *gossip.PodBirth) { f.PodUID = "u" }))))
	c.must(t, "", "delete", "kw", "api-0.app.cputhrottling")
	require.Equal(t, "kernelwhisper.kernel.gossip.io/deployment.web.app.cputhrottling",
		strings.TrimSpace(c.must(t, "", "get", "kw", "-o", "name")))
}

// testColumns compares what `kubectl get` shows with what README.md promises.
func testColumns(t *testing.T, c *cluster) {
	t.Helper()
	c.must(t, "", "delete", "kernel-gossip", "--all")
	whisper := crd.New(adviseHidden())
	c.write(t, whisper)
	c.write(t, crd.New(reportOf(podBirth())))
	for _, tc := range []struct {
		args []string
		want string
	}{
		{
			[]string{"get", "kw"},
			"NAME WORKLOAD PODS SEVERITY KERNEL METRICS ADVICE WHEN AGE " +
				"deployment.web.app.cputhrottling web 2/3 Critical throttled in 80% of periods " +
				"33% of the CPU limit cpu limit 100m → 1 core ",
		},
		{[]string{"get", "pbc"}, "NAME SEVERITY TOOK KERNEL AGE " +
			"api-0 None 1.153s 13942 syscalls, longest: sandbox exec → container exec (733ms) "},
		{
			[]string{"get", "kw", "-o", "wide"},
			" WHEN AGE NOW WORST POD CONTAINER KIND CONFIDENCE SEEN ",
		},
		{[]string{"get", "pbc", "-o", "wide"}, "NAME SEVERITY TOOK KERNEL AGE ADVICE SYSCALLS PROCESSES CONFIDENCE BORN "},
		{
			[]string{"get", "kw", "-l", "kernel.gossip.io/workload-name=web", "-o", "name"},
			"deployment.web.app.cputhrottling ",
		},
		{[]string{"get", "kw", "-l", "kernel.gossip.io/workload-kind=StatefulSet"}, "No resources found"},
	} {
		out := c.must(t, "", tc.args...)
		t.Logf("kubectl %s\n%s", strings.Join(tc.args, " "), out)
		require.Contains(t, strings.Join(strings.Fields(out), " ")+" ", tc.want)
	}
	stale := crd.NoRecentSamples(whisper.(*v1alpha1.KernelWhisper), metav1.Now().Time)
	c.write(t, stale)
	require.Regexp(t, `Critical .* Unknown `, c.must(t, "", "get", "kw", "-o", "wide"))
}
