package pixie

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// fullOrigin has every field of an Origin.
var fullOrigin = gossip.Origin{
	Time: testTime.Add(120 * time.Millisecond), Namespace: "shop", Pod: "api-0", PodUID: "4f6b-é", Node: "node 1",
	Container:   "app",
	ContainerID: "containerd://4f", Source: "cgroup", Period: 15500 * time.Millisecond,
}

// fullRecord is how a record with a fullOrigin goes on after its type.
const fullRecord = `,"timestamp":"2026-01-02T03:04:05.12Z","namespace":"shop","pod_name":"api-0",` +
	`"pod_uid":"4f6b-é","node":"node 1",` +
	`"container_name":"app","container_id":"containerd://4f","source":"cgroup","period_seconds":15.5,`

// fullEvents has an event of each kind with every field that a record can carry, and its record.
func fullEvents() map[string]gossip.Event {
	count, number, latency := gossip.Some[int64], gossip.Some[float64], gossip.Some[time.Duration]
	return map[string]gossip.Event{
		`{"type":"cpu_throttle"` + fullRecord +
			`"throttle_percentage":80.4,"nr_periods":56,"nr_throttled":45,"actual_cpu_usage":0.033,` +
			`"reported_cpu_usage":1.02,"throttled_usec":3300000,"usage_usec":495000,"limit_cores":0.1,` +
			`"cfs_period_usec":5000,"threads":12,` +
			`"node_cpus":4}`: gossip.CPUSample{
			Origin: fullOrigin, Periods: count(56), ThrottledPeriods: count(45), ThrottledUsec: count(3300000),
			UsageUsec:      count(495000),
			ThrottledShare: number(0.804), UsageCores: number(0.033), ReportedShare: number(1.02), LimitCores: number(0.1),
			CFSPeriod: 5 * time.Millisecond, Threads: count(12), NodeCPUs: count(4),
		},
		`{"type":"memory_pressure"` + fullRecord +
			`"working_set_bytes":503316480,"memory_usage_pct":93.75,"memory_used_mb":480.5,` +
			`"limit_bytes":536870912,"psi_some_avg10":7,"psi_some_avg60":12.5,"psi_full_avg10":0,` +
			`"psi_full_avg60":3.1,"major_faults":40,` +
			`"page_faults_per_sec":0.0000012,"reclaims":9,"limit_hits":7,"oom_kills":1}`: gossip.MemorySample{
			Origin: fullOrigin, WorkingSet: count(503316480), UsedBytes: count(480<<20 + 512<<10), UsedShare: number(0.9375),
			LimitBytes: count(512 << 20), SomeAvg10: number(0.07), SomeAvg60: number(0.125), FullAvg10: number(0),
			FullAvg60:   number(0.031),
			MajorFaults: count(40), PageFaultRate: number(1.2e-6), Reclaims: count(9), LimitHits: count(7), OOMKills: count(1),
		},
		`{"type":"oom_kill"` + fullRecord +
			`"victim_pid":4711,"victim_comm":"ja\"va","usage_bytes":536870912,"limit_bytes":0,` +
			`"scope":"memcg"}`: gossip.OOMKill{
			Origin: fullOrigin, VictimPID: count(4711), VictimComm: `ja"va`, UsageBytes: count(512 << 20), LimitBytes: count(0),
			Scope: gossip.ScopeMemcg,
		},
		`{"type":"network_issue"` + fullRecord +
			`"tcp_segments_sent":12000,"tcp_retransmits":240,"retransmit_pct":2,"rx_packets":9000,` +
			`"tx_packets":8000,"rx_drops":0,"tx_drops":1,"packet_drop_pct":0.3,"rx_errors":2,` +
			`"tx_errors":3,"connect_failures":4,` +
			`"avg_latency_ms":0.000001,"latency_p50_ns":1500000,"latency_p99_ns":90000000}`: gossip.NetworkSample{
			Origin: fullOrigin, Segments: count(12000), Retransmits: count(240), RetransmitShare: number(0.02),
			RxPackets: count(9000),
			TxPackets: count(8000), RxDrops: count(0), TxDrops: count(1), DropShare: number(0.003), RxErrors: count(2),
			TxErrors:       count(3),
			FailedConnects: count(4), Latency: latency(1), LatencyP50: latency(1500 * time.Microsecond),
			LatencyP99: latency(90 * time.Millisecond),
		},
		`{"type":"pod_creation"` + fullRecord +
			`"total_syscalls":13942,"namespace_ops":5,"cgroup_writes":518,"duration_ns":1153000000,` +
			`"execs":1,"processes":2,"mounts":3,"iptables_rules":4,"image_pull_ns":5,"init_ns":6,` +
			`"syscalls":{"mmap":1210,"openat":4021},` +
			`"timeline":[{"timestamp_ms":0,"actor":"kubelet","action":"cgroup created"},` +
			`{"timestamp_ms":1153.00005,"actor":"runtime","action":"exec","details":"app"}]}`: gossip.PodCreation{
			Origin: fullOrigin, TotalSyscalls: count(13942), NamespaceOps: count(5), CgroupWrites: count(518),
			Duration: 1153 * time.Millisecond, Execs: count(1), Processes: count(2), Mounts: count(3), IPTablesRules: count(4),
			ImagePull: latency(5), Init: latency(6), Syscalls: map[string]int64{"openat": 4021, "mmap": 1210},
			Timeline: []gossip.Step{
				{Actor: gossip.ActorKubelet, Action: "cgroup created"},
				{Offset: 1153*time.Millisecond + 50, Actor: gossip.ActorRuntime, Action: "exec", Details: "app"},
			},
		},
	}
}

