package replay_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"mvdan.cc/sh/v3/syntax"
	"sigs.k8s.io/yaml"

	"github.com/kernel-gossip/kernel-gossip/replay"
)

// marker is in every hostile text that tries to be a command.
const marker = "pwned"

// hostileTexts are what a name, a message or an annotation may be.
var hostileTexts = map[string]string{
	"a line end":          "x\nkubectl delete namespace " + marker,
	"several line ends":   "x\r\n\n\u0085\u2028kubectl delete namespace " + marker + "\n\n",
	"a carriage return":   "x\rkubectl delete namespace " + marker,
	"escape sequences":    "x\x1b[2J\x1b]0;" + marker + "\x07\x1b[1A",
	"C1 and DEL":          "x\u009b2J\u0090\x7f\x08" + marker,
	"a command in quotes": "x'; kubectl delete namespace " + marker + "; '",
	"double quotes":       `x"; kubectl delete namespace ` + marker + `; "`,
	"substitutions":       "$(kubectl delete namespace " + marker + ")`kubectl delete namespace " + marker + "`${" + marker + "}",
	"shell operators":     "x & kubectl delete namespace " + marker + " | sh > " + marker + " #",
	"JSON":                `x"}]},"` + marker + `":[{"`,
	"marks of direction":  "x\u202e" + marker + "\u2066\u200f\u061c",
	"no width":            "x\u200b\u200d\ufeff\u2060\u00ad" + marker,
	"tags":                "x\U000E0001\U000E0041\U000E007F" + marker,
	"selectors":           "x\ufe0f\U000E0101" + marker,
	"not UTF-8":           "x\xff\xc3" + marker,
	"10 kB":               strings.Repeat("a", 10<<10) + marker,
	"10 kB of line ends":  strings.Repeat("\n", 10<<10) + "kubectl delete namespace " + marker,
}

// mixedTexts are for the places, because there are many: all that cannot be seen, all that a shell obeys, and length.
var mixedTexts = []string{
	"x\nkubectl delete namespace " + marker + "\r\n\x1b[2J\u009b\u202e\u200b\U000E0041\x7f\xff`id`$(id)'; id; '\"",
	hostileTexts["a command in quotes"] + hostileTexts["substitutions"] + hostileTexts["double quotes"],
	hostileTexts["10 kB"],
}

// requireVisible holds an output to lines of visible characters.
func requireVisible(t *testing.T, output string) {
	t.Helper()
	require.True(t, utf8.ValidString(output))
	at := strings.IndexFunc(output, func(r rune) bool {
		hidden := unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.Zl, unicode.Zp, unicode.Bidi_Control,
			unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
		return hidden && r != '\n'
	})
	if at >= 0 {
		require.Failf(t, "an invisible character", "%q", output[max(0, at-80):min(len(output), at+80)])
	}
	for line := range strings.Lines(output) {
		require.False(t, strings.HasPrefix(line, "kubectl delete"), "a line ready to paste: %s", line)
	}
}

// requireVisibleTexts holds every text in JSON or YAML to that, also those that an escape hides.
func requireVisibleTexts(t *testing.T, value any) {
	t.Helper()
	visitTexts(value, func(_, text string, _ func(string)) {
		require.NotContains(t, text, "\n")
		requireVisible(t, text)
	})
}

// visitTexts calls visit with each text in decoded JSON, the names around it, and a function that puts another text in
// its place.
func visitTexts(value any, visit func(path, text string, put func(string))) {
	visitBelow("", value, visit)
}

func visitBelow(path string, value any, visit func(path, text string, put func(string))) {
	each := func(path string, value any, put func(any)) {
		if text, ok := value.(string); ok {
			visit(path, text, func(other string) { put(other) })
			return
		}
		visitBelow(path, value, visit)
	}
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			each(path+"."+key, value[key], func(other any) { value[key] = other })
		}
	case []any:
		for i := range value {
			each(path, value[i], func(other any) { value[i] = other })
		}
	}
}

