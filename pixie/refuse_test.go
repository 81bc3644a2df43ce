package pixie

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every refusal names the type, the field and the reason.
func TestRefusalsNameTypeFieldAndReason(t *testing.T) {
	nameOf := func(n int) string { return `"` + strings.Repeat("a", n) + `"` }
	birth := func(field, value string) string { return leastBirth().with(raw{field: value}) }
	cpu := func(field, value string) string { return leastCPU().with(raw{field: value}) }
	memory := func(field, value string) string { return leastMemory().with(raw{field: value}) }
	kill := func(field, value string) string { return leastKill().with(raw{field: value}) }
	network := func(field, value string) string { return leastNetwork().with(raw{field: value}) }
	steps := func(step string) string {
		return birth("timeline", `[{"timestamp_ms":0,"actor":"kernel","action":"a"},`+step+`]`)
	}
	const label = "not a Kubernetes name (a-z, 0-9 and '-' inside): "
	tests := []struct{ input, want string }{
		{`{}`, "type: required"},
		{cpu("type", `null`), "type: required"},
		{cpu("type", `""`), "type: empty"},
		{cpu("type", `7`), "type: string expected, found number"},
		{cpu("type", `"CPU_THROTTLE"`), `type: unknown: "CPU_THROTTLE"`},
		{cpu("type", nameOf(1000)), `type: unknown: "` + strings.Repeat("a", 64) + `"…`},
		{cpu("type", nameOf(1025)), "type: longer than 1024 bytes: 1025"},
		{`{"type":"memory_pressure"}`, "memory_pressure: timestamp: required"},

		{cpu("timestamp", ""), "cpu_throttle: timestamp: required"},
		{cpu("timestamp", `null`), "cpu_throttle: timestamp: required"},
		{cpu("timestamp", `""`), "cpu_throttle: timestamp: empty"},
		{cpu("timestamp", `1767323045`), "cpu_throttle: timestamp: string expected, found number"},
		{cpu("timestamp", `"2026-01-02 03:04:05Z"`), `cpu_throttle: timestamp: not RFC 3339: "2026-01-02 03:04:05Z"`},
		{cpu("timestamp", `"2026-01-02T03:04:05"`), `cpu_throttle: timestamp: not RFC 3339: "2026-01-02T03:04:05"`},
		{cpu("timestamp", `"2026-02-29T03:04:05Z"`), `cpu_throttle: timestamp: not RFC 3339: "2026-02-29T03:04:05Z"`},
		{
			cpu("timestamp", `"1999-12-31T23:59:59Z"`),
			`cpu_throttle: timestamp: year outside 2000–2199: "1999-12-31T23:59:59Z"`,
		},
		{
			cpu("timestamp", `"2000-01-01T00:59:59+01:00"`),
			`cpu_throttle: timestamp: year outside 2000–2199: "2000-01-01T00:59:59+01:00"`,
		},
		{
			cpu("timestamp", `"2200-01-01T00:00:00Z"`),
			`cpu_throttle: timestamp: year outside 2000–2199: "2200-01-01T00:00:00Z"`,
		},

		{cpu("namespace", ""), "cpu_throttle: namespace: required"},
		{cpu("namespace", `""`), "cpu_throttle: namespace: empty"},
		{cpu("namespace", nameOf(64)), "cpu_throttle: namespace: longer than 63 bytes: 64"},
		{cpu("namespace", `"Shop"`), "cpu_throttle: namespace: " + label + `"Shop"`},
		{cpu("namespace", `"a.b"`), "cpu_throttle: namespace: " + label + `"a.b"`},
		{cpu("namespace", `"-a"`), "cpu_throttle: namespace: " + label + `"-a"`},
		{cpu("namespace", `"a-"`), "cpu_throttle: namespace: " + label + `"a-"`},
		{cpu("namespace", `"a;reboot"`), "cpu_throttle: namespace: " + label + `"a;reboot"`},
		{cpu("namespace", `"a\nb"`), "cpu_throttle: namespace: " + label + `"a\nb"`},
		{cpu("pod_name", ""), "cpu_throttle: pod_name: required"},
		{cpu("pod_name", nameOf(254)), "cpu_throttle: pod_name: longer than 253 bytes: 254"},
		{cpu("pod_name", `"a..b"`), `cpu_throttle: pod_name: not a Kubernetes name (a-z, 0-9, '-' and '.' inside): "a..b"`},
		{cpu("pod_name", `"a.-b"`), `cpu_throttle: pod_name: not a Kubernetes name (a-z, 0-9, '-' and '.' inside): "a.-b"`},
		{
			cpu("pod_name", `"shop/a"`),
			`cpu_throttle: pod_name: not a Kubernetes name (a-z, 0-9, '-' and '.' inside): "shop/a"`,
		},
		{cpu("container_name", ""), "cpu_throttle: container_name: required"},
		{cpu("container_name", `""`), "cpu_throttle: container_name: required"},
		{cpu("container_name", nameOf(64)), "cpu_throttle: container_name: longer than 63 bytes: 64"},
		{birth("container_name", `"A"`), "pod_creation: container_name: " + label + `"A"`},
		{cpu("pod_uid", nameOf(129)), "cpu_throttle: pod_uid: longer than 128 bytes: 129"},
		{cpu("pod_uid", `true`), "cpu_throttle: pod_uid: string expected, found boolean"},
		{cpu("node", nameOf(1025)), "cpu_throttle: node: longer than 1024 bytes: 1025"},
		{cpu("container_name", `"a\u200bb"`), "cpu_throttle: container_name: " + label + `"a\u200bb"`},
		{cpu("container_name", "\"a\xff\""), "cpu_throttle: container_name: " + label + `"a\xff"`},
		{cpu("type", `"cpu_throttle\u0000"`), `type: unknown: "cpu_throttle�"`},
		{cpu("source", `[]`), "cpu_throttle: source: string expected, found array"},

		{cpu("period_seconds", `0`), "cpu_throttle: period_seconds: must be above 0: 0"},
		{cpu("period_seconds", `"1e-12"`), "cpu_throttle: period_seconds: must be above 0: 1e-12"},
		{cpu("period_seconds", `-1`), "cpu_throttle: period_seconds: negative: -1"},
		{cpu("period_seconds", `86400.5`), "cpu_throttle: period_seconds: above 86400: 86400.5"},
		{cpu("period_seconds", `1e999`), "cpu_throttle: period_seconds: above 86400: 1e999"},
		{cpu("period_seconds", `-1e999`), "cpu_throttle: period_seconds: negative: -1e999"},
		{cpu("period_seconds", `"15s"`), `cpu_throttle: period_seconds: not a number: "15s"`},

		{cpu("throttle_percentage", ""), "cpu_throttle: throttle_percentage, or nr_periods and nr_throttled: required"},
		{
			leastCPU().with(raw{"throttle_percentage": "", "nr_periods": "1"}),
			"cpu_throttle: nr_throttled: required beside nr_periods",
		},
		{
			leastCPU().with(raw{"throttle_percentage": "null", "nr_throttled": "1"}),
			"cpu_throttle: nr_periods: required beside nr_throttled",
		},
		{cpu("throttle_percentage", `100.1`), "cpu_throttle: throttle_percentage: above 100: 100.1"},
		{cpu("throttle_percentage", `true`), "cpu_throttle: throttle_percentage: number expected, found boolean"},
		{cpu("throttle_percentage", `{}`), "cpu_throttle: throttle_percentage: number expected, found object"},
		{cpu("throttle_percentage", `"NaN"`), `cpu_throttle: throttle_percentage: not a number: "NaN"`},
		{cpu("throttle_percentage", `"0x10"`), `cpu_throttle: throttle_percentage: not a number: "0x10"`},
		{cpu("throttle_percentage", `""`), `cpu_throttle: throttle_percentage: not a number: ""`},
		{cpu("throttle_percentage", `" 1"`), `cpu_throttle: throttle_percentage: not a number: " 1"`},
		{cpu("throttle_percentage", `"+1"`), `cpu_throttle: throttle_percentage: not a number: "+1"`},
		{cpu("throttle_percentage", `"01"`), `cpu_throttle: throttle_percentage: not a number: "01"`},
		{cpu("throttle_percentage", `"1."`), `cpu_throttle: throttle_percentage: not a number: "1."`},
		{cpu("throttle_percentage", `"1e"`), `cpu_throttle: throttle_percentage: not a number: "1e"`},
		{cpu("throttle_percentage", `"1_0"`), `cpu_throttle: throttle_percentage: not a number: "1_0"`},
		{cpu("nr_periods", `-4`), "cpu_throttle: nr_periods: negative: -4"},
		{cpu("nr_periods", `1.5`), "cpu_throttle: nr_periods: not an integer: 1.5"},
		{cpu("nr_periods", `1.00000000000000000001`), "cpu_throttle: nr_periods: not an integer: 1.00000000000000000001"},
		{cpu("nr_periods", `1e-99999999999999999999`), "cpu_throttle: nr_periods: not an integer: 1e-99999999999999999999"},
		{cpu("nr_periods", `1.5e-9223372036854775808`), "cpu_throttle: nr_periods: not an integer: 1.5e-9223372036854775808"},
		{
			cpu("nr_periods", `1e99999999999999999999`),
			"cpu_throttle: nr_periods: above 1000000000000000: 1e99999999999999999999",
		},
		{cpu("nr_periods", `1000000000000001`), "cpu_throttle: nr_periods: above 1000000000000000: 1000000000000001"},
		{
			cpu("nr_periods", `"`+strings.Repeat("9", 40)+`"`),
			"cpu_throttle: nr_periods: above 1000000000000000: " + strings.Repeat("9", 32) + "…",
		},
		{cpu("nr_periods", `-18446744073709551616`), "cpu_throttle: nr_periods: negative: -18446744073709551616"},
		{cpu("cfs_period_usec", `999`), "cpu_throttle: cfs_period_usec: below 1000: 999"},
		{cpu("cfs_period_usec", `1000001`), "cpu_throttle: cfs_period_usec: above 1000000: 1000001"},
		{cpu("threads", `0`), "cpu_throttle: threads: below 1: 0"},
		{leastCPU().with(raw{"throttled_usec": "1", "throttle_ns": "-1"}), "cpu_throttle: throttle_ns: negative: -1"},

		{memory("psi_some_avg60", ``), "memory_pressure: working_set_bytes, memory_usage_pct or psi_some_avg60: required"},
		{
			leastMemory().with(raw{"psi_some_avg60": "null", "memory_used_mb": "1", "psi_full_avg10": "7"}),
			"memory_pressure: working_set_bytes, memory_usage_pct or psi_some_avg60: required",
		},
		{memory("psi_some_avg60", `100.5`), "memory_pressure: psi_some_avg60: above 100: 100.5"},
		{memory("working_set_bytes", `-1`), "memory_pressure: working_set_bytes: negative: -1"},
		{
			memory("limit_bytes", `9223372036854771712`),
			"memory_pressure: limit_bytes: above 1000000000000000: 9223372036854771712",
		},
		{
			leastMemory().with(raw{"limit_bytes": "1", "memory_limit_mb": "-1"}),
			"memory_pressure: memory_limit_mb: negative: -1",
		},
		{memory("oom_kills", `1.5`), "memory_pressure: oom_kills: not an integer: 1.5"},

		{kill("container_name", ``), "oom_kill: container_name or container_id: required"},
		{kill("container_name", `""`), "oom_kill: container_name or container_id: required"},
		{kill("victim_pid", `0`), "oom_kill: victim_pid: below 1: 0"},
		{kill("victim_comm", nameOf(257)), "oom_kill: victim_comm: longer than 256 bytes: 257"},
		{kill("scope", `"node"`), `oom_kill: scope: not memcg or global: "node"`},
		{kill("scope", `1`), "oom_kill: scope: string expected, found number"},

		{network("connect_failures", `null`), "network_issue: a measured field of network_issue: required"},
		{
			leastNetwork().with(raw{"connect_failures": "1", "connection_errors": "-1"}),
			"network_issue: connection_errors: negative: -1",
		},
		{network("retransmit_pct", `101`), "network_issue: retransmit_pct: above 100: 101"},
		{network("avg_latency_ms", `86400001`), "network_issue: avg_latency_ms: above 86400000: 86400001"},

		{birth("total_syscalls", ""), ""},
		{birth("namespace_ops", "null"), ""},
		{leastBirth().with(raw{"total_syscalls": "", "namespace_ops": ""}), ""},
		{
			leastBirth().with(raw{"total_syscalls": "", "namespace_ops": "null", "cgroup_writes": ""}),
			"pod_creation: total_syscalls, namespace_ops or cgroup_writes: required",
		},
		{
			leastBirth().with(raw{"total_syscalls": "", "namespace_ops": "-1", "cgroup_writes": ""}),
			"pod_creation: namespace_ops: negative: -1",
		},
		{birth("cgroup_writes", `[]`), "pod_creation: cgroup_writes: number expected, found array"},
		{birth("duration_ns", `1e15`), ""},
		{birth("duration_ns", `-1`), "pod_creation: duration_ns: negative: -1"},
		{birth("image_pull_ns", `86400000000001`), "pod_creation: image_pull_ns: above 86400000000000: 86400000000001"},
		{birth("syscalls", `[]`), "pod_creation: syscalls: object expected, found array"},
		{birth("syscalls", `{"read":null}`), "pod_creation: syscalls: read: number expected, found null"},
		{birth("syscalls", `{"read":-1}`), "pod_creation: syscalls: read: negative: -1"},
		{birth("syscalls", `{"":1}`), "pod_creation: syscalls: name of 0 bytes, not 1 to 64"},
		{birth("syscalls", `{"re ad":1}`), `pod_creation: syscalls: not a system call (a-z, 0-9 and '_'): "re ad"`},
		{birth("syscalls", `{`+nameOf(65)+`:1}`), "pod_creation: syscalls: name of 65 bytes, not 1 to 64"},
		{birth("timeline", `{}`), "pod_creation: timeline: array expected, found object"},
		{birth("timeline", `"x"`), "pod_creation: timeline: array expected, found string"},
		{steps(`7`), "pod_creation: timeline: entry 2: object expected, found number"},
		{steps(`{"actor":"kernel","action":"a"}`), "pod_creation: timeline: entry 2: timestamp_ms or timestamp: required"},
		{
			steps(`{"timestamp_ms":-1,"actor":"kernel","action":"a"}`),
			"pod_creation: timeline: entry 2: timestamp_ms: negative: -1",
		},
		{
			steps(`{"timestamp_ms":1000000001,"actor":"kernel","action":"a"}`),
			"pod_creation: timeline: entry 2: timestamp_ms: above 1000000000: 1000000001",
		},
		{
			steps(`{"timestamp_ms":1,"timestamp":"x","actor":"kernel","action":"a"}`),
			`pod_creation: timeline: entry 2: timestamp: not RFC 3339: "x"`,
		},
		{
			steps(`{"timestamp":"2026-01-02T03:04:00.5Z","actor":"kernel","action":"a"}`),
			"pod_creation: timeline: entry 2: timestamp: 500ms before the birth began",
		},
		{
			steps(`{"timestamp":"2027-01-02T03:04:01Z","actor":"kernel","action":"a"}`),
			"pod_creation: timeline: entry 2: timestamp: 8760h0m0s after the birth began",
		},
		{steps(`{"timestamp_ms":1,"action":"a"}`), "pod_creation: timeline: entry 2: actor: required"},
		{
			steps(`{"timestamp_ms":1,"actor":"Kubelet","action":"a"}`),
			`pod_creation: timeline: entry 2: actor: not scheduler, kubelet, runtime or kernel: "Kubelet"`,
		},
		{steps(`{"timestamp_ms":1,"actor":"kernel"}`), "pod_creation: timeline: entry 2: action: required"},
		{steps(`{"timestamp_ms":1,"actor":"kernel","action":""}`), "pod_creation: timeline: entry 2: action: empty"},
		{
			steps(`{"timestamp_ms":1,"actor":"kernel\n","action":"a"}`),
			`pod_creation: timeline: entry 2: actor: not scheduler, kubelet, runtime or kernel: "kernel\n"`,
		},
		{
			steps(`{"timestamp_ms":1,"actor":"kernel","action":"a","details":7}`),
			"pod_creation: timeline: entry 2: details: string expected, found number",
		},
		{
			steps(`{"timestamp_ms":1,"actor":"kernel","action":"a","details":` + nameOf(1025) + `}`),
			"pod_creation: timeline: entry 2: details: longer than 1024 bytes: 1025",
		},
	}
	for _, test := range tests {
		_, err := one(t, test.input)
		if test.want == "" {
			require.NoError(t, err, test.input)
			continue
		}
		require.EqualError(t, err, "line 1: "+test.want, test.input)
	}
}
