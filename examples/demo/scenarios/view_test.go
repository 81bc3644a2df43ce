package scenarios

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
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
func recorded(t *testing.T, name string) (
	whispers []*v1alpha1.KernelWhisper, births []*v1alpha1.PodBirthCertificate, pods map[string]*corev1.Pod,
) {
	t.Helper()
	capture := filepath.Join("..", "..", "captures", name)
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

func TestViewsShowWhatIsInTheObjects(t *testing.T) {
	known := throttling{
		usage:   &Usage{From: "kubelet's summary", At: time.Unix(1795389240, 0), CPU: new(resource.MustParse("33m"))},
		latency: &Latency{Work: 96 * time.Millisecond, Median: 909 * time.Millisecond, Pieces: 40},
	}
	view := func(known throttling) func(*stage.Stage, *corev1.Pod, *v1alpha1.KernelWhisper, string) {
		return func(st *stage.Stage, pod *corev1.Pod, w *v1alpha1.KernelWhisper, origin string) {
			known.pod, known.whisper = pod, w
			showThrottling(st, known, origin)
		}
	}
	for name, tc := range map[string]struct {
		capture, pod string
		kind         v1alpha1.WhisperKind
		view         func(*stage.Stage, *corev1.Pod, *v1alpha1.KernelWhisper, string)
	}{
		"throttle":              {"hidden-throttling", "api", v1alpha1.WhisperCPUThrottling, view(known)},
		"throttle-whisper-only": {"hidden-throttling", "api", v1alpha1.WhisperCPUThrottling, view(throttling{})},
		"kill-of-a-child":       {"oom-kill-child", "workers", v1alpha1.WhisperOOMKill, showKill},
		"kill":                  {"oom-kill", "", v1alpha1.WhisperOOMKill, showKill},
		"connects":              {"connect-fail", "lost", v1alpha1.WhisperNetworkIssue, showNetwork},
		"retransmits":           {"retransmits", "to-lossy", v1alpha1.WhisperNetworkIssue, showNetwork},
		"birth":                 {capture: "births"},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			st := &stage.Stage{Out: &out, Width: 80}
			whispers, births, pods := recorded(t, tc.capture)
			if tc.view == nil {
				showWaterfall(st, births[0])
				showBirth(st, pods[births[0].Name], births[0], "Recorded.")
			} else {
				i := slices.IndexFunc(whispers, func(w *v1alpha1.KernelWhisper) bool {
					return w.Spec.Kind == tc.kind && strings.HasPrefix(w.Status.Worst.Pod.Name, tc.pod)
				})
				tc.view(st, pods[whispers[i].Status.Worst.Pod.Name], whispers[i], "Recorded.")
			}
			golden := filepath.Join("testdata", name+".txt")
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(out.String()), 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			if diff := cmp.Diff(string(want), out.String()); diff != "" {
				t.Errorf("%s (-want +got; if it is meant: go test ./examples/demo/scenarios -update)\n%s", golden, diff)
			}
		})
	}
}

func TestLatencyIsTheMedianOfTheNewestPieces(t *testing.T) {
	const slow, fast = "thread=0 burst=1 cpu=64ms wall=1s\n", "thread=0 burst=1 cpu=64ms wall=1ms\n"
	for log, want := range map[string]*Latency{
		"no line of ours": nil,
		strings.Repeat(slow, 3) + strings.Repeat(fast, newestPieces): {64 * time.Millisecond, time.Millisecond, newestPieces},
		"thread=0 burst=1 cpu=64.003ms wall=700ms\nthread=0 bursts=1 wall_p50=700ms wall_p99=700ms\n" +
			"thread=0 burst=2 cpu=64.001ms wall=600ms\n" +
			"thread=0 burst=3 cpu=64.009ms wall=500ms\n": {64003 * time.Microsecond, 600 * time.Millisecond, 3},
	} {
		got, err := parseLatency(log)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err := parseLatency("thread=0 burst=1 cpu=64ms wall=soon\n")
	require.ErrorContains(t, err, "the worker's log")
}

func TestEveryScenarioIsFoundAndHasItsPage(t *testing.T) {
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

func TestNumbersAreFormattedForPeople(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 13942: "13,942", 1234567: "1,234,567"} {
		require.Equal(t, want, groupDigits(n))
	}
	require.Equal(t, "48Mi", formatBytes(48<<20))
	require.Equal(t, "47.8Mi", formatBytes(48<<20-200<<10))
}
