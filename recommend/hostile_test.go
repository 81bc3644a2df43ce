package recommend_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// Pods that a program makes itself were not cleaned before.
func TestNoTextOfAPodGetsIntoAdviceUncleaned(t *testing.T) {
	const hostile = "x\nkubectl delete namespace shop \x1b[2J\u202e\u200b\U000E0041\xff'; id; '"
	count := countTexts(reflect.ValueOf(fullPod()))
	require.Greater(t, count, 15)
	for i := range count {
		p := fullPod()
		n := i
		replaceText(reflect.ValueOf(&p).Elem(), &n, hostile)
		f := observeOne(t, newSample())
		one := gossip.PodEvidence{
			Pod: f.Subject().Pod, Node: hostile, Revision: hostile, Window: gossip.WorstWindow{Finding: f},
		}
		other := one
		other.Pod = hostile
		advice := recommend.Default().ForWorkload(gossip.WorkloadFinding{
			About: gossip.WorkloadSubject{Kind: gossip.KindCPUThrottling}, Now: one, Revisions: []string{hostile, "b"},
			WorkloadWindow: gossip.WorkloadWindow{
				Worst: other, Number: &other, Affected: []gossip.PodEvidence{one, other}, Skewed: true,
				Pods: gossip.PodCounts{Seen: 2, Affected: 2},
			},
		}, func(gossip.PodEvidence) gossip.Pod { return p })
		require.Equal(t, "skewed-pod", advice[0].Rule)
		for _, r := range append(advice, recommend.Default().For(f, p)...) {
			texts := slices.Concat([]string{r.Summary, r.Action, r.Reason, r.Evidence, r.Risk, r.Patch}, r.Resize, r.Rollback)
			for _, text := range texts {
				require.Equal(t, gossip.CleanText(text), text)
			}
			require.NotContains(t, commandsOf(r), "delete")
		}
	}
}

func TestAKindThatIsNoneIsNotNamed(t *testing.T) {
	r := adviceAfter(t, func(p *gossip.Pod) {
		p.Workload = gossip.Workload{Group: "x", Version: "v1", Kind: "Deployment. Run: id", Name: "api"}
	})
	require.Contains(t, r.Risk, "change the owner where it is defined")
	require.Empty(t, r.Patch)
}

// A rule of a user may make any command.
func TestACommandThatCannotBeShownIsLeftOut(t *testing.T) {
	rule := recommend.RuleFor("mine", func(gossip.Finding, gossip.Pod) (recommend.Recommendation, bool) {
		return recommend.Recommendation{
			Action: "a\x1bb", Resize: []string{"kubectl a\nkubectl b", "kubectl c", ""}, Patch: "kubectl a",
		}, true
	})
	r, ok := rule.For(observeOne(t, newSample()), gossip.Pod{})
	require.True(t, ok)
	require.Equal(t, []string{"a�b", "kubectl a"}, []string{r.Action, r.Patch})
	require.Equal(t, []string{"kubectl c"}, r.Resize)
}

// fullPod has every text that a pod may have.
func fullPod() gossip.Pod {
	p := newPod()
	p.Template = templateOf(p)
	p.Template.Maker = "Helm release shop"
	p.Resize = &gossip.PendingResize{State: "Deferred", Message: "no room"}
	p.LimitRanges = []gossip.LimitRange{{Name: "bounds", Max: gossip.Some(0.5)}}
	p.Quotas = []gossip.Quota{{Name: "quota", Left: gossip.Resources{CPULimit: gossip.Some(0.1)}}}
	return p
}

func countTexts(v reflect.Value) int {
	n := 1 << 20
	copied := reflect.New(v.Type()).Elem()
	copied.Set(v)
	replaceText(copied, &n, "")
	return 1<<20 - n
}

// replaceText replaces the text number n, from 0.
func replaceText(v reflect.Value, n *int, by string) {
	switch v.Kind() {
	case reflect.String:
		if *n == 0 {
			v.SetString(strings.Clone(by))
		}
		*n--
	case reflect.Pointer:
		if !v.IsNil() {
			replaceText(v.Elem(), n, by)
		}
	case reflect.Slice:
		for i := range v.Len() {
			replaceText(v.Index(i), n, by)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				replaceText(v.Field(i), n, by)
			}
		}
	default:
	}
}
