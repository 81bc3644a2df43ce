package crd_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// A bare number of CPU gets its unit: "100m → 1" reads like a hundredth.
func TestAdviceNamesTheUnitOfCores(t *testing.T) {
	for _, test := range []struct {
		rule, current, target string
		want                  string
	}{
		{rule: "raise-cpu-limit", current: "100m", target: "1", want: "cpu limit 100m → 1 core"},
		{rule: "raise-cpu-limit", current: "1", target: "2", want: "cpu limit 1 core → 2 cores"},
		{rule: "cpu-limit-step", current: "1", target: "1500m", want: "cpu limit 1 core → 1500m"},
		{rule: "raise-memory-limit", current: "1Gi", target: "2Gi", want: "memory limit 1Gi → 2Gi"},
		{rule: "raise-memory-limit", current: "1000", target: "2000", want: "memory limit 1k → 2k"},
	} {
		current, target := resource.MustParse(test.current), resource.MustParse(test.target)
		about := gossip.Subject{Kind: gossip.KindCPUThrottling, Namespace: "shop", Pod: "api-0", Container: "app"}
		f := gossip.CPUThrottling{Report: gossip.Report{About: about, Level: gossip.SeverityHigh}}
		o := crd.New(f, gossip.Pod{}, []recommend.Recommendation{{Rule: test.rule, Current: &current, Target: &target}})
		require.Equal(t, test.want, o.(*v1alpha1.KernelWhisper).Status.Advice)
	}
}
