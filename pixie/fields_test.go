package pixie

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// raw is a record with values as they are in JSON; an empty value leaves the field out.
type raw map[string]string

func leastCPU() raw {
	return raw{
		"type": `"cpu_throttle"`, "timestamp": `"2026-01-02T03:04:05Z"`, "namespace": `"shop"`, "pod_name": `"api-0"`,
		"container_name":      `"app"`,
		"throttle_percentage": `80`,
	}
}

func leastMemory() raw {
	return raw{
		"type": `"memory_pressure"`, "timestamp": `"2026-01-02T03:04:05Z"`, "namespace": `"shop"`, "pod_name": `"api-0"`,
		"container_name": `"app"`,
		"psi_some_avg60": `12.5`,
	}
}

func leastKill() raw {
	return raw{
		"type":           `"oom_kill"`,
		"timestamp":      `"2026-01-02T03:04:05Z"`,
		"namespace":      `"shop"`,
		"pod_name":       `"api-0"`,
		"container_name": `"app"`,
	}
}

func leastNetwork() raw {
	return raw{
		"type": `"network_issue"`, "timestamp": `"2026-01-02T03:04:05Z"`, "namespace": `"shop"`, "pod_name": `"api-0"`,
		"connect_failures": `3`,
	}
}

func leastBirth() raw {
	return raw{
		"type": `"pod_creation"`, "timestamp": `"2026-01-02T03:04:05Z"`, "namespace": `"shop"`, "pod_name": `"api-0"`,
		"total_syscalls": `1`, "namespace_ops": `2`, "cgroup_writes": `3`, "duration_ns": `4000000000`,
	}
}

func (r raw) with(changes raw) string {
	all := maps.Clone(r)
	maps.Copy(all, changes)
	values := map[string]json.RawMessage{}
	for name, value := range all {
		if value != "" {
			values[name] = json.RawMessage(value)
		}
	}
	text, err := json.Marshal(values)
	if err != nil {
		panic(fmt.Sprintf("%v: %v", all, err))
	}
	return string(text)
}

var (
	testTime   = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	testOrigin = gossip.Origin{Time: testTime, Namespace: "shop", Pod: "api-0", Container: "app"}
)