// requireSafeCommands parses what --commands printed as a shell does: comments, and simple commands of kubectl with
// words that have nothing to expand. A hostile text is in quotes or not there.
func requireSafeCommands(t *testing.T, output string) (commands int) {
	t.Helper()
	for part := range strings.SplitSeq(output, "\n\n") {
		if !strings.HasPrefix(part, "# ") {
			continue
		}
		file, err := syntax.NewParser().Parse(strings.NewReader(part+"\n"), "")
		require.NoError(t, err, part)
		for _, statement := range file.Stmts {
			requireSimpleCommand(t, statement, part)
			commands++
		}
	}
	return commands
}

func requireSimpleCommand(t *testing.T, s *syntax.Stmt, part string) {
	t.Helper()
	call, simple := s.Cmd.(*syntax.CallExpr)
	require.True(t, simple && len(s.Redirs)+len(call.Assigns) == 0 && !s.Background && !s.Negated, part)
	require.Equal(t, "kubectl", call.Args[0].Lit(), part)
	for _, word := range call.Args {
		require.Len(t, word.Parts, 1, part)
		switch word := word.Parts[0].(type) {
		case *syntax.Lit:
			require.NotContains(t, word.Value, marker, part)
			require.False(t, strings.ContainsAny(word.Value, `*?[]{}~\`), part)
		case *syntax.SglQuoted:
			require.False(t, word.Dollar, part)
		default:
			require.Failf(t, "a word that a shell expands", "%s", part)
		}
	}
}

// replayHostile replays a capture in every form and holds what is printed to be safe.
func replayHostile(t *testing.T, capture, pods string, forms ...[]string) (commands int) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	files := []string{write("in.ndjson", capture)}
	if pods != "" {
		files = append(files, "--pods", write("pods.json", pods))
	}
	for _, form := range forms {
		var out, errs bytes.Buffer
		replay.Run(append(slices.Clone(form), files...), nil, &out, &errs)
		requireVisible(t, errs.String())
		requireVisible(t, out.String())
		require.NotContains(t, out.String()+errs.String(), strings.Repeat("a", 2000), "no text is long")
		switch form[len(form)-1] {
		case "json":
			for line := range strings.Lines(out.String()) {
				var object map[string]any
				require.NoError(t, json.Unmarshal([]byte(line), &object))
				requireVisibleTexts(t, object)
			}
		case "yaml":
			for document := range strings.SplitSeq(out.String(), "---\n") {
				var object map[string]any
				require.NoError(t, yaml.Unmarshal([]byte(document), &object))
				requireVisibleTexts(t, object)
			}
		case "--commands":
			commands += requireSafeCommands(t, out.String())
		}
	}
	return commands
}

var (
	asTable = []string{"--explain", "--commands"}
	asJSON  = []string{"-o", "json"}
	asForms = [][]string{asTable, asJSON, {"-o", "yaml"}, {"-o", "wide"}, {"-o", "name"}}
)

// hostileRecords are one record of each kind, with every text that it may have.
const hostileRecords = `
{"type":"cpu_throttle","timestamp":"2026-01-02T10:02:00Z","namespace":"shop","pod_name":"api-0","pod_uid":"u0","node":"n","container_name":"app","container_id":"containerd://c","source":"s","period_seconds":120,"nr_periods":1100,"nr_throttled":700,"throttled_usec":56000000,"usage_usec":11000000,"limit_cores":0.1}
{"type":"memory_pressure","timestamp":"2026-01-02T10:02:00Z","namespace":"shop","pod_name":"api-0","pod_uid":"u0","node":"n","container_name":"app","container_id":"containerd://c","source":"s","period_seconds":120,"working_set_bytes":520000000,"limit_bytes":536870912,"psi_some_avg60":20,"limit_hits":4}
{"type":"oom_kill","timestamp":"2026-01-02T10:02:00Z","namespace":"shop","pod_name":"api-0","pod_uid":"u0","node":"n","container_name":"app","container_id":"containerd://c","source":"s","victim_pid":7,"victim_comm":"java","usage_bytes":536870912,"limit_bytes":536870912,"scope":"memcg"}
{"type":"network_issue","timestamp":"2026-01-02T10:02:00Z","namespace":"shop","pod_name":"api-0","pod_uid":"u0","node":"n","container_name":"app","container_id":"containerd://c","source":"s","period_seconds":60,"tcp_segments_sent":12000,"tcp_retransmits":540,"connect_failures":30}
{"type":"pod_creation","timestamp":"2026-01-02T10:02:00Z","namespace":"shop","pod_name":"api-0","pod_uid":"u0","node":"n","source":"s","total_syscalls":13942,"duration_ns":9153000000,"syscalls":{"openat":4021},"timeline":[{"timestamp_ms":0,"actor":"kubelet","action":"cgroup created","details":"d"},{"timestamp_ms":9000,"actor":"runtime","action":"exec","details":"app"}]}
`

// eachHostile visits the JSON once for each text in it and each hostile text, with that in its place. Of equal texts in
// the same field the first one is enough. Bytes that are not UTF-8 are written as they are.
func eachHostile(t *testing.T, original string, texts []string, visit func(hostile string)) (places int) {
	t.Helper()
	const standIn = "\ue000stand-in"
	for places = 0; ; places++ {
		var value any
		require.NoError(t, json.Unmarshal([]byte(original), &value))
		found, seen := false, map[string]bool{}
		visitTexts(value, func(path, text string, put func(string)) {
			if field := path + " " + text; !seen[field] {
				if len(seen) == places {
					found = true
					put(standIn)
				}
				seen[field] = true
			}
		})
		if !found {
			return places
		}
		text, err := json.Marshal(value)
		require.NoError(t, err)
		for _, hostile := range texts {
			visit(strings.ReplaceAll(string(text), standIn, escapeJSON(hostile)))
		}
	}
}

// escapeJSON escapes what a JSON string must not have, and nothing else.
func escapeJSON(text string) string {
	var b strings.Builder
	for i := range len(text) {
		switch c := text[i]; {
		case c < ' ' || c == '"' || c == '\\':
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func TestNoTextOfARecordGetsOutUncleaned(t *testing.T) {
	require.Positive(t, replayHostile(t, hostileRecords, "", asForms...))
	var variants []string
	for record := range strings.Lines(strings.TrimSpace(hostileRecords)) {
		eachHostile(t, record, mixedTexts, func(hostile string) { variants = append(variants, hostile) })
	}
	require.Greater(t, len(variants), 100)
	for some := range slices.Chunk(variants, 10) { // the most refusals of a file that are printed
		replayHostile(t, hostileRecords+strings.Join(some, "\n"), "", asTable, asJSON)
	}
	for _, hostile := range hostileTexts { // in every free text at once
		changed := hostileRecords
		for _, free := range []string{
			`"u0"`, `"n"`, `"containerd://c"`, `"s"`, `"java"`, `"cgroup created"`, `"d"`, `"exec"`,
		} {
			require.Contains(t, hostileRecords, ":"+free)
			changed = strings.ReplaceAll(changed, ":"+free, `:"`+escapeJSON(hostile[:min(len(hostile), 100)])+`"`)
		}
		replayHostile(t, changed, "", asForms...)
	}
}

// The kill counts, whatever the process calls itself.
func TestAHostileNameHidesNoKill(t *testing.T) {
	for what, text := range hostileTexts {
		if len(text) > 256 {
			continue // the kernel keeps 15 bytes of a name
		}
		t.Run(what, func(t *testing.T) {
			kill := `{"type":"oom_kill","timestamp":"2026-01-02T10:02:00Z","namespace":"shop","pod_name":"api-0","container_name":"app",` +
				`"victim_comm":"` + escapeJSON(text) + `"}`
			require.Contains(t, replayText(t, kill), "1 verdict on 1 pod: 1 Critical")
		})
	}
}

// hostilePods are pods with everything that advice reads: templates, makers, autoscalers, bounds, a pending resize.
func hostilePods(t *testing.T) (records, pods string) {
	t.Helper()
	pod := func(name, owner, more string) string {
		records += `{"type":"cpu_throttle","timestamp":"2026-01-02T10:02:00Z","namespace":"shop","pod_name":"` + name +
			`","container_name":"app","period_seconds":120,"nr_periods":1100,"nr_throttled":700,"throttled_usec":56000000,` +
			`"usage_usec":11000000}` + "\n"
		return `
- apiVersion: v1
  kind: Pod
  metadata:
    name: ` + name + `
    namespace: shop
    uid: u-` + name + `
    ownerReferences: [{apiVersion: apps/v1, controller: true, uid: o, ` + owner + `}]
    ` + more + `
  spec:
    containers:
    - {name: app, resources: {limits: {cpu: 100m, memory: 64Mi}, requests: {cpu: 50m, memory: 64Mi}}}
  status:
    qosClass: Burstable
    startTime: "2026-01-02T09:00:00Z"`
	}
	const running = `
    containerStatuses:
    - name: app
      containerID: containerd://a
      state: {running: {startedAt: "2026-01-02T09:00:00Z"}}
      lastState: {terminated: {reason: OOMKilled, exitCode: 137, containerID: containerd://b}}
      resources: {limits: {cpu: 100m, memory: 64Mi}, requests: {cpu: 50m, memory: 64Mi}}`
	text := "apiVersion: v1\nkind: List\nitems:" +
		pod("custom-0", "kind: Rollout, name: custom", "") + running +
		pod("sts-0", "kind: StatefulSet, name: sts", "") + running +
		pod("ds-0", "kind: DaemonSet, name: unseen", "") + running +
		pod("web-5d-0", "kind: ReplicaSet, name: web-5d", "labels: {pod-template-hash: 5d}") + running +
		pod("resized-0", "kind: StatefulSet, name: resized", "") +
		`
    conditions: [{type: PodResizePending, status: "True", reason: Deferred, message: no room}]` +
		strings.Replace(running, "cpu: 100m", "cpu: 90m", 1) +
		pod("vpa-0", "kind: StatefulSet, name: vpa", "") + running +
		pod("marked-0", "kind: StatefulSet, name: marked",
			`annotations: {vpaUpdates: "Pod resources updated by bot: container 0: cpu request, cpu limit"}`) + running +
		pod("hpa-0", "kind: StatefulSet, name: hpa", "") + strings.Replace(running, "50m", "100m", 1) +
		`
- {apiVersion: apps/v1, kind: StatefulSet,
   metadata: {name: sts, namespace: shop, annotations: {meta.helm.sh/release-name: rel}},
   spec: {template: {spec: {containers: [{name: app, resources: {limits: {cpu: 100m}}}]}}}}
- {apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop,
   ownerReferences: [{apiVersion: example.com/v1, kind: Website, name: site, controller: true, uid: w}]},
   spec: {paused: true, template: {spec: {containers: [{name: other, resources: {limits: {cpu: 100m}}}]}}}}
- {apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: scaler, namespace: shop},
   spec: {scaleTargetRef: {apiVersion: apps/v1, kind: StatefulSet, name: hpa},
          metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]}}
- {apiVersion: autoscaling.k8s.io/v1, kind: VerticalPodAutoscaler, metadata: {name: sizer, namespace: shop},
   spec: {targetRef: {apiVersion: apps/v1, kind: StatefulSet, name: vpa},
          resourcePolicy: {containerPolicies: [
            {containerName: app, controlledValues: RequestsAndLimits, maxAllowed: {cpu: 200m}}]}}}
- {apiVersion: v1, kind: LimitRange, metadata: {name: bounds, namespace: shop},
   spec: {limits: [{type: Container, max: {cpu: "64"}}]}}
- {apiVersion: v1, kind: ResourceQuota, metadata: {name: quota, namespace: shop},
   spec: {hard: {limits.cpu: "64"}}, status: {used: {limits.cpu: "1"}}}
`
	asJSON, err := yaml.YAMLToJSON([]byte(text))
	require.NoError(t, err)
	return records, string(asJSON)
}

func TestNoTextOfAClusterGetsOutUncleaned(t *testing.T) {
	records, pods := hostilePods(t)
	honest := replayHostile(t, records, pods, asForms...)
	require.Greater(t, honest, 8, "commands of several pods")
	places := eachHostile(t, pods, mixedTexts, func(hostile string) { replayHostile(t, records, hostile, asTable) })
	require.Greater(t, places, 80)
	for what, text := range hostileTexts {
		t.Run(what, func(t *testing.T) {
			changed := pods
			for _, place := range []string{
				`"Rollout"`, `"custom"`, `"rel"`, `"Website"`, `"no room"`, `"scaler"`, `"sizer"`, `"quota"`,
			} {
				require.Contains(t, pods, place)
				changed = strings.ReplaceAll(changed, place, `"`+escapeJSON(text)+`"`)
			}
			replayHostile(t, records, changed, asForms...)
		})
	}
}

func TestAKindThatIsNoneIsNotNamed(t *testing.T) {
	records, pods := hostilePods(t)
	require.Contains(t, replayPods(t, records, pods), "The resize lasts as long as the pod: change the Rollout where")
	pods = strings.ReplaceAll(pods, `"Rollout"`, `"Rollout and run kubectl delete namespace `+marker+`, not the pod,"`)
	output := replayPods(t, records, pods)
	require.Contains(t, output, "The resize lasts as long as the pod: change the owner where")
	require.NotContains(t, output, marker)
}

// replayPods replays records with pods, and returns the table and the commands.
func replayPods(t *testing.T, records, pods string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pods.json")
	require.NoError(t, os.WriteFile(path, []byte(pods), 0o600))
	return replayText(t, records, "--commands", "--pods", path)
}

// A result comes from anywhere: kubectl prints what other writers put into objects.
func TestDiffShowsNoHostileText(t *testing.T) {
	dir := t.TempDir()
	before, after := filepath.Join(dir, "before.json"), filepath.Join(dir, "after.json")
	compare := func(hostile string) string {
		require.NoError(t, os.WriteFile(after, []byte(hostile), 0o600))
		var out, errs bytes.Buffer
		replay.Run([]string{"diff", before, after}, nil, &out, &errs)
		requireVisible(t, out.String())
		requireVisible(t, errs.String())
		return out.String()
	}
	kill := strings.Split(strings.TrimSpace(hostileRecords), "\n")[2]
	result := replayText(t, kill, "-o", "json")
	result = strings.ReplaceAll(result, `"victim":"java"`, `"victim":"a�b"`)
	require.NoError(t, os.WriteFile(before, []byte(result), 0o600))
	places := eachHostile(t, result, mixedTexts[:2], func(hostile string) { compare(hostile) })
	require.Greater(t, places, 20)
	require.Contains(t, compare(strings.ReplaceAll(result, "a�b", `a\u202eb`)), "differ in characters that are not shown")
}

// An operator's answer is a text from elsewhere, too.
func TestSendShowsNoHostileAnswer(t *testing.T) {
	for what, text := range hostileTexts {
		t.Run(what, func(t *testing.T) {
			answer := func(code int, body string) {
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.WriteHeader(code)
					_, _ = w.Write([]byte(body))
				}))
				defer server.Close()
				var out, errs bytes.Buffer
				args := []string{"send", "--url", server.URL, "--speed", "max", "--attempts", "1", "-"}
				code = replay.Run(args, strings.NewReader(hostileRecords), &out, &errs)
				require.NotZero(t, code)
				requireVisible(t, out.String()+errs.String())
			}
			hostile := `"` + escapeJSON(text) + `"`
			answer(http.StatusOK, `{"accepted":3,"rejected":2,"unknown":1,"warning":`+hostile+`,"errors":[`+hostile+`,"line 1: `+
				escapeJSON(text)+`"]}`)
			answer(http.StatusBadRequest, `{"accepted":0,"error":`+hostile+`}`)
			answer(http.StatusServiceUnavailable, text)
		})
	}
}

// The records reach the operator, which decodes them as the command did.
func TestSendPassesHostileTextsOn(t *testing.T) {
	var got bytes.Buffer
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = got.ReadFrom(r.Body)
		_, _ = w.Write([]byte(`{"accepted":1}`))
	}))
	defer server.Close()
	for _, arguments := range [][]string{nil, {"--now"}} {
		got.Reset()
		path := filepath.Join(t.TempDir(), "in.ndjson")
		kill := strings.Split(strings.TrimSpace(hostileRecords), "\n")[2]
		require.NoError(t, os.WriteFile(path, []byte(strings.Replace(kill, "java", "na\xc3\u202e", 1)), 0o600))
		var out, errs bytes.Buffer
		code := replay.Run(append([]string{"send", "--url", server.URL, "--speed", "max", path}, arguments...), nil, &out, &errs)
		require.Zero(t, code, errs.String())
		require.Contains(t, replayText(t, got.String()), "called na��")
	}
}
