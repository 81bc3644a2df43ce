//go:build unix

package kubeassets

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// supervised is a script that becomes a program, and has it killed when this process ends, however that ends: a test
// that gets SIGTERM or SIGKILL cannot stop what it started. This process holds a named pipe open for writing, and the
// system closes it at the end. The script's second process then reads its end, removes the folder, and kills its
// process group, which is the program and itself: while a member lives, the number of a group belongs to no other
// process.
const supervised = `#!/bin/sh
case $1 in --help) exec %[1]s "$@" ;; esac
exec 3<%[2]s
{ read -r _ <&3; rm -rf %[3]s; kill -KILL "-$$"; } </dev/null >/dev/null 2>&1 &
exec 3<&-
exec %[1]s "$@"
`

// Supervise writes into folder, by the names of programs of the folder assets, scripts that run them. Each has to be
// started in a process group of its own, as envtest does, and [OwnGroup]. They run until they are stopped, and no
// longer than until the closer is closed or this process ends; then folder is removed.
func Supervise(folder, assets string, programs ...string) (io.Closer, error) {
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
		if err := os.WriteFile(filepath.Join(folder, name), []byte(script), 0o700); err != nil {
			return nil, err
		}
	}
	return alive, nil
}

// OwnGroup has a command run in a process group of its own.
func OwnGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// quoted is a word of a shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
