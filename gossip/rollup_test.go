package gossip_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

var web = gossip.Workload{Group: "apps", Version: "v1", Kind: "Deployment", Name: "web", UID: "d"}

// at returns a minute of the day of the incident.
func at(minute int) time.Time { return incident.Add(time.Duration(minute) * time.Minute) }

// cpuWindow returns the window of a quarter of an hour that ends at a minute, with that share of 1000 periods
// throttled.
func cpuWindow(pod string, minute int, share float64) gossip.WorstWindow {
	level := gossip.SeverityNone
	switch {
	case share >= 0.8:
		level = gossip.SeverityCritical
	case share >= 0.5:
		level = gossip.SeverityHigh
	case share >= 0.1:
		level = gossip.SeverityInfo
	}
	return gossip.WorstWindow{
		Start: at(minute - 15), End: at(minute),
		Finding: gossip.CPUThrottling{
			Report: gossip.Report{
				About: gossip.Subject{Kind: gossip.KindCPUThrottling, Namespace: "shop", Pod: pod, Container: "app"},
				At:    at(minute), Level: level,
				Covered: gossip.Coverage{Window: 15 * time.Minute, Confidence: gossip.ConfidenceHigh},
			},
			Throttled: gossip.Some(share), Periods: gossip.Some[int64](1000),
			ThrottledPeriods: gossip.Some(int64(1000 * share)), Limit: gossip.Some(0.5),
		},
	}
}

// podOfWeb returns what is known of a pod of web: its last window is the present one.
func podOfWeb(pod string, windows ...gossip.WorstWindow) gossip.PodFinding {
	return gossip.PodFinding{
		Now: windows[len(windows)-1].Finding, Windows: windows, Since: windows[0].Start, Workload: web, Node: "on-" + pod,
	}
}

// needTwice says that a container needs its limit and twice the throttled share of a core more.
func needTwice(_ gossip.PodFinding, f gossip.Finding) gossip.Need {
	c := f.(gossip.CPUThrottling)
	n := gossip.Need{Current: c.Limit}
	if c.Level >= gossip.SeverityInfo {
		n.Target = gossip.Some(c.Limit.Value + 2*c.Throttled.Value)
		n.LowerBound, n.UpperBound = gossip.Some(n.Target.Value-0.1), gossip.Some(n.Target.Value+0.1)
	}
	return n
}

func rollOne(t *testing.T, pods ...gossip.PodFinding) gossip.WorkloadFinding {
	t.Helper()
	got := gossip.RollUp(pods, aWeek, needTwice)
	require.Len(t, got, 1)
	return got[0]
}

func podNames(list []gossip.PodEvidence) (names []string) {
	for _, p := range list {
		names = append(names, p.Pod)
	}
	return names
}

func TestTheWorstPodIsTheVerdictOfItsWorkload(t *testing.T) {
	f := rollOne(t,
		podOfWeb("a", cpuWindow("a", 40, 0.02), cpuWindow("a", 120, 0)),
		podOfWeb("b", cpuWindow("b", 40, 0.62), cpuWindow("b", 120, 0.1)),
		podOfWeb("c", cpuWindow("c", 35, 0.3), cpuWindow("c", 120, 0)),
		podOfWeb("young", cpuWindow("young", 120, 0.2)),
	)
	require.Equal(t, "CPUThrottling shop/Deployment web/app", f.About.String())
	require.Equal(t, web, f.About.Workload)
	require.Equal(t, gossip.SeverityHigh, f.Severity())
	require.Equal(t, "b", f.Worst.Pod)
	require.Equal(t, "on-b", f.Worst.Node)
	require.Equal(t, at(40), f.Worst.Window.End)
	require.Equal(t, "young", f.Now.Pod)
	require.Equal(t, gossip.SeverityInfo, f.Now.Window.Finding.Severity())
	require.Equal(t, 3, f.Pods.Seen, "the young pod came later")
	require.Equal(t, 2, f.Pods.Affected)
	require.Equal(t, []string{"b", "c"}, podNames(f.Affected))
	require.InDelta(t, (20+620+300)/3000.0, f.Share.Value, 1e-9, "of counters, and not of shares")
	require.Equal(t, "b", f.Number.Pod)
	require.InDelta(t, 1.74, f.Number.Need.Target.Value, 1e-9)
	require.InDelta(t, 1.64, f.Number.Need.LowerBound.Value, 1e-9)
	require.InDelta(t, 1.74, f.Pods.LargestTarget.Value, 1e-9)
	require.InDelta(t, 1.1, f.Pods.MedianTarget.Value, 1e-9, "a needs what it has")
}

