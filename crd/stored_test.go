package crd_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// An object gives back what its finding had, in whole seconds.
func TestAnObjectRemembersItsFinding(t *testing.T) {
	r := adviseHidden()
	o := crd.New(r).(*v1alpha1.KernelWhisper)
	require.Equal(t, r.Finding.About.Identity(), crd.Subject(o))
	require.Equal(t, web.UID, crd.SubjectUID(o))
	require.Equal(t, gossip.SeverityCritical, crd.Severity(o))
	require.Equal(t, gossip.SeverityCritical, crd.SeverityNow(o))
	require.Equal(t, v1alpha1.ConditionThrottled, crd.Condition(o).Type)

	stored := crd.Stored(o)
	at := noon.Truncate(time.Second)
	require.Empty(t, cmp.Diff(gossip.History{
		First: at.Add(-10 * time.Second), Last: at, Worst: gossip.SeverityCritical, Transition: at.Add(-10 * time.Second),
	}, stored.Now.Window.Finding.Seen()))
	require.Equal(t, "web-5c9f7b6d4-x8k27", stored.Now.Pod)
	require.Equal(t, gossip.ReasonThrottledWhileCPULow, stored.Now.Window.Finding.(gossip.CPUThrottling).Reason)
	require.Equal(t, r.Finding.Pods, stored.Pods)
	require.InDelta(t, r.Finding.Share.Value, stored.Share.Value, 1e-4)
	require.InDelta(t, 1, stored.Number.Need.Target.Value, 1e-9)
	require.Empty(t, cmp.Diff(namesOf(r.Finding.Affected), namesOf(stored.Affected)))

	b := podBirth()
	birth := crd.New(reportOf(b))
	require.Equal(t, crd.CertificateOf("shop", "api-0"), crd.Subject(birth))
	require.Equal(t, podUID, crd.SubjectUID(birth))
	require.Equal(t, b.Level, crd.Severity(birth))
	require.Equal(t, b.Level, crd.SeverityNow(birth))

	for _, nothing := range []crd.Object{nil, &v1alpha1.KernelWhisper{}, &v1alpha1.PodBirthCertificate{}} {
		require.Nil(t, crd.Condition(nothing))
		require.Equal(t, gossip.SeverityUnknown, crd.Severity(nothing))
		require.Empty(t, crd.SubjectUID(nothing))
	}
	require.Zero(t, crd.Subject(nil))
}

// namesOf returns pods with all that is known of them but their windows.
func namesOf(list []gossip.PodEvidence) (names [][4]string) {
	for _, e := range list {
		names = append(names, [4]string{e.Pod, e.UID, e.Node, e.Revision})
	}
	return names
}

// whisper returns the object of a finding.
func whisper(f gossip.WorkloadFinding) *v1alpha1.KernelWhisper {
	return crd.New(crd.Report{Finding: f}).(*v1alpha1.KernelWhisper)
}

// onlyWindows compares what objects have of the horizon, and not what they have of the present.
var onlyWindows = cmpopts.IgnoreFields(
	v1alpha1.KernelWhisperStatus{}, "Conditions", "Now", "Revisions", "Advice", "Recommendations",
	"RecommendationsOmitted",
)

// What was stored gives the same windows again when all pods that were measured are gone, and another one is healthy.
// So neither a restart of the operator nor a rollout changes what a whisper says of the horizon.
func TestStoredWindowsGiveTheSameObjectAgain(t *testing.T) {
	tried := 0
	for _, e := range readExamples(t) {
		object, ok := crd.New(e.report).(*v1alpha1.KernelWhisper)
		if !ok {
			continue
		}
		stored := crd.Stored(object)
		if crd.Severity(object) < gossip.SeverityInfo {
			require.Empty(t, stored.Windows, e.name)
			continue
		}
		tried++
		e.pods = []gossip.PodFinding{healthyPod(e.report.Finding)}
		f := e.rollUp(t, stored)
		require.Equal(t, "fresh", f.Now.Pod, e.name)
		again := crd.New(crd.Report{Finding: f, PodOf: e.report.PodOf}).(*v1alpha1.KernelWhisper)
		require.Empty(t, cmp.Diff(object.ObjectMeta, again.ObjectMeta), e.name)
		require.Empty(t, cmp.Diff(object.Spec, again.Spec), e.name)
		require.Empty(t, cmp.Diff(object.Status, again.Status, onlyWindows), e.name)
		require.Empty(t, cmp.Diff(stored.WorkloadWindow, crd.Stored(again).WorkloadWindow,
			cmpopts.IgnoreFields(gossip.Report{}, "History")), e.name)
	}
	require.Greater(t, tried, 15)
}

