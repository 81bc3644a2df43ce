package replay

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// steppingClock returns a clock that advances by a step each time it is read.
func steppingClock(step time.Duration) func() time.Time {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return func() time.Time {
		at = at.Add(step)
		return at
	}
}

func TestTheProgressLineAppearsAfterASecondAndStaysBelowOtherText(t *testing.T) {
	name := filepath.Join(t.TempDir(), "capture.ndjson")
	require.NoError(t, os.WriteFile(name, make([]byte, 4_000_000), 0o600))
	const erased = "\r\x1b[K"
	for what, tc := range map[string]struct {
		terminal bool
		step     time.Duration
		pipe     bool
		want     string
	}{
		"a file that takes long": {
			terminal: true, step: 600 * time.Millisecond,
			want: "c: 3 MB of 4 MB read, 75%" + erased + "c: 4 MB of 4 MB read, 100%" + erased +
				"c:1: bad\n" + "c: 4 MB of 4 MB read, 100%" + erased,
		},
		"a pipe that takes long": {
			terminal: true, step: 600 * time.Millisecond, pipe: true,
			want: "c: 3 MB read" + erased + "c: 4 MB read" + erased + "c:1: bad\n" + "c: 4 MB read" + erased,
		},
		"not too often": {terminal: true, step: 180 * time.Millisecond, want: "c:1: bad\n"},
		"no terminal":   {step: time.Hour, want: "c:1: bad\n"},
	} {
		t.Run(what, func(t *testing.T) {
			file, err := os.Open(name)
			require.NoError(t, err)
			defer file.Close()
			var in io.Reader = file
			if tc.pipe {
				in = io.MultiReader(file)
			}
			var out bytes.Buffer
			p := &progress{out: &out, terminal: tc.terminal, now: steppingClock(tc.step)}
			r := p.trackReader("c", in)
			for range 4 {
				_, err := io.ReadFull(r, make([]byte, 1_000_000))
				require.NoError(t, err)
			}
			fmt.Fprintln(p, "c:1: bad")
			_, err = r.Read(make([]byte, 1))
			require.ErrorIs(t, err, io.EOF)
			p.removeLine()
			require.Equal(t, tc.want, out.String())
		})
	}
}

// A stream that is not a file is not a terminal, and a nil progress does nothing.
func TestOnlyTerminalsHaveAProgressLine(t *testing.T) {
	require.False(t, newProgress(&bytes.Buffer{}).terminal)
	var p *progress
	in := strings.NewReader("x")
	require.Same(t, in, p.trackReader("c", in))
	p.showLine(nil)
	p.removeLine()
}