// The windows of a pod on both sides of midnight touch: each is the worst of its own day.
func TestWindowsOfNeighbouringDaysAreBothKept(t *testing.T) {
	midnight := 24*60 - int(incident.Sub(incident.Truncate(24*time.Hour))/time.Minute)
	f := rollOne(t, podOfWeb("a", cpuWindow("a", midnight-1, 0.62), cpuWindow("a", midnight+13, 0.9)))
	require.Equal(t, gossip.SeverityCritical, f.Severity())
	require.Len(t, f.Windows, 2)
	for i, end := range []int{midnight - 1, midnight + 13} {
		require.Equal(t, at(end), f.Windows[i].Worst.Window.End)
		require.Equal(t, 1, f.Windows[i].Pods.Affected)
	}
}

// What was stored of a pod competes only while the pod, or its memory, is gone: else the first seconds of a pod, or a
// window under the old limit, would stay the worst.
func TestAPodThatIsStillMeasuredDecidesAboutItsStoredWindows(t *testing.T) {
	stored := rollOne(t, podOfWeb("a", cpuWindow("a", 40, 0.9)))
	since := func(minute int, p gossip.PodFinding) gossip.PodFinding {
		p.Since = at(minute)
		return p
	}
	raised := podOfWeb("a", cpuWindow("a", 60, 0.02))
	c := raised.Now.(gossip.CPUThrottling)
	c.Limit = gossip.Some(2.0)
	raised.Now, raised.Windows = c, nil
	short := stored
	short.Worst.Window.Start = at(39)
	short.Windows = []gossip.WorkloadWindow{short.WorkloadWindow}
	for name, tc := range map[string]struct {
		kept gossip.WorkloadFinding
		pod  gossip.PodFinding
		want gossip.Severity
	}{
		"measured since then": {
			kept: stored, pod: since(20, podOfWeb("a", cpuWindow("a", 60, 0.02))), want: gossip.SeverityNone,
		},
		"measured since a restart": {
			kept: stored, pod: since(45, podOfWeb("a", cpuWindow("a", 60, 0.02))), want: gossip.SeverityCritical,
		},
		"another limit since the restart": {
			kept: stored, pod: since(45, raised), want: gossip.SeverityNone,
		},
		"another pod": {
			kept: stored, pod: since(20, podOfWeb("b", cpuWindow("b", 60, 0.02))), want: gossip.SeverityCritical,
		},
		"short, and a window has passed": {
			kept: short, pod: since(45, podOfWeb("a", cpuWindow("a", 61, 0.02))), want: gossip.SeverityNone,
		},
	} {
		got := gossip.RollUp([]gossip.PodFinding{tc.pod}, aWeek, needTwice, tc.kept)
		require.Equal(t, tc.want, got[0].Severity(), name)
	}
}

func TestAtMostFivePodsAreListed(t *testing.T) {
	var pods []gossip.PodFinding
	for i := range 40 {
		name := fmt.Sprintf("web-%02d", i)
		pods = append(pods, podOfWeb(name, cpuWindow(name, 120, 0.1+float64(i)/100)))
	}
	f := rollOne(t, pods...)
	require.Equal(t, 40, f.Pods.Affected)
	require.Equal(t, []string{"web-39", "web-38", "web-37", "web-36", "web-35"}, podNames(f.Affected))
}

