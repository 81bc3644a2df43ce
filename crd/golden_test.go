package crd_test

import (
	"flag"
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

// throttling and born vary the two fixtures.
func throttling(vary func(*gossip.CPUThrottling)) gossip.CPUThrottling {
	f := hidden()
	vary(&f)
	return f
}

func born(vary func(*gossip.PodBirth)) gossip.PodBirth {
	f := birth()
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
	step := raise()
	step.Rule, step.Current, step.Target = "cpu-limit-step", q("200m"), q("600m")
	step.Action = "Raise the CPU limit of container app from 200m to 600m, as a first step, then measure again."
	step.MeasureAgain = true
	refusal := recommend.Recommendation{
		Rule: "raise-cpu-limit", Priority: gossip.SeverityCritical, Action: "No number for the CPU limit of container app.",
		Reason: "LimitRange small admits no CPU limit above 500m (the estimate is 1).", Current: q("100m"),
	}
	return map[string]input{
		"whisper_hidden": {hidden(), gossip.Pod{}, []recommend.Recommendation{raise()}},
		"whisper_refused": {
			throttling(func(f *gossip.CPUThrottling) { f.PodUID = "" }),
			gossip.Pod{UID: "from-the-pod"},
			[]recommend.Recommendation{refusal, refusal},
		},
		"whisper_standing_first_step": {
			throttling(func(f *gossip.CPUThrottling) { f.Standing = true }),
			gossip.Pod{},
			[]recommend.Recommendation{step},
		},
		"whisper_zero_measured": {throttling(func(f *gossip.CPUThrottling) {
			healthy(f)
			f.ThrottledPeriods, f.Throttled = gossip.Some[int64](0), gossip.Some(0.0)
			f.ThrottledTime, f.MeanWait = gossip.Some(time.Duration(0)), times
			f.Usage, f.UsedOfLimit = gossip.Some(0.0), gossip.Some(0.0)
		}), gossip.Pod{}, nil},
		"whisper_percent_only": {throttling(func(f *gossip.CPUThrottling) {
			f.Level, f.Reason = gossip.SeverityWarning, gossip.ReasonThrottled
			f.Periods, f.ThrottledPeriods, f.ThrottledTime, f.MeanWait = counts, counts, times, times
			f.Throttled, f.Active, f.Usage, f.UsedOfLimit, f.Limit = gossip.Some(0.305), none, none, none, none
			f.Covered.Confidence = gossip.ConfidenceLow
		}), gossip.Pod{}, nil},
		"whisper_no_limit": {throttling(func(f *gossip.CPUThrottling) {
			healthy(f)
			f.Reason, f.Limit, f.UsedOfLimit = gossip.ReasonNoLimit, gossip.Some(0.0), none
			f.Throttled, f.MeanWait, f.Active = none, times, gossip.Some(0.0)
			f.Periods, f.ThrottledPeriods, f.ThrottledTime = gossip.Some[int64](0), gossip.Some[int64](0), gossip.Some(time.Duration(0))
		}), gossip.Pod{}, nil},
		"whisper_too_few_periods": {throttling(func(f *gossip.CPUThrottling) {
			healthy(f)
			f.Level, f.Reason = gossip.SeverityUnknown, gossip.ReasonTooFewPeriods
			f.Periods, f.ThrottledPeriods, f.Throttled = gossip.Some[int64](12), gossip.Some[int64](3), gossip.Some(0.25)
			f.ThrottledTime, f.MeanWait, f.Active = gossip.Some(150*time.Millisecond), gossip.Some(50*time.Millisecond), gossip.Some(0.08)
		}), gossip.Pod{}, nil},
		"whisper_nothing_known": {gossip.CPUThrottling{Report: gossip.Report{About: hidden().About}}, gossip.Pod{}, nil},
		"certificate_in_time":   {birth(), gossip.Pod{}, nil},
		"certificate_missed": {born(func(f *gossip.PodBirth) {
			f.Level, f.Reason, f.Own = gossip.SeverityWarning, gossip.ReasonObjectiveMissed, 6*time.Second
			f.Creation.Duration, f.Covered.Missing = 9*time.Second, nil
			f.Creation.ImagePull, f.Creation.Init = gossip.Some(2500*time.Millisecond), gossip.Some(500*time.Millisecond)
		}), gossip.Pod{}, []recommend.Recommendation{{
			Rule: "slow-birth", Priority: gossip.SeverityWarning, Action: "Look at its longest stage first: image pull.",
		}}},
		"certificate_not_measured": {born(func(f *gossip.PodBirth) {
			f.Level, f.Reason, f.Own, f.Longest = gossip.SeverityInfo, gossip.ReasonNotMeasured, 8*time.Second, gossip.Stage{}
			f.Creation.Duration, f.Creation.Timeline = 8*time.Second, nil
		}), gossip.Pod{}, nil},
	}
}

// TestNew compares whole objects with testdata/*.yaml, and reads each back: nothing may be lost between the YAML and the types.
func TestNew(t *testing.T) {
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
				t.Errorf("New (-want +got):\n%s", diff)
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

// TestREADME reads the examples of README.md and compares them with what New makes, but for the advice, which is cut short there.
func TestREADME(t *testing.T) {
	page, err := os.ReadFile("README.md")
	require.NoError(t, err)
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(page, -1)
	require.Len(t, examples, 2)

	var whisper v1alpha1.KernelWhisper
	require.NoError(t, yaml.UnmarshalStrict(examples[0][1], &whisper))
	want := crd.New(hidden(), gossip.Pod{}, []recommend.Recommendation{raise()}).(*v1alpha1.KernelWhisper)
	require.Equal(t, want.Status.Recommendations[0].Action, whisper.Status.Recommendations[0].Action)
	want.Status.Recommendations, whisper.Status.Recommendations = nil, nil
	if diff := cmp.Diff(want, &whisper); diff != "" {
		t.Errorf("whisper (-New +README.md):\n%s", diff)
	}

	var certificate v1alpha1.PodBirthCertificate
	require.NoError(t, yaml.UnmarshalStrict(examples[1][1], &certificate))
	made := crd.New(birth(), gossip.Pod{}, nil).(*v1alpha1.PodBirthCertificate)
	made.OwnerReferences = nil
	if diff := cmp.Diff(made, &certificate); diff != "" {
		t.Errorf("certificate (-New +README.md):\n%s", diff)
	}
}
