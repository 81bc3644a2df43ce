package crd_test

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

func TestFindingsFromInfoOnHaveAnObject(t *testing.T) {
	about := hiddenThrottling().About
	level := func(now gossip.Severity) gossip.Finding {
		return gossip.CPUThrottling{Report: gossip.Report{About: about, Level: now, At: noon}}
	}
	window := func(then gossip.Severity) gossip.WorstWindow {
		return gossip.WorstWindow{Finding: level(then), Start: noon, End: noon}
	}
	of := func(now gossip.Finding, windows ...gossip.WorstWindow) gossip.WorkloadFinding {
		return reportOf(now, windows...).Finding
	}
	with := func(now, worst gossip.Finding) (f gossip.WorkloadFinding) {
		f.Now.Window.Finding, f.Worst.Window.Finding = now, worst
		return f
	}
	healthy := level(gossip.SeverityNone)
	for name, tc := range map[string]struct {
		finding gossip.WorkloadFinding
		want    bool
	}{
		"nothing":            {finding: gossip.WorkloadFinding{}},
		"healthy":            {finding: of(healthy)},
		"not measured":       {finding: of(level(gossip.SeverityUnknown))},
		"worth knowing":      {finding: of(level(gossip.SeverityInfo)), want: true},
		"recovered":          {finding: of(healthy, window(gossip.SeverityWarning)), want: true},
		"not measured since": {finding: of(level(gossip.SeverityUnknown), window(gossip.SeverityCritical)), want: true},
		"one window of several": {
			finding: of(healthy, window(gossip.SeverityNone), window(gossip.SeverityInfo)), want: true,
		},
		"healthy all the time": {finding: of(healthy, window(gossip.SeverityNone))},
		"recovered by another limit, which ends the horizon": {
			finding: of(gossip.CPUThrottling{Report: gossip.Report{
				About: about, Level: gossip.SeverityNone, History: gossip.History{Worst: gossip.SeverityHigh},
			}}), want: true,
		},
		"now that a pod is worse than the worst window": {
			finding: with(level(gossip.SeverityInfo), healthy), want: true,
		},
		"every birth":             {finding: of(podBirth()), want: true},
		"a window of nothing":     {finding: with(level(gossip.SeverityInfo), nil)},
		"a window, and no now":    {finding: with(nil, level(gossip.SeverityInfo))},
		"a pointer to a finding":  {finding: with(&gossip.CPUThrottling{}, level(gossip.SeverityInfo))},
		"a pointer to a birth":    {finding: with(&gossip.PodBirth{}, nil)},
		"a nil pointer":           {finding: with((*gossip.PodBirth)(nil), nil)},
		"a birth among the worst": {finding: with(level(gossip.SeverityInfo), gossip.PodBirth{})},
	} {
		if got := crd.HasObject(tc.finding); got != tc.want {
			t.Errorf("%s: HasObject = %v, want %v", name, got, tc.want)
		}
		if made := crd.New(crd.Report{Finding: tc.finding}) != nil; tc.want && !made {
			t.Errorf("%s: New made nothing", name)
		}
	}
}

