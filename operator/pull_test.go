package operator_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/operator"
	"github.com/kernel-gossip/kernel-gossip/pixie/vizier/vizierpb"
	"github.com/kernel-gossip/kernel-gossip/pixie/vizier/viziertest"
)

const detector, monitor = "cpu_throttle_detector", "memory_pressure_monitor"

// pullFrom makes the operator pull two scripts from a Pixie every second.
func pullFrom(t *testing.T, s *viziertest.Server) func(*operator.Options) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.crt")
	require.NoError(t, os.WriteFile(file, s.Certificate, 0o600))
	return func(o *operator.Options) {
		o.PixiePull, o.PixieAddress, o.PixieCAFile = true, s.Address, file
		o.PixieAPIKey, o.PixieClusterID = viziertest.Key, viziertest.Cluster
		o.PixieSchedule = operator.Schedule{
			detector: time.Second, monitor: time.Second, "network_issue_finder": 0,
			"pod_creation_trace": 0,
		}
		o.PixieMaxWait = 50 * time.Millisecond
	}
}

// windows returns rows as the detector shows them: the last four whole windows, each with 45 of 50 periods throttled.
// The number of threads differs between runs, as it may with Pixie.
func windows(namespace, pod, uid string, run int64) viziertest.Table {
	const window = 15 * time.Second
	end := time.Now().Truncate(window)
	same := func(text string) []string { return []string{text, text, text, text} }
	count := func(n int64) []int64 { return []int64{n, n, n, n} }
	return viziertest.Table{Name: "kg_cpu_throttle_v1", Columns: []viziertest.Column{
		{Name: "time_", Values: []time.Time{end.Add(-3 * window), end.Add(-2 * window), end.Add(-window), end}},
		{Name: "namespace", Values: same(namespace)},
		{Name: "pod_name", Values: same(pod)},
		{Name: "pod_uid", Values: same(uid)},
		{Name: "container_name", Values: same("app")},
		{Name: "source", Values: same("pixie")},
		{Name: "period_seconds", Values: []float64{15, 15, 15, 15}},
		{Name: "limit_cores", Values: []float64{0.1, 0.1, 0.1, 0.1}},
		{Name: "nr_periods", Values: count(50)},
		{Name: "nr_throttled", Values: count(45)},
		{Name: "throttled_usec", Values: count(3_150_000)},
		{Name: "usage_usec", Values: count(150_000)},
		{Name: "threads", Values: count(2 + run)},
	}}
}

// shows answers the detector with windows of a pod, and any other script with a bad row.
func shows(namespace, pod, uid string) viziertest.Answer {
	var runs atomic.Int64
	return func(q *vizierpb.ExecuteScriptRequest, send func(*vizierpb.ExecuteScriptResponse) error) error {
		if !strings.Contains(q.GetQueryStr(), "px.display(df, 'kg_cpu_throttle_v1')") {
			return viziertest.Show(viziertest.Table{
				Name:    "kg_memory_pressure_v1",
				Columns: []viziertest.Column{{Name: "time_", Values: []time.Time{{}}}},
			})(q, send)
		}
		return viziertest.Show(windows(namespace, pod, uid, runs.Add(1)))(q, send)
	}
}

