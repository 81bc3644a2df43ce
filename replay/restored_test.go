package replay_test

import (
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
	"github.com/kernel-gossip/kernel-gossip/replay"
)

// An operator that starts again knows only what the objects say, which is rounded. That gives the same objects with the
// same advice, but for the figures in a reason.
func TestObjectsOfCapturesGiveThemselvesAgain(t *testing.T) {
	captures, err := filepath.Glob("../examples/captures/*.ndjson")
	require.NoError(t, err)
	rules, tried := recommend.Default(), 0
	figures := regexp.MustCompile(`\d+`)
	sayTheSame := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Reason" },
		cmp.Comparer(func(a, b string) bool {
			return figures.ReplaceAllString(a, "N") == figures.ReplaceAllString(b, "N")
		}))
	for _, capture := range captures {
		pods := strings.TrimSuffix(capture, "ndjson") + "pods.yaml"
		reports, err := replay.Analyze([]string{capture}, []string{pods}, io.Discard)
		require.NoError(t, err)
		for _, r := range reports {
			object, ok := crd.New(r.Advised(rules)).(*v1alpha1.KernelWhisper)
			if !ok || crd.Severity(object) < gossip.SeverityInfo {
				continue
			}
			again := r
			again.Finding.WorkloadWindow, again.Finding.Windows = crd.Stored(object).WorkloadWindow, crd.Stored(object).Windows
			require.Empty(t, cmp.Diff(object, crd.New(again.Advised(rules)), sayTheSame), object.Name)
			tried++
		}
	}
	require.Greater(t, tried, 15)
}
