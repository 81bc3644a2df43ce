package demo_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/examples/demo"
)

func TestACheckIsMadeOnlyIfThoseItNeedsPassed(t *testing.T) {
	result := func(v demo.Verdict, detail, remedy string) func(context.Context) demo.Result {
		return func(context.Context) demo.Result {
			return demo.Result{Verdict: v, Detail: detail, Remedy: remedy}
		}
	}
	never := func(context.Context) demo.Result {
		t.Error("a check was made although one that it needs has failed")
		return demo.Result{}
	}
	var out bytes.Buffer
	lines := demo.Preflight(t.Context(), &out, []demo.Check{
		{Name: "kubectl", Run: result(demo.OK, "v1.37.2", "")},
		{Name: "versions", Needs: []string{"kubectl"}, Run: result(demo.Warn, "far apart", "get a newer one")},
		{Name: "operator", Needs: []string{"versions"}, Run: result(demo.Fail, "scaled to 0", "make demo-recover")},
		{Name: "ingest", Needs: []string{"kubectl", "operator"}, Run: never},
		{Name: "events", Needs: []string{"ingest"}, Run: never},
		{Name: "pixie", Run: result(demo.OK, "not installed", "")},
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
	text, ready := demo.Summarize(lines)
	require.Equal(t, "2 ok, 1 to look at, 1 failed, 2 not checked", text)
	require.False(t, ready)
	_, ready = demo.Summarize(lines[:2])
	require.True(t, ready, "a warning keeps no talk from being given")
}