func TestNumbersComeFromPodsThatWereMeasuredWell(t *testing.T) {
	poor := func(w gossip.WorstWindow) gossip.WorstWindow {
		f := w.Finding.(gossip.CPUThrottling)
		f.Covered.Confidence = gossip.ConfidenceLow
		w.Finding = f
		return w
	}
	f := rollOne(t, podOfWeb("a", poor(cpuWindow("a", 120, 0.9))), podOfWeb("b", cpuWindow("b", 120, 0.3)))
	require.Equal(t, "a", f.Worst.Pod)
	require.Equal(t, "b", f.Number.Pod)
	f = rollOne(t, podOfWeb("a", poor(cpuWindow("a", 120, 0.9))), podOfWeb("b", poor(cpuWindow("b", 120, 0.3))))
	require.Equal(t, "a", f.Number.Pod, "where none was")
	f = rollOne(t, podOfWeb("a", cpuWindow("a", 120, 0)))
	require.Nil(t, f.Number)
	require.Zero(t, f.Pods.Affected)
	require.Empty(t, f.Affected)
	require.False(t, f.Pods.MedianTarget.Known)
}

func TestOnePodThatNeedsFarMoreIsSkewed(t *testing.T) {
	for what, test := range map[string]struct {
		pods int
		hot  float64 // share; the target is 0.5 and twice that
		want bool
	}{
		"far more":          {pods: 10, hot: 0.9, want: true},
		"twice as much":     {pods: 10, hot: 0.25},
		"few pods":          {pods: 9, hot: 0.9},
		"no trouble at all": {pods: 10},
	} {
		var pods []gossip.PodFinding
		for i := range test.pods - 1 {
			name := fmt.Sprintf("cool-%d", i)
			pods = append(pods, podOfWeb(name, cpuWindow(name, 120, 0)))
		}
		f := rollOne(t, append(pods, podOfWeb("hot", cpuWindow("hot", 120, test.hot)))...)
		require.Equal(t, test.want, f.Skewed, what)
		if test.want {
			require.Equal(t, "hot", f.Number.Pod)
			require.Equal(t, "on-hot", f.Number.Node)
			require.InDelta(t, 0.5, f.Pods.MedianTarget.Value, 1e-9)
		}
	}
}

// ofRevision returns a pod of a revision that started at a minute.
func ofRevision(revision string, started int, p gossip.PodFinding) gossip.PodFinding {
	p.Revision, p.Started = revision, at(started)
	return p
}

func TestAHealthyCanaryDoesNotHideASickRevision(t *testing.T) {
	stable := ofRevision("old", 0, podOfWeb("a", cpuWindow("a", 120, 0.62)))
	canary := ofRevision("new", 100, podOfWeb("b", cpuWindow("b", 120, 0)))
	f := rollOne(t, stable, canary)
	require.Equal(t, []string{"new", "old"}, f.Revisions)
	require.Equal(t, gossip.SeverityHigh, f.Severity())
	require.Equal(t, "old", f.Worst.Revision)
	require.Equal(t, "old", f.Now.Revision)
	require.Equal(t, "a", f.Number.Pod, "the newest revision has no number")

	canary = ofRevision("new", 100, podOfWeb("b", cpuWindow("b", 120, 0.2)))
	f = rollOne(t, stable, canary)
	require.Equal(t, "old", f.Worst.Revision)
	require.Equal(t, "new", f.Number.Revision)
	scaled := ofRevision("old", 110, podOfWeb("c", cpuWindow("c", 120, 0.62)))
	require.Equal(t, []string{"new", "old"}, rollOne(t, stable, canary, scaled).Revisions, "its oldest pod is older")
}

