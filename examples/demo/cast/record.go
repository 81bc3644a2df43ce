package cast

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/creack/pty"
)

// Record runs a command in a pseudo terminal of the header's size, and writes the cast of all that it shows; show gets the same bytes. The
// command gets no input, and the variables of header.Env on top of our own. When ctx ends, Ctrl-C is pressed, and the recording goes on until
// the command is done with it. The code is the one that it ended with; -1: by a signal. An error says that it could not be run, or was not
// recorded to its own end.
func Record(ctx context.Context, h Header, command []string, out, show io.Writer) (code int, err error) {
	w, err := NewWriter(out, h, time.Now)
	if err != nil {
		return 0, err
	}
	run := exec.Command(command[0], command[1:]...)
	run.Env = os.Environ()
	for name, value := range h.Env {
		run.Env = append(run.Env, name+"="+value)
	}
	terminal, err := pty.StartWithSize(run, &pty.Winsize{Cols: uint16(h.Width), Rows: uint16(h.Height)})
	if err != nil {
		return 0, fmt.Errorf("%s: %w", command[0], err)
	}
	defer terminal.Close()
	defer context.AfterFunc(ctx, func() { _, _ = terminal.Write([]byte{3}) })()
	_, copied := io.Copy(io.MultiWriter(w, show), terminal)
	if errors.Is(copied, syscall.EIO) { // how Linux says that the other end was closed
		copied = nil
	}
	if copied != nil {
		_ = run.Process.Kill()
	}
	ended := run.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](ended); ok {
		code, ended = exit.ExitCode(), nil
	}
	return code, errors.Join(copied, ended, w.Close(), ctx.Err())
}
