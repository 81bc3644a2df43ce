package recommend_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// The advice about a finding, from a sample of one of the recorded workloads (number 3 of testdata/calibration.tsv).
func Example() {
	analyzer := gossip.New(gossip.Options{})
	analyzer.Observe(gossip.CPUSample{
		Origin: gossip.Origin{
			Time: time.Date(2026, 11, 22, 22, 0, 0, 0, time.UTC), Period: 12 * time.Second,
			Namespace: "lab", Pod: "w-3", Container: "app",
		},
		Periods: gossip.Some[int64](54), ThrottledPeriods: gossip.Some[int64](42),
		ThrottledUsec: gossip.Some[int64](3_009_970),
		UsageUsec:     gossip.Some[int64](1_038_868), LimitCores: gossip.Some(0.23), Threads: gossip.Some[int64](1),
	})
	for f := range analyzer.Findings() {
		for _, r := range recommend.Default().For(f, gossip.Pod{}) {
			fmt.Println(r.Action)
			fmt.Println(r.Reason)
			fmt.Println(strings.Replace(r.Resize[0], " --patch", "\n  --patch", 1))
		}
	}
	// Output:
	// Raise the CPU limit of container app from 230m to 1.
	// It tried to use up to 1 at once: the limit plus the mean wait of a throttled period.
	// kubectl --namespace lab patch pod w-3 --subresource resize
	//   --patch '{"spec":{"containers":[{"name":"app","resources":{"limits":{"cpu":"1"}}}]}}'
}

// A rule of your own works like the default ones.
func ExampleRuleFor() {
	team := recommend.RuleFor("ask-the-team", func(f gossip.CPUThrottling, _ gossip.Pod) (recommend.Recommendation, bool) {
		if f.Level < gossip.SeverityHigh {
			return recommend.Recommendation{}, false
		}
		return recommend.Recommendation{Priority: f.Level, Action: "Ask team " + f.About.Namespace + "."}, true
	})
	finding := gossip.CPUThrottling{Report: gossip.Report{
		About: gossip.Subject{Kind: gossip.KindCPUThrottling, Namespace: "shop", Pod: "api-0", Container: "app"},
		Level: gossip.SeverityCritical,
	}}
	if advice, ok := team.For(finding, gossip.Pod{}); ok {
		fmt.Println(advice.Rule+":", advice)
	}
	rules := append(recommend.Default(), team)
	fmt.Println(len(rules.For(finding, gossip.Pod{})), "of", len(rules), "rules have something to say")
	// Output:
	// ask-the-team: Ask team shop.
	// 2 of 14 rules have something to say
}
