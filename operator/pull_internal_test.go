package operator

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
	"github.com/kernel-gossip/kernel-gossip/pixie/vizier"
	"github.com/kernel-gossip/kernel-gossip/pixie/vizier/viziertest"
	"github.com/kernel-gossip/kernel-gossip/pxl"
	"github.com/kernel-gossip/kernel-gossip/pxl/check"
)

// A run looks back to the last one that went well and further, so that it shows windows whole that had not ended then.
// The lookback is bounded.
func TestPullLooksBackToTheLastGoodRun(t *testing.T) {
	at := time.Date(2026, 4, 27, 7, 0, 0, 0, time.UTC)
	o := Options{PixieSchedule: Schedule{"network_issue_finder": 0, "memory_pressure_monitor": time.Hour}}.withDefaults()
	got := map[string][]time.Duration{}
	for _, s := range scriptsOf(o) {
		for _, ago := range []time.Duration{-1, 30*time.Second + time.Millisecond, 10 * time.Minute, 24 * time.Hour} {
			s.last = at.Add(-ago)
			if ago < 0 {
				s.last = time.Time{}
			}
			got[s.name] = append(got[s.name], s.lookbackAt(at))
		}
	}
	want := map[string][]time.Duration{
		"cpu_throttle_detector":   {6 * time.Minute, 91 * time.Second, 11 * time.Minute, 15 * time.Minute},
		"memory_pressure_monitor": {6 * time.Minute, 91 * time.Second, 11 * time.Minute, 121 * time.Minute},
		"pod_creation_trace":      {15 * time.Minute, 631 * time.Second, 20 * time.Minute, 30 * time.Minute},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lookback (-want +got):\n%s", diff)
	}
}

// A rendered script would pass Pixie's compiler, as far as can be checked without it, and its probes stay for four
// intervals.
func TestRenderedScriptsCompile(t *testing.T) {
	schedule := Schedule{}
	for _, name := range pxl.Names() {
		schedule[name] = 5 * time.Minute
	}
	for _, s := range scriptsOf(Options{PixieSchedule: schedule, Namespaces: []string{"shop", "cart"}}.withDefaults()) {
		text, err := s.renderText(time.Now())
		require.NoError(t, err)
		report := check.Script(text)
		require.Empty(t, report.Problems, s.name)
		for _, p := range report.Probes {
			require.Equal(t, "1200s", p.TTL, s.name)
		}
	}
}

// The same window counts once, however a later run shows it; another limit, time, container or pod is another row.
func TestRowsOfOneWindowCountOnce(t *testing.T) {
	at := time.Date(2026, 4, 27, 7, 0, 0, 0, time.UTC)
	sample := func(change func(*gossip.CPUSample)) gossip.CPUSample {
		e := gossip.CPUSample{Origin: gossip.Origin{
			Namespace: "shop", Pod: "api-0", PodUID: "u", Container: "app",
			ContainerID: "c", Time: at,
		}}
		e.LimitCores, e.Threads = gossip.Some(0.5), gossip.Some[int64](2)
		change(&e)
		return e
	}
	var r takenRows
	require.False(t, r.hasRow(sample(func(*gossip.CPUSample) {})))
	r.add(sample(func(*gossip.CPUSample) {}))
	require.True(t, r.hasRow(sample(func(e *gossip.CPUSample) { e.Threads = gossip.Some[int64](3) })))
	for _, change := range []func(*gossip.CPUSample){
		func(e *gossip.CPUSample) { e.LimitCores = gossip.Some(0.6) },
		func(e *gossip.CPUSample) { e.Time = at.Add(15 * time.Second) },
		func(e *gossip.CPUSample) { e.ContainerID = "d" },
		func(e *gossip.CPUSample) { e.PodUID = "v" },
		func(e *gossip.CPUSample) { e.Pod = "api-1" },
	} {
		require.False(t, r.hasRow(sample(change)))
	}
	kill := gossip.OOMKill{
		Origin:    gossip.Origin{Namespace: "shop", Pod: "api-0", Time: at},
		VictimPID: gossip.Some[int64](1),
	}
	r.add(kill)
	kill.VictimPID = gossip.Some[int64](2)
	require.False(t, r.hasRow(kill))

	r.add(sample(func(e *gossip.CPUSample) { e.Time = at.Add(20 * time.Minute) }))
	later := at.Add(20 * time.Minute)
	r.forgetOld(later, 20*time.Minute)
	require.True(t, r.hasRow(sample(func(*gossip.CPUSample) {})))
	r.forgetOld(later, 19*time.Minute)
	require.False(t, r.hasRow(sample(func(*gossip.CPUSample) {})))
}