// healthyPod returns a pod of a workload that was measured in the hour after noon, and is healthy.
func healthyPod(of gossip.WorkloadFinding) gossip.PodFinding {
	at := noon.Add(time.Hour)
	r := gossip.Report{
		About: of.Worst.Window.Finding.Subject(), At: at, Level: gossip.SeverityNone, Reason: gossip.ReasonBelowThreshold,
		History: gossip.History{Transition: at.Add(-15 * time.Minute)},
		Covered: gossip.Coverage{Window: 15 * time.Minute, Samples: 90, Expected: 90, Confidence: gossip.ConfidenceHigh},
	}
	r.About.Pod = "fresh"
	p := gossip.PodFinding{Workload: of.About.Workload, Node: "node-9"}
	switch of.About.Kind {
	case gossip.KindCPUThrottling:
		p.Now = gossip.CPUThrottling{Report: r}
	case gossip.KindMemoryPressure:
		p.Now = gossip.MemoryPressure{Report: r}
	case gossip.KindOOMKill:
		p.Now = gossip.OOMKilled{Report: r}
	case gossip.KindNetworkIssue:
		p.Now = gossip.NetworkIssue{Report: r}
	case gossip.KindPodBirth:
	}
	return p
}

// throttledAt returns a finding about a pod of web with one window, which ends at that time.
func throttledAt(pod string, end time.Time, periods int64, level gossip.Severity) gossip.PodFinding {
	f := throttledIn(periods, level)
	f.At, f.Covered.Window = end, 15*time.Minute
	f.History = gossip.History{Transition: end.Add(-15 * time.Minute)}
	if level >= gossip.SeverityInfo {
		f.History = gossip.History{First: end, Last: end, Worst: level, Transition: end}
	}
	return inPod(pod, f)
}