// largestFindings returns the largest finding about CPU, the largest birth and the largest advice that a payload can
// make, filled with the given text.
func largestFindings(text string) (gossip.CPUThrottling, gossip.PodBirth, []recommend.Recommendation) {
	long, name := strings.Repeat(text, 4000), strings.Repeat("n", 253)
	report := gossip.Report{
		About:  gossip.Subject{Kind: gossip.KindCPUThrottling, Namespace: name[:63], Pod: name, Container: name[:63]},
		PodUID: podUID, Level: gossip.SeverityCritical, Reason: gossip.ReasonThrottledWhileCPULow, At: noon,
		History: gossip.History{First: noon, Last: noon, Worst: gossip.SeverityCritical, Transition: noon},
		Covered: gossip.Coverage{
			Window: math.MaxInt64, Samples: math.MaxInt64, Expected: math.MaxInt64, Gaps: math.MaxInt64, Epochs: math.MaxInt64,
			Dropped: math.MaxInt64, Missing: slices.Repeat([]string{long}, 50), Ignored: slices.Repeat([]string{long}, 50),
			Source: long,
		},
	}
	n, d := gossip.Some[int64](math.MaxInt64), gossip.Some(time.Duration(math.MaxInt64))
	f := gossip.CPUThrottling{
		Report: report, Periods: n, ThrottledPeriods: n, Throttled: gossip.Some(1.0), ThrottledTime: d, MeanWait: d,
		Active: gossip.Some(1.0), Usage: gossip.Some(1e300), UsedOfLimit: gossip.Some(1e300), Limit: gossip.Some(1e300),
		UsageTime: d, CFSPeriod: math.MaxInt64, Threads: n, NodeCPUs: n, FirstThrottled: noon, LastThrottled: noon,
		Calm: math.MaxInt64, Paused: math.MaxInt64, Standing: true,
	}
	b := gossip.PodBirth{
		Report: report, Own: math.MaxInt64 - 1, Longest: gossip.Stage{Name: long, Duration: math.MaxInt64},
	}
	b.About.Kind, b.About.Container, b.Reason = gossip.KindPodBirth, "", gossip.ReasonNotMeasured
	b.Creation = gossip.PodCreation{
		Origin:        gossip.Origin{Time: noon},
		TotalSyscalls: n, NamespaceOps: n, CgroupWrites: n, Duration: math.MaxInt64,
		Execs: n, Processes: n, Mounts: n, IPTablesRules: n, ImagePull: d, Init: d,
	}
	for i := range 5000 {
		b.Creation.Timeline = append(b.Creation.Timeline, gossip.Step{
			Offset: math.MaxInt64 - 5000 + time.Duration(i), Actor: gossip.ActorScheduler, Action: long, Details: long,
		})
	}
	var advice []recommend.Recommendation
	for _, id := range "abcdefghijkl" {
		advice = append(advice, recommend.Recommendation{
			Rule: string(id), Priority: gossip.SeverityCritical, Action: long, Reason: long, Evidence: long, Risk: long,
			Current: quantityOf("999999999m"), Target: quantityOf("999999999m"), Lower: quantityOf("999999999m"),
			Upper:  quantityOf("999999999m"),
			Resize: slices.Repeat([]string{strings.Repeat("x", 900)}, 7), Patch: strings.Repeat("x", 900),
			Rollback: slices.Repeat([]string{long, strings.Repeat("x", 900)}, 7),
		})
	}
	for _, id := range "mnopqrstuvwxyz" { // small ones that fill the room that is left
		advice = append(advice, recommend.Recommendation{Rule: string(id), Action: long, Reason: strings.Repeat("x", 100)})
	}
	return f, b, advice
}

