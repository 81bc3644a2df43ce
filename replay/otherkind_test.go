package replay_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/replay"
)

const goodRecord = `{"type":"cpu_throttle","timestamp":"2026-11-22T12:00:10Z","namespace":"shop","pod_name":"api-0",` +
	`"container_name":"app","throttle_percentage":60}` + "\n"

// A file of another kind gives one line, which names the kind and what to use instead, however long the file is.
func TestFilesOfAnotherKindAreNamedOnce(t *testing.T) {
	noise := make([]byte, 1<<20)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	for name, tc := range map[string]struct{ text, want string }{
		"cpu.stat, kubevirt/kubevirt#12970": {
			text: "usage_usec 988930037\nuser_usec 980846160\nsystem_usec 8083877\nnr_periods 1197\nnr_throttled 496\n" +
				"throttled_usec 395384834\n",
			want: "cpu.stat of a cgroup",
		},
		"cpu.stat of cgroup v1, after a prompt": {
			text: "$ cat cpu.stat\nnr_periods 7607\nnr_throttled 4174\nthrottled_time 3322148518000\n",
			want: "cpu.stat of a cgroup",
		},
		"memory.events": {
			text: "low 0\nhigh 0\nmax 12\noom 1\noom_kill 1\noom_group_kill 0\n",
			want: "a file of a cgroup",
		},
		"memory.pressure": {
			text: "some avg10=0.00 avg60=1.20 avg300=0.30 total=11\nfull avg10=0.00 avg60=0.10 avg300=0.00 total=2\n",
			want: "a file of a cgroup",
		},
		"cpu.max": {text: "800000 100000\n", want: "a file of a cgroup"},
		"ig, inspektor-gadget/inspektor-gadget#484": {
			text: strings.Repeat(`{"k8s":{"node":"minikube","namespace":"oomkill-demo","podName":"test-pod"},`+
				`"runtime":{"runtimeName":"containerd"},"fpid":13416,"tpid":13416,"tcomm":"tail","mntns_id":4026532588}`+"\n", 99),
			want: "events of Inspektor Gadget",
		},
		"cAdvisor, kubernetes-monitoring/kubernetes-mixin#108": {
			text: strings.Repeat("# TYPE container_cpu_cfs_periods_total counter\n"+
				`container_cpu_cfs_periods_total{container="app",namespace="shop",pod="api-0"} 449 1395066363000`+"\n", 99),
			want: "Prometheus' text format",
		},
		"samples without comments": {
			text: `container_cpu_cfs_periods_total{container="app"} 449` + "\n",
			want: "Prometheus' text format",
		},
		"Prometheus' API": {
			text: `{"status":"success","data":{"resultType":"vector","result":[]}}`,
			want: "an answer of Prometheus' API",
		},
		"dmesg, hashicorp/nomad#24335": {
			text: strings.Repeat("[ 7096.161121] Memory cgroup out of memory: Killed process 79699 (php-fpm) "+
				"total-vm:568056kB, anon-rss:107940kB\n", 99),
			want: "kernel log lines",
		},
		"journalctl -o json": {
			text: `{"__REALTIME_TIMESTAMP":"1","MESSAGE":"oom-kill:constraint=CONSTRAINT_MEMCG"}`,
			want: "kernel log lines",
		},
		"kubectl describe": {
			text: "Name:         resize-demo\nPriority: 0\nNamespace:    studio\nContainers:\n  stress:\n",
			want: "kubectl describe",
		},
		"kubectl get": {text: "NAME   READY   STATUS\napi-0  1/1     Running\n", want: "a table of kubectl"},
		"kubectl get -A -o wide": {
			text: "NAMESPACE   NAME    READY   STATUS    RESTARTS\nshop        api-0   1/1     Running   0\n",
			want: "a table of kubectl",
		},
		"kubectl top":  {text: "NAME    CPU(cores)   MEMORY(bytes)\napi-0   3m           20Mi\n", want: "kubectl top"},
		"docker stats": {text: "CONTAINER ID   NAME   CPU %\nabc   web   3%\n", want: "docker stats"},
		"docker's API": {
			text: `{"read":"2026-01-02T03:04:05Z","cpu_stats":{"throttling_data":{"periods":449}}}`,
			want: "docker stats",
		},
		"the kubelet's summary": {text: `{"node":{"nodeName":"n"},"pods":[]}`, want: "the kubelet's /stats/summary"},
		"pods, gardener/gardener#3769": {
			text: `[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}]`,
			want: "Kubernetes objects",
		},
		"pods as YAML": {text: "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n", want: "Kubernetes objects"},
		"results": {
			text: "apiVersion: kernel.gossip.io/v1alpha1\nkind: KernelWhisper\n",
			want: "results of gossip-replay",
		},
		"results as JSON": {
			text: `{"apiVersion":"kernel.gossip.io/v1alpha1","kind":"KernelWhisper","status":{}}`,
			want: "results of gossip-replay",
		},
		"traces": {
			text: strings.Repeat(`{"resourceSpans":[{"resource":{}}]}`+"\n", 99),
			want: "OpenTelemetry traces",
		},
		"logs":       {text: strings.Repeat(`{"resourceLogs":[{"resource":{}}]}`+"\n", 99), want: "OpenTelemetry logs"},
		"a web page": {text: "<!DOCTYPE html>\n<html><body>Sign in {\n</body></html>\n", want: "a web page"},
		"CSV": {
			text: "time_,pod,nr_periods\n2026-01-02,shop/api-0,449\n2026-01-02,shop/api-1,449\n",
			want: "a table of comma-separated values",
		},
		"PxL":                   {text: "# a script\nimport px\ndf = px.DataFrame('process_stats')\n", want: "a PxL script"},
		"a log":                 {text: strings.Repeat("2026-01-02 starting\n", 999), want: "text without JSON"},
		"noise":                 {text: "\x07" + string(noise), want: "binary data"},
		"bzip2":                 {text: "BZh91AY&SY" + string(noise[:99]), want: "a file packed with bzip2"},
		"xz":                    {text: "\xfd7zXZ\x00" + string(noise[:99]), want: "a file packed with xz"},
		"pcap":                  {text: "\xd4\xc3\xb2\xa1\x02\x00\x04\x00" + string(noise[:99]), want: "captured packets"},
		"pcapng":                {text: "\x0a\x0d\x0d\x0a\x1c\x00\x00\x00" + string(noise[:99]), want: "captured packets"},
		"UTF-16":                {text: "\xff\xfe" + utf16LE(goodRecord), want: "text in UTF-16"},
		"UTF-16 without a mark": {text: utf16LE(goodRecord), want: "text in UTF-16"},
		"tar":                   {text: tarOf(t, goodRecord), want: "a tar archive"},
		"tar.gz":                {text: gzipOf(t, tarOf(t, goodRecord)), want: "a tar archive"},
		"zip":                   {text: zipOf(t, goodRecord), want: "a zip archive"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			require.Equal(t, 2, replay.Run(nil, strings.NewReader(tc.text), &out, &errs))
			require.Empty(t, out.String())
			require.True(t, strings.HasPrefix(errs.String(), "gossip-replay: stdin: looks like "+tc.want), errs.String())
			require.Equal(t, 1, strings.Count(errs.String(), "\n"), errs.String())
			require.NotContains(t, errs.String(), "Go ")

			errs.Reset()
			send := []string{"send", "--url", "http://127.0.0.1:1", "-"}
			require.Equal(t, 2, replay.Run(send, strings.NewReader(tc.text), &out, &errs))
			if !strings.HasPrefix(tc.want, "OpenTelemetry") { // send takes no OpenTelemetry at all
				require.True(t, strings.HasPrefix(errs.String(), "gossip-replay: stdin: looks like "+tc.want), errs.String())
			}
			require.Equal(t, 1, strings.Count(errs.String(), "\n"), errs.String())
		})
	}
}