func TestFieldsOfCPUSamplesAreRead(t *testing.T) {
	tests := map[string]struct {
		change raw
		want   func(*gossip.CPUSample)
	}{
		"least": {},
		"origin": {
			raw{
				"pod_name":       `"api.v1-0"`,
				"pod_uid":        `"4f6b-é"`,
				"node":           `"node 1"`,
				"container_id":   `"containerd://4f"`,
				"source":         `"observer"`,
				"period_seconds": `15.5`,
			},
			func(s *gossip.CPUSample) {
				s.Pod, s.PodUID, s.Node, s.ContainerID = "api.v1-0", "4f6b-é", "node 1", "containerd://4f"
				s.Source, s.Period = "observer", 15500*time.Millisecond
			},
		},
		"nulls and empty texts": {
			raw{"pod_uid": `null`, "node": `""`, "period_seconds": `null`, "nr_periods": `null`, "limit_cores": `null`}, nil,
		},
		"unknown fields": {raw{"Node": `1`, "timeline": `true`, "total_syscalls": `-1`, "x": `{"y":[null]}`}, nil},
		"zone and fraction": {raw{"timestamp": `"2026-01-02T05:04:05.000000001+02:00"`}, func(s *gossip.CPUSample) {
			s.Time = testTime.Add(1)
		}},
		"counters": {raw{
			"throttle_percentage": "",
			"nr_periods":          `56`,
			"nr_throttled":        `45`,
			"throttled_usec":      `3300000`,
			"usage_usec":          `495000`,
		}, func(s *gossip.CPUSample) {
			s.ThrottledShare = gossip.Optional[float64]{}
			s.Periods, s.ThrottledPeriods = gossip.Some[int64](56), gossip.Some[int64](45)
			s.ThrottledUsec, s.UsageUsec = gossip.Some[int64](3300000), gossip.Some[int64](495000)
		}},
		"clamped": {raw{"nr_periods": `5`, "nr_throttled": `6`}, func(s *gossip.CPUSample) {
			s.Periods, s.ThrottledPeriods = gossip.Some[int64](5), gossip.Some[int64](5)
		}},
		"zeros": {raw{
			"throttle_percentage": `0`,
			"nr_periods":          `0`,
			"nr_throttled":        `0`,
			"limit_cores":         `-0.0`,
			"actual_cpu_usage":    `0e5`,
		}, func(s *gossip.CPUSample) {
			s.ThrottledShare, s.LimitCores, s.UsageCores = gossip.Some(0.0), gossip.Some(0.0), gossip.Some(0.0)
			s.Periods, s.ThrottledPeriods = gossip.Some[int64](0), gossip.Some[int64](0)
		}},
		"strings": {raw{
			"throttle_percentage": `"80.0"`,
			"nr_periods":          `"56"`,
			"nr_throttled":        `"4.5e1"`,
			"limit_cores":         `"0.1"`,
			"period_seconds":      `"1\u0035"`,
		}, func(s *gossip.CPUSample) {
			s.Periods, s.ThrottledPeriods = gossip.Some[int64](56), gossip.Some[int64](45)
			s.LimitCores, s.Period = gossip.Some(0.1), 15*time.Second
		}},
		"the rest": {raw{
			"actual_cpu_usage":   `0.033`,
			"reported_cpu_usage": `1.02`,
			"limit_cores":        `0.1`,
			"cfs_period_usec":    `5000`,
			"threads":            `12`,
			"node_cpus":          `4`,
		}, func(s *gossip.CPUSample) {
			s.UsageCores, s.ReportedShare = gossip.Some(0.033), gossip.Some(1.02)
			s.LimitCores, s.CFSPeriod = gossip.Some(0.1), 5*time.Millisecond
			s.Threads, s.NodeCPUs = gossip.Some[int64](12), gossip.Some[int64](4)
		}},
		"nanoseconds down": {
			raw{"throttle_ns": `1499`}, func(s *gossip.CPUSample) { s.ThrottledUsec = gossip.Some[int64](1) },
		},
		"nanoseconds up": {
			raw{"throttle_ns": `1500`}, func(s *gossip.CPUSample) { s.ThrottledUsec = gossip.Some[int64](2) },
		},
		"microseconds win": {
			raw{"throttle_ns": `1500`, "throttled_usec": `7`},
			func(s *gossip.CPUSample) { s.ThrottledUsec = gossip.Some[int64](7) },
		},
		"integers in disguise": {raw{
			"usage_usec": `1.2e1`, "threads": `12.000`, "node_cpus": `"4000e-3"`,
		}, func(s *gossip.CPUSample) {
			s.UsageUsec, s.Threads, s.NodeCPUs = gossip.Some[int64](12), gossip.Some[int64](12), gossip.Some[int64](4)
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			want := gossip.CPUSample{Origin: testOrigin, ThrottledShare: gossip.Some(0.8)}
			if test.want != nil {
				test.want(&want)
			}
			got, err := one(t, leastCPU().with(test.change))
			require.NoError(t, err)
			checkSchema(t, readSchema(t), []byte(leastCPU().with(test.change)))
			if diff := cmp.Diff(gossip.Event(want), got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			require.Equal(t, time.UTC, got.From().Time.Location())
		})
	}
}

func TestFieldsOfMemorySamplesAreRead(t *testing.T) {
	tests := map[string]struct {
		change raw
		want   func(*gossip.MemorySample)
	}{
		"least": {},
		"a pod": {raw{"container_name": `null`}, func(s *gossip.MemorySample) { s.Container = "" }},
		"zeros": {raw{
			"psi_some_avg60": `0`, "working_set_bytes": `0`, "limit_bytes": `0`, "limit_hits": `0`, "oom_kills": `0`,
		}, func(s *gossip.MemorySample) {
			s.SomeAvg60, s.WorkingSet, s.LimitBytes = gossip.Some(0.0), gossip.Some[int64](0), gossip.Some[int64](0)
			s.LimitHits, s.OOMKills = gossip.Some[int64](0), gossip.Some[int64](0)
		}},
		"all": {
			raw{
				"working_set_bytes": `503316480`, "memory_usage_pct": `93.75`, "memory_used_mb": `480.5`,
				"limit_bytes": `536870912`, "psi_some_avg10": `1`,
				"psi_full_avg10": `2`, "psi_full_avg60": `"3"`, "major_faults": `40`, "page_faults_per_sec": `0.5`,
				"reclaims": `5`, "limit_hits": `7`, "oom_kills": `1`,
			},
			func(s *gossip.MemorySample) {
				s.WorkingSet, s.UsedShare = gossip.Some[int64](480<<20), gossip.Some(0.9375)
				s.UsedBytes, s.LimitBytes = gossip.Some[int64](961<<19), gossip.Some[int64](512<<20)
				s.SomeAvg10, s.FullAvg10, s.FullAvg60 = gossip.Some(0.01), gossip.Some(0.02), gossip.Some(0.03)
				s.MajorFaults = gossip.Some[int64](40)
				s.PageFaultRate, s.Reclaims = gossip.Some(0.5), gossip.Some[int64](5)
				s.LimitHits, s.OOMKills = gossip.Some[int64](7), gossip.Some[int64](1)
			},
		},
		"limit in MiB": {
			raw{"memory_limit_mb": `"512"`}, func(s *gossip.MemorySample) { s.LimitBytes = gossip.Some[int64](512 << 20) },
		},
		"bytes win": {
			raw{"memory_limit_mb": `512`, "limit_bytes": `0`},
			func(s *gossip.MemorySample) { s.LimitBytes = gossip.Some[int64](0) },
		},
		"bytes alone": {raw{"psi_some_avg60": ``, "working_set_bytes": `1`}, func(s *gossip.MemorySample) {
			s.SomeAvg60, s.WorkingSet = gossip.Optional[float64]{}, gossip.Some[int64](1)
		}},
		"share alone": {
			raw{"psi_some_avg60": ``, "memory_usage_pct": `100`},
			func(s *gossip.MemorySample) { s.SomeAvg60, s.UsedShare = gossip.Optional[float64]{}, gossip.Some(1.0) },
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			want := gossip.MemorySample{Origin: testOrigin, SomeAvg60: gossip.Some(0.125)}
			if test.want != nil {
				test.want(&want)
			}
			checkRead(t, leastMemory().with(test.change), want)
		})
	}
}

