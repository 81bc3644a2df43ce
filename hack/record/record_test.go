package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/operator/observer/kernel"
	"github.com/kernel-gossip/kernel-gossip/pixie"
)

const (
	podUID      = "53adb4d1-342d-4a26-9b5c-d8fac1943bba"
	containerID = "37e6324da06d5becc1f7e318fc4dd0253a3fff1d91f323e3a0b1c2d3e4f50617"
	sandboxID   = "b7e6324da06d5becc1f7e318fc4dd0253a3fff1d91f323e3a0b1c2d3e4f50617"
)

func writeFile(t *testing.T, file, text string, mode os.FileMode) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, []byte(text), mode))
}

// newCgroups is a folder that looks like the cgroups of a node with one pod.
func newCgroups(t *testing.T) (root string) {
	t.Helper()
	root = t.TempDir()
	writeFile(t, filepath.Join(root, "cgroup.controllers"), "cpu\n", 0o600)
	pod := filepath.Join(root, "kubepods", "pod"+podUID)
	writeFile(t, filepath.Join(pod, sandboxID, "cgroup.procs"), "42\n", 0o600)
	for name, text := range map[string]string{
		"cpu.stat": "usage_usec 0\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\n",
		"cpu.max":  "10000 100000\n", "cgroup.threads": "1\n",
		"memory.current": "5000\n", "memory.max": "max\n", "memory.stat": "inactive_file 1000\npgmajfault 3\n",
	} {
		writeFile(t, filepath.Join(pod, containerID, name), text, 0o600)
	}
	return root
}

// podJSON is a pod as kubectl prints it.
func podJSON(namespace, id string) string {
	return `{"metadata":{"name":"api-0","namespace":"` + namespace + `","uid":"` + podUID + `"},` +
		`"spec":{"nodeName":"n","containers":[{"name":"app"}]},` +
		`"status":{"containerStatuses":[{"name":"app","containerID":"containerd://` + id + `"}]}}`
}

// fakeKubectl puts a kubectl on the PATH that knows one pod.
func fakeKubectl(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "kubectl"), `#!/bin/sh
case "$*" in
"get nodes -o json") echo '{"items":[{"status":{"nodeInfo":{"kubeletVersion":"v1.37.0","containerRuntimeVersion":"containerd://2.2.0"}}}]}' ;;
"get pods -A -o json") echo '{"items":[`+podJSON("shop", containerID)+`]}' ;;
"get pods -A -o json --watch --output-watch-events") exec sleep 60 ;;
"get events -A -o json") echo '{"items":[]}' ;;
get*"-n shop -o yaml") printf 'apiVersion: v1\nitems:\n- kind: Pod\nkind: List\nmetadata: {}\n' ;;
*) echo "kubectl $*: not known" >&2; exit 1 ;;
esac
`, 0o700)
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}

func decodeEvents(t *testing.T, text []byte) []gossip.Event {
	t.Helper()
	var events []gossip.Event
	for e, err := range pixie.Decode(bytes.NewReader(text)) {
		require.NoError(t, err)
		events = append(events, e)
	}
	return events
}

func TestRecordingHasItsPodsAndItsProvenance(t *testing.T) {
	fakeKubectl(t)
	out := filepath.Join(t.TempDir(), "shop.ndjson")
	args := []string{
		"throttle", "--for=200ms", "--every=100ms", "--namespace=shop", "--out=" + out,
		"--cgroup-root=" + newCgroups(t), "--note=a test",
	}
	require.NoError(t, run(t.Context(), args, io.Discard))
	base := strings.TrimSuffix(out, ".ndjson")
	records, err := os.ReadFile(out)
	require.NoError(t, err)
	events := decodeEvents(t, records)
	require.NotEmpty(t, events)
	for _, e := range events {
		require.Equal(
			t,
			gossip.Subject{Kind: gossip.KindCPUThrottling, Namespace: "shop", Pod: "api-0", Container: "app"},
			e.Subject(),
		)
	}
	pods, err := os.ReadFile(base + ".pods.yaml")
	require.NoError(t, err)
	require.Equal(t, "apiVersion: v1\nitems:\n- kind: Pod\nkind: List\nmetadata:\n  resourceVersion: \"\"\n", string(pods))
	origin, err := os.ReadFile(base + ".provenance.yaml")
	require.NoError(t, err)
	for _, line := range []string{
		`capture: "shop.ndjson"`, `what: "a test"`, `cgroup: "v2"`, `kubernetes: "v1.37.0"`, `containerRuntime: "containerd://2.2.0"`,
		`command: "go run ./hack/record throttle --for 200ms --every 100ms --namespace shop --out shop.ndjson"`, `lost: "nothing"`,
	} {
		require.Contains(t, string(origin), line+"\n")
	}
	require.NotContains(t, string(origin), filepath.Dir(out), "no path of the machine")
}

func TestWrongCommandLinesAreRefused(t *testing.T) {
	for _, args := range [][]string{
		{},
		{"dance"},
		{"throttle"},
		{"throttle", "--namespace=shop", "--out=shop.json"},
		{"throttle", "--namespace=shop", "--out=shop.ndjson", "now"},
		{"throttle", "--speed=9"},
	} {
		_, err := parse(args, io.Discard)
		require.Error(t, err, args)
	}
	o, err := parse([]string{"memory", "--namespace=shop,batch", "--out=x.ndjson"}, io.Discard)
	require.NoError(t, err)
	require.Equal(t, []string{"shop", "batch"}, o.namespaces)
}

