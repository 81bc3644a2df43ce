package crd_test

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

var update = flag.Bool("update", false, "rewrite the files in testdata")

type input struct {
	finding gossip.Finding
	pod     gossip.Pod
	advice  []recommend.Recommendation
}

// throttlingWith and born vary the two fixtures.
func throttlingWith(vary func(*gossip.CPUThrottling)) gossip.CPUThrottling {
	f := hiddenThrottling()
	vary(&f)
	return f
}

func birthWith(vary func(*gossip.PodBirth)) gossip.PodBirth {
	f := podBirth()
	vary(&f)
	return f
}

func goldens() map[string]input {
	none := gossip.Optional[float64]{}
	counts, times := gossip.Optional[int64]{}, gossip.Optional[time.Duration]{}
	healthy := func(f *gossip.CPUThrottling) {
		f.Level, f.Reason, f.History.Worst = gossip.SeverityNone, gossip.ReasonBelowThreshold, gossip.SeverityNone
		f.History.First, f.History.Last = time.Time{}, time.Time{}
	}
	step := raiseAdvice()
	step.Rule, step.Current, step.Target = "cpu-limit-step", quantityOf("200m"), quantityOf("600m")
	step.Summary = "cpu limit 200m → 600m, then measure again"
	step.Action = "Raise the CPU limit of container app from 200m to 600m, as a first step, then measure again."
	step.MeasureAgain = true
	refusal := recommend.Recommendation{
		Rule: "raise-cpu-limit", Priority: gossip.SeverityCritical, Action: "No number for the CPU limit of container app.",
		Summary: "LimitRange small admits no CPU limit above 500m (the estimate is 1)",
		Reason:  "LimitRange small admits no CPU limit above 500m (the estimate is 1).", Current: quantityOf("100m"),
	}
	all := memoryGoldens()
	maps.Copy(all, map[string]input{
		"whisper_hidden": {hiddenThrottling(), gossip.Pod{}, []recommend.Recommendation{raiseAdvice()}},
		"whisper_refused": {
			throttlingWith(func(f *gossip.CPUThrottling) { f.PodUID = "" }),
			gossip.Pod{UID: "from-the-pod"},
			[]recommend.Recommendation{refusal, refusal},
		},
		"whisper_standing_first_step": {
			throttlingWith(func(f *gossip.CPUThrottling) { f.Standing = true }),
			gossip.Pod{},
			[]recommend.Recommendation{step},
		},
		"whisper_zero_measured": {throttlingWith(func(f *gossip.CPUThrottling) {
			healthy(f)
			f.ThrottledPeriods, f.Throttled = gossip.Some[int64](0), gossip.Some(0.0)
			f.ThrottledTime, f.MeanWait = gossip.Some(time.Duration(0)), times
			f.Usage, f.UsedOfLimit = gossip.Some(0.0), gossip.Some(0.0)
		}), gossip.Pod{}, nil},
		"whisper_percent_only": {throttlingWith(func(f *gossip.CPUThrottling) {
			f.Level, f.Reason = gossip.SeverityWarning, gossip.ReasonThrottled
			f.Periods, f.ThrottledPeriods, f.ThrottledTime, f.MeanWait = counts, counts, times, times
			f.Throttled, f.Active, f.Usage, f.UsedOfLimit, f.Limit = gossip.Some(0.305), none, none, none, none
			f.Covered.Confidence = gossip.ConfidenceLow
		}), gossip.Pod{}, nil},
		"whisper_no_limit": {throttlingWith(func(f *gossip.CPUThrottling) {
			healthy(f)
			f.Reason, f.Limit, f.UsedOfLimit = gossip.ReasonNoLimit, gossip.Some(0.0), none
			f.Throttled, f.MeanWait, f.Active = none, times, gossip.Some(0.0)
			f.Periods, f.ThrottledPeriods = gossip.Some[int64](0), gossip.Some[int64](0)
			f.ThrottledTime = gossip.Some(time.Duration(0))
		}), gossip.Pod{}, nil},
		"whisper_too_few_periods": {throttlingWith(func(f *gossip.CPUThrottling) {
			healthy(f)
			f.Level, f.Reason = gossip.SeverityUnknown, gossip.ReasonTooFewPeriods
			f.Periods, f.ThrottledPeriods, f.Throttled = gossip.Some[int64](12), gossip.Some[int64](3), gossip.Some(0.25)
			f.ThrottledTime, f.MeanWait = gossip.Some(150*time.Millisecond), gossip.Some(50*time.Millisecond)
			f.Active = gossip.Some(0.08)
		}), gossip.Pod{}, nil},
		"whisper_nothing_known": {
			gossip.CPUThrottling{Report: gossip.Report{About: hiddenThrottling().About}}, gossip.Pod{}, nil,
		},
		"certificate_in_time": {podBirth(), gossip.Pod{}, nil},
		"certificate_missed": {birthWith(func(f *gossip.PodBirth) {
			f.Level, f.Reason, f.Own = gossip.SeverityWarning, gossip.ReasonObjectiveMissed, 6*time.Second
			f.Creation.Duration, f.Covered.Missing = 9*time.Second, nil
			f.Creation.ImagePull, f.Creation.Init = gossip.Some(2500*time.Millisecond), gossip.Some(500*time.Millisecond)
		}), gossip.Pod{}, []recommend.Recommendation{{
			Rule: "slow-birth", Summary: "Look at its longest stage first: image pull", Priority: gossip.SeverityWarning,
			Action: "Look at its longest stage first: image pull.",
		}}},
		"certificate_not_measured": {birthWith(func(f *gossip.PodBirth) {
			f.Level, f.Reason, f.Own, f.Longest = gossip.SeverityInfo, gossip.ReasonNotMeasured, 8*time.Second, gossip.Stage{}
			f.Creation.Duration, f.Creation.Timeline = 8*time.Second, nil
		}), gossip.Pod{}, nil},
	})
	return all
}

