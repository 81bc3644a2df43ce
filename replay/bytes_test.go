package replay_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/hack/bench/load"
	"github.com/kernel-gossip/kernel-gossip/replay"
)

// replayText replays text and returns what it prints.
func replayText(t *testing.T, text string, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	code := replay.Run(append(args, "-"), strings.NewReader(text), &out, &errs)
	require.Less(t, code, 2, errs.String())
	return out.String()
}

// Lines of equal time may come in any order, and the number of CPUs does not matter: every recorded capture gives the
// same bytes.
func TestLinesOfEqualTimeMayComeInAnyOrder(t *testing.T) {
	captures, err := filepath.Glob("../examples/captures/*.ndjson")
	require.NoError(t, err)
	require.NotEmpty(t, captures)
	for _, capture := range captures {
		t.Run(filepath.Base(capture), func(t *testing.T) {
			content, err := os.ReadFile(capture)
			require.NoError(t, err)
			lines := coarsenTimes(t, string(content))
			args := []string{"-o", "yaml", "--pods", strings.TrimSuffix(capture, ".ndjson") + ".pods.yaml"}
			want := replayText(t, strings.Join(lines, "\n"), args...)
			r := rand.New(rand.NewPCG(1, 2))
			for _, cpus := range []int{1, 2, 8} {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cpus))
				for range 3 {
					shuffleEqualTimes(r, lines)
					require.Empty(t, cmp.Diff(want, replayText(t, strings.Join(lines, "\n"), args...)))
				}
			}
		})
	}
}

// The same holds for records that contradict each other in everything: sources, containers, pods, limits, missing
// periods, percentages beside counters, repeated records. Synthetic.
func TestContradictoryCPURecordsMayComeInAnyOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	pick := func(choices ...string) string { return choices[r.IntN(len(choices))] }
	var lines []string
	for i := range 400 {
		line := fmt.Sprintf(`{"type":"cpu_throttle","timestamp":"2026-11-22T12:%02d:%02dZ",`, i/20, i/10%2*30) +
			`"namespace":"shop","pod_name":"api-0","container_name":"app"` +
			pick("", `,"source":"a"`, `,"source":"b"`) +
			pick(`,"pod_uid":"u1"`, `,"pod_uid":"u1"`, "", fmt.Sprintf(`,"pod_uid":"u%d"`, i/200)) +
			pick("", `,"container_id":"c1"`, fmt.Sprintf(`,"container_id":"c%d"`, i/150)) +
			pick("", `,"limit_cores":0.1`, fmt.Sprintf(`,"limit_cores":0.%d`, 1+i/300)) +
			pick("", `,"period_seconds":30`, `,"period_seconds":10`) +
			pick("", `,"usage_usec":90000`, `,"actual_cpu_usage":0.03`, `,"reported_cpu_usage":0.33`) +
			pick(`,"throttle_percentage":80`,
				fmt.Sprintf(`,"nr_periods":60,"nr_throttled":%d,"throttled_usec":%d`, i%60, i*1000))
		lines = append(lines, line+"}\n")
	}
	want := replayText(t, strings.Join(lines, ""), "-o", "yaml")
	for range 20 {
		shuffleEqualTimes(r, lines)
		require.Empty(t, cmp.Diff(want, replayText(t, strings.Join(lines, ""), "-o", "yaml")))
	}
}

