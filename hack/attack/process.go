package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// beyond is how many times its limit an operator may use before it is killed, so that the machine has no trouble.
const beyond = 6

// program is what runs as the operator.
type program struct {
	file, kubeconfig, log string // files
	limits                memoryLimits
	args                  []string
}

// process is a running operator.
type process struct {
	records, overHTTP, metrics string // addresses
	log                        string // file

	cmd   *exec.Cmd
	peak  atomic.Int64 // bytes
	asked atomic.Bool  // to end
	ended chan struct{}
}

// startOperator starts the operator, and returns when it takes records. It has the settings of the manifest, except
// that all ports are free ones on loopback (metrics on all addresses, because on loopback they need no token), that
// writes wait for a moment only, and that it elects no leader: after a kill it would wait until the lease expires.
func startOperator(ctx context.Context, p program) (*process, error) {
	var addresses [4]string
	for i := range addresses {
		var err error
		if addresses[i], err = freeAddress(); err != nil {
			return nil, err
		}
	}
	_, port, err := net.SplitHostPort(addresses[3])
	if err != nil {
		return nil, err
	}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	out := &process{
		records: addresses[0], overHTTP: addresses[2], metrics: addresses[3], log: p.log, ended: make(chan struct{}),
	}
	out.cmd = exec.Command(p.file, append([]string{
		"--kubeconfig=" + p.kubeconfig, "--leader-elect=false", "--write-delay=200ms", "--ingest-auth=tokenreview",
		"--ingest-bind-address=" + addresses[0], "--otlp-grpc-bind-address=" + addresses[1],
		"--otlp-http-bind-address=" + addresses[2], "--metrics-bind-address=:" + port,
		"--health-probe-bind-address=0",
	}, p.args...)...)
	out.cmd.Env = append(os.Environ(), "GOMEMLIMIT="+p.limits.goMemory)
	out.cmd.Stdout, out.cmd.Stderr = log, log
	if err := out.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = out.cmd.Wait()
		close(out.ended)
	}()
	go out.watchMemory(beyond * p.limits.bytes)
	return out, out.awaitListener(ctx)
}

// awaitListener returns when the operator takes records, or an error if it ends or takes longer than a minute.
func (p *process) awaitListener(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		c, err := net.Dial("tcp", p.records)
		if err == nil {
			return c.Close()
		}
		select {
		case <-ctx.Done():
			p.killProcess()
			return fmt.Errorf("the operator does not listen; see %s", p.log)
		case <-p.ended:
			return fmt.Errorf("the operator ends; see %s", p.log)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// watchMemory notes the largest memory until the process ends, and kills it above a number of bytes.
func (p *process) watchMemory(most int64) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-p.ended:
			return
		case <-tick.C:
		}
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
		if err != nil {
			continue // it is about to end
		}
		if n, err := parsePeak(text); err == nil {
			p.peak.Store(n)
		}
		if p.peak.Load() > most {
			_ = p.cmd.Process.Kill()
		}
	}
}

// parsePeak returns the largest resident memory in a status of a process, bytes (proc_pid_status(5): VmHWM).
func parsePeak(status []byte) (int64, error) {
	lines := bufio.NewScanner(bytes.NewReader(status))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) == 3 && fields[0] == "VmHWM:" && fields[2] == "kB" {
			kib, err := strconv.ParseInt(fields[1], 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("no VmHWM")
}

// hasEnded reports whether the operator ended by itself.
func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return !p.asked.Load()
	default:
		return false
	}
}

// killProcess ends the operator at once.
func (p *process) killProcess() {
	p.asked.Store(true)
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// stop asks the operator to end, and kills it if that takes longer than the manifest allows.
func (p *process) stop() error {
	p.asked.Store(true)
	_ = p.cmd.Process.Signal(os.Interrupt)
	select {
	case <-p.ended:
		return nil
	case <-time.After(40 * time.Second):
		p.killProcess()
		return errors.New("the operator does not stop within 40 s")
	}
}

// freeAddress returns an address of loopback with a port that is free on all addresses: the attacker's connections have
// ports on another one.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp4", ":0") // nothing is served, and it is closed at once
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return "", err
	}
	return net.JoinHostPort("127.0.0.1", port), l.Close()
}
