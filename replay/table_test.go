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

// mixedAt is the table of the mixed capture at a width.
func mixedAt(t *testing.T, width int) string {
	t.Helper()
	var out, errs bytes.Buffer
	args := []string{"../examples/captures/mixed.ndjson", "--pods", "../examples/captures/mixed.pods.yaml", "--width", strconv.Itoa(width)}
	require.Equal(t, 1, replay.Run(args, nil, &out, &errs), errs.String())
	return out.String()
}

// From 60 columns on, a table is never wider than it may be, and no title is broken. (The lines below the tables are to
// be pasted.)
func TestTableFitsIntoItsWidth(t *testing.T) {
	for _, width := range []int{60, 61, 72, 79, 80, 81, 100, 105, 106, 107, 119, 120, 121, 160, 220} {
		tables, _, found := strings.Cut(mixedAt(t, width), "\nAdd --commands")
		require.True(t, found)
		for line := range strings.Lines(tables) {
			require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), width, line)
		}
		for _, title := range []string{"SEVERITY", "POD", "KERNEL SAYS", "METRICS SAY", "SET", "POD BORN", "SYSCALLS", "LONGEST STAGE"} {
			require.Contains(t, tables, title, width)
		}
	}
}

// Where there is room for everything, nothing but what belongs on lines of its own is broken.
func TestWideColumnsGrow(t *testing.T) {
	table := mixedAt(t, 200)
	for _, whole := range []string{"throttled in 97% of periods", "5922 of 6100, 46ms each", "cpu limit 200m → 600m, then measure again", "61/61 in 10m10s"} {
		require.Contains(t, table, whole)
	}
}

// A name that is broken cannot be copied: names are whole from 80 columns on, as long as they are not longer than most.
func TestNamesAreWholeFrom80Columns(t *testing.T) {
	require.Contains(t, mixedAt(t, 80), "search-5ddfd98f98-prm8z ")
}
