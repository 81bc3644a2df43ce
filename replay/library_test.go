package replay_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/replay"
)

func TestAnalyzeReturnsWhatItCouldReadAndSaysTheRest(t *testing.T) {
	good, err := os.ReadFile("../examples/captures/hidden-throttling.ndjson")
	require.NoError(t, err)
	capture := filepath.Join(t.TempDir(), "capture.ndjson")
	require.NoError(t, os.WriteFile(capture, append([]byte("{}\n"), good...), 0o600))
	var refused strings.Builder
	reports, err := replay.Analyze([]string{capture, "missing.ndjson"}, nil, &refused)
	require.ErrorContains(t, err, "missing.ndjson")
	require.ErrorIs(t, err, os.ErrNotExist)
	require.Len(t, reports, 1)
	require.Equal(t, gossip.SeverityCritical, reports[0].Finding.Severity())
	require.True(t, reports[0].Finding.About.Workload.Guessed)
	require.Contains(t, refused.String(), capture+":1: ")
	_, err = replay.Analyze([]string{capture}, []string{"missing.yaml"}, &refused)
	require.ErrorContains(t, err, "missing.yaml")
}