// memoryGoldens are about memory, OOM kills and the network.
func memoryGoldens() map[string]input {
	shared := hiddenThrottling().Report
	report := func(kind gossip.Kind, container string, level gossip.Severity, reason gossip.Reason) gossip.Report {
		r := shared
		r.About = gossip.Subject{Kind: kind, Namespace: "shop", Pod: "api-0", Container: container}
		r.Level, r.Reason, r.History.Worst, r.Covered.Missing = level, reason, max(level, gossip.SeverityWarning), nil
		return r
	}
	app := gossip.Pod{
		Name: "api-0", Containers: []gossip.Container{{Name: "app", ID: "containerd://c1", ShowsOOMKill: gossip.Some(false)}},
	}
	raiseMemory := recommend.Recommendation{
		Rule: "raise-memory-limit", Summary: "memory limit 512Mi → 624Mi", Priority: gossip.SeverityCritical,
		Action: "Raise the memory limit of container app from 512Mi to 624Mi.",
		Reason: "It was killed at its limit.", Current: quantityOf("512Mi"), Target: quantityOf("624Mi"),
	}
	full := memoryFinding()
	full.Report = report(gossip.KindMemoryPressure, "app", gossip.SeverityWarning, gossip.ReasonStalled)
	memory := func(level gossip.Severity, reason gossip.Reason, vary func(*gossip.MemoryPressure)) gossip.MemoryPressure {
		f := gossip.MemoryPressure{Report: report(gossip.KindMemoryPressure, "app", level, reason)}
		vary(&f)
		return f
	}
	oom := oomFinding()
	oom.Report = report(gossip.KindOOMKill, "app", gossip.SeverityCritical, gossip.ReasonOOMKilled)
	killed := func(vary func(*gossip.OOMKilled)) gossip.OOMKilled {
		f := oom
		vary(&f)
		return f
	}
	network := networkFinding()
	network.Report = report(gossip.KindNetworkIssue, "", gossip.SeverityWarning, gossip.ReasonRetransmits)
	return map[string]input{
		"memory_stalled": {full, gossip.Pod{}, nil},
		"memory_leak": {memory(gossip.SeverityHigh, gossip.ReasonMemoryLeak, func(f *gossip.MemoryPressure) {
			f.WorkingSet, f.Peak, f.Limit, f.UsedOfLimit = full.WorkingSet, full.Peak, full.Limit, full.UsedOfLimit
			f.Leak = gossip.Some(gossip.Leak{BytesPerSecond: 1 << 18, R2: 0.99, Until: 128 * time.Second})
		}), gossip.Pod{}, []recommend.Recommendation{{
			Rule: "memory-leak", Summary: "Find the leak in container app, and do not raise its memory limit",
			Priority: gossip.SeverityHigh,
			Action:   "Find the leak in container app, and do not raise its memory limit.", Reason: "It climbs.",
		}}},
		"memory_killed_of_pod": {memory(gossip.SeverityCritical, gossip.ReasonOOMKilled, func(f *gossip.MemoryPressure) {
			f.About.Container, f.Kills, f.Limit = "", gossip.Some[int64](2), gossip.Some[int64](0)
			f.Peak = full.Peak
		}), gossip.Pod{}, nil},
		"memory_killed_not_shown": {
			memory(
				gossip.SeverityCritical, gossip.ReasonOOMKilled, func(f *gossip.MemoryPressure) { f.Kills = gossip.Some[int64](1) },
			),
			app, nil,
		},
		"memory_percent_only": {memory(gossip.SeverityWarning, gossip.ReasonNearLimit, func(f *gossip.MemoryPressure) {
			f.UsedOfLimit, f.Covered.Confidence = gossip.Some(0.93), gossip.ConfidenceLow
		}), gossip.Pod{}, nil},
		"memory_standing": {memory(gossip.SeverityHigh, gossip.ReasonThrashing, func(f *gossip.MemoryPressure) {
			f.MajorFaults, f.FaultRate = gossip.Some[int64](9000), gossip.Some(312.5)
			f.FaultBaseline, f.Standing = gossip.Some(12.0), true
			f.Peak, f.Limit, f.UsedOfLimit = full.Peak, full.Limit, full.UsedOfLimit
		}), gossip.Pod{}, nil},
		"memory_limit_hit": {memory(gossip.SeverityWarning, gossip.ReasonLimitHit, func(f *gossip.MemoryPressure) {
			f.LimitHits, f.UsedOfLimit = gossip.Some[int64](1), gossip.Some(0.99)
		}), gossip.Pod{}, nil},
		"memory_recovered": {memory(gossip.SeverityNone, gossip.ReasonBelowThreshold, func(f *gossip.MemoryPressure) {
			f.SomeAvg60, f.WorkingSet = gossip.Some(0.0), gossip.Some[int64](1)
			f.Peak, f.Limit = gossip.Some[int64](1<<20), gossip.Some[int64](0)
		}), gossip.Pod{}, nil},
		"memory_not_measured": {memory(gossip.SeverityUnknown, gossip.ReasonNotMeasured, func(f *gossip.MemoryPressure) {
			f.Covered.Missing, f.Used = []string{"limit_bytes", "psi_some_avg60"}, gossip.Some[int64](100<<20)
		}), gossip.Pod{}, nil},
		"oom_not_shown": {oom, app, []recommend.Recommendation{raiseMemory}},
		"oom_shown": {
			oom,
			gossip.Pod{
				Name:       "api-0",
				Containers: []gossip.Container{{Name: "app", ID: "containerd://c2", ShowsOOMKill: gossip.Some(true)}},
			},
			nil,
		},
		"oom_another_container": {
			killed(func(f *gossip.OOMKilled) { f.Leak = gossip.Some(gossip.Leak{}) }),
			gossip.Pod{
				Name:       "api-0",
				Containers: []gossip.Container{{Name: "app", ID: "containerd://c2", ShowsOOMKill: gossip.Some(false)}},
			},
			nil,
		},
		"oom_of_the_node": {
			killed(func(f *gossip.OOMKilled) { f.Scope, f.Kills = gossip.ScopeGlobal, 1 }),
			gossip.Pod{},
			[]recommend.Recommendation{{
				Rule: "node-out-of-memory", Summary: "memory request 128Mi → 512Mi", Priority: gossip.SeverityCritical,
				Action:  "Raise the memory request.",
				Current: quantityOf("128Mi"), Target: quantityOf("512Mi"),
			}},
		},
		"oom_below_its_limit": {
			killed(func(f *gossip.OOMKilled) { f.Usage = gossip.Some[int64](100 << 20) }), gossip.Pod{}, nil,
		},
		"oom_little_known": {gossip.OOMKilled{
			Report: report(gossip.KindOOMKill, "", gossip.SeverityCritical, gossip.ReasonOOMKilled), Kills: 1, ContainerID: "c1",
			Standing: true,
		}, gossip.Pod{}, nil},
		"oom_no_kill": {killed(func(f *gossip.OOMKilled) {
			f.Level, f.Reason, f.Kills = gossip.SeverityNone, gossip.ReasonNoKillInWindow, 0
		}), app, nil},
		"network_retransmits": {network, gossip.Pod{}, []recommend.Recommendation{{
			Rule: "investigate-retransmits", Summary: "Find where segments are lost", Priority: gossip.SeverityWarning,
			Action: "Find where segments are lost: look.",
			Reason: "2% were sent again.",
		}}},
		"network_percent_only": {gossip.NetworkIssue{
			Report: report(gossip.KindNetworkIssue, "", gossip.SeverityHigh, gossip.ReasonDrops), Dropped: gossip.Some(0.015),
			Reported: true,
		}, gossip.Pod{}, nil},
		"network_connects": {gossip.NetworkIssue{
			Report:         report(gossip.KindNetworkIssue, "", gossip.SeverityWarning, gossip.ReasonFailedConnects),
			FailedConnects: gossip.Some[int64](31), FailedPerMinute: gossip.Some(2.07),
			LatencyP50: gossip.Some(time.Millisecond),
		}, gossip.Pod{}, nil},
		"network_little_traffic": {gossip.NetworkIssue{
			Report:   report(gossip.KindNetworkIssue, "", gossip.SeverityUnknown, gossip.ReasonTooLittleTraffic),
			Segments: gossip.Some[int64](240), Retransmits: gossip.Some[int64](40), Packets: gossip.Some[int64](9),
			Drops: gossip.Some[int64](0),
		}, gossip.Pod{}, nil},
		"network_recovered": {gossip.NetworkIssue{
			Report:  report(gossip.KindNetworkIssue, "", gossip.SeverityNone, gossip.ReasonBelowThreshold),
			Packets: gossip.Some[int64](9000), Drops: gossip.Some[int64](0), Dropped: gossip.Some(0.0),
		}, gossip.Pod{}, nil},
		"network_not_measured": {
			gossip.NetworkIssue{Report: report(gossip.KindNetworkIssue, "", gossip.SeverityUnknown, gossip.ReasonNotMeasured)},
			gossip.Pod{},
			nil,
		},
	}
}

