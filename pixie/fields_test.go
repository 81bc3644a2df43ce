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

// raw is a record whose values are JSON as it stands; an empty value leaves the field out.
type raw map[string]string

func leastCPU() raw {
	return raw{
		"type": `"cpu_throttle"`, "timestamp": `"2026-01-02T03:04:05Z"`, "namespace": `"shop"`, "pod_name": `"api-0"`, "container_name": `"app"`,
		"throttle_percentage": `80`,
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

func TestCPUSample(t *testing.T) {
	tests := map[string]struct {
		change raw
		want   func(*gossip.CPUSample)
	}{
		"least": {},
		"origin": {
			raw{"pod_name": `"api.v1-0"`, "pod_uid": `"4f6b-é"`, "node": `"node 1"`, "container_id": `"containerd://4f"`, "source": `"observer"`, "period_seconds": `15.5`},
			func(s *gossip.CPUSample) {
				s.Pod, s.PodUID, s.Node, s.ContainerID, s.Source, s.Period = "api.v1-0", "4f6b-é", "node 1", "containerd://4f", "observer", 15500*time.Millisecond
			},
		},
		"nulls and empty texts": {raw{"pod_uid": `null`, "node": `""`, "period_seconds": `null`, "nr_periods": `null`, "limit_cores": `null`}, nil},
		"unknown fields":        {raw{"Node": `1`, "timeline": `true`, "total_syscalls": `-1`, "x": `{"y":[null]}`}, nil},
		"zone and fraction": {raw{"timestamp": `"2026-01-02T05:04:05.000000001+02:00"`}, func(s *gossip.CPUSample) {
			s.Time = testTime.Add(1)
		}},
		"counters": {raw{"throttle_percentage": "", "nr_periods": `56`, "nr_throttled": `45`, "throttled_usec": `3300000`, "usage_usec": `495000`}, func(s *gossip.CPUSample) {
			s.ThrottledShare = gossip.Optional[float64]{}
			s.Periods, s.ThrottledPeriods, s.ThrottledUsec, s.UsageUsec = gossip.Some[int64](56), gossip.Some[int64](45), gossip.Some[int64](3300000), gossip.Some[int64](495000)
		}},
		"clamped": {raw{"nr_periods": `5`, "nr_throttled": `6`}, func(s *gossip.CPUSample) {
			s.Periods, s.ThrottledPeriods = gossip.Some[int64](5), gossip.Some[int64](5)
		}},
		"zeros": {raw{"throttle_percentage": `0`, "nr_periods": `0`, "nr_throttled": `0`, "limit_cores": `-0.0`, "actual_cpu_usage": `0e5`}, func(s *gossip.CPUSample) {
			s.ThrottledShare, s.LimitCores, s.UsageCores = gossip.Some(0.0), gossip.Some(0.0), gossip.Some(0.0)
			s.Periods, s.ThrottledPeriods = gossip.Some[int64](0), gossip.Some[int64](0)
		}},
		"strings": {raw{"throttle_percentage": `"80.0"`, "nr_periods": `"56"`, "nr_throttled": `"4.5e1"`, "limit_cores": `"0.1"`, "period_seconds": `"1\u0035"`}, func(s *gossip.CPUSample) {
			s.Periods, s.ThrottledPeriods, s.LimitCores, s.Period = gossip.Some[int64](56), gossip.Some[int64](45), gossip.Some(0.1), 15*time.Second
		}},
		"the rest": {raw{"actual_cpu_usage": `0.033`, "reported_cpu_usage": `1.02`, "limit_cores": `0.1`, "cfs_period_usec": `5000`, "threads": `12`, "node_cpus": `4`}, func(s *gossip.CPUSample) {
			s.UsageCores, s.ReportedShare, s.LimitCores, s.CFSPeriod = gossip.Some(0.033), gossip.Some(1.02), gossip.Some(0.1), 5*time.Millisecond
			s.Threads, s.NodeCPUs = gossip.Some[int64](12), gossip.Some[int64](4)
		}},
		"nanoseconds down": {raw{"throttle_ns": `1499`}, func(s *gossip.CPUSample) { s.ThrottledUsec = gossip.Some[int64](1) }},
		"nanoseconds up":   {raw{"throttle_ns": `1500`}, func(s *gossip.CPUSample) { s.ThrottledUsec = gossip.Some[int64](2) }},
		"microseconds win": {raw{"throttle_ns": `1500`, "throttled_usec": `7`}, func(s *gossip.CPUSample) { s.ThrottledUsec = gossip.Some[int64](7) }},
		"integers in disguise": {raw{"usage_usec": `1.2e1`, "threads": `12.000`, "node_cpus": `"4000e-3"`}, func(s *gossip.CPUSample) {
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

func TestPodCreation(t *testing.T) {
	tests := map[string]struct {
		change raw
		want   func(*gossip.PodCreation)
	}{
		"least":     {},
		"container": {raw{"container_name": `"app"`}, func(c *gossip.PodCreation) { c.Container = "app" }},
		"optional": {raw{"execs": `20`, "processes": `103`, "mounts": `101`, "iptables_rules": `0`, "image_pull_ns": `3000000000`, "init_ns": `2000000000`}, func(c *gossip.PodCreation) {
			c.Execs, c.Processes, c.Mounts, c.IPTablesRules = gossip.Some[int64](20), gossip.Some[int64](103), gossip.Some[int64](101), gossip.Some[int64](0)
			c.ImagePull, c.Init = gossip.Some(3*time.Second), gossip.Some(2*time.Second)
		}},
		"syscalls":     {raw{"syscalls": `{"openat":12,"epoll_pwait2":"3"}`}, func(c *gossip.PodCreation) { c.Syscalls = map[string]int64{"openat": 12, "epoll_pwait2": 3} }},
		"no syscalls":  {raw{"syscalls": `{}`}, func(c *gossip.PodCreation) { c.Syscalls = map[string]int64{} }},
		"nulls":        {raw{"syscalls": `null`, "timeline": `null`, "execs": `null`}, nil},
		"no steps":     {raw{"timeline": `[]`}, nil},
		"other fields": {raw{"nr_periods": `-1`, "throttle_percentage": `true`}, nil},
		"timeline": {raw{"timeline": `[
			{"timestamp_ms":"1.5","actor":"runtime","action":"second","details":"ä \u00e4"},
			{"timestamp":"2026-01-02T03:04:01Z","actor":"scheduler","action":"first","x":1},
			{"timestamp_ms":1.5,"timestamp":null,"actor":"kernel","action":"third","details":null},
			{"timestamp_ms":0,"timestamp":"2026-01-02T03:04:05Z","actor":"kubelet","action":"first too","details":""},
			{"timestamp":"2026-01-02T03:04:06Z","actor":"kubelet","action":"after the last exec"}]`}, func(c *gossip.PodCreation) {
			c.Timeline = []gossip.Step{
				{Offset: 0, Actor: gossip.ActorScheduler, Action: "first"},
				{Offset: 0, Actor: gossip.ActorKubelet, Action: "first too"},
				{Offset: 1500 * time.Microsecond, Actor: gossip.ActorRuntime, Action: "second", Details: "ä ä"},
				{Offset: 1500 * time.Microsecond, Actor: gossip.ActorKernel, Action: "third"},
				{Offset: 5 * time.Second, Actor: gossip.ActorKubelet, Action: "after the last exec"},
			}
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			want := gossip.PodCreation{Origin: testOrigin, TotalSyscalls: 1, NamespaceOps: 2, CgroupWrites: 3, Duration: 4 * time.Second}
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

func TestMostEntries(t *testing.T) {
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