// largestFindingsOfAllKinds returns the largest finding of each kind, and the advice.
func largestFindingsOfAllKinds(text string) ([]gossip.Finding, []recommend.Recommendation) {
	f, b, advice := largestFindings(text)
	report := func(kind gossip.Kind, reason gossip.Reason) gossip.Report {
		r := f.Report
		r.About.Kind, r.Reason = kind, reason
		return r
	}
	n, d, x := gossip.Some[int64](math.MaxInt64), gossip.Some(time.Duration(math.MaxInt64)), gossip.Some(1e300)
	network := gossip.NetworkIssue{
		Report: report(gossip.KindNetworkIssue, gossip.ReasonRetransmits), Segments: n, Retransmits: n, Retransmitted: x,
		Packets: n, Drops: n, Dropped: x,
		FailedConnects: n, FailedPerMinute: x, Errors: n, Latency: d, LatencyP50: d, LatencyP99: d, Reported: true,
	}
	network.About.Container = ""
	return []gossip.Finding{
		f, b, network,
		gossip.MemoryPressure{
			Report: report(gossip.KindMemoryPressure, gossip.ReasonStalled), WorkingSet: n, Peak: n, Used: n, Limit: n,
			UsedOfLimit: x,
			SomeAvg10:   x, SomeAvg60: x, FullAvg10: x, FullAvg60: x, MajorFaults: n, FaultRate: x, FaultBaseline: x,
			PageFaultRate: x, Reclaims: n,
			LimitHits: n, Kills: n, Leak: gossip.Some(gossip.Leak{BytesPerSecond: 1e300, R2: 1, Until: math.MaxInt64}),
			Standing: true,
		},
		gossip.OOMKilled{
			Report: report(gossip.KindOOMKill, gossip.ReasonOOMKilled), Kills: math.MaxInt64, LastKill: noon, VictimPID: n,
			VictimComm: strings.Repeat(text, 4000),
			Scope:      gossip.ScopeGlobal, ContainerID: strings.Repeat(text, 4000), Usage: n, Peak: n, Limit: n,
			Leak: gossip.Some(gossip.Leak{}), Standing: true,
		},
	}, advice
}

// largestChange returns a change with the longest texts.
func largestChange(f gossip.Finding) *gossip.WorkloadChange {
	odd := func(n float64) gossip.Setting {
		return gossip.Setting{Limit: gossip.Some(n), Request: gossip.Some(n), Image: strconv.FormatFloat(n, 'g', -1, 64)}
	}
	figures := gossip.ChangeFigures{Worst: f, Share: gossip.Some(1e9), Kills: math.MaxInt64}
	return &gossip.WorkloadChange{
		Time: noon, From: odd(math.MaxInt32 + 0.123), To: odd(math.MaxInt32 + 0.321), Before: figures, After: figures,
		Changed: math.MaxInt64, Seen: math.MaxInt64,
	}
}

// largestReports returns the largest report of each kind: about a pod, and about a workload with ten more windows, of
// which another one gives the number, and with as many pods in trouble as are listed.
func largestReports(text string) []crd.Report {
	findings, advice := largestFindingsOfAllKinds(text)
	var all []crd.Report
	for _, f := range findings {
		all = append(all, adviseOn(f, advice...))
		if f.Subject().Kind == gossip.KindPodBirth {
			continue
		}
		long := func(n int) string { return strings.Repeat("n", 253-n) }
		workload := gossip.Workload{Kind: long(190), Group: long(0), Version: "v1alpha1", Name: long(0), UID: long(125)}
		evidence := func(f gossip.Finding, pod string, end time.Time) gossip.PodEvidence {
			return gossip.PodEvidence{
				Pod: pod + long(1), UID: long(125), Node: long(0), Revision: long(190),
				Window: gossip.WorstWindow{Finding: f, Start: end.Add(-time.Hour), End: end},
			}
		}
		list := func(end time.Time) (list []gossip.PodEvidence) {
			for pod := range 7 {
				list = append(list, evidence(f, strconv.Itoa(pod), end))
			}
			return list
		}
		huge := gossip.Some(1e300)
		r := crd.Report{Advice: advice, Finding: gossip.WorkloadFinding{
			Change: largestChange(f),
			About: gossip.WorkloadSubject{
				Kind: f.Subject().Kind, Namespace: f.Subject().Namespace, Container: f.Subject().Container, Workload: workload,
			}, Now: evidence(f, "0", noon), Revisions: slices.Repeat([]string{long(190)}, 9),
		}}
		for day := range 10 {
			end := noon.AddDate(0, 0, -day-1)
			affected := list(end)
			r.Finding.Windows = append(r.Finding.Windows, gossip.WorkloadWindow{
				Worst: affected[0], Affected: affected[:5], Number: &affected[6], Skewed: true, Share: gossip.Some(1.0),
				Kills: math.MaxInt64, Pods: gossip.PodCounts{
					Seen: math.MaxInt64, Affected: math.MaxInt64, LargestTarget: huge, MedianTarget: huge,
				},
			})
		}
		r.Finding.WorkloadWindow = r.Finding.Windows[3]
		all = append(all, r)
	}
	return all
}

