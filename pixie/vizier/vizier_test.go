package vizier_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie"
	"github.com/kernel-gossip/kernel-gossip/pixie/vizier"
	"github.com/kernel-gossip/kernel-gossip/pixie/vizier/vizierpb"
	"github.com/kernel-gossip/kernel-gossip/pixie/vizier/viziertest"
	"github.com/kernel-gossip/kernel-gossip/pxl"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pixieAt starts a Pixie, and makes a client of it with short waits.
func pixieAt(t *testing.T, change ...func(*vizier.Options)) (*viziertest.Server, *vizier.Client) {
	t.Helper()
	s, err := viziertest.Start()
	require.NoError(t, err)
	t.Cleanup(s.Close)
	o := vizier.Options{
		Address: s.Address, RootCAs: s.RootCAs, APIKey: viziertest.Key, ClusterID: viziertest.Cluster, Wait: time.Millisecond,
	}
	for _, f := range change {
		f(&o)
	}
	c, err := vizier.New(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return s, c
}

// result is what an execution yields.
type result struct {
	events  []gossip.Event
	refused []string
	final   error
}

func execute(t *testing.T, c *vizier.Client, script string) (r result) {
	t.Helper()
	for event, err := range c.Execute(t.Context(), script) {
		require.NoError(t, r.final, "nothing comes after a final error")
		require.NotEqual(t, event == nil, err == nil, "an event or an error")
		_, one := errors.AsType[*pixie.RecordError](err)
		switch {
		case err == nil:
			r.events = append(r.events, event)
		case one:
			r.refused = append(r.refused, err.Error())
		default:
			r.final = err
		}
	}
	return r
}

// lines is what pixie.Decode says of lines that px run -o json prints.
func lines(t *testing.T, text ...string) (events []gossip.Event) {
	t.Helper()
	for event, err := range pixie.Decode(strings.NewReader(strings.Join(text, "\n"))) {
		require.NoError(t, err)
		events = append(events, event)
	}
	return events
}

var at = time.Date(2026, 4, 27, 6, 58, 45, 123456789, time.UTC)

// throttled are rows about container app of pods api-0, api-1 and so on, at one time, throttled in that many of 50
// periods.
func throttled(periods ...int64) viziertest.Table {
	var times []time.Time
	var spaces, pods, containers []string
	var nr []int64
	var seconds []float64
	for i := range periods {
		times, spaces, pods = append(times, at), append(spaces, "shop"), append(pods, fmt.Sprintf("api-%d", i))
		containers, nr, seconds = append(containers, "app"), append(nr, 50), append(seconds, 14.5)
	}
	return viziertest.Table{Name: "kg_cpu_throttle_v1", Columns: []viziertest.Column{
		{Name: "time_", Values: times},
		{Name: "namespace", Values: spaces},
		{Name: "pod_name", Values: pods},
		{Name: "container_name", Values: containers},
		{Name: "period_seconds", Values: seconds},
		{Name: "nr_periods", Values: nr},
		{Name: "nr_throttled", Values: periods},
	}}
}

func throttledLines(periods ...int64) (out []string) {
	for i, n := range periods {
		out = append(out, fmt.Sprintf(`{"_tableName_":"kg_cpu_throttle_v1","time_":"2026-04-27T06:58:45.123456789Z",`+
			`"namespace":"shop",`+
			`"pod_name":"api-%d","container_name":"app","period_seconds":14.5,"nr_periods":50,"nr_throttled":%d}`, i, n))
	}
	return out
}

// Rows give the events that the same rows give as lines of px run -o json; columns of all types, and several tables.
func TestRowsGiveTheEventsOfTheirLines(t *testing.T) {
	s, c := pixieAt(t)
	kills := viziertest.Table{Name: "kg_oom_kill_v1", Columns: []viziertest.Column{
		{Name: "time_", Values: []int64{at.UnixNano()}}, // an INT64 of that name is a time too
		{Name: "pod", Values: []string{"shop/cart-0"}},
		{Name: "container_name", Values: []string{"7"}}, // a text that looks like a number
		{Name: "upid", Values: []*vizierpb.UInt128{{High: 0x300005a3c, Low: 0x9c3f1}}},
		{Name: "pod_uid", Values: []*vizierpb.UInt128{{High: 0x0123456789abcdef, Low: 0xfedcba9876543210}}},
		{Name: "oom", Values: []bool{true}},
		{Name: "victim_comm", Values: []string{"ja\xffva"}},
		{Name: "limit_bytes", Values: []int64{1 << 30}},
		{Name: "usage_bytes", Values: []float64{1 << 29}},
	}}
	empty := viziertest.Table{
		Name: "kg_network_issue_v1", Columns: []viziertest.Column{{Name: "time_", Values: []time.Time{}}},
	}
	s.Answer(viziertest.Show(throttled(1, 2, 3, 4, 5, 6, 7), kills, empty))
	got := execute(t, c, "import px\n")
	require.NoError(t, got.final)
	require.Empty(t, got.refused)
	want := lines(t, append(throttledLines(1, 2, 3, 4, 5, 6,
		7), `{"_tableName_":"kg_oom_kill_v1","time_":"2026-04-27T06:58:45.123456789Z",`+
		`"pod":"shop/cart-0","container_name":"7","upid":"00000003-0000-5a3c-0000-0000009c3f1",`+
		`"pod_uid":"01234567-89ab-cdef-fedc-ba9876543210",`+
		`"oom":true,"victim_comm":"ja\ufffdva","limit_bytes":1073741824,"usage_bytes":5.36870912e8}`)...)
	if diff := cmp.Diff(want, got.events); diff != "" {
		t.Errorf("events (-lines of px run +rows):\n%s", diff)
	}
}

// A batch is text in pieces; each row counts once, in its order.
func TestEachOfManyRowsCountsOnce(t *testing.T) {
	s, c := pixieAt(t)
	periods := make([]int64, 1000)
	for i := range periods {
		periods[i] = int64(i % 51)
	}
	table := throttled(periods...)
	s.Answer(viziertest.Send(table.Describe("x"), table.Batch("x", 0, 700), table.Batch("x", 700, 1000)))
	got := execute(t, c, "")
	require.NoError(t, got.final)
	if diff := cmp.Diff(lines(t, throttledLines(periods...)...), got.events); diff != "" {
		t.Errorf("events (-lines of px run +rows):\n%s", diff)
	}
}

// The columns that the scripts of package pxl show are understood, in the types that they have there.
func TestTablesOfScripts(t *testing.T) {
	values := map[string]any{
		"namespace": []string{
			"shop",
		}, "pod_name": []string{"api-0"}, "container_name": []string{"app"}, "scope": []string{"memcg"},
	}
	for _, name := range pxl.Names() {
		s, c := pixieAt(t)
		var tables []viziertest.Table
		for _, shown := range pxl.Tables(name) {
			table := viziertest.Table{Name: shown.Name}
			for _, column := range shown.Columns {
				v, ok := values[column.Name]
				if !ok {
					v = map[string]any{
						"TIME64NS": []time.Time{at}, "STRING": []string{"x"}, "INT64": []int64{1000}, "FLOAT64": []float64{10},
					}[column.Type]
				}
				table.Columns = append(table.Columns, viziertest.Column{Name: column.Name, Values: v})
			}
			tables = append(tables, table)
		}
		s.Answer(viziertest.Show(tables...))
		got := execute(t, c, "")
		require.NoError(t, got.final, name)
		require.Empty(t, got.refused, name)
		require.Len(t, got.events, len(tables), name)
	}
}

// A bad row costs only itself, and the error names table, row and reason.
func TestABadRowCostsOnlyItself(t *testing.T) {
	s, c := pixieAt(t)
	table := throttled(1, -1, 3, 4, 5)
	table.Columns[2].Values = []string{"api-0", "api-1", "api-2", "a\xffpi", "api-4"}
	table.Columns[4].Values = []float64{math.NaN(), 14.5, math.Inf(1), 14.5, 14.5}
	other := viziertest.Table{Name: "http_events", Columns: []viziertest.Column{{Name: "time_", Values: []time.Time{at}}}}
	s.Answer(viziertest.Show(table, other))
	got := execute(t, c, "")
	require.NoError(t, got.final)
	good := lines(t, strings.Replace(throttledLines(1)[0], `"period_seconds":14.5,`, "", 1), // NaN is not measured
		throttledLines(0, 0, 0, 0, 5)[4])
	if diff := cmp.Diff(good, got.events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{
		`table "kg_cpu_throttle_v1", row 2: cpu_throttle: nr_throttled: negative: -1`,
		`table "kg_cpu_throttle_v1", row 3: cpu_throttle: period_seconds: not a number: "+Inf"`,
		`table "kg_cpu_throttle_v1", row 4: cpu_throttle: pod_name: not a Kubernetes name (a-z, ` +
			`0-9, '-' and '.' inside): "a�pi"`,
		`table "http_events", row 1: _tableName_: not one of ours (kg_<type>_v1): "http_events"`,
	}, got.refused); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

// Pixie gets the cluster, and whether probes are to be deployed, as from its own programs.
func TestARequestNamesTheClusterAndProbes(t *testing.T) {
	s, c := pixieAt(t)
	script, err := pxl.Script("cpu_throttle_detector")
	require.NoError(t, err)
	for script, mutation := range map[string]bool{
		script: true, "import px\n": false, "import pxtrace # no\n": false, "x\nfrom pxtrace\n": true, "": false,
	} {
		require.NoError(t, execute(t, c, script).final)
		all := s.Requests()
		q := all[len(all)-1]
		require.Equal(t, script, q.GetQueryStr())
		require.Equal(t, mutation, q.GetMutation(), script)
		require.Equal(t, viziertest.Cluster, q.GetClusterId())
	}
}

func TestWrongOptionsAreRefused(t *testing.T) {
	good := vizier.Options{Address: "work.withpixie.ai:443", APIKey: "secret-key", ClusterID: viziertest.Cluster}
	require.NoError(t, good.Validate())
	for want, change := range map[string]func(*vizier.Options){
		`address: "https://work.withpixie.ai:443" is not host:port`: func(o *vizier.Options) {
			o.Address = "https://work.withpixie.ai:443"
		},
		`address: "work.withpixie.ai" is not host:port`: func(o *vizier.Options) {
			o.Address = "work.withpixie.ai"
		},
		`address: "" is not host:port`:                 func(o *vizier.Options) { o.Address = "" },
		`is not loopback, and the key must not travel`: func(o *vizier.Options) { o.Plaintext = true },
		`API key: empty`:                               func(o *vizier.Options) { o.APIKey = "" },
		`API key: empty, or`:                           func(o *vizier.Options) { o.APIKey = "secret\nkey" },
		`cluster ID: "0123456789abcdef0123456789abcdef" is not a UUID`: func(o *vizier.Options) {
			o.ClusterID = "0123456789abcdef0123456789abcdef"
		},
		`a limit is negative`: func(o *vizier.Options) { o.Attempts = -1 },
	} {
		o := good
		change(&o)
		_, err := vizier.New(o)
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "secret")
	}
}

// Without TLS, on loopback only.
func TestPlaintextWorksOnLoopback(t *testing.T) {
	s, err := viziertest.StartPlain()
	require.NoError(t, err)
	t.Cleanup(s.Close)
	s.Answer(viziertest.Show(throttled(1)))
	c, err := vizier.New(vizier.Options{
		Address: s.Address, Plaintext: true, APIKey: viziertest.Key, ClusterID: viziertest.Cluster,
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	require.Len(t, execute(t, c, "").events, 1)
}

// A certificate of another authority ends the call before the key is sent.
func TestAnUnknownCertificateEndsTheCall(t *testing.T) {
	s, c := pixieAt(t, func(o *vizier.Options) { o.RootCAs, o.Attempts = nil, 1 })
	got := execute(t, c, "")
	require.Equal(t, codes.Unavailable, status.Code(got.final))
	require.ErrorContains(t, got.final, "certificate")
	require.Empty(t, s.Requests())
}
