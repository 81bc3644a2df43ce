package replay_test

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/replay"
)

// mixedAt returns the table of the mixed capture at a width.
func mixedAt(t *testing.T, width int) string {
	t.Helper()
	var out, errs bytes.Buffer
	const capture, pods = "../examples/captures/mixed.ndjson", "../examples/captures/mixed.pods.yaml"
	args := []string{capture, "--pods", pods, "--width", strconv.Itoa(width)}
	require.Equal(t, 1, replay.Run(args, nil, &out, &errs), errs.String())
	return out.String()
}

// From 60 columns on, a table fits into its width, and no title is broken. (The lines below the tables do not count:
// they are there to be pasted.)
func TestTableFitsIntoItsWidth(t *testing.T) {
	titles := []string{
		"SEVERITY", "POD", "KERNEL SAYS", "METRICS SAY", "SET", "POD BORN", "SYSCALLS", "LONGEST STAGE",
	}
	for _, width := range []int{60, 61, 72, 79, 80, 81, 100, 105, 106, 107, 119, 120, 121, 160, 220} {
		tables, _, found := strings.Cut(mixedAt(t, width), "\nAdd --commands")
		require.True(t, found)
		for line := range strings.Lines(tables) {
			require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), width, line)
		}
		for _, title := range titles {
			require.Contains(t, tables, title, width)
		}
	}
}

// If there is room for everything, a cell is broken only between its lines.
func TestColumnsGrowToWhatTheyNeed(t *testing.T) {
	table := mixedAt(t, 200)
	for _, whole := range []string{
		"throttled in 97% of periods", "5148 of 5300, 46ms each", "cpu limit 200m → 600m, then measure again",
		"53/53 in 8m50s",
	} {
		require.Contains(t, table, whole)
	}
}

// A broken name cannot be copied: from 80 columns on, names of the usual length are whole.
func TestNamesAreWholeFrom80Columns(t *testing.T) {
	require.Contains(t, mixedAt(t, 80), "Deployment search ")
}
