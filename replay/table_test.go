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

// A table is never wider than it may be, from 80 columns on.
func TestTableFits(t *testing.T) {
	for width := 80; width <= 130; width++ {
		var out, errs bytes.Buffer
		args := []string{"../examples/captures/mixed.ndjson", "--pods", "../examples/captures/mixed.pods.yaml", "--width", strconv.Itoa(width)}
		require.Equal(t, 1, replay.Run(args, nil, &out, &errs), errs.String())
		for line := range strings.Lines(out.String()) {
			require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), width, line)
		}
	}
}
