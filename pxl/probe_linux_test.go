package pxl_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/pxl"
	"github.com/kernel-gossip/kernel-gossip/pxl/check"
)

// patience ends a test with rows that never come; nothing depends on its length.
const patience = 2 * time.Minute

// needsBPFTrace skips a test if bpftrace cannot run. In a CI that is root it must run; GitHub's CI is not root. With
// -short it does not run: what it does is not what coverage or the race detector look at.
func needsBPFTrace(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("the kernel is not asked with -short")
	}
	_, err := exec.LookPath("bpftrace")
	switch {
	case err == nil && os.Getuid() == 0:
		mountTracing(t)
	case os.Getenv("CI") == "true" && os.Getuid() == 0:
		t.Fatalf("bpftrace has to run here: %v", err)
	default:
		t.Skipf("bpftrace cannot run here (it is not installed, or this is not root): %v", err)
	}
}

// mountTracing mounts the tracepoints if they are not: the tests of this package may be the first that need them.
func mountTracing(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("/sys/kernel/tracing/events"); err == nil {
		return
	}
	require.NoError(t, syscall.Mount("nodev", "/sys/kernel/tracing", "tracefs", 0, ""))
}

// allPrograms returns the programs of all scripts, by the table that they fill.
func allPrograms(t *testing.T) map[string]pxl.Program {
	t.Helper()
	all := map[string]pxl.Program{}
	for _, name := range pxl.Names() {
		found, err := pxl.Programs(name)
		require.NoError(t, err)
		for _, p := range found {
			all[p.Table] = p
		}
	}
	return all
}

// row is the columns of a row that a program printed; the whole text has the name "".
type row map[string]string

func (r row) parseNumber(t *testing.T, column string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(r[column], 10, 64)
	require.NoError(t, err, column)
	return n
}

// runningProgram is a program that bpftrace runs.
type runningProgram struct{ rows chan row }

// attachedMarker is a probe that prints the text attached. It comes after the program, and bpftrace attaches probes of
// this kind, tracepoints, kprobes and profiles in the order of the text: once it fires, all of them do.
const attachedMarker = "\ninterval:ms:100 { printf(\"attached\"); }\n"

// attachProgram runs a script's program until the test ends, and returns when all of its probes are attached.
func attachProgram(t *testing.T, table string) *runningProgram {
	t.Helper()
	p := allPrograms(t)[table]
	require.NotEmpty(t, p.Text, table)
	pattern := rowPattern(t, table)
	// It is killed at the end: bpftrace loses an interrupt that comes between two waits for events.
	cmd := exec.CommandContext(t.Context(), "bpftrace", "-f", "json", "-e", p.Text+attachedMarker)
	var messages strings.Builder
	cmd.Stderr = &messages
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	attached, ended := make(chan struct{}), make(chan struct{})
	out := &runningProgram{rows: make(chan row, 10_000)}
	go func() {
		defer close(ended)
		listen := sync.OnceFunc(func() { close(attached) })
		lines := bufio.NewScanner(stdout)
		lines.Buffer(nil, 16<<20)
		for lines.Scan() {
			var l struct {
				Type string          `json:"type"`
				Data json.RawMessage `json:"data"`
			}
			if json.Unmarshal(lines.Bytes(), &l) != nil {
				continue
			}
			var text string
			switch {
			case l.Type != "printf" || json.Unmarshal(l.Data, &text) != nil:
			case text == "attached":
				listen()
			default:
				out.addRow(pattern, text)
			}
		}
		_ = cmd.Wait() // its messages have the reason
	}()
	t.Cleanup(func() { <-ended })
	select {
	case <-attached:
	case <-ended:
		t.Fatalf("bpftrace: %s", messages.String())
	case <-time.After(patience):
		t.Fatal("bpftrace attached nothing")
	}
	return out
}

func (p *runningProgram) addRow(pattern *regexp.Regexp, text string) {
	r := row{"": text}
	if m := pattern.FindStringSubmatch(text); m != nil {
		for i, name := range pattern.SubexpNames()[1:] {
			r[name] = m[i+1]
		}
	}
	select {
	case p.rows <- r:
	default: // no test waits for this many
	}
}

// nextRow returns the next row for which ok holds.
func (p *runningProgram) nextRow(t *testing.T, ok func(row) bool) row {
	t.Helper()
	end := time.After(patience)
	for {
		select {
		case r := <-p.rows:
			require.Greater(t, len(r), 1, "a row in another format: %s", r[""])
			if ok(r) {
				return r
			}
		case <-end:
			t.Fatal("the expected row never came")
		}
	}
}

// rowPattern returns a pattern that reads rows like Pixie: by the names in the format.
func rowPattern(t *testing.T, table string) *regexp.Regexp {
	t.Helper()
	for _, name := range pxl.Names() {
		script, err := pxl.Script(name)
		require.NoError(t, err)
		for _, p := range check.Script(script).Probes {
			if p.Table.Name != table {
				continue
			}
			var parts []string
			for _, c := range p.Table.Columns {
				parts = append(parts, fmt.Sprintf("%s:(?P<%s>.*?)", c.Name, c.Name))
			}
			return regexp.MustCompile(`(?s)^` + strings.Join(parts, " ") + `$`)
		}
	}
	t.Fatalf("no script fills %s", table)
	return nil
}

// makeCgroup makes a cgroup with a controller, v1 or v2, and removes it after the test.
func makeCgroup(t *testing.T, controller, name string) string {
	t.Helper()
	root := "/sys/fs/cgroup"
	if _, err := os.Stat(filepath.Join(root, controller)); err == nil {
		root = filepath.Join(root, controller)
	} else {
		require.NoError(t, os.WriteFile(filepath.Join(root, "cgroup.subtree_control"), []byte("+"+controller), 0o600))
	}
	dir := filepath.Join(root, name)
	require.NoError(t, os.Mkdir(dir, 0o755))
	t.Cleanup(func() {
		removed := func() bool { return os.Remove(dir) == nil }
		require.Eventually(t, removed, patience, 50*time.Millisecond, "%s stays busy", dir)
	})
	return dir
}

// setLimit writes a limit, by its name in cgroup v1 or v2.
func setLimit(t *testing.T, dir, v1, v1value, v2, v2value string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, v1)); err == nil {
		require.NoError(t, os.WriteFile(filepath.Join(dir, v1), []byte(v1value), 0o600))
		return
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, v2), []byte(v2value), 0o600))
}

// readCounter reads one line of a cgroup's file.
func readCounter(t *testing.T, file, name string) int64 {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		if k, v, _ := strings.Cut(strings.TrimSpace(line), " "); k == name {
			n, err := strconv.ParseInt(v, 10, 64)
			require.NoError(t, err)
			return n
		}
	}
	t.Fatalf("%s has no %s", file, name)
	return 0
}
