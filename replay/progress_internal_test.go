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

// watch is a clock that goes on by a step each time that it is looked at.
func watch(step time.Duration) func() time.Time {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return func() time.Time {
		at = at.Add(step)
		return at
	}
}

func TestProgress(t *testing.T) {
	name := filepath.Join(t.TempDir(), "capture.ndjson")
	require.NoError(t, os.WriteFile(name, make([]byte, 4_000_000), 0o600))
	for what, tc := range map[string]struct {
		terminal bool
		step     time.Duration
		pipe     bool
		want     string
	}{
		"a file that takes long": {true, 600 * time.Millisecond, false, "c: 3 MB of 4 MB read, 75%" + "\r\x1b[K" + "c: 4 MB of 4 MB read, 100%" + "\r\x1b[K" + "c:1: bad\n" + "c: 4 MB of 4 MB read, 100%" + "\r\x1b[K"},
		"a pipe that takes long": {true, 600 * time.Millisecond, true, "c: 3 MB read" + "\r\x1b[K" + "c: 4 MB read" + "\r\x1b[K" + "c:1: bad\n" + "c: 4 MB read" + "\r\x1b[K"},
		"not too often":          {true, 180 * time.Millisecond, false, "c:1: bad\n"},
		"no terminal":            {false, time.Hour, false, "c:1: bad\n"},
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
			p := &progress{out: &out, terminal: tc.terminal, now: watch(tc.step)}
			r := p.track("c", in)
			for range 4 {
				_, err := io.ReadFull(r, make([]byte, 1_000_000))
				require.NoError(t, err)
			}
			fmt.Fprintln(p, "c:1: bad")
			_, err = r.Read(make([]byte, 1))
			require.ErrorIs(t, err, io.EOF)
			p.done()
			require.Equal(t, tc.want, out.String())
		})
	}
}

// What is no file is no terminal, and a nil progress does nothing.
func TestNoProgress(t *testing.T) {
	require.False(t, newProgress(&bytes.Buffer{}).terminal)
	var p *progress
	in := strings.NewReader("x")
	require.Same(t, in, p.track("c", in))
	p.tell(nil)
	p.done()
}
