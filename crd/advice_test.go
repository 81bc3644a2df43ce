package crd_test

import (
	"os"
	"slices"
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
		whisper := crd.New(adviseOn(hiddenThrottling(), test.advice...)).(*v1alpha1.KernelWhisper)
		require.Equal(t, test.want, whisper.Status.Advice, name)
		certificate := crd.New(adviseOn(podBirth(), test.advice...)).(*v1alpha1.PodBirthCertificate)
		require.Equal(t, test.want, certificate.Status.Advice, name)
	}
}

// The commands for single pods must not cost a recommendation its place: some are left out first, each with the one
// that takes it back.
func TestCommandsForSinglePodsMakeRoom(t *testing.T) {
	command := func(what string, size int) string { return what + strings.Repeat("x", size-len(what)) }
	advice := raiseAdvice()
	advice.Resize, advice.Rollback = nil, nil
	for _, pod := range []string{"1", "2", "3", "4", "5"} {
		advice.Resize = append(advice.Resize, command("do "+pod, 1000))
		advice.Rollback = append(advice.Rollback, command("undo "+pod, 1000))
	}
	advice.Patch, advice.Rollback = "do all", append(advice.Rollback, "undo all")
	object := crd.New(adviseOn(hiddenThrottling(), advice))
	whisper := object.(*v1alpha1.KernelWhisper)
	require.Len(t, whisper.Status.Recommendations, 1)
	got := whisper.Status.Recommendations[0]
	require.Equal(t, advice.Resize[:3], got.Resize)
	require.Equal(t, append(slices.Clone(advice.Rollback[:3]), "undo all"), got.Rollback)
	require.Equal(t, "do all", got.Patch)
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