// A stored window competes with what is measured: the worse one stays.
func TestAStoredWindowCompetesWithFreshOnes(t *testing.T) {
	stored := func(change func(*gossip.CPUThrottling)) gossip.WorkloadFinding {
		p := throttledAt("old", noon, 30, gossip.SeverityHigh)
		f := p.Now.(gossip.CPUThrottling)
		if change != nil {
			change(&f)
		}
		p.Now = f
		return crd.Stored(whisper(rollPods([]gossip.PodFinding{p})))
	}
	days := func(n int) time.Time { return noon.AddDate(0, 0, n) }
	const none, info = gossip.SeverityNone, gossip.SeverityInfo
	const high, critical = gossip.SeverityHigh, gossip.SeverityCritical
	later := noon.Add(30 * time.Minute)
	healthy := throttledAt("new", later, 0, none)
	for name, tc := range map[string]struct {
		kept     gossip.WorkloadFinding
		fresh    gossip.PodFinding
		want     string
		severity gossip.Severity
		others   int
	}{
		"kept is worse": {
			kept: stored(nil), fresh: throttledAt("new", later, 8, info), want: "old", severity: high,
		},
		"fresh is worse": {
			kept: stored(nil), fresh: throttledAt("new", later, 45, critical), want: "new", severity: critical,
		},
		"fresh needs as much, and has a larger share": {
			kept: stored(nil), fresh: throttledAt("new", later, 31, high), want: "new", severity: high,
		},
		"of another day": {
			kept: stored(nil), fresh: throttledAt("new", days(2), 45, critical), want: "new", severity: critical, others: 1,
		},
		"within the horizon": {
			kept: stored(nil), fresh: throttledAt("new", days(7), 0, none), want: "old", severity: high,
		},
		"beyond the horizon": {
			kept: stored(nil), fresh: throttledAt("new", days(8), 0, none), want: "new", severity: none,
		},
		"another limit": {
			kept: stored(func(f *gossip.CPUThrottling) {
				f.Limit, f.UsedOfLimit = gossip.Some(0.2), gossip.Some(0.165)
			}), fresh: healthy, want: "new", severity: none,
		},
		"another limit, of the last window": {
			kept: stored(func(f *gossip.CPUThrottling) {
				f.Limit, f.UsedOfLimit = gossip.Some(0.2), gossip.Some(0.165)
			}), fresh: throttledAt("new", noon.Add(10*time.Minute), 0, none), want: "old", severity: high,
		},
		"a limit not known then": {
			kept:  stored(func(f *gossip.CPUThrottling) { f.Limit.Known, f.UsedOfLimit.Known = false, false }),
			fresh: healthy, want: "old", severity: high,
		},
		"the same window, measured": {
			kept: stored(nil), fresh: throttledAt("old", noon, 30, high), want: "old", severity: high,
		},
	} {
		w := whisper(rollPods([]gossip.PodFinding{tc.fresh}, tc.kept))
		require.Equal(t, tc.want, w.Status.Worst.Pod.Name, name)
		require.Equal(t, tc.severity.String(), string(w.Status.Severity), name)
		require.Len(t, w.Status.OtherWindows, tc.others, name)
		require.Equal(t, tc.fresh.Now.Subject().Pod, w.Status.Now.Pod.Name, name)
	}
}

// A window that is in the object and in memory has the figures of memory, which are not rounded.
func TestAMeasuredWindowIsPreferredToTheSameOneStored(t *testing.T) {
	fresh := throttledAt("web-1", noon, 30, gossip.SeverityHigh)
	f := rollPods([]gossip.PodFinding{fresh})
	again := rollPods([]gossip.PodFinding{fresh}, crd.Stored(whisper(f)))
	require.Empty(t, cmp.Diff(f.WorkloadWindow, again.WorkloadWindow))
	require.Equal(t, noon, again.Worst.Window.End, "with the fraction of the second")
}

// The pods of a window stay as they were in its time: the worst one is still there and its window is in memory, and the
// others are gone, with the one that gave the number.
func TestPodsThatAreGoneStayInTheirWindow(t *testing.T) {
	worst := throttledAt("web-0", noon, 45, gossip.SeverityCritical)
	need := func(_ gossip.PodFinding, f gossip.Finding) gossip.Need {
		target := map[string]float64{"web-0": 0.5, "web-1": 1.2, "web-2": 0.2}[f.Subject().Pod]
		return gossip.Need{Target: gossip.Some(target), Current: gossip.Some(0.1)}
	}
	before := whisper(gossip.RollUp([]gossip.PodFinding{
		worst, throttledAt("web-1", noon, 30, gossip.SeverityHigh), throttledAt("web-2", noon, 8, gossip.SeverityInfo),
		throttledAt("web-3", noon, 0, gossip.SeverityNone),
	}, aWeek, need)[0])
	require.Equal(t, "3/4", before.Status.Pods.AffectedOfSeen)
	require.Equal(t, "web-1", before.Status.NumberWindow.Pod.Name)
	stored := crd.Stored(before)
	f := gossip.RollUp([]gossip.PodFinding{worst}, aWeek, need, stored)[0]
	require.Equal(t, noon, f.Worst.Window.End, "the one in memory")
	require.Empty(t, cmp.Diff(before.Status, whisper(f).Status, onlyWindows))

	alone := whisper(gossip.RollUp([]gossip.PodFinding{worst}, aWeek, need)[0])
	require.Empty(t, alone.Status.NumberWindow)
	f = gossip.RollUp([]gossip.PodFinding{worst}, aWeek, need, crd.Stored(alone))[0]
	require.Empty(t, cmp.Diff(alone.Status, whisper(f).Status, onlyWindows))
	all := append([]gossip.PodFinding{worst}, throttledAt("web-1", noon, 30, gossip.SeverityHigh))
	f = gossip.RollUp(all, aWeek, need, crd.Stored(alone))[0]
	require.Equal(t, 2, f.Pods.Seen, "a pod that comes counts")
	require.Equal(t, "web-1", f.Number.Pod)
}

