package pixie

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// leastRecord sets what a throttle_percentage of 80 needs around it.
func leastRecord(r *Record) {
	r.Text("type", "cpu_throttle")
	r.Text("timestamp", "2026-01-02T03:04:05Z")
	r.Text("namespace", "shop")
	r.Text("pod_name", "api-0")
	r.Text("container_name", "app")
}

// A record that is put together is the record that says the same in JSON.
func TestARecordIsTheSameInPartsAndInJSON(t *testing.T) {
	want, err := one(t, `{"type":"cpu_throttle","timestamp":"2026-01-02T03:04:05Z","namespace":"shop","pod_name":"api-0",
		"container_name":"app",
		"period_seconds":15.5,"nr_periods":56,"nr_throttled":45,"limit_cores":1e-7,"threads":4}`)
	require.NoError(t, err)
	var r Record
	for range 2 { // it is empty again after Event
		leastRecord(&r)
		r.Text("period_seconds", "15.5")
		r.Integer("nr_periods", 56)
		r.Number("nr_throttled", 45)
		r.Number("limit_cores", 1e-7)
		r.Number("threads", 4)
		r.Number("usage_usec", math.NaN())
		r.Text("fan_speed", "\xff")
		got, err := r.Event()
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestARefusedRecordLeavesNothing(t *testing.T) {
	for want, change := range map[string]func(*Record){
		"cpu_throttle: throttle_percentage, or nr_periods and nr_throttled: required": func(*Record) {},
		"cpu_throttle: throttle_percentage: not a finite number": func(r *Record) {
			r.Number("throttle_percentage", math.Inf(1))
		},
		"cpu_throttle: throttle_percentage: above 100: 101": func(r *Record) {
			r.Integer("throttle_percentage", 101)
		},
		`cpu_throttle: container_name: occurs twice`: func(r *Record) {
			r.Text("container_name", "\xff")
		},
		"cpu_throttle: node: string expected, found number": func(r *Record) {
			r.Integer("node", 1)
		},
		"cpu_throttle: pod_name: occurs twice": func(r *Record) {
			r.Text("pod_name", "api-0")
		},
	} {
		var r Record
		leastRecord(&r)
		change(&r)
		event, err := r.Event()
		require.EqualError(t, err, want)
		require.Nil(t, event)
		leastRecord(&r)
		r.Number("throttle_percentage", 80)
		event, err = r.Event()
		require.NoError(t, err, "a refused record leaves nothing behind")
		require.Equal(t, gossip.Some(0.8), event.(gossip.CPUSample).ThrottledShare)
	}
	var r Record
	_, err := r.Event()
	require.EqualError(t, err, "type: required")
}

// With a table it is a row, and numbers are fit for texts.
func TestARecordWithATableIsARow(t *testing.T) {
	var r Record
	r.Text("_tableName_", "kg_cpu_throttle_v1")
	r.Text("time_", "2026-01-02 03:04:05 +0000 UTC")
	r.Text("pod", "shop/api-0")
	r.Integer("container_name", 7)
	r.Number("throttle_percentage", 80)
	event, err := r.Event()
	require.NoError(t, err)
	require.Equal(t, "7", event.From().Container)
	require.Equal(t, testTime, event.From().Time)
}
