package operator_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
	"github.com/kernel-gossip/kernel-gossip/operator"
	"github.com/kernel-gossip/kernel-gossip/replay"
)

// Each recorded capture that is posted to a running operator gives the objects that gossip-replay prints. They are
// equal except for metadata and the UID of the pod, which is another pod here.
func TestPostedCapturesGiveTheObjectsOfReplay(t *testing.T) {
	captures, err := filepath.Glob("../examples/captures/*.ndjson")
	require.NoError(t, err)
	require.NotEmpty(t, captures)
	for _, capture := range captures {
		t.Run(strings.TrimSuffix(filepath.Base(capture), ".ndjson"), func(t *testing.T) {
			pods := strings.TrimSuffix(capture, ".ndjson") + ".pods.yaml"
			var printed, errs bytes.Buffer
			code := replay.Run([]string{"-o", "yaml", "--pods", pods, capture}, strings.NewReader(""), &printed, &errs)
			require.Less(t, code, 2, errs.String())
			content, err := os.ReadFile(capture)
			require.NoError(t, err)
			list, err := os.ReadFile(pods)
			require.NoError(t, err)
			compare(t, content, list, documents(t, printed.Bytes()), posted)
		})
	}
}

// The same holds for the goldens themselves, if they have objects of a capture that is in the same file.
func TestPostedCapturesGiveTheGoldensOfReplay(t *testing.T) {
	for file, capture := range map[string]string{
		"throttling_hidden": "hidden-throttling", "throttling_busy_loop": "busy-loop",
	} {
		t.Run(file, func(t *testing.T) {
			archive, err := txtar.ParseFile("../replay/testdata/" + file + ".txtar")
			require.NoError(t, err)
			golden := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "yaml" })
			require.NotEqual(t, -1, golden)
			content, err := os.ReadFile("../examples/captures/" + capture + ".ndjson")
			require.NoError(t, err)
			list, err := os.ReadFile("../examples/captures/" + capture + ".pods.yaml")
			require.NoError(t, err)
			compare(t, content, list, documents(t, archive.Files[golden].Data), posted)
		})
	}
}

func documents(t *testing.T, text []byte) testcluster.Reports {
	t.Helper()
	reports, err := testcluster.PrintedReports(text)
	require.NoError(t, err)
	return reports
}

// posted sends records by POST.
func posted(t *testing.T, r *running, capture string) {
	t.Helper()
	r.post(t, capture)
}

// compare places the pods, sends the capture, and waits until the cluster has the wanted objects.
func compare(t *testing.T, capture, list []byte, want testcluster.Reports,
	send func(t *testing.T, r *running, capture string),
) {
	t.Helper()
	c := cluster(t)
	k := admin(t, c)
	uids, leftOut, err := testcluster.Place(t.Context(), k, bytes.NewReader(list))
	require.NoError(t, err)
	require.Empty(t, leftOut)
	spaces, err := testcluster.ListedNamespaces(list)
	require.NoError(t, err)
	t.Cleanup(func() { must(t, testcluster.ClearNamespaces(background(), k, spaces...)) })

	// Nothing is written before the end, because replay prints nothing before its end: a verdict that holds only for a
	// while makes objects too.
	r := start(t, c.Config, openOTLP, func(o *operator.Options) { o.Namespaces, o.WriteDelay = spaces, time.Hour })
	var live bytes.Buffer
	require.NoError(t, uids.Rewrite(&live, bytes.NewReader(capture)))
	send(t, r, live.String())
	r.stop(t) // whatever was taken is written before the end
	got, err := testcluster.LiveReports(t.Context(), k, spaces...)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(want, got))
}

// gossip-replay send posts captures as they are, so they give what gossip-replay prints of them.
func TestSentCapturesGiveTheObjectsOfReplay(t *testing.T) {
	const capture, pods = "../examples/captures/mixed.ndjson", "../examples/captures/mixed.pods.yaml"
	content, err := os.ReadFile(capture)
	require.NoError(t, err)
	list, err := os.ReadFile(pods)
	require.NoError(t, err)
	var printed, errs bytes.Buffer
	require.Less(t, replay.Run([]string{"-o", "yaml", "--pods", pods, capture}, strings.NewReader(""), &printed, &errs),
		2, errs.String())
	compare(t, content, list, documents(t, printed.Bytes()), func(t *testing.T, r *running, capture string) {
		t.Helper()
		var said bytes.Buffer
		code := replay.Run([]string{"send", "--speed", "max", "--batch", "100", "--url", r.URL}, strings.NewReader(capture),
			&said, &errs)
		require.Zero(t, code, errs.String())
		require.Contains(t, said.String(), "0 ignored, 0 rejected")
	})
}
