package crd_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

func TestOnlyLargeMovesOfAWhisperAreNews(t *testing.T) {
	second := raiseAdvice()
	second.Rule = "match-threads-to-limit"
	target := func(s string) func(*gossip.CPUThrottling, *[]recommend.Recommendation) {
		return func(_ *gossip.CPUThrottling, advice *[]recommend.Recommendation) { (*advice)[0].Target = quantityOf(s) }
	}
	finding := func(vary func(*gossip.CPUThrottling)) func(*gossip.CPUThrottling, *[]recommend.Recommendation) {
		return func(f *gossip.CPUThrottling, _ *[]recommend.Recommendation) { vary(f) }
	}
	for name, tc := range map[string]struct {
		vary func(*gossip.CPUThrottling, *[]recommend.Recommendation)
		want bool
	}{
		"nothing":  {finding(func(*gossip.CPUThrottling) {}), false},
		"severity": {finding(func(f *gossip.CPUThrottling) { f.Level = gossip.SeverityHigh }), true},
		"reason":   {finding(func(f *gossip.CPUThrottling) { f.Reason = gossip.ReasonThrottled }), true},
		"another":  {finding(func(f *gossip.CPUThrottling) { f.PodUID = "another" }), true},
		"evidence, message and counts": {func(f *gossip.CPUThrottling, advice *[]recommend.Recommendation) {
			f.Periods, f.Covered.Samples, f.Standing = gossip.Some[int64](57), 9, true
			(*advice)[0].Evidence, (*advice)[0].Reason = "other", "other"
		}, false},
		"transition alone": {finding(func(f *gossip.CPUThrottling) { f.History.Transition = noon }), false},
		"one more rule": {func(_ *gossip.CPUThrottling, advice *[]recommend.Recommendation) {
			*advice = append(*advice, second)
		}, true},
		"another rule": {
			func(_ *gossip.CPUThrottling, advice *[]recommend.Recommendation) { (*advice)[0].Rule = "other" }, true,
		},
		"no rule":      {func(_ *gossip.CPUThrottling, advice *[]recommend.Recommendation) { *advice = nil }, true},
		"target +20 %": {target("1200m"), false},
		"target -20 %": {target("800m"), false},
		"target +21 %": {target("1210m"), true},
		"target -21 %": {target("790m"), true},
		"target gone": {func(_ *gossip.CPUThrottling, advice *[]recommend.Recommendation) {
			(*advice)[0].Target = nil
		}, true},
		"bounds alone": {
			func(_ *gossip.CPUThrottling, advice *[]recommend.Recommendation) {
				(*advice)[0].Upper = quantityOf("9")
			}, false,
		},
		"throttled -4":    {finding(func(f *gossip.CPUThrottling) { f.Throttled.Value = 0.76 }), false},
		"throttled -5":    {finding(func(f *gossip.CPUThrottling) { f.Throttled.Value = 0.75 }), true},
		"active +5":       {finding(func(f *gossip.CPUThrottling) { f.Active.Value = 0.42 }), true},
		"of limit +4":     {finding(func(f *gossip.CPUThrottling) { f.UsedOfLimit.Value = 0.37 }), false},
		"of limit +5":     {finding(func(f *gossip.CPUThrottling) { f.UsedOfLimit.Value = 0.38 }), true},
		"of limit absent": {finding(func(f *gossip.CPUThrottling) { f.UsedOfLimit.Known = false }), true},
		"seen 4 min 59 s": {finding(func(f *gossip.CPUThrottling) { f.History.Last = noon.Add(299 * time.Second) }), false},
		"seen 5 min":      {finding(func(f *gossip.CPUThrottling) { f.History.Last = noon.Add(5 * time.Minute) }), true},
	} {
		f, advice := hiddenThrottling(), []recommend.Recommendation{raiseAdvice()}
		before := crd.New(adviseOn(f, advice...))
		tc.vary(&f, &advice)
		after := crd.New(adviseOn(f, advice...))
		if got := crd.News(before, after); got != tc.want {
			t.Errorf("%s: News = %v, want %v", name, got, tc.want)
		}
		if got := crd.News(after, before); got != tc.want && !strings.HasPrefix(name, "target") { // 20 % of what is written
			t.Errorf("%s, the other way: News = %v, want %v", name, got, tc.want)
		}
	}
}