// With names as long as clusters have them, nothing is left out: five pods, the window of the number, a window of each
// other day, and advice with commands.
func TestOrdinaryObjectsLoseNothing(t *testing.T) {
	name := func(pod int) string { return "web-" + strings.Repeat("n", 24) + "-5c9f7b6d4-" + strconv.Itoa(pod) }
	f := measuredFindings()[0].(gossip.CPUThrottling)
	f.Covered.Missing = []string{"threads", "node_cpus"}
	evidence := func(pod int, end time.Time) gossip.PodEvidence {
		return gossip.PodEvidence{
			Pod: name(pod), UID: podUID, Node: "ip-10-0-113-" + strconv.Itoa(pod) + ".ec2.internal",
			Revision: "5c9f7b6d4", Window: gossip.WorstWindow{Finding: f, Start: end.Add(-15 * time.Minute), End: end},
		}
	}
	advice := raiseAdvice()
	advice.Reason, advice.Evidence = strings.Repeat("r", 300), strings.Repeat("e", 200)
	advice.Resize = slices.Repeat([]string{strings.Repeat("x", 190)}, 5)
	advice.Patch, advice.Rollback = strings.Repeat("x", 300), slices.Repeat([]string{strings.Repeat("x", 190)}, 6)
	r := crd.Report{Advice: []recommend.Recommendation{advice}}
	about := f.About
	r.Finding.About = gossip.WorkloadSubject{
		Kind: about.Kind, Namespace: about.Namespace, Container: about.Container, Workload: web,
	}
	r.Finding.Now, r.Finding.Revisions = evidence(0, noon), []string{"5c9f7b6d4", "7d8c9f5b6"}
	for day := range 8 {
		w := gossip.WorkloadWindow{
			Worst: evidence(0, noon.AddDate(0, 0, -day)), Pods: gossip.PodCounts{Seen: 40, Affected: 9},
		}
		r.Finding.Windows = append(r.Finding.Windows, w)
	}
	worst := &r.Finding.Windows[0]
	for pod := range 5 {
		worst.Affected = append(worst.Affected, evidence(pod, noon))
	}
	worst.Number, worst.Skewed, worst.Share = &worst.Affected[4], true, gossip.Some(0.4)
	worst.Pods.LargestTarget, worst.Pods.MedianTarget = gossip.Some(1.2), gossip.Some(0.5)
	r.Finding.WorkloadWindow = *worst

	o := crd.New(r).(*v1alpha1.KernelWhisper)
	text, err := json.Marshal(o)
	require.NoError(t, err)
	t.Logf("%d bytes", len(text))
	require.Less(t, len(text), 14<<10)
	require.Len(t, o.Status.Pods.List, 5)
	require.Equal(t, v1alpha1.PodNeedsSkewed, o.Status.Pods.Needs)
	require.True(t, crd.Stored(o).Skewed)
	require.Len(t, o.Status.OtherWindows, 7)
	require.Equal(t, name(4), o.Status.NumberWindow.Pod.Name)
	require.Len(t, o.Status.Recommendations, 1)
	require.Len(t, o.Status.Recommendations[0].Resize, 5)
	require.Len(t, o.Status.Recommendations[0].Rollback, 6)
}

// The largest possible objects leave room for what the API server adds, such as managed fields: see apiserver_test.go.
func TestTheLargestObjectsFit(t *testing.T) {
	for _, text := range []string{"x", "→", "<", `"`, "\x00", "\xff", "😀", "\u2028"} {
		for _, report := range largestReports(text) {
			object := crd.New(report)
			got, err := json.Marshal(object)
			require.NoError(t, err)
			t.Logf("%T of %q: %d bytes", object, text, len(got))
			require.Less(t, len(got), 14<<10, "%T of %q: the API server's own fields need the rest of 16 KiB", object, text)
		}
	}
}

