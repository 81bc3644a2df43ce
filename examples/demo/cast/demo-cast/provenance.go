package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// provenance says where a recording comes from. It names versions and the command, and nothing of the machine: no path, no host name.
type provenance struct {
	cast, what, command string
	begin               time.Time
	loadBefore          string
}

func newProvenance(name, what, command string) provenance {
	return provenance{cast: filepath.Base(name), what: what, command: command, begin: time.Now(), loadBefore: loadAverage()}
}

// yaml renders the provenance of a command that has ended; every text is quoted.
func (p provenance) yaml(code int) []byte {
	var b strings.Builder
	add := func(key, value string) { fmt.Fprintf(&b, "%s: %s\n", key, strconv.Quote(value)) }
	add("cast", p.cast)
	if p.what != "" {
		add("what", p.what)
	}
	add("recorded", p.begin.UTC().Format(time.RFC3339))
	add("lasted", time.Since(p.begin).Round(time.Second).String())
	add("command", p.command)
	fmt.Fprintf(&b, "exitCode: %d\n", code)
	add("tool", "examples/demo/cast, "+runtime.Version())
	add("commit", said("git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"))
	add("kernel", said("uname", "-r"))
	fmt.Fprintf(&b, "nodeCPUs: %d\n", runtime.NumCPU())
	add("loadAverageBefore", p.loadBefore)
	add("loadAverageAfter", loadAverage())
	return []byte(b.String())
}

// said is the line that a command prints, or that it is not known.
func said(command ...string) string {
	out, err := exec.Command(command[0], command[1:]...).Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

// loadAverage is the load of the last one, five and fifteen minutes.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	f := strings.Fields(string(text))
	return strings.Join(f[:min(3, len(f))], " ")
}
