package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

func TestOurRuleAnswersBeforeTheDefaultRules(t *testing.T) {
	for batchNamespace, want := range map[string]string{
		"busy-loop": "leave-batch-alone: Leave",
		"other":     "cpu-limit-step: Raise",
	} {
		capture, err := os.Open("../captures/busy-loop.ndjson")
		require.NoError(t, err)
		defer capture.Close()
		var out bytes.Buffer
		require.NoError(t, printAdvice(capture, &out, batchNamespace))
		require.Contains(t, out.String(), want)
	}
}

// The object shows the summary of our rule as it shows the summary of a default rule.
func TestTheObjectShowsTheSummaryOfOurRule(t *testing.T) {
	f := gossip.CPUThrottling{Report: gossip.Report{
		About: gossip.Subject{Kind: gossip.KindCPUThrottling, Namespace: "batch", Pod: "nightly-0", Container: "app"},
		Level: gossip.SeverityHigh,
	}}
	rules := append(recommend.Rules{leaveBatchAlone("batch")}, recommend.Default()...)
	rolled := gossip.RollUp([]gossip.PodFinding{{Now: f}}, gossip.Options{}, nil)
	whisper := crd.New(crd.Report{Finding: rolled[0]}.Advised(rules)).(*v1alpha1.KernelWhisper)
	require.Equal(t, "leave the limit: batch work", whisper.Status.Advice)
	require.Equal(t, "leave-batch-alone", whisper.Status.Recommendations[0].Rule)
}