// The API and the analysis have the same words.
func TestTheAPISharesTheWordsOfTheAnalysis(t *testing.T) {
	require.Equal(t, []string{
		v1alpha1.ReasonThrottledWhileCPULow, v1alpha1.ReasonThrottled, v1alpha1.ReasonBelowThreshold, v1alpha1.ReasonNoLimit,
		v1alpha1.ReasonTooFewPeriods, v1alpha1.ReasonNotMeasured, v1alpha1.ReasonWithinObjective,
		v1alpha1.ReasonObjectiveMissed,
	}, []string{
		string(gossip.ReasonThrottledWhileCPULow), string(gossip.ReasonThrottled), string(gossip.ReasonBelowThreshold),
		string(gossip.ReasonNoLimit),
		string(gossip.ReasonTooFewPeriods), string(gossip.ReasonNotMeasured), string(gossip.ReasonWithinObjective),
		string(gossip.ReasonObjectiveMissed),
	})
	require.Equal(t, []string{
		v1alpha1.ReasonOOMKilled, v1alpha1.ReasonNoKillInWindow, v1alpha1.ReasonStalled, v1alpha1.ReasonThrashing,
		v1alpha1.ReasonLimitHit,
		v1alpha1.ReasonNearLimit, v1alpha1.ReasonMemoryLeak, v1alpha1.ReasonRetransmits, v1alpha1.ReasonDrops,
		v1alpha1.ReasonFailedConnects, v1alpha1.ReasonTooLittleTraffic,
	}, []string{
		string(gossip.ReasonOOMKilled), string(gossip.ReasonNoKillInWindow), string(gossip.ReasonStalled),
		string(gossip.ReasonThrashing),
		string(gossip.ReasonLimitHit), string(gossip.ReasonNearLimit), string(gossip.ReasonMemoryLeak),
		string(gossip.ReasonRetransmits), string(gossip.ReasonDrops),
		string(gossip.ReasonFailedConnects), string(gossip.ReasonTooLittleTraffic),
	})
	require.Equal(t, []v1alpha1.WhisperKind{
		v1alpha1.WhisperCPUThrottling, v1alpha1.WhisperMemoryPressure, v1alpha1.WhisperOOMKill, v1alpha1.WhisperNetworkIssue,
	}, []v1alpha1.WhisperKind{
		v1alpha1.WhisperKind(gossip.KindCPUThrottling), v1alpha1.WhisperKind(gossip.KindMemoryPressure),
		v1alpha1.WhisperKind(gossip.KindOOMKill),
		v1alpha1.WhisperKind(gossip.KindNetworkIssue),
	})
	require.Equal(t, gossip.SeverityCritical.String(), string(v1alpha1.SeverityCritical))
	reason := regexp.MustCompile(`^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$`)
	require.Regexp(t, reason, v1alpha1.ReasonNoRecentSamples)
}

func TestDefinitionsAreOfBothKinds(t *testing.T) {
	var kinds []string
	for _, b := range crd.CRDs() {
		var definition struct {
			metav1.TypeMeta `json:",inline"`
			Spec            struct {
				Group    string
				Names    struct{ Kind string }
				Versions []struct{ Name string }
			}
		}
		require.NoError(t, yaml.Unmarshal(b, &definition))
		require.Equal(t, "CustomResourceDefinition", definition.Kind)
		require.Equal(t, v1alpha1.GroupVersion.Group, definition.Spec.Group)
		require.Equal(t, v1alpha1.GroupVersion.Version, definition.Spec.Versions[0].Name)
		kinds = append(kinds, definition.Spec.Names.Kind)
	}
	require.Equal(t, []string{v1alpha1.KindKernelWhisper, v1alpha1.KindPodBirthCertificate}, kinds)
}
