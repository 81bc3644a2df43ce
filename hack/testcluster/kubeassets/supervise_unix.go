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

// superviseScript is a script that becomes a program, and kills it when this process ends for any reason: a test that
// gets SIGTERM or SIGKILL cannot stop what it started. This process holds a named pipe open for writing, which the
// system closes when the process ends. The script's second process then reads the end of the pipe, removes the folder,
// and kills its process group, which is the program and itself. The number of a group is not used again while a member
// lives.
const superviseScript = `#!/bin/sh
case $1 in --help) exec %[1]s "$@" ;; esac
exec 3<%[2]s
{ read -r _ <&3; rm -rf %[3]s; kill -KILL "-$$"; } </dev/null >/dev/null 2>&1 &
exec 3<&-
exec %[1]s "$@"
`

// Supervise writes scripts into folder that run the programs of the folder assets and have their names. Each must be
// started in a process group of its own, as envtest and [OwnGroup] do. The programs run until they are stopped, at most
// until the closer is closed or this process ends; then folder is removed.
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
		script := fmt.Sprintf(superviseScript, shellQuoted(filepath.Join(assets, name)), shellQuoted(pipe),
			shellQuoted(folder))
		if err := os.WriteFile(filepath.Join(folder, name), []byte(script), 0o700); err != nil {
			return nil, err
		}
	}
	return alive, nil
}

// OwnGroup makes a command run in a process group of its own.
func OwnGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// shellQuoted returns the text as one word of a shell.
func shellQuoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