func TestFieldsOfOOMKillsAreRead(t *testing.T) {
	tests := map[string]struct {
		change raw
		want   func(*gossip.OOMKill)
	}{
		"least": {},
		"all": {raw{
			"victim_pid":  `4711`,
			"victim_comm": `"java"`,
			"usage_bytes": `536870912`,
			"limit_bytes": `536870912`,
			"scope":       `"memcg"`,
		}, func(k *gossip.OOMKill) {
			k.VictimPID, k.VictimComm = gossip.Some[int64](4711), "java"
			k.UsageBytes, k.LimitBytes = gossip.Some[int64](512<<20), gossip.Some[int64](512<<20)
			k.Scope = gossip.ScopeMemcg
		}},
		"ID only": {raw{
			"container_name": ``, "container_id": `"containerd://4f"`, "scope": `"global"`,
		}, func(k *gossip.OOMKill) {
			k.Container, k.ContainerID, k.Scope = "", "containerd://4f", gossip.ScopeGlobal
		}},
		"empty": {raw{"victim_comm": `""`, "scope": `""`, "victim_pid": `null`}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			want := gossip.OOMKill{Origin: testOrigin}
			if test.want != nil {
				test.want(&want)
			}
			checkRead(t, leastKill().with(test.change), want)
		})
	}
}