// Windows of the same part of the horizon are one window, of different parts they are kept beside each other, and the
// next one decides when the worst is too old.
func TestTheNextStoredWindowDecidesWhenTheWorstIsTooOld(t *testing.T) {
	var kept []gossip.WorkloadFinding
	roll := func(p gossip.PodFinding) *v1alpha1.KernelWhisper {
		w := whisper(rollPods([]gossip.PodFinding{p}, kept...))
		kept = []gossip.WorkloadFinding{crd.Stored(w)}
		return w
	}
	roll(throttledAt("monday", noon, 45, gossip.SeverityCritical))
	roll(throttledAt("tuesday", noon.AddDate(0, 0, 1), 30, gossip.SeverityHigh))
	w := roll(throttledAt("wednesday", noon.AddDate(0, 0, 2), 8, gossip.SeverityInfo))
	require.Equal(t, "monday", w.Status.Worst.Pod.Name)
	require.Equal(t, "1/1", w.Status.Pods.AffectedOfSeen)
	require.Equal(t, []string{"tuesday", "wednesday"}, podsOf(w.Status.OtherWindows))
	require.EqualValues(t, 1, *w.Status.OtherWindows[0].Affected)

	w = roll(throttledAt("next monday", noon.AddDate(0, 0, 7), 0, gossip.SeverityNone))
	require.Equal(t, "monday", w.Status.Worst.Pod.Name)
	w = roll(throttledAt("next tuesday", noon.AddDate(0, 0, 8), 0, gossip.SeverityNone))
	require.Equal(t, "tuesday", w.Status.Worst.Pod.Name)
	require.Equal(t, v1alpha1.SeverityHigh, w.Status.Severity)
	require.Equal(t, "throttled in 54% of periods", w.Status.KernelSays)
	require.Equal(t, "1/1", w.Status.Pods.AffectedOfSeen)
	require.Equal(t, []string{"wednesday"}, podsOf(w.Status.OtherWindows))
	w = roll(throttledAt("in two weeks", noon.AddDate(0, 0, 14), 0, gossip.SeverityNone))
	require.Equal(t, v1alpha1.SeverityNone, w.Status.Severity)
	require.Empty(t, w.Status.OtherWindows)
	require.NotNil(t, w.Status.FirstSeenTime, "it had been in trouble")
}

func podsOf(list []v1alpha1.Window) (names []string) {
	for _, w := range list {
		names = append(names, w.Pod.Name)
	}
	return names
}

// The number comes from another pod than the worst one; both survive.
func TestTheWindowOfTheNumberIsStored(t *testing.T) {
	worst := throttledAt("worst", noon, 45, gossip.SeverityCritical)
	needs := throttledAt("needs", noon, 30, gossip.SeverityHigh)
	need := func(_ gossip.PodFinding, f gossip.Finding) gossip.Need {
		return map[string]gossip.Need{
			"worst": {Target: gossip.Some(0.5), Current: gossip.Some(0.1)},
			"needs": {Target: gossip.Some(1.2), Current: gossip.Some(0.1)},
		}[f.Subject().Pod]
	}
	pods := []gossip.PodFinding{worst, needs}
	w := whisper(gossip.RollUp(pods, aWeek, need)[0])
	require.Equal(t, "worst", w.Status.Worst.Pod.Name)
	require.Equal(t, "needs", w.Status.NumberWindow.Pod.Name)
	require.EqualValues(t, 30, *w.Status.NumberWindow.KernelTruth.CPU.ThrottledPeriods)
	require.Equal(t, "1200m", w.Status.Pods.LargestTarget.String())
	require.Equal(t, "850m", w.Status.Pods.MedianTarget.String())

	stored := crd.Stored(w)
	require.Equal(t, "needs", stored.Number.Pod)
	require.InDelta(t, 1.2, stored.Number.Need.Target.Value, 1e-9)
	require.EqualValues(t, 30, stored.Number.Window.Finding.(gossip.CPUThrottling).ThrottledPeriods.Value)
	later := throttledAt("later", noon.Add(time.Hour), 0, gossip.SeverityNone)
	again := whisper(gossip.RollUp([]gossip.PodFinding{later}, aWeek, need, stored)[0])
	require.Empty(t, cmp.Diff(w.Status, again.Status, onlyWindows))
}

