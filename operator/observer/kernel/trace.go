package kernel

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
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// maxPending bounds the rows that were not taken yet.
const maxPending = 100_000

// Trace is a running bpftrace with one or more of the programs of pxl.
type Trace struct {
	Version string    // of bpftrace
	Boot    time.Time // wall-clock time at which the clock of the rows was zero

	cmd  *exec.Cmd
	done chan struct{}
	err  error // once done is closed

	mu   sync.Mutex
	rows Rows
	lost int
}

// Rows are what the programs printed, each kind in its order.
type Rows struct {
	Births  []Row
	Kills   []Kill
	Sockets []Socket
}

func (r *Rows) len() int { return len(r.Births) + len(r.Kills) + len(r.Sockets) }

// StartTrace starts one bpftrace with all the programs, as root, and returns when their probes are in place. What began
// before is seen in part. The end of ctx does not end bpftrace: an interrupt has to reach it after all else was read,
// so Stop ends it.
func StartTrace(ctx context.Context, programs ...string) (*Trace, error) {
	version, err := exec.CommandContext(ctx, "bpftrace", "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("bpftrace: %w", err)
	}
	boot, err := bootTime()
	if err != nil {
		return nil, err
	}
	t := &Trace{
		Version: strings.TrimPrefix(strings.TrimSpace(string(version)), "bpftrace "),
		Boot:    boot,
		done:    make(chan struct{}),
	}
	//nolint:gosec // the callers run the programs of package pxl
	t.cmd = exec.Command("bpftrace", "-f", "json", "-e", strings.Join(programs, "\n"))
	t.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // keeps the terminal's ^C from bpftrace
	t.cmd.Env = append(os.Environ(), "BPFTRACE_PERF_RB_PAGES=1024")
	messages := &tail{}
	t.cmd.Stderr = messages
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
		t.err = t.readLines(stdout, attaching)
		if err := t.cmd.Wait(); err != nil {
			t.err = fmt.Errorf("bpftrace: %w\n%s", err, messages.text)
		}
		t.countLost(lostRows(messages.text))
	}()
	select {
	case <-attaching:
	case <-t.done:
		return nil, t.err
	case <-time.After(time.Minute):
		return nil, errors.Join(errors.New("bpftrace attached nothing within a minute"), t.Stop())
	}
	select { // it reports before the last probe is attached
	case <-time.After(3 * time.Second):
	case <-ctx.Done():
	}
	return t, nil
}

// Take returns the rows since the last time, and the number of rows that were lost meanwhile.
func (t *Trace) Take() (rows Rows, lost int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	rows, lost = t.rows, t.lost
	t.rows, t.lost = Rows{}, 0
	return rows, lost
}

// Done is closed when bpftrace has ended.
func (t *Trace) Done() <-chan struct{} { return t.done }

// Stop ends bpftrace and waits for its last row. If bpftrace had ended before, the error says why. bpftrace misses an
// interrupt that comes between two of its waits for rows, so it gets several before it is killed.
func (t *Trace) Stop() error {
	for range 3 {
		if err := t.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("stop bpftrace: %w", err)
		}
		select {
		case <-t.done:
			return t.err
		case <-time.After(10 * time.Second):
		}
	}
	if err := t.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop bpftrace: %w", err)
	}
	<-t.done
	return errors.Join(errors.New("bpftrace did not heed interrupts, and was killed"), t.err)
}

// addRow files a row by the program that printed it.
func (t *Trace) addRow(text string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rows.len() == maxPending {
		t.rows = Rows{}
		t.lost += maxPending
	}
	_, event, _ := strings.Cut(text, " event:")
	event, _, _ = strings.Cut(event, " ")
	switch event {
	case "oom_kill":
		k, err := ParseKill(text)
		if err != nil {
			return err
		}
		t.rows.Kills = append(t.rows.Kills, k)
	case "connect_fail", "retransmit":
		s, err := ParseSocket(text)
		if err != nil {
			return err
		}
		t.rows.Sockets = append(t.rows.Sockets, s)
	default:
		r, err := ParseRow(text)
		if err != nil {
			return err
		}
		t.rows.Births = append(t.rows.Births, r)
	}
	return nil
}

func (t *Trace) countLost(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lost += n
}

// readLines reads bpftrace's JSON lines.
func (t *Trace) readLines(stdout io.Reader, attaching chan<- struct{}) error {
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
			t.countLost(lost.Events)
		case "printf":
			var text string
			if err := json.Unmarshal(l.Data, &text); err != nil {
				return fmt.Errorf("bpftrace: %w", err)
			}
			if err := t.addRow(text); err != nil {
				return err
			}
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("bpftrace: %w", err)
	}
	return nil
}

// tail keeps the end of what is written to it.
type tail struct{ text string }

func (t *tail) Write(b []byte) (int, error) {
	t.text += string(b)
	t.text = t.text[max(0, len(t.text)-64<<10):]
	return len(b), nil
}

var lostText = regexp.MustCompile(`Lost (\d+) events`)

// lostRows adds up the lost rows that bpftrace reports.
func lostRows(messages string) (lost int) {
	for _, m := range lostText.FindAllStringSubmatch(messages, -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			n = 1 // too many to count
		}
		lost += n
	}
	return lost
}

// bootTime is the wall-clock time at which the monotonic clock, bpftrace's nsecs, was zero, as seen now. If the wall
// clock is set later on, the timestamps of births and of counters drift apart by that.
func bootTime() (time.Time, error) {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return time.Time{}, fmt.Errorf("clock_gettime: %w", err)
	}
	return time.Now().Add(-time.Duration(ts.Nano())), nil
}