func TestFieldsOfNetworkSamplesAreRead(t *testing.T) {
	tests := map[string]struct {
		change raw
		want   func(*gossip.NetworkSample)
	}{
		"least": {},
		"counters": {
			raw{
				"tcp_segments_sent": `12000`,
				"tcp_retransmits":   `240`,
				"rx_packets":        `1`,
				"tx_packets":        `2`,
				"rx_drops":          `3`,
				"tx_drops":          `4`,
				"rx_errors":         `5`,
				"tx_errors":         `6`,
			},
			func(s *gossip.NetworkSample) {
				s.Segments, s.Retransmits = gossip.Some[int64](12000), gossip.Some[int64](240)
				s.RxPackets, s.TxPackets = gossip.Some[int64](1), gossip.Some[int64](2)
				s.RxDrops, s.TxDrops = gossip.Some[int64](3), gossip.Some[int64](4)
				s.RxErrors, s.TxErrors = gossip.Some[int64](5), gossip.Some[int64](6)
			},
		},
		"percentages": {raw{
			"retransmit_pct": `2`, "packet_drop_pct": `"0.5"`, "connect_failures": ``,
		}, func(s *gossip.NetworkSample) {
			s.RetransmitShare, s.DropShare, s.FailedConnects = gossip.Some(0.02), gossip.Some(0.005), gossip.Optional[int64]{}
		}},
		"latencies": {raw{
			"avg_latency_ms": `1.5`, "latency_p50_ns": `1000000`, "latency_p99_ns": `0`,
		}, func(s *gossip.NetworkSample) {
			s.Latency, s.LatencyP50 = gossip.Some(1500*time.Microsecond), gossip.Some(time.Millisecond)
			s.LatencyP99 = gossip.Some(time.Duration(0))
		}},
		"alias": {
			raw{"connect_failures": `null`, "connection_errors": `7`},
			func(s *gossip.NetworkSample) { s.FailedConnects.Value = 7 },
		},
		"the name won": {raw{"connection_errors": `7`}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			want := gossip.NetworkSample{Origin: testOrigin, FailedConnects: gossip.Some[int64](3)}
			want.Container = ""
			if test.want != nil {
				test.want(&want)
			}
			checkRead(t, leastNetwork().with(test.change), want)
		})
	}
}

