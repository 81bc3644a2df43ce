//go:build unix

package localcluster

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// supervised is a script that becomes a program, and has it killed when this process ends, however that ends: a test that gets SIGTERM
// or SIGKILL cannot stop what it started. This process holds a named pipe open for writing, and the system closes it at the end. The
// script's second process then reads its end, removes the folder, and kills its process group, which is the program and itself: envtest
// makes a group for each program, and while a member lives the number of a group belongs to nobody else.
const supervised = `#!/bin/sh
case $1 in --help) exec %[1]s "$@" ;; esac
exec 3<%[2]s
{ read -r _ <&3; rm -rf %[3]s; kill -KILL "-$$"; } </dev/null >/dev/null 2>&1 &
exec 3<&-
exec %[1]s "$@"
`

// supervise writes into folder scripts that run the programs, by their names. They run as long as the closer is not closed and this process
// lives.
func supervise(folder, assets string, programs ...string) (io.Closer, error) {
	pipe := filepath.Join(folder, "alive")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		return nil, fmt.Errorf("make %s: %w", pipe, err)
	}
	alive, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	for _, name := range programs {
		script := fmt.Sprintf(supervised, quoted(filepath.Join(assets, name)), quoted(pipe), quoted(folder))
		if err := os.WriteFile(filepath.Join(folder, name), []byte(script), 0o700); err != nil { //nolint:gosec // it is to be executed
			return nil, err
		}
	}
	return alive, nil
}

// quoted is a word of a shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
