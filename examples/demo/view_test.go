package demo

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/stage"
	"github.com/kernel-gossip/kernel-gossip/replay"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// recorded are the whispers, the certificates and the pods of a capture.
func recorded(t *testing.T, name string) (whispers []*v1alpha1.KernelWhisper, births []*v1alpha1.PodBirthCertificate, pods map[string]*corev1.Pod) {
	t.Helper()
	capture := filepath.Join("..", "captures", name)
	var out, errs strings.Builder
	code := replay.Run([]string{"-o", "json", capture + ".ndjson", "--pods", capture + ".pods.yaml"}, nil, &out, &errs)
	require.Less(t, code, 2, errs.String())
	for line := range strings.SplitSeq(strings.TrimSpace(out.String()), "\n") {
		var kind metav1.TypeMeta
		require.NoError(t, json.Unmarshal([]byte(line), &kind))
		if kind.Kind == "PodBirthCertificate" {
			births = append(births, new(v1alpha1.PodBirthCertificate))
			require.NoError(t, json.Unmarshal([]byte(line), births[len(births)-1]))
			continue
		}
		whispers = append(whispers, new(v1alpha1.KernelWhisper))
		require.NoError(t, json.Unmarshal([]byte(line), whispers[len(whispers)-1]))
	}
	text, err := os.ReadFile(capture + ".pods.yaml")
	require.NoError(t, err)
	var list corev1.PodList
	require.NoError(t, yaml.Unmarshal(text, &list))
	pods = map[string]*corev1.Pod{}
	for i, p := range list.Items {
		if p.Kind == "Pod" {
			pods[p.Name] = &list.Items[i]
		}
	}
	return whispers, births, pods
}

// The views of recorded pods, of every figure that a capture has: what is in the objects is what is shown.
func TestViews(t *testing.T) {
	const origin = "Recorded."
	only := func(t *testing.T, name, pod string, kind v1alpha1.WhisperKind) (*v1alpha1.KernelWhisper, *corev1.Pod) {
		t.Helper()
		whispers, _, pods := recorded(t, name)
		for _, w := range whispers {
			if w.Spec.Kind == kind && strings.HasPrefix(w.Spec.Pod.Name, pod) {
				return w, pods[w.Spec.Pod.Name]
			}
		}
		require.Fail(t, "no such whisper", "%s %s", name, kind)
		return nil, nil
	}
	for name, view := range map[string]func(*testing.T, *stage.Stage){
		"birth": func(t *testing.T, st *stage.Stage) {
			t.Helper()
			_, births, pods := recorded(t, "births")
			waterfall(st, births[0])
			birthView(st, pods[births[0].Name], births[0], origin)
		},
		"throttle": func(t *testing.T, st *stage.Stage) {
			t.Helper()
			w, pod := only(t, "hidden-throttling", "api", v1alpha1.WhisperCPUThrottling)
			at := time.Date(2026, 11, 22, 23, 14, 0, 0, time.UTC)
			usage := &Usage{From: "kubelet's summary", At: at, CPU: new(resource.MustParse("33m"))}
			throttleView(st, throttling{pod, w, usage, &Latency{96 * time.Millisecond, 909 * time.Millisecond, 40}}, origin)
		},
		"throttle-whisper-only": func(t *testing.T, st *stage.Stage) {
			t.Helper()
			w, pod := only(t, "hidden-throttling", "api", v1alpha1.WhisperCPUThrottling)
			throttleView(st, throttling{pod: pod, whisper: w}, origin)
		},
		"kill-of-a-child": func(t *testing.T, st *stage.Stage) {
			t.Helper()
			w, pod := only(t, "oom-kill-child", "workers", v1alpha1.WhisperOOMKill)
			killView(st, pod, w, origin)
		},
		"kill": func(t *testing.T, st *stage.Stage) {
			t.Helper()
			w, pod := only(t, "oom-kill", "", v1alpha1.WhisperOOMKill)
			killView(st, pod, w, origin)
		},
		"connects": func(t *testing.T, st *stage.Stage) {
			t.Helper()
			w, pod := only(t, "connect-fail", "lost", v1alpha1.WhisperNetworkIssue)
			networkView(st, pod, w, origin)
		},
		"retransmits": func(t *testing.T, st *stage.Stage) {
			t.Helper()
			w, pod := only(t, "retransmits", "to-lossy", v1alpha1.WhisperNetworkIssue)
			networkView(st, pod, w, origin)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			view(t, &stage.Stage{Out: &out, Width: 80})
			golden := filepath.Join("testdata", name+".txt")
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(out.String()), 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			if diff := cmp.Diff(string(want), out.String()); diff != "" {
				t.Errorf("%s (-want +got; if it is meant: go test ./examples/demo -update)\n%s", golden, diff)
			}
		})
	}
}

func TestLatency(t *testing.T) {
	got, err := latency("thread=0 burst=1 cpu=64.003ms wall=700ms\nthread=0 bursts=1 wall_p50=700ms wall_p99=700ms\n" +
		"thread=0 burst=2 cpu=64.001ms wall=600ms\nthread=0 burst=3 cpu=64.009ms wall=500ms\n")
	require.NoError(t, err)
	if diff := cmp.Diff(&Latency{64003 * time.Microsecond, 600 * time.Millisecond, 3}, got); diff != "" {
		t.Error(diff)
	}
	got, err = latency(strings.Repeat("thread=0 burst=1 cpu=64ms wall=1s\n", 3) + strings.Repeat("thread=0 burst=1 cpu=64ms wall=1ms\n", newestPieces))
	require.NoError(t, err)
	require.Equal(t, &Latency{64 * time.Millisecond, time.Millisecond, newestPieces}, got)
	got, err = latency("no line of ours")
	require.NoError(t, err)
	require.Nil(t, got)
	_, err = latency("thread=0 burst=1 cpu=64ms wall=soon\n")
	require.ErrorContains(t, err, "the worker's log")
}

func TestFind(t *testing.T) {
	all, err := Find("all")
	require.NoError(t, err)
	require.Len(t, all, 4)
	for _, s := range all {
		one, err := Find(s.Name)
		require.NoError(t, err)
		require.Equal(t, s.Title, one[0].Title)
		_, err = Manifests.ReadFile("manifests/" + s.Name + ".yaml")
		require.NoError(t, err)
		_, err = os.Stat(s.Name + ".md")
		require.NoError(t, err, "each has a page")
	}
	_, err = Find("dns")
	require.EqualError(t, err, `no scenario "dns": there are all, birth, throttle, memory, network`)
}

func TestNumbers(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 13942: "13,942", 1234567: "1,234,567"} {
		require.Equal(t, want, thousands(n))
	}
	require.Equal(t, "48Mi", mebibytes(48<<20))
	require.Equal(t, "47.8Mi", mebibytes(48<<20-200<<10))
}