// newTestRecorder records one pod on fake cgroups, with a clock that the test moves.
func newTestRecorder(t *testing.T, mode string) (r *recorder, root string) {
	t.Helper()
	root = newCgroups(t)
	c := &cluster{namespaces: []string{"shop"}, byUID: map[string]*kernel.Pod{}}
	require.NoError(t, c.readEvents(strings.NewReader(`{"object":`+podJSON("shop", containerID)+`}`)))
	r, err := newRecorder(options{mode: mode, cgroupRoot: root}, c)
	require.NoError(t, err)
	r.node.Proc = filepath.Join(root, "no processes")
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	r.node.Now = func() time.Time {
		at = at.Add(5 * time.Second)
		return at
	}
	return r, root
}

func TestModesKeepTheEventsOfTheirCounters(t *testing.T) {
	for mode, want := range map[string]map[string]int{
		"throttle": {"cpu_throttle": 2},
		"mixed":    {"cpu_throttle": 2},
		"memory":   {"memory_pressure": 2},
		"network":  nil, // there are no processes
		"birth":    nil,
	} {
		r, _ := newTestRecorder(t, mode)
		for range 3 {
			require.NoError(t, r.readNode())
		}
		if diff := cmp.Diff(want, r.capture.counts); diff != "" {
			t.Errorf("%s: %s", mode, diff)
		}
	}
}

func TestIntervalsOfTwoEpochsAreLeftOut(t *testing.T) {
	r, root := newTestRecorder(t, "throttle")
	stat := filepath.Join(root, "kubepods", "pod"+podUID, containerID, "cpu.stat")
	for _, periods := range []string{"10", "20", "3", "8"} {
		writeFile(t, stat, "usage_usec 0\nnr_periods "+periods+"\nnr_throttled 0\nthrottled_usec 0\n", 0o600)
		require.NoError(t, r.readNode())
	}
	var sum int64
	for _, e := range decodeEvents(t, r.capture.joinLines()) {
		sum += e.(gossip.CPUSample).Periods.Value
	}
	require.EqualValues(t, 10+5, sum)
	var origin provenance
	require.NoError(t, r.endTrace(&origin, io.Discard))
	require.Equal(t, 1, origin.LeftOut)
}

func TestBirthsAreDroppedWhenARowIsLost(t *testing.T) {
	fakeKubectl(t)
	for name, tc := range map[string]struct{ lost, want int }{
		"all rows": {want: 1},
		"lost":     {lost: 3},
	} {
		r, _ := newTestRecorder(t, "birth")
		r.keepEvent(gossip.PodCreation{
			Origin:   gossip.Origin{Time: time.Unix(1795387302, 0), Namespace: "shop", Pod: "api-0", PodUID: podUID},
			Duration: time.Second,
		})
		r.node.LostRows = tc.lost
		var origin provenance
		var stderr bytes.Buffer
		require.NoError(t, r.endTrace(&origin, &stderr), name)
		require.Equal(t, tc.want, r.capture.counts["pod_creation"], name)
		require.Equal(t, tc.lost, origin.LostRows, name)
		require.Equal(t, tc.lost > 0, stderr.Len() > 0, name)
	}
}

func TestRecordsAreInTheOrderOfTime(t *testing.T) {
	var c capture
	for _, second := range []int64{3, 1, 2} {
		c.addEvent(
			gossip.OOMKill{
				Origin: gossip.Origin{Time: time.Unix(1795387302+second, 0), Namespace: "shop", Pod: "p", Container: "app"},
			},
		)
	}
	var seconds []int64
	for _, e := range decodeEvents(t, c.joinLines()) {
		seconds = append(seconds, e.From().Time.Unix()-1795387302)
	}
	require.Equal(t, []int64{1, 2, 3}, seconds)
}

func TestClusterKeepsEarlierRunsOfItsNamespaces(t *testing.T) {
	c := &cluster{namespaces: []string{"shop"}, byUID: map[string]*kernel.Pod{}}
	var events strings.Builder
	for _, object := range []string{podJSON("shop", containerID), podJSON("shop", sandboxID), "null"} {
		require.NoError(t, json.NewEncoder(&events).Encode(map[string]json.RawMessage{"object": json.RawMessage(object)}))
	}
	require.NoError(t, c.readEvents(strings.NewReader(events.String())))
	require.NoError(
		t,
		c.readEvents(strings.NewReader(`{"object":`+strings.ReplaceAll(podJSON("batch", containerID), podUID, "other")+`}`)),
	)
	pods := c.listPods()
	require.Len(t, pods, 1)
	require.Equal(t, containerID, pods[0].Earlier[0].ID)
	require.Equal(t, sandboxID, pods[0].Running()[0].ID)
	require.ErrorContains(t, c.readEvents(strings.NewReader("{")), "watch event")
}

func TestFailedKubectlIsAnError(t *testing.T) {
	fakeKubectl(t)
	c := &cluster{kubeconfig: "elsewhere"}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	require.ErrorContains(t, c.watchPods(ctx), "kubectl get pods")
}