func TestARevisionWithAnotherSettingLeavesAWindowAfterItsLastRecord(t *testing.T) {
	sick := ofRevision("old", 0, podOfWeb("a", cpuWindow("a", 40, 0.62)))
	sick.Image, sick.Request = "web:1", gossip.Some(0.1)
	next := func(minute int, change func(*gossip.PodFinding)) gossip.PodFinding {
		p := ofRevision("new", 35, podOfWeb("b", cpuWindow("b", minute, 0)))
		p.Image, p.Request = "web:1", gossip.Some(0.1)
		change(&p)
		return p
	}
	raised := func(p *gossip.PodFinding) {
		c := p.Now.(gossip.CPUThrottling)
		c.Limit = gossip.Some(2.0)
		p.Now = c
	}
	for what, test := range map[string]struct {
		minute int
		change func(*gossip.PodFinding)
		want   gossip.Severity
	}{
		"another limit, and a record a moment ago": {minute: 54, change: raised, want: gossip.SeverityHigh},
		"another limit": {minute: 55, change: raised, want: gossip.SeverityNone},
		"another request": {
			minute: 55, change: func(p *gossip.PodFinding) { p.Request = gossip.Some(0.2) }, want: gossip.SeverityNone,
		},
		"another image": {
			minute: 55, change: func(p *gossip.PodFinding) { p.Image = "web:2" }, want: gossip.SeverityNone,
		},
		"a restart of the rollout": {minute: 55, change: func(*gossip.PodFinding) {}, want: gossip.SeverityHigh},
		"nothing known": {
			minute: 55, change: func(p *gossip.PodFinding) { p.Image, p.Request = "", gossip.Optional[float64]{} },
			want: gossip.SeverityHigh,
		},
		"days later": {minute: 7 * 24 * 60, change: func(*gossip.PodFinding) {}, want: gossip.SeverityHigh},
		"after the horizon": {
			minute: 9 * 24 * 60, change: func(*gossip.PodFinding) {}, want: gossip.SeverityNone,
		},
	} {
		f := rollOne(t, sick, next(test.minute, test.change))
		require.Equal(t, test.want, f.Severity(), what)
		require.GreaterOrEqual(t, f.Now.Window.Finding.Severity(), gossip.SeverityNone, what)
	}
	// An abort goes back to the old revision: what it showed still counts.
	again := ofRevision("old", 100, podOfWeb("c", cpuWindow("c", 120, 0)))
	again.Image, again.Request = "web:1", gossip.Some(0.1)
	aborted := next(60, raised)
	f := rollOne(t, sick, aborted, again)
	require.Equal(t, []string{"old"}, f.Revisions)
	require.Equal(t, "a", f.Worst.Pod)
	require.Equal(t, gossip.SeverityNone, f.Now.Window.Finding.Severity())
}

func TestKillsAreCountedOverPods(t *testing.T) {
	kills := func(pod string, n int64) gossip.PodFinding {
		f := gossip.OOMKilled{
			Report: gossip.Report{
				About: gossip.Subject{Kind: gossip.KindOOMKill, Namespace: "shop", Pod: pod, Container: "app"},
				At:    at(40), Level: gossip.SeverityCritical, Reason: gossip.ReasonOOMKilled,
			},
			Kills: n,
		}
		return podOfWeb(pod, gossip.WorstWindow{Finding: f, Start: at(40), End: at(40)})
	}
	f := gossip.RollUp([]gossip.PodFinding{kills("a", 1), kills("b", 3), kills("c", 2)}, aWeek, nil)[0]
	require.Equal(t, int64(6), f.Kills)
	require.Equal(t, "b", f.Worst.Pod)
	require.Equal(t, 3, f.Pods.Affected)
}