// The same holds for memory, kills and networks: a kill and the samples beside it give one verdict. Synthetic.
func TestMemoryKillsAndNetworksMayComeInAnyOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	pick := func(choices ...string) string { return choices[r.IntN(len(choices))] }
	var lines []string
	for i := range 600 {
		pod := fmt.Sprintf(`"timestamp":"2026-11-22T%02d:%02d:%02dZ","namespace":"shop","pod_name":"api-0"`,
			12+i/300, i/5%60, i%5/3*30)
		head := pod + pick("", `,"source":"a"`, `,"source":"b"`) +
			pick("", `,"pod_uid":"u1"`, fmt.Sprintf(`,"pod_uid":"u%d"`, i/400)) +
			pick("", `,"period_seconds":30`, `,"period_seconds":10`)
		container := pick(`,"container_name":"app"`, `,"container_name":"app"`, "") +
			pick("", `,"container_id":"c1"`, fmt.Sprintf(`,"container_id":"c%d"`, i/150)) +
			pick("", `,"limit_bytes":536870912`, fmt.Sprintf(`,"limit_bytes":%d`, (512+i/300)<<20))
		workingSet := fmt.Sprintf(`,"working_set_bytes":%d`, (100+i/2)<<20)
		memory := pick(`,"memory_usage_pct":91`, workingSet, `,"psi_some_avg60":3`) +
			pick("", fmt.Sprintf(`,"major_faults":%d`, i*i)) +
			pick("", `,"oom_kills":0`, fmt.Sprintf(`,"oom_kills":%d`, i/599))
		segments := fmt.Sprintf(`,"tcp_segments_sent":900,"tcp_retransmits":%d`, i%90)
		network := pick(segments, `,"retransmit_pct":2.5`, `,"avg_latency_ms":7`) +
			pick("", fmt.Sprintf(`,"connect_failures":%d`, i%9))
		lines = append(lines,
			`{"type":"memory_pressure",`+head+container+memory+"}\n",
			`{"type":"network_issue",`+head+network+"}\n")
		if i%100 == 7 {
			kill := pick("", `,"usage_bytes":536870912`, `,"usage_bytes":99`) + pick("", `,"scope":"global"`)
			lines = append(lines, `{"type":"oom_kill",`+pod+`,"container_name":"app"`+kill+"}\n")
		}
	}
	want := replayText(t, strings.Join(lines, ""), "-o", "yaml")
	for _, kind := range []string{"kind: MemoryPressure", "kind: OOMKill", "kind: NetworkIssue"} {
		require.Contains(t, want, kind)
	}
	for range 20 {
		shuffleEqualTimes(r, lines)
		require.Empty(t, cmp.Diff(want, replayText(t, strings.Join(lines, ""), "-o", "yaml")))
	}
}

// The same holds for many pods, which are divided among the lanes, and for a text that is decoded in pieces. Synthetic.
func TestManyPodsGiveTheSameBytesOnAnyNumberOfCPUs(t *testing.T) {
	var text bytes.Buffer
	require.NoError(t, load.Load{Records: 20_000, Pods: 700, Seed: 1}.Write(&text))
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	want := replayText(t, text.String(), "-o", "json")
	require.NotEmpty(t, want)
	for _, cpus := range []int{2, 8} {
		runtime.GOMAXPROCS(cpus)
		require.Equal(t, want, replayText(t, text.String(), "-o", "json"), "%d CPUs", cpus)
		array := "[" + strings.ReplaceAll(strings.TrimSpace(text.String()), "\n", ",\n") + "]"
		require.Equal(t, want, replayText(t, array, "-o", "json"), "%d CPUs, an array", cpus)
	}
}

// coarsenTimes cuts the times of a capture to 30 s, so that many lines of every subject have the same time, and sorts
// by it.
func coarsenTimes(t *testing.T, capture string) []string {
	t.Helper()
	var lines []string
	for line := range strings.Lines(capture) {
		var record map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &record))
		at := record["timestamp"].(string) // 2026-11-22T23:14:55.694Z
		tens := at[:17]
		if at[17] < '3' {
			tens += "00Z"
		} else {
			tens += "30Z"
		}
		lines = append(lines, strings.Replace(line, at, tens, 1))
	}
	slices.SortStableFunc(lines, func(a, b string) int { return strings.Compare(timeOf(a), timeOf(b)) })
	return lines
}

func timeOf(line string) string {
	_, after, _ := strings.Cut(line, `"timestamp":"`)
	at, _, _ := strings.Cut(after, `"`)
	return at
}

func shuffleEqualTimes(r *rand.Rand, lines []string) {
	for begin := 0; begin < len(lines); {
		end := begin
		for end < len(lines) && timeOf(lines[end]) == timeOf(lines[begin]) {
			end++
		}
		r.Shuffle(end-begin, func(i, j int) { lines[begin+i], lines[begin+j] = lines[begin+j], lines[begin+i] })
		begin = end
	}
}

// The table in the README is what the recorded capture gives.
func TestTheTableInTheREADMEIsWhatTheCapturePrints(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	_, after, found := strings.Cut(string(readme), "```text\n")
	require.True(t, found)
	shown, _, _ := strings.Cut(after, "```")
	require.NotEmpty(t, strings.TrimSpace(shown))
	content, err := os.ReadFile("../examples/captures/hidden-throttling.ndjson")
	require.NoError(t, err)
	want := replayText(t, string(content), "--pods", "../examples/captures/hidden-throttling.pods.yaml")
	require.Contains(t, want, strings.TrimSpace(shown))
}
