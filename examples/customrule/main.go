// Command customrule adds a rule of its own to the default ones: containers of a batch namespace are throttled on purpose, and
// their limit is meant.
//
//	go run ./examples/customrule < examples/captures/busy-loop.ndjson
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

func main() {
	if err := advise(os.Stdin, os.Stdout, "busy-loop"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// leaveBatchAlone is a rule: a function of a finding and its pod. A recommendation without a target is a refusal, and its reason
// says why there is no number.
func leaveBatchAlone(namespace string) recommend.Rule {
	return recommend.RuleFor("leave-batch-alone", func(f gossip.CPUThrottling, _ gossip.Pod) (recommend.Recommendation, bool) {
		if f.About.Namespace != namespace {
			return recommend.Recommendation{}, false
		}
		return recommend.Recommendation{
			Priority: gossip.SeverityInfo,
			Action:   "Leave the limit of " + f.About.Container + " as it is.",
			Reason:   "Batch work may take its time; its limit protects the neighbours.",
		}, true
	})
}

// advise asks our rule first and then the default ones, and prints the first answer about each finding.
func advise(in io.Reader, out io.Writer, batch string) error {
	rules := append(recommend.Rules{leaveBatchAlone(batch)}, recommend.Default()...)
	analyzer := gossip.New(gossip.Options{})
	for event, err := range pixie.Decode(in) {
		if err != nil {
			return err
		}
		analyzer.Observe(event)
	}
	for f := range analyzer.Findings() {
		if advice := rules.For(f, gossip.Pod{}); len(advice) > 0 {
			fmt.Fprintf(out, "%v (%v)\n  %s: %s %s\n", f.Subject(), f.Severity(), advice[0].Rule, advice[0].Action, advice[0].Reason)
		}
	}
	return nil
}