// A node with a clock that is ahead makes no rows forgotten: they would count again.
func TestClockAheadForgetsNoRows(t *testing.T) {
	now := time.Date(2026, 4, 27, 7, 0, 0, 0, time.UTC)
	row := gossip.NetworkSample{Origin: gossip.Origin{Namespace: "shop", Pod: "api-0", Time: now}}
	ahead := gossip.NetworkSample{Origin: gossip.Origin{Namespace: "shop", Pod: "api-1", Time: now.Add(9 * time.Minute)}}
	var r takenRows
	r.add(row)
	r.add(ahead)
	r.forgetOld(now.Add(time.Minute), 2*time.Minute)
	require.True(t, r.hasRow(row))
	require.True(t, r.hasRow(ahead))
	r.forgetOld(now.Add(3*time.Minute), 2*time.Minute)
	require.False(t, r.hasRow(row))
}

// A row that is rejected because it is from the future is taken when a later run shows it in its time.
func TestPullFutureRowIsNotRemembered(t *testing.T) {
	analyzer := gossip.New(gossip.Options{})
	taken := 0
	p := &puller{
		metrics: newMetrics(analyzer, newLedger(1, time.Minute), newObjectQuota(1, 1)),
		door: ingest.New(ingest.Options{Take: func(_ context.Context, events []gossip.Event) (ingest.Outcome, error) {
			taken += len(events)
			return ingest.Outcome{}, nil
		}}),
	}
	now := time.Now()
	sample := func(at time.Time) row {
		return row{event: gossip.NetworkSample{Origin: gossip.Origin{Namespace: "shop", Pod: "api-0", Time: at}}}
	}
	var s pulledScript
	refused, err := p.takeRows(t.Context(), &s, []row{sample(now), sample(now.Add(time.Hour))})
	require.NoError(t, err)
	require.Contains(t, refused, "ahead of this clock")
	require.Equal(t, 1, taken)
	require.True(t, s.taken.hasRow(sample(now).event))
	require.False(t, s.taken.hasRow(sample(now.Add(time.Hour)).event))
}

// No pause is longer than maxWait, with any jitter.
func TestPullPausesStayBelowTheLongest(t *testing.T) {
	p := &puller{maxWait: time.Minute}
	waits := p.newBackoff(&pulledScript{interval: 30 * time.Second})
	first := waits.NextBackOff()
	require.LessOrEqual(t, first, 15*vizier.DefaultWait/10)
	longest := first
	for range 1000 {
		longest = max(longest, waits.NextBackOff(), p.longestPause())
	}
	require.LessOrEqual(t, longest, time.Minute)
	require.Greater(t, longest, 50*time.Second)
}

// Rows beyond the limit of a run are missing, and Pixie does not report it: then the log does, once.
func TestPullLogsMissingRowsOnce(t *testing.T) {
	v, err := viziertest.Start()
	require.NoError(t, err)
	t.Cleanup(v.Close)
	client, err := vizier.New(vizier.Options{
		Address: v.Address, RootCAs: v.RootCAs, APIKey: viziertest.Key,
		ClusterID: viziertest.Cluster, Wait: time.Millisecond,
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	p := &puller{
		client: client, metrics: newMetrics(gossip.New(gossip.Options{}), newLedger(1, time.Minute), newObjectQuota(1, 1)),
		door: ingest.New(ingest.Options{Take: func(context.Context, []gossip.Event) (ingest.Outcome,
			error,
		) {
			return ingest.Outcome{}, nil
		}}),
	}
	s := scriptsOf(Options{}.withDefaults())[0]
	var log strings.Builder
	for _, n := range []int{maxRows - 1, maxRows, maxRows} {
		v.Answer(viziertest.Show(viziertest.Table{
			Name: "kg_network_issue_v1", Columns: []viziertest.Column{{Name: "time_", Values: make([]time.Time, n)}},
		}))
		_, err := p.pullOnce(t.Context(), s, time.Now())
		require.NoError(t, err)
		require.Equal(t, n == maxRows, s.truncated)
		s.logChanges(newLogger(&log, "info"), nil, "")
	}
	require.Equal(t, 1, strings.Count(log.String(), "some may be missing"), log.String())
	require.Contains(t, v.Requests()[0].GetQueryStr(), fmt.Sprintf("\nROWS = %d\n", maxRows))
}

func TestPullResultNamesEachError(t *testing.T) {
	for want, err := range map[string]error{
		"ok":           nil,
		"full":         fmt.Errorf("%w: %w", errTake, errFull),
		"deploying":    fmt.Errorf("%w: %w", vizier.ErrDeploying, status.Error(codes.Unavailable, "")),
		"unavailable":  status.Error(codes.Unavailable, ""),
		"timeout":      status.Error(codes.DeadlineExceeded, ""),
		"unauthorized": status.Error(codes.PermissionDenied, ""),
		"refused":      status.Error(codes.InvalidArgument, ""),
		"broken":       status.Error(codes.Internal, ""),
	} {
		require.Equal(t, want, pullResult(err))
	}
}