// Times of a history go on where they were, although no pod of today knows them.
func TestAStoredHistoryGoesOn(t *testing.T) {
	at := func(minutes int) time.Time {
		return noon.Truncate(time.Second).Add(time.Duration(minutes) * time.Minute)
	}
	var kept []gossip.WorkloadFinding
	for _, step := range []struct {
		why              string
		pod              string
		minutes          int
		periods          int64
		level            gossip.Severity
		last, transition int // minutes, too
		status           string
	}{
		{why: "trouble begins", pod: "a", periods: 30, level: gossip.SeverityHigh, status: "True"},
		{why: "another pod", pod: "b", minutes: 30, periods: 30, level: gossip.SeverityHigh, last: 30, status: "True"},
		{why: "a healthy one", pod: "c", minutes: 60, level: gossip.SeverityNone, last: 30, transition: 45, status: "False"},
		{why: "the next", pod: "d", minutes: 90, level: gossip.SeverityNone, last: 30, transition: 45, status: "False"},
		{
			why: "trouble again", pod: "e", minutes: 120, periods: 8, level: gossip.SeverityInfo, last: 120, transition: 120,
			status: "True",
		},
	} {
		pod := throttledAt(step.pod, at(step.minutes), step.periods, step.level)
		w := whisper(rollPods([]gossip.PodFinding{pod}, kept...))
		kept = []gossip.WorkloadFinding{crd.Stored(w)}
		require.Equal(t, at(0), w.Status.FirstSeenTime.UTC(), step.why)
		require.Equal(t, at(step.last), w.Status.LastSeenTime.UTC(), step.why)
		require.Equal(t, at(step.transition), w.Status.Conditions[0].LastTransitionTime.UTC(), step.why)
		require.Equal(t, step.status, string(w.Status.Conditions[0].Status), step.why)
	}
}

// After a restart a better verdict may only show what is missing, so it says so for the length of a window.
func TestARestartIsSaidUntilAWindowIsMeasured(t *testing.T) {
	stored := crd.Stored(whisper(rollPods([]gossip.PodFinding{throttledAt("a", noon, 45, gossip.SeverityCritical)})))
	stored.Restarted = true
	for name, tc := range map[string]struct {
		measured          time.Duration
		level             gossip.Severity
		restarted, isHeld bool
	}{
		"a better verdict": {measured: time.Minute, level: gossip.SeverityNone, restarted: true, isHeld: true},
		"the same verdict": {measured: time.Minute, level: gossip.SeverityCritical, restarted: true},
		"a window later":   {measured: 15 * time.Minute, level: gossip.SeverityNone},
	} {
		pod := throttledAt("a", noon.Add(time.Hour), 0, tc.level)
		c := pod.Now.(gossip.CPUThrottling)
		c.Covered.Window = tc.measured
		pod.Now = c
		f := rollPods([]gossip.PodFinding{pod}, stored)
		require.Equal(t, tc.restarted, f.Restarted, name)
		require.Equal(t, tc.isHeld, f.Now.Window.Finding.Seen().Restored, name)
		message := whisper(f).Status.Conditions[0].Message
		if tc.restarted {
			require.Contains(t, message, "The window began again when the operator started.", name)
		} else {
			require.NotContains(t, message, "operator", name)
		}
	}
}
