package crd_test

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

func TestFindingsFromInfoOnHaveAnObject(t *testing.T) {
	level := func(now gossip.Severity) gossip.Finding {
		return gossip.CPUThrottling{Report: gossip.Report{Level: now}}
	}
	window := func(then gossip.Severity) gossip.WorstWindow {
		return gossip.WorstWindow{Finding: level(then), End: noon}
	}
	for name, tc := range map[string]struct {
		report crd.Report
		want   bool
	}{
		"nothing":       {crd.Report{}, false},
		"healthy":       {crd.Report{Now: level(gossip.SeverityNone)}, false},
		"not measured":  {crd.Report{Now: level(gossip.SeverityUnknown)}, false},
		"worth knowing": {crd.Report{Now: level(gossip.SeverityInfo)}, true},
		"recovered": {
			crd.Report{Now: level(gossip.SeverityNone), Worst: window(gossip.SeverityWarning)}, true,
		},
		"not measured since": {
			crd.Report{Now: level(gossip.SeverityUnknown), Worst: window(gossip.SeverityCritical)}, true,
		},
		"one window of several": {
			crd.Report{
				Now:     level(gossip.SeverityNone),
				Windows: []gossip.WorstWindow{window(gossip.SeverityNone), window(gossip.SeverityInfo)},
			}, true,
		},
		"healthy all the time": {
			crd.Report{Now: level(gossip.SeverityNone), Windows: []gossip.WorstWindow{window(gossip.SeverityNone)}}, false,
		},
		"recovered by another limit, which ends the horizon": {
			crd.Report{Now: gossip.CPUThrottling{Report: gossip.Report{
				Level: gossip.SeverityNone, History: gossip.History{Worst: gossip.SeverityHigh},
			}}}, true,
		},
		"a window without a finding": {
			crd.Report{Now: level(gossip.SeverityNone), Windows: []gossip.WorstWindow{{End: noon}}}, false,
		},
		"every birth":          {crd.Report{Now: gossip.PodBirth{}}, true},
		"pointer to a finding": {crd.Report{Now: &gossip.PodBirth{}}, true},
		"nil pointer":          {crd.Report{Now: (*gossip.PodBirth)(nil)}, false},
	} {
		if got := crd.HasObject(tc.report); got != tc.want {
			t.Errorf("%s: HasObject = %v, want %v", name, got, tc.want)
		}
		if made := crd.New(tc.report) != nil; tc.want && !made {
			t.Errorf("%s: New made nothing", name)
		}
	}
}

// A pointer to a finding gives the object of the finding.
func TestPointersGiveTheObjectOfTheirFinding(t *testing.T) {
	cpu, born := hiddenThrottling(), podBirth()
	memory, kill, network := memoryFinding(), oomFinding(), networkFinding()
	pointers := []gossip.Finding{&cpu, &born, &memory, &kill, &network}
	for i, value := range []gossip.Finding{cpu, born, memory, kill, network} {
		require.Empty(t, cmp.Diff(crd.New(crd.Report{Now: value}), crd.New(crd.Report{Now: pointers[i]})))
	}
	require.Nil(t, crd.New(crd.Report{Now: (*gossip.CPUThrottling)(nil)}))
}

func TestNamesAreValidAndUnique(t *testing.T) {
	long := strings.Repeat("a.", 120) // 240 characters: too long with container and kind
	for _, tc := range []struct {
		about gossip.Subject
		want  string
	}{
		{gossip.Subject{Kind: gossip.KindCPUThrottling, Pod: "api-0", Container: "app"}, "api-0.app.cputhrottling"},
		{gossip.Subject{Kind: gossip.KindNetworkIssue, Pod: "api-0"}, "api-0.networkissue"},
		{gossip.Subject{Kind: gossip.KindMemoryPressure, Pod: "api-0", Container: "app"}, "api-0.app.memorypressure"},
		{gossip.Subject{Kind: gossip.KindOOMKill, Pod: "api-0"}, "api-0.oomkill"},
		{gossip.Subject{Kind: gossip.KindPodBirth, Pod: "api-0"}, "api-0"},
		{ // no label may end in a dot or begin with a dash
			gossip.Subject{Kind: gossip.KindCPUThrottling, Pod: long + "b", Container: "app"},
			long + "b-a91c87c99f",
		},
	} {
		got := crd.Name(tc.about)
		if got != tc.want {
			t.Errorf("Name(%v) = %s, want %s", tc.about, got, tc.want)
		}
		require.LessOrEqual(t, len(got), 253)
		require.Regexp(t, `^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`, got)
	}
	a := crd.Name(gossip.Subject{Kind: gossip.KindCPUThrottling, Pod: strings.Repeat("p", 253), Container: "a"})
	b := crd.Name(gossip.Subject{Kind: gossip.KindCPUThrottling, Pod: strings.Repeat("p", 253), Container: "b"})
	require.NotEqual(t, a, b, "names that differ only in what is cut")
	require.Equal(t, strings.Repeat("p", 242)+"-30dc055503", a, "a name never changes")
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
		return gossip.Setting{Limit: gossip.Some(n), Request: gossip.Some(n), Image: fmt.Sprint(n)}
	}
	figures := gossip.ChangeFigures{Worst: f, Share: gossip.Some(1e9), Kills: math.MaxInt64}
	return &gossip.WorkloadChange{
		Time: noon, From: odd(math.MaxInt32 + 0.123), To: odd(math.MaxInt32 + 0.321), Before: figures, After: figures,
		Changed: math.MaxInt64, Seen: math.MaxInt64,
	}
}

