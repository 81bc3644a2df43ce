package preflight_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/examples/demo/preflight"
)

// A check whose need failed is not made; one whose need warned is. A check that was not made is no need that is met.
func TestRun(t *testing.T) {
	t.Parallel()
	result := func(v preflight.Verdict, detail, remedy string) func(context.Context) preflight.Result {
		return func(context.Context) preflight.Result {
			return preflight.Result{Verdict: v, Detail: detail, Remedy: remedy}
		}
	}
	never := func(context.Context) preflight.Result {
		t.Error("a check was made whose need failed")
		return preflight.Result{}
	}
	var out bytes.Buffer
	lines := preflight.Run(t.Context(), &out, []preflight.Check{
		{Name: "kubectl", Run: result(preflight.OK, "v1.37.2", "")},
		{Name: "versions", Needs: []string{"kubectl"}, Run: result(preflight.Warn, "far apart", "get a newer one")},
		{Name: "operator", Needs: []string{"versions"}, Run: result(preflight.Fail, "scaled to 0", "make demo-recover")},
		{Name: "ingest", Needs: []string{"kubectl", "operator"}, Run: never},
		{Name: "events", Needs: []string{"ingest"}, Run: never},
		{Name: "pixie", Run: result(preflight.OK, "not installed", "")},
	})
	require.Empty(t, cmp.Diff(`ok    kubectl        v1.37.2
warn  versions       far apart
      → get a newer one
FAIL  operator       scaled to 0
      → make demo-recover
-     ingest         not checked: needs operator
-     events         not checked: needs ingest
ok    pixie          not installed
`, out.String()))
	text, ready := preflight.Summary(lines)
	require.Equal(t, "2 ok, 1 to look at, 1 failed, 2 not checked", text)
	require.False(t, ready)
}

func TestReadyWithWarnings(t *testing.T) {
	t.Parallel()
	line := func(v preflight.Verdict) preflight.Line { return preflight.Line{Result: preflight.Result{Verdict: v}} }
	for _, tc := range []struct {
		lines []preflight.Line
		ready bool
	}{
		{[]preflight.Line{line(preflight.OK), line(preflight.Warn)}, true},
		{[]preflight.Line{line(preflight.OK), line(preflight.Fail)}, false},
		{[]preflight.Line{line(preflight.NotChecked)}, false},
	} {
		_, ready := preflight.Summary(tc.lines)
		require.Equal(t, tc.ready, ready, tc.lines)
	}
}