// If a file has good records, its first ten errors are printed, and then the number of the others.
func TestTheFirstTenRecordErrorsOfAFileArePrinted(t *testing.T) {
	bad := "{\"type\":\"cpu_throttle\"}\n"
	tenOf := func(text string, from int) (want string) {
		for line := from; line < from+10; line++ {
			want += fmt.Sprintf("stdin:%d: %s\n", line, text)
		}
		return want
	}
	const required = "cpu_throttle: timestamp: required"
	const stray = "invalid JSON: object or array expected, found 'b'; the rest of the line is skipped"
	const twoMore = "stdin: 2 more records were refused\n"
	for name, tc := range map[string]struct {
		text string
		code int
		want string
	}{
		"before a good one": {
			text: strings.Repeat(bad, 12) + goodRecord, code: 1,
			want: tenOf(required, 1) + twoMore,
		},
		"after a good one": {
			text: goodRecord + strings.Repeat(bad, 11), code: 1,
			want: tenOf(required, 2) + "stdin: 1 more record was refused\n",
		},
		"ten": {
			text: goodRecord + strings.Repeat(bad, 10), code: 1,
			want: tenOf(required, 2),
		},
		"noise after a record": {
			text: goodRecord + strings.Repeat("bla\n", 37955), code: 1,
			want: tenOf(stray, 2) + "stdin: 37945 more records were refused\n",
		},
		"none is good": {
			text: strings.Repeat(bad, 12), code: 2,
			want: tenOf(required, 1) + twoMore + "gossip-replay: no record that could be used\n",
		},
		"a table that is not ours": {
			text: strings.Repeat(`{"_tableName_":"http_events"}`+"\n", 12), code: 2,
			want: tenOf(`_tableName_: not one of ours (kg_<type>_v1): "http_events"`, 1) + twoMore +
				"gossip-replay: no record that could be used\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			require.Equal(t, tc.code, replay.Run(nil, strings.NewReader(tc.text), &out, &errs))
			require.Equal(t, tc.want, errs.String())
		})
	}
}