func TestOnlyLargeMovesOfMemoryAndNetworkAreNews(t *testing.T) {
	memory := func(vary func(*gossip.MemoryPressure)) crd.Object {
		f := memoryFinding()
		vary(&f)
		return crd.New(reportOf(f))
	}
	network := func(vary func(*gossip.NetworkIssue)) crd.Object {
		f := networkFinding()
		f.Dropped = gossip.Some(0.005)
		vary(&f)
		return crd.New(reportOf(f))
	}
	before := memory(func(*gossip.MemoryPressure) {})
	for name, tc := range map[string]struct {
		vary func(*gossip.MemoryPressure)
		want bool
	}{
		"nothing": {func(*gossip.MemoryPressure) {}, false},
		"counts": {
			func(f *gossip.MemoryPressure) { f.MajorFaults.Value, f.LimitHits.Value, f.WorkingSet.Value = 9, 9, 9 }, false,
		},
		"some +4":       {func(f *gossip.MemoryPressure) { f.SomeAvg60.Value = 0.17 }, false},
		"some +5":       {func(f *gossip.MemoryPressure) { f.SomeAvg60.Value = 0.18 }, true},
		"full +5":       {func(f *gossip.MemoryPressure) { f.FullAvg10.Value = 0.08 }, true},
		"full absent":   {func(f *gossip.MemoryPressure) { f.FullAvg10.Known = false }, true},
		"peak -4":       {func(f *gossip.MemoryPressure) { f.Peak.Value = 512 << 20 * 90 / 100 }, false},
		"peak -6":       {func(f *gossip.MemoryPressure) { f.Peak.Value = 512 << 20 * 88 / 100 }, true},
		"limit is none": {func(f *gossip.MemoryPressure) { f.Limit.Value = 0 }, true},
	} {
		if got := crd.News(before, memory(tc.vary)); got != tc.want {
			t.Errorf("memory, %s: News = %v, want %v", name, got, tc.want)
		}
	}
	before = network(func(*gossip.NetworkIssue) {})
	for name, tc := range map[string]struct {
		vary func(*gossip.NetworkIssue)
		want bool
	}{
		"nothing":      {func(*gossip.NetworkIssue) {}, false},
		"counts":       {func(f *gossip.NetworkIssue) { f.FailedConnects.Value, f.Segments.Value = 9, 9 }, false},
		"2 % to 2.39":  {func(f *gossip.NetworkIssue) { f.Retransmitted.Value = 0.0239 }, false},
		"2 % to 2.4":   {func(f *gossip.NetworkIssue) { f.Retransmitted.Value = 0.024 }, true},
		"2 % to 1.6":   {func(f *gossip.NetworkIssue) { f.Retransmitted.Value = 0.016 }, true},
		"drops 0.6 %":  {func(f *gossip.NetworkIssue) { f.Dropped.Value = 0.006 }, true},
		"drops to 0":   {func(f *gossip.NetworkIssue) { f.Dropped.Value = 0 }, true},
		"drops absent": {func(f *gossip.NetworkIssue) { f.Dropped.Known = false }, true},
	} {
		if got := crd.News(before, network(tc.vary)); got != tc.want {
			t.Errorf("network, %s: News = %v, want %v", name, got, tc.want)
		}
	}
	zero := network(func(f *gossip.NetworkIssue) { f.Dropped.Value = 0 })
	if crd.News(zero, zero) || !crd.News(zero, before) {
		t.Error("from nothing to something is news, from nothing to nothing is not")
	}
}

// While an incident lasts, the worst window moves with it, and that alone is no news. Another window is.
func TestAnotherWorstWindowIsNews(t *testing.T) {
	reportAt := func(minutes int, vary func(now, worst *gossip.CPUThrottling)) crd.Object {
		now, worst := hiddenThrottling(), hiddenThrottling()
		if vary != nil {
			vary(&now, &worst)
		}
		end := noon.Add(time.Duration(minutes) * time.Minute)
		return crd.New(reportOf(now, gossip.WorstWindow{
			Finding: worst, Start: end.Add(-15 * time.Minute), End: end,
		}))
	}
	before := reportAt(0, nil)
	for name, tc := range map[string]struct {
		after crd.Object
		want  bool
	}{
		"nothing":              {reportAt(0, nil), false},
		"it goes on":           {reportAt(10, nil), false},
		"another one":          {reportAt(16, nil), true},
		"an earlier one":       {reportAt(-16, nil), true},
		"now is better":        {reportAt(0, func(now, _ *gossip.CPUThrottling) { now.Level = gossip.SeverityHigh }), true},
		"worst is less severe": {reportAt(0, func(_, w *gossip.CPUThrottling) { w.Level = gossip.SeverityHigh }), true},
		"for another reason":   {reportAt(0, func(_, w *gossip.CPUThrottling) { w.Reason = gossip.ReasonThrottled }), true},
		"figures of now": {
			reportAt(0, func(now, _ *gossip.CPUThrottling) { now.Throttled, now.Usage = gossip.Some(0.3), gossip.Some(9.0) }),
			false,
		},
		"figures of the worst": {
			reportAt(0, func(_, w *gossip.CPUThrottling) { w.Throttled = gossip.Some(0.3) }), true,
		},
	} {
		if got := crd.News(before, tc.after); got != tc.want {
			t.Errorf("%s: News = %v, want %v", name, got, tc.want)
		}
	}
}