func TestAppendWritesEveryField(t *testing.T) {
	root := readSchema(t)
	for record, event := range fullEvents() {
		require.Equal(t, record+"\n", string(Append(nil, event)))
		checkSchema(t, root, []byte(record))
		decoded, err := one(t, record)
		require.NoError(t, err)
		require.Equal(t, event, decoded)
		for field, value := range reflect.ValueOf(event).Fields() {
			if field.Name == "LimitFilled" {
				require.True(t, value.IsZero())
			} else {
				require.False(t, value.IsZero(), "the test leaves out %T.%s", event, field.Name)
			}
		}
	}
}

func TestAppendLeavesOutWhatIsAbsent(t *testing.T) {
	at := gossip.Origin{Time: testTime}
	for want, event := range map[string]gossip.Event{
		`"cpu_throttle","timestamp":"2026-01-02T03:04:05Z"}`:    gossip.CPUSample{Origin: at},
		`"memory_pressure","timestamp":"2026-01-02T03:04:05Z"}`: gossip.MemorySample{Origin: at},
		`"oom_kill","timestamp":"2026-01-02T03:04:05Z"}`:        gossip.OOMKill{Origin: at},
		`"network_issue","timestamp":"2026-01-02T03:04:05Z"}`:   gossip.NetworkSample{Origin: at},
		`"pod_creation","timestamp":"2026-01-02T03:04:05Z","duration_ns":0,"syscalls":{}}`: gossip.PodCreation{
			Origin: at, Syscalls: map[string]int64{}, Timeline: []gossip.Step{},
		},
	} {
		require.Equal(t, `before{"type":`+want+"\n", string(Append([]byte("before"), event)))
	}
}

// What a record cannot carry, and what the comment of Append says of it.
func TestAppendSaysNothingWrong(t *testing.T) {
	least := gossip.CPUSample{Origin: testOrigin, ThrottledShare: gossip.Some(0.5)}
	tests := map[string]struct {
		change func(*gossip.CPUSample)
		want   string // at the end of the record
		err    string // of Decode
	}{
		"filled limit": {
			change: func(s *gossip.CPUSample) { s.LimitCores, s.LimitFilled = gossip.Some(2.0), true },
			want:   `"throttle_percentage":50}`,
		},
		"fraction of a microsecond": {
			change: func(s *gossip.CPUSample) { s.CFSPeriod = 5*time.Millisecond + 999 },
			want:   `"cfs_period_usec":5000}`,
		},
		"not a number": {
			change: func(s *gossip.CPUSample) { s.UsageCores = gossip.Some(math.NaN()) },
			want:   `"throttle_percentage":50}`,
		},
		"infinite": {
			change: func(s *gossip.CPUSample) { s.UsageCores = gossip.Some(math.Inf(1)) },
			want:   `"actual_cpu_usage":1e999}`, err: "actual_cpu_usage: above 100000: 1e999",
		},
		"infinite and negative": {
			change: func(s *gossip.CPUSample) { s.UsageCores = gossip.Some(math.Inf(-1)) },
			want:   `"actual_cpu_usage":-1e999}`, err: "actual_cpu_usage: negative: -1e999",
		},
		"infinite share": {
			change: func(s *gossip.CPUSample) { s.ThrottledShare = gossip.Some(math.Inf(1)) },
			want:   `"throttle_percentage":1e999}`, err: "throttle_percentage: above 100: 1e999",
		},
		"negative": {
			change: func(s *gossip.CPUSample) { s.Period = -1 },
			want:   `"period_seconds":-0.000000001,"throttle_percentage":50}`, err: "period_seconds: negative: -0.000000001",
		},
		"no text": {
			change: func(s *gossip.CPUSample) { s.Node = "a\xffb" },
			want:   `"node":"a` + "\ufffd" + `b","container_name":"app","throttle_percentage":50}`,
		},
		"control character": {
			change: func(s *gossip.CPUSample) { s.Node = "a\nb" },
			want:   `"node":"a�b","container_name":"app","throttle_percentage":50}`,
		},
		"zone": {
			change: func(s *gossip.CPUSample) { s.Time = s.Time.In(time.FixedZone("", 3600)) },
			want:   `"throttle_percentage":50}`,
		},
		"far future": {
			change: func(s *gossip.CPUSample) { s.Time = time.Date(12026, 1, 2, 3, 4, 5, 0, time.UTC) },
			want:   `"throttle_percentage":50}`, err: `timestamp: not RFC 3339: "12026-01-02T03:04:05Z"`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			sample := least
			test.change(&sample)
			record := string(Append(nil, sample))
			require.True(t, strings.HasSuffix(record, test.want+"\n"), record)
			_, err := one(t, record)
			if test.err != "" {
				require.EqualError(t, err, "line 1: cpu_throttle: "+test.err)
				return
			}
			require.NoError(t, err)
		})
	}
}

