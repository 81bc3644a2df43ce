// Command customrule adds its own rule to the default rules: containers of a batch namespace are throttled on purpose,
// so their limit should stay.
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
	if err := printAdvice(os.Stdin, os.Stdout, "busy-loop"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// leaveBatchAlone returns a rule: a function of a finding and its pod. A recommendation without a target refuses to
// give a number, and its reason says why.
func leaveBatchAlone(namespace string) recommend.Rule {
	return recommend.RuleFor(
		"leave-batch-alone",
		func(f gossip.CPUThrottling, _ gossip.Pod) (recommend.Recommendation, bool) {
			if f.About.Namespace != namespace {
				return recommend.Recommendation{}, false
			}
			return recommend.Recommendation{
				Summary:  "leave the limit: batch work", // for tables, and the column ADVICE of kubectl get kw
				Priority: gossip.SeverityInfo,
				Action:   "Leave the limit of " + f.About.Container + " as it is.",
				Reason:   "Batch work may take its time; its limit protects the neighbours.",
			}, true
		},
	)
}

// printAdvice asks our rule first and then the default rules, and prints the first answer for each finding.
func printAdvice(in io.Reader, out io.Writer, batch string) error {
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
			first := advice[0]
			fmt.Fprintf(out, "%v (%v): %s\n", f.Subject(), f.Severity(), first.Summary)
			fmt.Fprintf(out, "  %s: %s %s\n", first.Rule, first.Action, first.Reason)
		}
	}
	return nil
}