// Numbers of pods and the beginning and the end of a rollout are news. The pod that is worst now is none.
func TestChangesOfPodsThatAreNews(t *testing.T) {
	object := func(change func(f *gossip.WorkloadFinding)) crd.Object {
		f := adviseHidden().Finding
		f.Revisions = []string{"a"}
		change(&f)
		return crd.New(crd.Report{Finding: f})
	}
	before := object(func(*gossip.WorkloadFinding) {})
	several := object(func(f *gossip.WorkloadFinding) { f.Revisions = []string{"b", "a"} })
	for name, tc := range map[string]struct {
		before, after crd.Object
		want          bool
	}{
		"nothing": {before: before, after: object(func(*gossip.WorkloadFinding) {})},
		"more in trouble": {
			before: before, after: object(func(f *gossip.WorkloadFinding) { f.Pods.Affected++ }), want: true,
		},
		"more seen":        {before: before, after: object(func(f *gossip.WorkloadFinding) { f.Pods.Seen++ }), want: true},
		"the worst now":    {before: before, after: object(func(f *gossip.WorkloadFinding) { f.Now.Pod = "other" })},
		"others listed":    {before: before, after: object(func(f *gossip.WorkloadFinding) { f.Affected = f.Affected[:1] })},
		"its share":        {before: before, after: object(func(f *gossip.WorkloadFinding) { f.Share = gossip.Some(0.9) })},
		"a rollout begins": {before: before, after: several, want: true},
		"a rollout ends":   {before: several, after: before, want: true},
		"the next run of a CronJob": {
			before: several, after: object(func(f *gossip.WorkloadFinding) { f.Revisions = []string{"c", "b", "a"} }),
		},
	} {
		require.Equal(t, tc.want, crd.News(tc.before, tc.after), name)
	}
}

func TestALaterBirthIsNoNews(t *testing.T) {
	before := crd.New(reportOf(podBirth()))
	for name, tc := range map[string]struct {
		vary func(*gossip.PodBirth)
		want bool
	}{
		"nothing":  {func(*gossip.PodBirth) {}, false},
		"severity": {func(f *gossip.PodBirth) { f.Level = gossip.SeverityInfo }, true},
		"reason":   {func(f *gossip.PodBirth) { f.Reason = gossip.ReasonNotMeasured }, true},
		"counts": {
			func(f *gossip.PodBirth) { f.Creation.TotalSyscalls, f.Longest.Name = gossip.Some[int64](1), "other" }, false,
		},
		"a restart": {func(f *gossip.PodBirth) {
			f.Level, f.Creation.Time = gossip.SeverityWarning, f.Creation.Time.Add(time.Hour)
		}, false},
		"an earlier birth": {func(f *gossip.PodBirth) {
			f.Level, f.Creation.Time = gossip.SeverityWarning, f.Creation.Time.Add(-time.Hour)
		}, true},
	} {
		if got := crd.News(before, crd.New(reportOf(birthWith(tc.vary)))); got != tc.want {
			t.Errorf("%s: News = %v, want %v", name, got, tc.want)
		}
	}
}

func TestNothingIsNoNews(t *testing.T) {
	whisper, certificate := crd.New(reportOf(hiddenThrottling())), crd.New(reportOf(podBirth()))
	for name, tc := range map[string]struct {
		before, after crd.Object
		want          bool
	}{
		"first whisper":          {nil, whisper, true},
		"first certificate":      {nil, certificate, true},
		"typed nil before":       {(*v1alpha1.KernelWhisper)(nil), whisper, true},
		"typed nil after":        {whisper, (*v1alpha1.KernelWhisper)(nil), false},
		"nothing to write":       {whisper, nil, false},
		"nothing at all":         {nil, nil, false},
		"another kind":           {certificate, whisper, true},
		"what was written":       {whisper, whisper, false},
		"no samples for a while": {whisper, crd.NoRecentSamples(whisper.(*v1alpha1.KernelWhisper), noon), true},
	} {
		if got := crd.News(tc.before, tc.after); got != tc.want {
			t.Errorf("%s: News = %v, want %v", name, got, tc.want)
		}
	}
}