// counted returns the value of a counter or gauge with these labels; 0 if there is none.
func counted(t *testing.T, r *prometheus.Registry, name string, labels map[string]string) float64 {
	t.Helper()
	families, err := r.Gather()
	require.NoError(t, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			has := map[string]string{}
			for _, l := range m.GetLabel() {
				has[l.GetName()] = l.GetValue()
			}
			if f.GetName() == name && maps.Equal(has, labels) {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return 0
}

// runs waits until this number of further runs of the detector have ended with a result.
func (r *running) runs(t *testing.T, more float64, result string) {
	t.Helper()
	count := func() float64 {
		return counted(t, r.Metrics, "kernelgossip_pixie_runs_total", map[string]string{"script": detector, "result": result})
	}
	before := count()
	require.Eventually(t, func() bool { return count() >= before+more }, 40*time.Second, 10*time.Millisecond,
		"no run ends with %s", result)
}

// Rows of Pixie become whispers. A row of several runs counts once; a failed run is tried again, and the operator works
// on.
func TestPulledRowsBecomeWhispers(t *testing.T) {
	t.Parallel()
	s, err := viziertest.Start()
	require.NoError(t, err)
	t.Cleanup(s.Close)
	c := cluster(t)
	k := admin(t, c)
	first, second := makePod(t, k, "pull", "api-0"), makePod(t, k, "pull", "api-1")
	other := makePod(t, k, "pull", "posted-0")
	s.Answer(shows("pull", "api-0", string(first.UID)))
	began := time.Now()
	r := start(t, c.Config, in("pull"), pullFrom(t, s))
	whisper(t, k, "pull", "api-0", severity(v1alpha1.SeverityCritical))
	r.runs(t, 3, "ok")
	rows := func(script, result string) float64 {
		return counted(t, r.Metrics, "kernelgossip_pixie_rows_total", map[string]string{"script": script, "result": result})
	}
	require.GreaterOrEqual(t, rows(detector, "repeated"), 4.0)
	require.Positive(t, rows(monitor, "rejected"))
	shown := time.Since(began)/(15*time.Second) + 5 // windows that ended meanwhile are new
	require.LessOrEqual(t, rows(detector, "accepted"), float64(shown))

	s.Answer(viziertest.Fail(codes.Unavailable, "cluster is not in a healthy state"))
	r.runs(t, 2, "unavailable")
	r.post(t, records("pull", "posted-0", string(other.UID), 4, 45)...)
	whisper(t, k, "pull", "posted-0", severity(v1alpha1.SeverityCritical))
	s.Answer(shows("pull", "api-0", string(first.UID)))
	r.runs(t, 1, "ok")

	s.Answer(viziertest.Cut(s, 2, windows("pull", "api-0", string(first.UID), 0)))
	r.runs(t, 2, "unavailable")
	s.Expect("another key")
	r.runs(t, 2, "unauthorized")
	require.NotContains(t, r.Log.String(), viziertest.Key)

	s.Expect(viziertest.Key)
	s.Answer(shows("pull", "api-1", string(second.UID)))
	whisper(t, k, "pull", "api-1", severity(v1alpha1.SeverityCritical))
	r.runs(t, 1, "ok")
	require.Positive(t, counted(t, r.Metrics, "kernelgossip_pixie_last_success_timestamp_seconds",
		map[string]string{"script": detector}))
	r.stop(t)

	told := regexp.MustCompile(`"msg":"([^"]*Pixie[^"]*)"[^\n]*"script":"`+detector+
		`"(?:,"result":"(\w+)")?`).FindAllStringSubmatch(r.Log.String(), -1)
	var transitions []string
	for _, m := range told {
		transitions = append(transitions, strings.TrimSpace(m[1]+" "+m[2]))
	}
	require.Equal(t, []string{
		"Cannot pull from Pixie, will try again deploying", "Pulling from Pixie",
		"Cannot pull from Pixie, will try again unavailable", "Pulling from Pixie",
		"Cannot pull from Pixie, will try again unavailable", "Cannot pull from Pixie, will try again unauthorized",
		"Pulling from Pixie",
	}, transitions, "%s", r.Log)
	require.Equal(t, 1, strings.Count(r.Log.String(), "Pixie shows rows that cannot be used"))
}

// Rows that came before a stream broke count, though the run failed.
func TestRowsBeforeABreakAreKept(t *testing.T) {
	t.Parallel()
	s, err := viziertest.Start()
	require.NoError(t, err)
	t.Cleanup(s.Close)
	k := admin(t, cluster(t))
	pod := makePod(t, k, "pull-broken", "api-0")
	all := shows("pull-broken", "api-0", string(pod.UID))
	s.Answer(func(q *vizierpb.ExecuteScriptRequest, send func(*vizierpb.ExecuteScriptResponse) error) error {
		if err := all(q, send); err != nil {
			return err
		}
		return viziertest.Fail(codes.Unavailable, "the cluster is gone")(q, send)
	})
	r := start(t, cluster(t).Config, in("pull-broken"), pullFrom(t, s))
	whisper(t, k, "pull-broken", "api-0", severity(v1alpha1.SeverityCritical))
	r.runs(t, 1, "unavailable")
	require.Zero(t, counted(t, r.Metrics, "kernelgossip_pixie_last_success_timestamp_seconds",
		map[string]string{"script": detector}))
}

// Only the leader runs scripts, and after it the next leader.
func TestOnlyTheLeaderPulls(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	makeNamespace(t, admin(t, c), "pull-leader")
	elected := func(o *operator.Options) { o.LeaderElection, o.LeaderElectionNamespace = true, "pull-leader" }
	var pixies [2]*viziertest.Server
	for i := range pixies {
		s, err := viziertest.Start()
		require.NoError(t, err)
		t.Cleanup(s.Close)
		pixies[i] = s
	}
	first := start(t, c.Config, in("pull-leader"), elected, pullFrom(t, pixies[0]))
	second := launch(t, c.Config, quick(in("pull-leader"), elected, pullFrom(t, pixies[1])))
	first.runs(t, 3, "ok")
	require.Empty(t, pixies[1].Requests())
	first.stop(t)
	asked := len(pixies[0].Requests())
	second.runs(t, 1, "ok")
	require.Len(t, pixies[0].Requests(), asked)
}

// Pulling stops first, and what was taken is written before the end.
func TestStopWritesWhatWasPulled(t *testing.T) {
	t.Parallel()
	s, err := viziertest.Start()
	require.NoError(t, err)
	t.Cleanup(s.Close)
	k := admin(t, cluster(t))
	pod := makePod(t, k, "pull-drain", "api-0")
	s.Answer(shows("pull-drain", "api-0", string(pod.UID)))
	r := start(t, cluster(t).Config, in("pull-drain"), pullFrom(t, s),
		func(o *operator.Options) { o.WriteDelay = time.Hour })
	r.runs(t, 1, "ok")
	r.stop(t)
	whisper(t, k, "pull-drain", "api-0", severity(v1alpha1.SeverityCritical))
}

// Each run keeps the probes for long enough, asks for the watched namespaces, and looks back to the last run that went
// well.
func TestPulledScriptsKeepTheirProbes(t *testing.T) {
	t.Parallel()
	s, err := viziertest.Start()
	require.NoError(t, err)
	t.Cleanup(s.Close)
	r := start(t, cluster(t).Config, pullFrom(t, s),
		func(o *operator.Options) { o.Namespaces = []string{"pull-scripts", "pull-other"} })
	r.runs(t, 3, "ok")
	r.stop(t)
	asked := map[string]int{}
	for _, q := range s.Requests() {
		require.True(t, q.GetMutation())
		require.Contains(t, q.GetQueryStr(), "\nTTL = '600s'\n")
		require.Contains(t, q.GetQueryStr(), "\nNAMESPACES = 'pull-scripts|pull-other'\n")
		back := regexp.MustCompile(`\nLOOKBACK = px.seconds\((\d+)\)\n`).FindStringSubmatch(q.GetQueryStr())
		require.NotNil(t, back)
		asked[back[1]]++
	}
	require.GreaterOrEqual(t, asked["360"], 2, "the first run of each script")
	delete(asked, "360")
	require.NotEmpty(t, asked, "and later ones")
	for back, n := range asked {
		var seconds int
		_, err := fmt.Sscan(back, &seconds)
		require.NoError(t, err)
		require.True(t, 61 <= seconds && seconds <= 120, "%d runs look back %s s", n, back)
	}
}

// Each attempt has its own script: a script from the first attempt would not look back far enough if only the fifth one
// is answered.
func TestEachPullAttemptLooksBackFromItsOwnTime(t *testing.T) {
	t.Parallel()
	s, err := viziertest.Start()
	require.NoError(t, err)
	t.Cleanup(s.Close)
	var tries atomic.Int64
	s.Answer(func(q *vizierpb.ExecuteScriptRequest, send func(*vizierpb.ExecuteScriptResponse) error) error {
		if tries.Add(1) <= 3 {
			return viziertest.Fail(codes.Unavailable, "cluster is not in a healthy state")(q, send)
		}
		return viziertest.Show()(q, send)
	})
	r := start(t, cluster(t).Config, in("pull-tries"), pullFrom(t, s),
		func(o *operator.Options) { o.PixieSchedule[monitor] = 0 })
	r.runs(t, 1, "ok")
	for result, n := range map[string]float64{"deploying": 1, "unavailable": 3} {
		require.InDelta(t, n, counted(t, r.Metrics, "kernelgossip_pixie_runs_total",
			map[string]string{"script": detector, "result": result}), 0, result)
	}
}