func TestAppendRefusesWhatIsNoEvent(t *testing.T) {
	require.Panics(t, func() { Append(nil, nil) })
	require.Panics(t, func() { Append(nil, (*gossip.CPUSample)(nil)) })
	require.Panics(t, func() { Append(nil, struct{ gossip.CPUSample }{}) })
}

func TestAppendTakesPointersAsTheirEvents(t *testing.T) {
	sample := gossip.CPUSample{Origin: testOrigin, ThrottledShare: gossip.Some(0.8)}
	require.Equal(t, string(Append(nil, sample)), string(Append(nil, &sample)))
}

// An actor that the package does not know is for the reader to refuse.
func TestAppendKeepsUnknownActors(t *testing.T) {
	birth := gossip.PodCreation{
		Origin: testOrigin, TotalSyscalls: gossip.Some[int64](1), Timeline: []gossip.Step{{Actor: "Poet", Action: "sang"}},
	}
	_, err := one(t, string(Append(nil, birth)))
	require.EqualError(t, err,
		`line 1: pod_creation: timeline: entry 1: actor: not scheduler, kubelet, runtime or kernel: "Poet"`)
}

// memory_limit_mb has room for a little more than limit_bytes.
func TestAppendWritesTheGreatestLimit(t *testing.T) {
	event, err := one(t, leastMemory().with(raw{"memory_limit_mb": "1e9"}))
	require.NoError(t, err)
	checkAppend(t, []gossip.Event{event})
}

// Percentages of up to 15 digits come back as they were written; all others come back as the same share.
func TestEveryPercentageReadsBackAsItsShare(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 50_000 {
		x := random.Float64() * math.Pow(10, 2-6*random.Float64())
		require.Equal(t, x/100, percentageOf(x/100)/100) //nolint:testifylint // exactly
		digits := math.Round(x*1e6) / 1e6
		require.Equal(t, digits, percentageOf(digits/100)) //nolint:testifylint // exactly
		share := random.Float64()
		require.InDelta(t, share, percentageOf(share)/100, 0x1p-53)
	}
}

// checkAppend requires that events are the same, and their records too, after Append and Decode.
func checkAppend(t testing.TB, events []gossip.Event) {
	t.Helper()
	var text []byte
	for _, event := range events {
		begin := len(text)
		text = Append(text, event)
		line := text[begin:]
		require.True(t, json.Valid(line), "%s", line)
		require.Equal(t, len(line)-1, bytes.IndexByte(line, '\n'))
	}
	again, errs := pairs(t, Options{}, bytes.NewReader(text))
	require.Empty(t, errs, "%s", text)
	if diff := cmp.Diff(events, again); diff != "" {
		t.Errorf("(-decoded +appended and decoded)\n%s\n%s", diff, text)
	}
}

// archives returns the files of all archives that match.
func archives(t testing.TB, pattern string) [][]byte {
	t.Helper()
	names, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, names)
	var texts [][]byte
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		require.NoError(t, err)
		for _, file := range archive.Files {
			texts = append(texts, file.Data)
		}
	}
	return texts
}

func TestEveryEventOfTheCorpusSurvivesAppend(t *testing.T) {
	kinds := map[gossip.Kind]int{} //nolint:exhaustive // it is filled below
	for _, pattern := range []string{"testdata/*.txtar", "../replay/testdata/*.txtar"} {
		for _, text := range archives(t, pattern) {
			events, _ := pairs(t, Options{}, bytes.NewReader(text))
			for _, event := range events {
				kinds[event.Subject().Kind]++
			}
			checkAppend(t, events)
		}
	}
	require.Len(t, kinds, 5, "the corpus has every kind")
}

// Whatever decodes is the same event after Append and Decode.
func FuzzAppend(f *testing.F) {
	seed(f)
	for _, text := range archives(f, "../replay/testdata/*.txtar") {
		f.Add(text)
	}
	for record := range fullEvents() {
		f.Add([]byte(record))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		events, _ := pairs(t, Options{MaxBytes: 1 << 20}, bytes.NewReader(input))
		checkAppend(t, events)
	})
}
