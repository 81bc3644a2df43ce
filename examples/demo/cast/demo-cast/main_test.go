package main

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/examples/demo/cast"
)

// A command is recorded with where that comes from, and played by a page.
func TestRun(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no pseudo terminals")
	}
	name := filepath.Join(t.TempDir(), "short.cast")
	var show, page bytes.Buffer
	code, err := run(t.Context(), []string{"record", "--size", "90x20", "--idle", "1s", "--title", "Short", "--what", "A test.", "--out", name, "--", "sh", "-c", "echo hello; exit 4"}, &show)
	require.NoError(t, err)
	require.Equal(t, 4, code)
	require.Equal(t, "hello\r\n", show.String())
	f, err := os.Open(name)
	require.NoError(t, err)
	defer f.Close()
	c, err := cast.Read(f)
	require.NoError(t, err)
	require.Positive(t, c.Header.Timestamp)
	c.Header.Timestamp = 0
	want := cast.Header{Width: 90, Height: 20, IdleTimeLimit: 1, Title: "Short", Command: "sh -c echo hello; exit 4", Env: map[string]string{"TERM": "xterm-256color"}}
	require.Equal(t, want, c.Header)
	origin, err := os.ReadFile(filepath.Join(filepath.Dir(name), "short.provenance.yaml"))
	require.NoError(t, err)
	require.Regexp(t, `(?s)^cast: "short.cast"\nwhat: "A test."\nrecorded: "\d{4}-.*Z"\nlasted: "0s"\ncommand: "sh -c echo hello; exit 4"\nexitCode: 4\n`+
		`tool: "examples/demo/cast, go.*"\ncommit: ".+"\nkernel: ".+"\nnodeCPUs: \d+\nloadAverageBefore: ".+"\nloadAverageAfter: ".+"\n$`, string(origin))

	code, err = run(t.Context(), []string{"page", name}, &page)
	require.NoError(t, err)
	require.Zero(t, code)
	require.Contains(t, page.String(), "<title>Short</title>")
}

func TestWrongUse(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken.cast")
	require.NoError(t, os.WriteFile(broken, []byte("hello\n"), 0o600))
	for _, tc := range []struct {
		args []string
		want string
	}{
		{nil, "usage"},
		{[]string{"page"}, "usage"},
		{[]string{"page", broken}, "broken.cast: line 1: not a header"},
		{[]string{"page", broken + "s"}, "no such file"},
		{[]string{"record", "--out", "x.txt", "true"}, "usage"},
		{[]string{"record", "--out", "x.cast"}, "usage"},
		{[]string{"record", "--size", "big", "--out", "x.cast", "true"}, "--size big: not COLUMNSxROWS"},
	} {
		_, err := run(t.Context(), tc.args, &bytes.Buffer{})
		require.ErrorContains(t, err, tc.want)
	}
}