func TestSharesOfANetworkAreAboutItsTrouble(t *testing.T) {
	network := func(pod string, reason gossip.Reason) gossip.PodFinding {
		return podOfWeb(pod, gossip.WorstWindow{Start: at(25), End: at(40), Finding: gossip.NetworkIssue{
			Report: gossip.Report{
				About: gossip.Subject{Kind: gossip.KindNetworkIssue, Namespace: "shop", Pod: pod},
				At:    at(40), Level: gossip.SeverityHigh, Reason: reason,
			},
			Segments: gossip.Some[int64](1000), Retransmits: gossip.Some[int64](50),
			Packets: gossip.Some[int64](1000), Drops: gossip.Some[int64](10),
		}})
	}
	for _, test := range []struct {
		reason gossip.Reason
		want   float64
	}{{reason: gossip.ReasonDrops, want: 0.01}, {reason: gossip.ReasonRetransmits, want: 0.05}} {
		reason, want := test.reason, test.want
		f := gossip.RollUp([]gossip.PodFinding{network("a", reason), network("b", reason)}, aWeek, nil)[0]
		require.Equal(t, gossip.Some(want), f.Share)
		require.Equal(t, "NetworkIssue shop/Deployment web", f.About.String())
	}
}

func TestWorkloadsOfOneNameAreNotMixed(t *testing.T) {
	of := func(pod string, w gossip.Workload) gossip.PodFinding {
		p := podOfWeb(pod, cpuWindow(pod, 120, 0.2))
		p.Workload = w
		return p
	}
	guess := func(kind, group string) gossip.Workload {
		return gossip.Workload{Group: group, Kind: kind, Name: "web", Guessed: true}
	}
	list := func(pods ...gossip.PodFinding) (out []string) {
		for _, f := range gossip.RollUp(pods, aWeek, nil) {
			out = append(out, fmt.Sprint(f.About.Workload, " ", f.About.Workload.Group, " ", f.Pods.Seen))
		}
		return out
	}
	set := gossip.Workload{Group: "apps", Version: "v1", Kind: "StatefulSet", Name: "web"}
	kruise := gossip.Workload{Group: "apps.kruise.io", Version: "v1", Kind: "StatefulSet", Name: "web"}
	noUID := web
	noUID.UID, noUID.Guessed = "", true
	require.Equal(
		t, []string{"Deployment web apps 2", "StatefulSet web apps 1", "StatefulSet web apps.kruise.io 1", "Pod x  1"},
		list(of("a", web), of("b", set), of("c", kruise), of("d", noUID), of("x", gossip.Workload{})),
	)
	require.Equal(t, []string{"Deployment web apps 2"}, list(of("a", web), of("b", guess("Deployment", "apps"))))
	require.Equal(t, []string{"Deployment web apps 2"}, list(of("a", web), of("b", guess("", ""))), "no other has the name")
	require.Equal(
		t, []string{"~web  1", "Deployment web apps 1", "StatefulSet web apps 1"},
		list(of("a", web), of("b", guess("", "")), of("c", set)), "two have the name",
	)
	require.Equal(
		t, []string{"Deployment web apps 1", "~web apps 1"}, list(of("a", web), of("b", guess("StatefulSet", "apps"))),
		"its pods have names of another form",
	)
	guessed := guess("Deployment", "apps")
	require.Equal(t, []string{"~web apps 2"}, list(of("a", guessed), of("b", guessed)))
}