// A directory means the captures in it; other files are ignored.
func TestADirectoryMeansTheCapturesInIt(t *testing.T) {
	dir := t.TempDir()
	record := func(pod string) string { return strings.Replace(goodRecord, "api-0", pod, 1) }
	for name, text := range map[string]string{
		"b.ndjson": record("b"), "a.json.gz": gzipOf(t, record("a")), "c.jsonl": record("c"), // the captures
		"README.md": "# captures", "b.provenance.yaml": "a: b", ".hidden.json": "{",
		"a.pods.yaml": "kind: Pod", "a.pods.json": "{}", "pods.json": "{}", "x.yaml.gz": gzipOf(t, "kind: Pod"),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, "more.json"), 0o700))
	var out, errs bytes.Buffer
	require.Equal(t, 1, replay.Run([]string{"-o", "json", dir}, nil, &out, &errs))
	require.Empty(t, errs.String())
	require.Equal(t, 3, strings.Count(out.String(), "\n"))

	out.Reset()
	empty := filepath.Join(dir, "more.json")
	require.Equal(t, 2, replay.Run([]string{empty}, nil, &out, &errs))
	require.Equal(t, "gossip-replay: "+empty+": no capture in this directory: "+
		"none of its files ends in .ndjson, .jsonl, .json, .pb, .gz, .zst\n", errs.String())
}

func utf16LE(text string) string {
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune(text)) {
		b.WriteByte(byte(unit))
		b.WriteByte(byte(unit >> 8))
	}
	return b.String()
}

func gzipOf(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func tarOf(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	require.NoError(t, w.WriteHeader(&tar.Header{Name: "capture.ndjson", Mode: 0o600, Size: int64(len(text))}))
	_, err := w.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func zipOf(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create("capture.ndjson")
	require.NoError(t, err)
	_, err = f.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}