// TestObjectsAreWhatTestdataShows compares whole objects with testdata/*.yaml, and reads each back: nothing may be lost
// between the YAML and the types.
func TestObjectsAreWhatTestdataShows(t *testing.T) {
	for name, in := range goldens() {
		t.Run(name, func(t *testing.T) {
			object := crd.New(in.finding, in.pod, in.advice)
			got, err := yaml.Marshal(object)
			require.NoError(t, err)
			file := filepath.Join("testdata", name+".yaml")
			if *update {
				require.NoError(t, os.WriteFile(file, got, 0o644))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("New (-want +got; if it is meant: go test ./crd -update):\n%s", diff)
			}
			scheme := runtime.NewScheme()
			require.NoError(t, v1alpha1.AddToScheme(scheme))
			back, err := scheme.New(object.GetObjectKind().GroupVersionKind())
			require.NoError(t, err)
			require.NoError(t, yaml.UnmarshalStrict(got, back))
			again, err := yaml.Marshal(back)
			require.NoError(t, err)
			if diff := cmp.Diff(string(got), string(again)); diff != "" {
				t.Errorf("read back (-written +read):\n%s", diff)
			}
		})
	}
}

// TestREADMEShowsRealObjects reads the examples of README.md and compares them with what New makes, but for the advice,
// which is cut short there.
func TestREADMEShowsRealObjects(t *testing.T) {
	page, err := os.ReadFile("README.md")
	require.NoError(t, err)
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(page, -1)
	require.Len(t, examples, 2)

	var whisper v1alpha1.KernelWhisper
	require.NoError(t, yaml.UnmarshalStrict(examples[0][1], &whisper))
	want := crd.New(hiddenThrottling(), gossip.Pod{}, []recommend.Recommendation{raiseAdvice()}).(*v1alpha1.KernelWhisper)
	require.Equal(t, want.Status.Recommendations[0].Action, whisper.Status.Recommendations[0].Action)
	want.Status.Recommendations, whisper.Status.Recommendations = nil, nil
	if diff := cmp.Diff(want, &whisper); diff != "" {
		t.Errorf("whisper (-New +README.md):\n%s", diff)
	}

	var certificate v1alpha1.PodBirthCertificate
	require.NoError(t, yaml.UnmarshalStrict(examples[1][1], &certificate))
	made := crd.New(podBirth(), gossip.Pod{}, nil).(*v1alpha1.PodBirthCertificate)
	made.OwnerReferences = nil
	if diff := cmp.Diff(made, &certificate); diff != "" {
		t.Errorf("certificate (-New +README.md):\n%s", diff)
	}
}
