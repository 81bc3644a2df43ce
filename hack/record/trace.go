package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"github.com/kernel-gossip/kernel-gossip/pxl"
)

// row is one row of pxl/pod_birth.bt; its columns are described there.
type row struct {
	ns                                               uint64 // monotonic clock
	event                                            string
	pid, birth                                       uint64
	comm, a, b, file                                 string
	value                                            uint64
	syscalls, namespaces, writes, mounts, procs, exs uint64
}

// rowText is how the program prints a row. Names may hold spaces, keys do not.
var rowText = regexp.MustCompile(`(?s)^time_:(\d+) event:(\w+) pid:(\d+) birth:(\d+) comm:(.*?) a:(.*?) b:(.*?) file:(.*) ` +
	`value:(\d+) syscalls:(\d+) namespaces:(\d+) cgroup_writes:(\d+) mounts:(\d+) processes:(\d+) execs:(\d+)`)

func parseRow(text string) (row, error) {
	m := rowText.FindStringSubmatch(text)
	if m == nil {
		return row{}, fmt.Errorf("unexpected row %q", text)
	}
	r := row{event: m[2], comm: m[5], a: m[6], b: m[7], file: m[8]}
	for i, n := range map[int]*uint64{
		1: &r.ns, 3: &r.pid, 4: &r.birth, 9: &r.value, 10: &r.syscalls,
		11: &r.namespaces, 12: &r.writes, 13: &r.mounts, 14: &r.procs, 15: &r.exs,
	} {
		var err error
		if *n, err = strconv.ParseUint(m[i], 10, 64); err != nil {
			return row{}, fmt.Errorf("row %q: %w", text, err)
		}
	}
	return r, nil
}

// birthTrace is a running bpftrace and what it has said.
type birthTrace struct {
	version string
	cmd     *exec.Cmd
	boot    time.Time // wall-clock time of the monotonic clock's zero
	rows    []row     // in the order of arrival
	lost    int
	err     error
	done    chan struct{}
}

// startBirthTrace starts pxl/pod_birth.bt and returns when its probes are in place.
// A birth that began before is seen in part and is not written.
func startBirthTrace(ctx context.Context) (*birthTrace, error) {
	version, err := exec.CommandContext(ctx, "bpftrace", "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("bpftrace: %w", err)
	}
	boot, err := bootTime()
	if err != nil {
		return nil, err
	}
	t := &birthTrace{version: strings.TrimPrefix(strings.TrimSpace(string(version)), "bpftrace "), boot: boot, done: make(chan struct{})}
	// Not bound to ctx: an interrupt must reach it after the recorder has
	// stopped reading counters, and as SIGINT, so that it flushes.
	t.cmd = exec.Command("bpftrace", "-f", "json", "-e", pxl.PodBirth)
	t.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the terminal's ^C is for the recorder
	t.cmd.Env = append(os.Environ(), "BPFTRACE_PERF_RB_PAGES=1024")
	var messages strings.Builder
	t.cmd.Stderr = &messages
	stdout, err := t.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("bpftrace: %w", err)
	}
	if err := t.cmd.Start(); err != nil {
		return nil, fmt.Errorf("bpftrace: %w", err)
	}
	attaching := make(chan struct{})
	go func() {
		defer close(t.done)
		t.err = t.follow(stdout, attaching)
		if err := t.cmd.Wait(); err != nil {
			t.err = fmt.Errorf("bpftrace: %w\n%s", err, messages.String())
		}
		t.lost += lostEvents(messages.String())
	}()
	select {
	case <-attaching:
		sleep(ctx, 3*time.Second) // bpftrace speaks before the last probe is attached
		return t, nil
	case <-t.done:
		return nil, t.err
	case <-time.After(time.Minute):
		return nil, errors.New("bpftrace attached nothing within a minute")
	}
}

// follow reads bpftrace's JSON lines.
func (t *birthTrace) follow(stdout io.Reader, attaching chan<- struct{}) error {
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, 16<<20) // the last lines are whole maps
	for lines.Scan() {
		var l struct {
			Type string          `json:"type"`
			Data json.RawMessage `json:"data"`
		}
		if json.Unmarshal(lines.Bytes(), &l) != nil {
			continue // empty lines
		}
		switch l.Type {
		case "attached_probes":
			close(attaching)
		case "lost_events":
			var lost struct {
				Events int `json:"events"`
			}
			if err := json.Unmarshal(l.Data, &lost); err != nil {
				return fmt.Errorf("bpftrace: %w", err)
			}
			t.lost += lost.Events
		case "printf":
			var text string
			if err := json.Unmarshal(l.Data, &text); err != nil {
				return fmt.Errorf("bpftrace: %w", err)
			}
			r, err := parseRow(text)
			if err != nil {
				return err
			}
			t.rows = append(t.rows, r)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("bpftrace: %w", err)
	}
	return nil
}

// stop ends bpftrace and waits for its last row.
func (t *birthTrace) stop() error {
	if err := t.cmd.Process.Signal(os.Interrupt); err != nil {
		return fmt.Errorf("stop bpftrace: %w", err)
	}
	<-t.done
	return t.err
}

// lostEvents adds up bpftrace's complaints.
func lostEvents(messages string) (lost int) {
	for _, m := range regexp.MustCompile(`Lost (\d+) events`).FindAllStringSubmatch(messages, -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			n = 1 // too many to count
		}
		lost += n
	}
	return lost
}

// bootTime is the wall-clock time at which the monotonic clock, bpftrace's
// nsecs, was zero, as seen now. If the wall clock is set later on, the
// timestamps of births and of counters drift apart by that.
func bootTime() (time.Time, error) {
	const clockMonotonic = 1
	var ts syscall.Timespec
	if _, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&ts)), 0); errno != 0 {
		return time.Time{}, fmt.Errorf("clock_gettime: %w", errno)
	}
	return time.Now().Add(-time.Duration(ts.Nano())), nil
}
