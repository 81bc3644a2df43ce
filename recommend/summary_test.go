package recommend_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// A bare number of CPU gets its unit: "100m → 1" reads like a hundredth.
func TestSummariesNameTheUnitOfCores(t *testing.T) {
	oneCore := newSample(func(s *gossip.CPUSample) {
		s.LimitCores.Value, s.UsageUsec.Value, s.ThrottledUsec.Value = 1, 1_000_000, 42*60_000
	})
	ratioOnly := gossip.CPUSample{
		Origin:         gossip.Origin{Time: noon, Namespace: "shop", Pod: "api-0", Container: "app"},
		ThrottledShare: gossip.Some(0.4), LimitCores: gossip.Some(0.2),
	}
	global := func(k *gossip.OOMKill) { k.Scope = gossip.ScopeGlobal }
	bestEffort := newMemoryPod(func(p *gossip.Pod) {
		p.QoS, p.Containers = gossip.QoSBestEffort, []gossip.Container{{Name: "app"}}
	})
	podLimit := newMemoryPod(func(p *gossip.Pod) { p.MemoryLimit = gossip.Some[int64](640 * mebi) })
	for name, test := range map[string]struct {
		event gossip.Event
		pod   gossip.Pod
		want  string
	}{
		"to one core":       {event: newSample(), want: "cpu limit 230m → 1 core"},
		"from one core":     {event: oneCore, want: "cpu limit 1 core → 2 cores"},
		"to millicores":     {event: ratioOnly, want: "cpu limit 200m → 550m, then measure again"},
		"memory":            {event: newKill(512), pod: newMemoryPod(), want: "memory limit 512Mi → 624Mi"},
		"a request":         {event: newKill(512, global), pod: newMemoryPod(), want: "memory request 128Mi → 512Mi"},
		"the first request": {event: newKill(300, global), pod: bestEffort, want: "memory request → 400Mi"},
		"the pod's limit":   {event: newKill(300), pod: podLimit, want: "pod memory limit 640Mi → 768Mi"},
		"a refusal": {
			event: newKill(512, func(k *gossip.OOMKill) { k.LimitBytes.Known = false }), pod: newMemoryPod(),
			want: "The current memory limit is not known",
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, recommend.Default().For(observeOne(t, test.event), test.pod)[0].Summary)
		})
	}
}

// A rule that writes no summary gets one from its own sentences.
func TestAMissingSummaryIsTheFirstClause(t *testing.T) {
	target := resource.MustParse("1")
	for want, r := range map[string]recommend.Recommendation{
		"mine":             {Summary: "mine", Action: "Raise it. Soon."},
		"Raise it":         {Action: "Raise it. Soon.", Reason: "It waits.", Target: &target},
		"It may take long": {Action: "Leave it.", Reason: "It may take long; others wait."},
		"Leave it":         {Action: "Leave it."},
	} {
		rule := recommend.RuleFor(
			"mine", func(gossip.Finding, gossip.Pod) (recommend.Recommendation, bool) { return r, true },
		)
		got, ok := rule.For(observeOne(t, newSample()), gossip.Pod{})
		require.True(t, ok)
		require.Equal(t, want, got.Summary)
	}
}

// A pointer to a finding gets the advice of the finding.
func TestPointersGetTheAdviceOfTheirFinding(t *testing.T) {
	f := observeOne(t, newSample()).(gossip.CPUThrottling)
	rules := recommend.Default()
	want := rules.For(f, newPod())
	require.NotEmpty(t, want)
	require.Empty(t, cmp.Diff(want, rules.For(&f, newPod())))
	_, ok := rules[1].For(&f, newPod())
	require.True(t, ok)
	require.Empty(t, rules.For((*gossip.CPUThrottling)(nil), newPod()))
}
