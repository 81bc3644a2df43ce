package pixie

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// ofWindow is a good record with counters of 15 s and a limit of 1, and what differs.
func ofWindow(differs raw) string {
	counters := leastCPU()
	maps.Copy(counters, raw{
		"throttle_percentage": "", "period_seconds": "15", "nr_periods": "150", "nr_throttled": "50",
		"throttled_usec": "4000000", "usage_usec": "14000000", "limit_cores": "1",
	})
	return counters.with(differs)
}

// Counters that cannot be from one window are refused, with the figures that do not agree.
func TestCountersThatDoNotFitTheirWindowAreRefused(t *testing.T) {
	const why = ": cumulative or mistimed counters?"
	for name, tc := range map[string]struct {
		record string
		want   string
	}{
		"cumulative periods, k0sproject/k0s#4954": {
			ofWindow(raw{
				"nr_periods":     "7607",
				"nr_throttled":   "4174",
				"throttled_usec": "3322148518",
				"usage_usec":     "8099091679",
				"limit_cores":    "8",
			}),
			"nr_periods: 7607 periods of 100ms do not fit into 15s",
		},
		"periods of twice the window": {
			ofWindow(raw{"period_seconds": "5", "nr_periods": "100"}), "nr_periods: 100 periods of 100ms do not fit into 5s",
		},
		"a quarter too many periods": {
			ofWindow(raw{"nr_periods": "188"}), "nr_periods: 188 periods of 100ms do not fit into 15s",
		},
		"periods of another length": {
			ofWindow(raw{"nr_periods": "150", "cfs_period_usec": "250000"}),
			"nr_periods: 150 periods of 250ms do not fit into 15s",
		},
		"the most of everything": {
			ofWindow(raw{"nr_periods": "1e15", "usage_usec": "1e15", "throttled_usec": "1e15"}),
			"nr_periods: 1000000000000000 periods of 100ms do not fit into 15s",
		},
		"use above the limit": {
			ofWindow(raw{"usage_usec": "30000000"}), "usage_usec: 30s of CPU time do not fit into 15s with a limit of 1",
		},
		"use in nanoseconds": {
			ofWindow(raw{"usage_usec": "14000000000"}),
			"usage_usec: 3h53m20s of CPU time do not fit into 15s with a limit of 1",
		},
		"use above the CPUs": {
			ofWindow(raw{"usage_usec": "90000000", "limit_cores": "0", "node_cpus": "4"}),
			"usage_usec: 1m30s of CPU time do not fit into 15s on 4 CPUs",
		},
		"use above any machine": {
			ofWindow(raw{"usage_usec": "1000000000000", "limit_cores": ""}),
			"usage_usec: 277h46m40s of CPU time do not fit into 15s on any machine",
		},
		"use above the periods": {
			ofWindow(raw{"usage_usec": "60000000", "period_seconds": ""}),
			"usage_usec: 1m0s of CPU time do not fit into 150 periods of 100ms with a limit of 1",
		},
		"waits above the CPUs": {
			ofWindow(raw{"throttled_usec": "90000000", "node_cpus": "4"}),
			"throttled_usec: 1m30s of waiting do not fit into 15s on 4 CPUs",
		},
		"waits above any machine": {
			ofWindow(raw{"throttled_usec": "1000000000000"}),
			"throttled_usec: 277h46m40s of waiting do not fit into 15s on any machine",
		},
		"waits above the periods": {
			ofWindow(raw{"nr_throttled": "3", "throttled_usec": "20000000", "node_cpus": "4"}),
			"throttled_usec: 20s of waiting do not fit into 3 throttled periods of 100ms on 4 CPUs",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := one(t, tc.record)
			require.EqualError(t, err, "line 1: cpu_throttle: "+tc.want+why)
		})
	}
}