// checkRead holds a record against the event that is wanted, and against the schema.
func checkRead(t *testing.T, record string, want gossip.Event) {
	t.Helper()
	got, err := one(t, record)
	require.NoError(t, err)
	checkSchema(t, readSchema(t), []byte(record))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestFieldsOfPodCreationsAreRead(t *testing.T) {
	tests := map[string]struct {
		change raw
		want   func(*gossip.PodCreation)
	}{
		"least":     {},
		"container": {raw{"container_name": `"app"`}, func(c *gossip.PodCreation) { c.Container = "app" }},
		"optional": {raw{
			"execs":          `20`,
			"processes":      `103`,
			"mounts":         `101`,
			"iptables_rules": `0`,
			"image_pull_ns":  `3000000000`,
			"init_ns":        `2000000000`,
		}, func(c *gossip.PodCreation) {
			c.Execs, c.Processes = gossip.Some[int64](20), gossip.Some[int64](103)
			c.Mounts, c.IPTablesRules = gossip.Some[int64](101), gossip.Some[int64](0)
			c.ImagePull, c.Init = gossip.Some(3*time.Second), gossip.Some(2*time.Second)
		}},
		"syscalls": {
			raw{"syscalls": `{"openat":12,"epoll_pwait2":"3"}`},
			func(c *gossip.PodCreation) { c.Syscalls = map[string]int64{"openat": 12, "epoll_pwait2": 3} },
		},
		"no syscalls":  {raw{"syscalls": `{}`}, func(c *gossip.PodCreation) { c.Syscalls = map[string]int64{} }},
		"nulls":        {raw{"syscalls": `null`, "timeline": `null`, "execs": `null`}, nil},
		"no steps":     {raw{"timeline": `[]`}, nil},
		"other fields": {raw{"nr_periods": `-1`, "throttle_percentage": `true`}, nil},
		"timeline": {raw{"timeline": `[
			{"timestamp_ms":"1.5","actor":"runtime","action":"second","details":"ä \u00e4"},
			{"timestamp":"2026-01-02T03:04:01Z","actor":"scheduler","action":"first","x":1},
			{"timestamp_ms":1.5,"timestamp":null,"actor":"kernel","action":"third","details":null},
			{"timestamp_ms":0,"timestamp":"2026-01-02T03:04:05Z","actor":"kubelet","action":"first too","details":""},
			{"timestamp":"2026-01-02T03:04:06Z","actor":"kubelet","action":"after"}]`}, func(c *gossip.PodCreation) {
			c.Timeline = []gossip.Step{
				{Offset: 0, Actor: gossip.ActorScheduler, Action: "first"},
				{Offset: 0, Actor: gossip.ActorKubelet, Action: "first too"},
				{Offset: 1500 * time.Microsecond, Actor: gossip.ActorRuntime, Action: "second", Details: "ä ä"},
				{Offset: 1500 * time.Microsecond, Actor: gossip.ActorKernel, Action: "third"},
				{Offset: 5 * time.Second, Actor: gossip.ActorKubelet, Action: "after"},
			}
		}},
		"counts that are absent": {raw{
			"total_syscalls": ``, "namespace_ops": `null`, "cgroup_writes": `0`,
		}, func(c *gossip.PodCreation) {
			c.TotalSyscalls, c.NamespaceOps = gossip.Optional[int64]{}, gossip.Optional[int64]{}
			c.CgroupWrites = gossip.Some[int64](0)
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			want := gossip.PodCreation{
				Origin:        testOrigin,
				TotalSyscalls: gossip.Some[int64](1),
				NamespaceOps:  gossip.Some[int64](2),
				CgroupWrites:  gossip.Some[int64](3),
				Duration:      4 * time.Second,
			}
			want.Container = ""
			if test.want != nil {
				test.want(&want)
			}
			got, err := one(t, leastBirth().with(test.change))
			require.NoError(t, err)
			checkSchema(t, readSchema(t), []byte(leastBirth().with(test.change)))
			if diff := cmp.Diff(gossip.Event(want), got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestTheMostEntriesAreAccepted(t *testing.T) {
	step := `{"timestamp_ms":1,"actor":"kernel","action":"a"}`
	event, err := one(t, leastBirth().with(raw{"timeline": "[" + strings.Repeat(step+",", 999) + step + "]"}))
	require.NoError(t, err)
	require.Len(t, event.(gossip.PodCreation).Timeline, 1000)
	_, err = one(t, leastBirth().with(raw{"timeline": "[" + strings.Repeat(step+",", 1000) + step + "]"}))
	require.EqualError(t, err, "line 1: pod_creation: timeline: more than 1000 entries")

	calls := make([]string, 1001)
	for i := range calls {
		calls[i] = fmt.Sprintf(`"call_%d":1`, i)
	}
	event, err = one(t, leastBirth().with(raw{"syscalls": "{" + strings.Join(calls[:1000], ",") + "}"}))
	require.NoError(t, err)
	require.Len(t, event.(gossip.PodCreation).Syscalls, 1000)
	_, err = one(t, leastBirth().with(raw{"syscalls": "{" + strings.Join(calls, ",") + "}"}))
	require.EqualError(t, err, "line 1: pod_creation: syscalls: more than 1000 entries")
}
