package scenarios_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/examples/demo/scenarios"
)

func readCastFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "casts", name))
	require.NoError(t, err)
	return string(text)
}

// readShown returns what a recording shows, and checks that it is in asciinema's format (asciicast version 2).
func readShown(t *testing.T, scenario string) string {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(readCastFile(t, scenario+".cast")), "\n")
	var header struct{ Version, Width, Height, Timestamp int }
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &header))
	require.Equal(t, []int{2, 100, 30}, []int{header.Version, header.Width, header.Height})
	require.Positive(t, header.Timestamp)
	var shown strings.Builder
	at, last := 0.0, 0.0
	for _, line := range lines[1:] {
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
	for _, scenario := range scenarios.Scenarios() {
		shown, provenance := readShown(t, scenario.Name), readCastFile(t, scenario.Name+".provenance.yaml")
		require.Contains(t, shown, scenario.Title)
		require.Contains(t, shown, "THE KERNEL SAYS")
		require.Regexp(t, `\$ kubectl get (kw|pbc) `, shown)
		require.Regexp(t, `The demo's namespaces are gone; `+scenario.Name+` took \S+\.`, shown)
		require.Contains(t, provenance, "\nexitCode: 0\n")
		require.NotRegexp(t, `/(home|root|tmp|work|Users)/|(?i)bearer|token: |PRIVATE KEY`, shown+provenance)
	}
}

func TestCastsShowWhatTheObjectsSay(t *testing.T) {
	numbers := regexp.MustCompile(`(?s)of periods throttled: (\d+) of (\d+).*?\nthrottled in (\d+)% of periods `).
		FindStringSubmatch(readShown(t, "throttle"))
	require.NotNil(t, numbers)
	throttled, _ := strconv.Atoi(numbers[1])
	periods, _ := strconv.Atoi(numbers[2])
	require.Equal(t, numbers[3], strconv.Itoa(100*throttled/periods))
}

func TestPagesPlayTheirCastsWithoutANetwork(t *testing.T) {
	for _, scenario := range scenarios.Scenarios() {
		page := readCastFile(t, scenario.Name+".html")
		require.Contains(t, page, strings.ReplaceAll(readCastFile(t, scenario.Name+".cast"), "<", `\u003c`))
		references := regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(page, -1)
		require.Len(t, references, 2, "the player and its style")
		for _, reference := range references {
			require.NotEmpty(t, readCastFile(t, reference[1]))
		}
	}
}
