package cast_test

import (
	"bytes"
	"context"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/examples/demo/cast"
)

// A command sees a terminal of the size that was asked for, and what it shows is recorded.
func TestRecord(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no pseudo terminals")
	}
	h := cast.Header{Width: 91, Height: 29, Timestamp: 7, Env: map[string]string{"TERM": "xterm-test"}}
	var file, show bytes.Buffer
	code, err := cast.Record(t.Context(), h, []string{"sh", "-c", `test -t 1 && stty size <&1; echo $TERM; printf 'ends ✓'; exit 3`}, &file, &show)
	require.NoError(t, err)
	require.Equal(t, 3, code)
	c, err := cast.Read(&file)
	require.NoError(t, err)
	require.Equal(t, h, c.Header)
	var text strings.Builder
	for _, e := range c.Events {
		text.WriteString(e.Data)
	}
	require.Equal(t, "29 91\r\nxterm-test\r\nends ✓", text.String())
	require.Equal(t, text.String(), show.String())

	_, err = cast.Record(t.Context(), h, []string{"./is-not-there"}, &file, &show)
	require.ErrorContains(t, err, "./is-not-there: ")
	_, err = cast.Record(t.Context(), cast.Header{}, []string{"true"}, &file, &show)
	require.Error(t, err)
}

// Who ends a recording ends the command as Ctrl-C does, and what it does then is recorded too.
func TestRecordEnds(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no pseudo terminals")
	}
	ctx, cancel := context.WithCancel(t.Context())
	var file bytes.Buffer
	command := []string{"sh", "-c", "trap 'echo cleaned up; exit 5' INT; echo begun; while :; do sleep 0.05; done"}
	code, err := cast.Record(ctx, cast.Header{Width: 80, Height: 24}, command, &file, writerFunc(func(p []byte) (int, error) {
		cancel()
		return len(p), nil
	}))
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 5, code)
	require.Contains(t, file.String(), "cleaned up")
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