// What the kernel's accounting, rounding and lateness may do to a real window is no fault.
func TestCountersOfRealWindowsAreAccepted(t *testing.T) {
	for name, record := range map[string]string{
		"every period, and one more": ofWindow(raw{"nr_periods": "151"}),
		"a length that was cut":      ofWindow(raw{"nr_periods": "159"}),
		"one second and a half": ofWindow(raw{
			"period_seconds": "1",
			"nr_periods":     "15",
			"nr_throttled":   "5",
			"throttled_usec": "400000",
			"usage_usec":     "1000000",
		}),
		"a window of one period": ofWindow(raw{
			"period_seconds": "0.1",
			"nr_periods":     "2",
			"nr_throttled":   "2",
			"throttled_usec": "400000",
			"usage_usec":     "100000",
		}),
		"kubevirt/kubevirt#12970": ofWindow(raw{
			"period_seconds": "120",
			"nr_periods":     "1197",
			"nr_throttled":   "496",
			"throttled_usec": "395384834",
			"usage_usec":     "988930037",
			"limit_cores":    "8",
		}),
		"an idle container": ofWindow(raw{
			"nr_periods": "0", "nr_throttled": "0", "throttled_usec": "0", "usage_usec": "90000",
		}),
		"a limit that nothing enforces": ofWindow(raw{
			"nr_periods": "0", "nr_throttled": "0", "throttled_usec": "0", "usage_usec": "40000000", "node_cpus": "4",
		}),
		"no limit": ofWindow(raw{
			"nr_periods": "0", "nr_throttled": "0", "throttled_usec": "0", "usage_usec": "40000000", "limit_cores": "0",
		}),
		"a wait of all CPUs":          ofWindow(raw{"nr_throttled": "150", "throttled_usec": "58000000", "node_cpus": "4"}),
		"a wait that began before":    ofWindow(raw{"nr_throttled": "0", "throttled_usec": "900000", "node_cpus": "1"}),
		"threads that are gone again": ofWindow(raw{"threads": "1", "limit_cores": "4", "usage_usec": "50000000"}),
		"no length, no limit":         ofWindow(raw{"period_seconds": "", "limit_cores": "", "usage_usec": "900000000"}),
		"no length":                   ofWindow(raw{"period_seconds": "", "usage_usec": "15400000"}),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := one(t, record)
			require.NoError(t, err)
		})
	}
}

// Whatever was recorded from a kernel is accepted.
func TestRecordedCapturesAreAccepted(t *testing.T) {
	captures, err := filepath.Glob("../examples/captures/*.ndjson")
	require.NoError(t, err)
	demo, err := filepath.Glob("../examples/demo/recording/captures/*.ndjson")
	require.NoError(t, err)
	require.NotEmpty(t, captures)
	require.NotEmpty(t, demo)
	for _, name := range append(captures, demo...) {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		_, errs := pairs(t, Options{}, bytes.NewReader(text))
		require.Empty(t, errs, name)
	}
}

// Counters of a window come through every door the same way, and so does the refusal.
func TestRowsAndAssembledRecordsAreHeldToTheirWindow(t *testing.T) {
	const want = "cpu_throttle: nr_periods: 7607 periods of 100ms do not fit into 15s: cumulative or mistimed counters?"
	_, err := one(t,
		`{"_tableName_":"kg_cpu_throttle_v1","time_":"2026-01-02T03:04:05Z","pod":"shop/api-0",`+
			`"container_name":"app","period_seconds":"15","nr_periods":"7607.0","nr_throttled":"4174"}`)
	require.EqualError(t, err, "line 1: "+want)
	var r Record
	for name, value := range map[string]string{
		"type":           "cpu_throttle",
		"timestamp":      "2026-01-02T03:04:05Z",
		"namespace":      "shop",
		"pod_name":       "api-0",
		"container_name": "app",
	} {
		r.Text(name, value)
	}
	r.Integer("period_seconds", 15)
	r.Integer("nr_periods", 7607)
	r.Integer("nr_throttled", 4174)
	_, err = r.Event()
	require.EqualError(t, err, want)
}