// largestReports returns the largest report of each kind: alone, and with ten more windows.
func largestReports(text string) []crd.Report {
	findings, advice := largestFindingsOfAllKinds(text)
	var all []crd.Report
	for _, f := range findings {
		r := crd.Report{Now: f, Advice: advice, Change: largestChange(f)}
		all = append(all, r)
		for day := range 10 {
			end := noon.AddDate(0, 0, -day-1)
			r.Windows = append(r.Windows, gossip.WorstWindow{Finding: f, Start: end.Add(-time.Hour), End: end})
		}
		r.Worst = r.Windows[3]
		all = append(all, r)
	}
	return all
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

func TestNoRecentSamplesIsUnknown(t *testing.T) {
	w := crd.New(adviseHidden()).(*v1alpha1.KernelWhisper)
	before := w.DeepCopy()
	first := crd.NoRecentSamples(w, noon.Add(time.Hour))
	if diff := cmp.Diff(before, w); diff != "" {
		t.Errorf("the argument changed (-before +after):\n%s", diff)
	}
	later := crd.NoRecentSamples(first, noon.Add(2*time.Hour))
	if diff := cmp.Diff(first, later); diff != "" {
		t.Errorf("said twice (-first +later):\n%s", diff)
	}
	c := first.Status.Conditions[0]
	got := []string{
		c.Type, string(c.Status), c.Reason, c.LastTransitionTime.UTC().Format(time.RFC3339),
		string(first.Status.Now.Severity), string(first.Status.Severity), first.Status.KernelSays, first.Status.Advice,
	}
	if diff := cmp.Diff(
		[]string{
			"Throttled", "Unknown", "NoRecentSamples", "2026-03-01T13:00:00Z", "Unknown", "Critical",
			"throttled in 80% of periods", "cpu limit 100m → 1 core",
		}, got,
	); diff != "" {
		t.Errorf("condition (-want +got):\n%s", diff)
	}
}

// A window without a record of a kill is a window without a kill.
func TestNoRecentKillIsHealthy(t *testing.T) {
	f := oomFinding()
	f.Report = hiddenThrottling().Report
	f.About.Kind, f.Reason = gossip.KindOOMKill, gossip.ReasonOOMKilled
	w := crd.New(crd.Report{Now: f}).(*v1alpha1.KernelWhisper)
	quiet := crd.NoRecentSamples(w, noon.Add(time.Hour))
	later := crd.NoRecentSamples(quiet, noon.Add(2*time.Hour))
	require.Empty(t, cmp.Diff(quiet, later))
	c := quiet.Status.Conditions[0]
	require.Equal(
		t, []string{"OOMKilled", "False", "NoKillInWindow", "2026-03-01T13:00:00Z", "Critical", "None"}, []string{
			c.Type, string(c.Status), c.Reason, c.LastTransitionTime.UTC().Format(time.RFC3339), string(quiet.Status.Severity),
			string(quiet.Status.Now.Severity),
		},
	)
	for _, finding := range []gossip.Finding{
		gossip.MemoryPressure{Report: gossip.Report{About: gossip.Subject{Kind: gossip.KindMemoryPressure}}},
		gossip.NetworkIssue{Report: gossip.Report{About: gossip.Subject{Kind: gossip.KindNetworkIssue}}},
	} {
		w := crd.New(crd.Report{Now: finding}).(*v1alpha1.KernelWhisper)
		stale := crd.NoRecentSamples(w, noon)
		require.Equal(t, w.Status.Conditions[0].Type, stale.Status.Conditions[0].Type)
		require.Equal(t, "NoRecentSamples", stale.Status.Conditions[0].Reason)
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
