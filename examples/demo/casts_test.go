package demo_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/examples/demo"
)

// readCast returns what a recording shows, and checks that it is in asciinema's format (asciicast version 2).
func readCast(t *testing.T, cast string) string {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(cast), "\n")
	var header struct{ Version, Width, Height, Timestamp int }
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &header))
	require.Equal(t, 2, header.Version)
	require.Equal(t, 100, header.Width)
	require.Positive(t, header.Height)
	require.Positive(t, header.Timestamp)
	var shown strings.Builder
	last := 0.0
	for _, line := range lines[1:] {
		var at float64
		var code, data string
		require.NoError(t, json.Unmarshal([]byte(line), &[]any{&at, &code, &data}))
		require.Equal(t, "o", code)
		require.GreaterOrEqual(t, at, last, "events are in the order of their times")
		last = at
		shown.WriteString(data)
	}
	return regexp.MustCompile(`\x1b\[[0-9;]*m`).ReplaceAllString(shown.String(), "")
}

func TestCastsShowWholeRunsAndNoMachine(t *testing.T) {
	for _, scenario := range demo.Scenarios() {
		cast, err := os.ReadFile(filepath.Join("casts", scenario.Name+".cast"))
		require.NoError(t, err)
		shown := readCast(t, string(cast))
		require.Contains(t, shown, scenario.Title)
		require.Contains(t, shown, "THE KERNEL SAYS")
		require.Regexp(t, `\$ kubectl get (kw|pbc) `, shown)
		require.Regexp(t, `The demo's namespaces are gone; `+scenario.Name+` took \S+\.`, shown)
		provenance, err := os.ReadFile(filepath.Join("casts", scenario.Name+".provenance.yaml"))
		require.NoError(t, err)
		require.Contains(t, string(provenance), "\nexitCode: 0\n")
		require.NotRegexp(t, `/(home|root|tmp|work|Users)/|(?i)bearer|token: |PRIVATE KEY`, shown+string(provenance))
	}
}

func TestCastsShowWhatTheObjectsSay(t *testing.T) {
	cast, err := os.ReadFile(filepath.Join("casts", "throttle.cast"))
	require.NoError(t, err)
	shown := readCast(t, string(cast))
	view := regexp.MustCompile(`of periods throttled: (\d+) of (\d+)`).FindStringSubmatch(shown)
	object := regexp.MustCompile(`(?m)^throttled in (\d+)% of periods `).FindStringSubmatch(shown)
	require.NotNil(t, view)
	require.NotNil(t, object)
	throttled, _ := strconv.Atoi(view[1])
	periods, _ := strconv.Atoi(view[2])
	require.Equal(t, object[1], strconv.Itoa(100*throttled/periods))
}

func TestPagesPlayTheirCastsWithoutANetwork(t *testing.T) {
	for _, scenario := range demo.Scenarios() {
		page, err := os.ReadFile(filepath.Join("casts", scenario.Name+".html"))
		require.NoError(t, err)
		cast, err := os.ReadFile(filepath.Join("casts", scenario.Name+".cast"))
		require.NoError(t, err)
		require.Contains(t, string(page), strings.ReplaceAll(string(cast), "<", `\u003c`), "run record.sh --pages")
		references := regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(string(page), -1)
		require.Len(t, references, 2, "the player and its style")
		for _, reference := range references {
			require.FileExists(t, filepath.Join("casts", reference[1]))
		}
	}
}
