package crd_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// The short advice is a summary that a rule wrote, whichever rule it is.
func TestTheShortAdviceIsTheSummaryOfARule(t *testing.T) {
	number, task := raiseAdvice(), recommend.Recommendation{Rule: "call-the-team", Summary: "call the team"}
	silent := recommend.Recommendation{Rule: "silent", Target: quantityOf("1")}
	long := recommend.Recommendation{Rule: "long", Summary: strings.Repeat("x", 200)}
	for name, test := range map[string]struct {
		advice []recommend.Recommendation
		want   string
	}{
		"none":                        {},
		"a number":                    {advice: []recommend.Recommendation{number}, want: "cpu limit 100m → 1 core"},
		"a rule of another program":   {advice: []recommend.Recommendation{task}, want: "call the team"},
		"the first of several":        {advice: []recommend.Recommendation{task, number}, want: "call the team"},
		"no summary is no advice":     {advice: []recommend.Recommendation{silent, task}, want: "call the team"},
		"a long one is cut as others": {advice: []recommend.Recommendation{long}, want: strings.Repeat("x", 125) + "…"},
	} {
		whisper := crd.New(crd.Report{Now: hiddenThrottling(), Advice: test.advice}).(*v1alpha1.KernelWhisper)
		require.Equal(t, test.want, whisper.Status.Advice, name)
		certificate := crd.New(crd.Report{Now: podBirth(), Advice: test.advice}).(*v1alpha1.PodBirthCertificate)
		require.Equal(t, test.want, certificate.Status.Advice, name)
	}
}

// No rule is special here: a rule of another program has the same place in an object as the default ones.
func TestThePackageNamesNoRule(t *testing.T) {
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	read := 0
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		read++
		text, err := os.ReadFile(file.Name())
		require.NoError(t, err)
		for _, rule := range recommend.Default() {
			require.NotContains(t, string(text), strconv.Quote(rule.ID()), file.Name())
		}
	}
	require.Greater(t, read, 10)
}