// Findings of any shape, in any order: the same result, and no panic.
func TestRollingUpDoesNotDependOnTheOrderOfPods(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 17))
	workloads := []gossip.Workload{
		web,
		{},
		{Kind: "Deployment", Group: "apps", Name: "web", Guessed: true},
		{Name: "web", Guessed: true},
		{Kind: "Rollout", Group: "argoproj.io", Version: "v1", Name: "api"},
		{Name: "api", Guessed: true},
	}
	for range 200 {
		var pods []gossip.PodFinding
		for i := range r.IntN(30) {
			name := fmt.Sprintf("p-%d", i)
			var windows []gossip.WorstWindow
			for range 1 + r.IntN(3) {
				windows = append(windows, cpuWindow(name, r.IntN(5000), float64(r.IntN(10))/10))
			}
			p := podOfWeb(name, windows...)
			p.Workload = workloads[r.IntN(len(workloads))]
			p.Revision = []string{"", "1", "2", "3"}[r.IntN(4)]
			p.Image = []string{"", "web:1", "web:2"}[r.IntN(3)]
			if r.IntN(2) == 0 {
				p.Started = at(r.IntN(5000))
			}
			pods = append(pods, p)
		}
		want := gossip.RollUp(pods, aWeek, needTwice)
		for range 5 {
			r.Shuffle(len(pods), func(i, j int) { pods[i], pods[j] = pods[j], pods[i] })
			for i := range pods {
				w := pods[i].Windows
				r.Shuffle(len(w), func(i, j int) { w[i], w[j] = w[j], w[i] })
			}
			require.Empty(t, cmp.Diff(want, gossip.RollUp(pods, aWeek, needTwice)))
		}
		for _, f := range want {
			require.LessOrEqual(t, f.Pods.Affected, f.Pods.Seen)
			require.NotZero(t, f.Pods.Seen, "the worst pod at least")
			require.NotEmpty(t, f.Worst.Pod)
			require.Equal(t, f.Severity() >= gossip.SeverityInfo, f.Pods.Affected > 0)
		}
	}
}

func TestRollingUpTakesAnyInput(t *testing.T) {
	var none *gossip.CPUThrottling
	odd := func(gossip.PodFinding, gossip.Finding) gossip.Need {
		return gossip.Need{Target: gossip.Some(math.NaN()), Current: gossip.Some(math.Inf(1))}
	}
	empty := gossip.CPUThrottling{}
	pods := []gossip.PodFinding{
		{},
		{Now: none},
		{Now: &empty},
		{Now: empty},
		{Now: gossip.PodBirth{}},
		{Now: gossip.OOMKilled{Kills: -1}},
		{Now: empty, Windows: []gossip.WorstWindow{{}, {Finding: none}, {Finding: gossip.PodBirth{}}}},
		podOfWeb("a", gossip.WorstWindow{Finding: cpuWindow("a", 10, 1).Finding, Start: at(10), End: at(-10)}),
	}
	for _, o := range []gossip.Options{{}, aWeek, {Horizon: gossip.WholeHorizon}, {Window: -1, Horizon: -1}} {
		for _, f := range gossip.RollUp(pods, o, odd) {
			require.NotNil(t, f.Worst.Window.Finding)
			require.False(t, f.Skewed)
			require.Nil(t, f.Number)
		}
		require.Len(t, gossip.RollUp(pods, o, nil), 2, "of web, and of the pod without a name")
	}
	require.Empty(t, gossip.RollUp(nil, aWeek, nil))
}

// The parts of an Analyzer fit together: two pods, one of them throttled for a while.
func TestFindingsOfAnAnalyzerRollUp(t *testing.T) {
	a := gossip.New(aWeek)
	of := func(pod string) func(*gossip.CPUSample) { return func(s *gossip.CPUSample) { s.Pod = pod } }
	for _, events := range [][]gossip.Event{
		cpuEvents(0, 25, 0, of("a")), cpuEvents(25, 40, 0.62, of("a")), cpuEvents(40, 120, 0, of("a")),
		cpuEvents(0, 120, 0, of("b")), cpuEvents(100, 120, 0, of("c")),
	} {
		for _, e := range events {
			a.Observe(e)
		}
	}
	var pods []gossip.PodFinding
	for f := range a.Findings() {
		p, ok := a.PodFinding(f.Subject())
		require.True(t, ok)
		p.Workload = web
		pods = append(pods, p)
	}
	f := rollOne(t, pods...)
	require.Equal(t, gossip.SeverityHigh, f.Severity())
	require.Equal(t, gossip.SeverityNone, f.Now.Window.Finding.Severity())
	require.Equal(t, 2, f.Pods.Seen, "a and b: c came later")
	require.Equal(t, 1, f.Pods.Affected)
	_, ok := a.PodFinding(gossip.Subject{})
	require.False(t, ok)
}
