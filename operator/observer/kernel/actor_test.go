package kernel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// act is the variable for a copy of the test's own binary: what to do instead of testing.
const act = "KERNEL_GOSSIP_ACT"

func TestMain(m *testing.M) {
	var err error
	switch os.Getenv(act) {
	case "":
		os.Exit(m.Run())
	case "eat":
		err = eatMemory()
	case "connect":
		err = failConnects()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// actor is a copy of this test's binary that does something of its own.
func actor(t *testing.T, what string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe")
	cmd.Env = append(os.Environ(), act+"="+what)
	cmd.Stderr = os.Stderr
	return cmd
}

// eatMemory moves into a cgroup and takes more memory than it may have.
func eatMemory() error {
	if err := os.WriteFile(os.Getenv("CGROUP_PROCS"), []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
		return err
	}
	b, err := syscall.Mmap(-1, 0, 256<<20, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return err
	}
	for i := 0; i < len(b); i += os.Getpagesize() {
		b[i] = 1
	}
	return errors.New("it was not killed")
}

// netWorld is what a program did in a network namespace.
type netWorld struct {
	NetNS                           uint64
	Refused, GivenUp, Raced, Resent int
}

// failConnects does what a pod with failing connects does, in a namespace of its own, and prints what it did.
func failConnects() error {
	if err := startLoopback(); err != nil {
		return err
	}
	w := netWorld{NetNS: readNetNS("/proc/self/ns/net")}
	for range 3 {
		if c, err := net.Dial("tcp", "127.0.0.1:9"); err == nil {
			return errors.Join(errors.New("port 9 has a listener"), c.Close())
		}
		w.Refused++
	}
	full, err := fullListener()
	if err != nil {
		return err
	}
	waits := map[time.Duration]*int{2500 * time.Millisecond: &w.GivenUp, 300 * time.Millisecond: &w.Raced}
	for wait, count := range waits {
		ctx, cancel := context.WithTimeout(context.Background(), wait)
		c, err := new(net.Dialer).DialContext(ctx, "tcp", full)
		cancel()
		if err == nil {
			return errors.Join(errors.New("the listener is not full"), c.Close())
		}
		*count++
	}
	_, resent, err := readTCP("/proc/self/net/snmp")
	if err != nil {
		return err
	}
	w.Resent = int(resent.Value)
	return json.NewEncoder(os.Stdout).Encode(w)
}

// fullListener is an address where SYNs get no answer: its queue is full, and no program accepts.
func fullListener() (string, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return "", err
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Port: 10, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return "", err
	}
	if err := unix.Listen(fd, 0); err != nil {
		return "", err
	}
	_, err = net.Dial("tcp", "127.0.0.1:10") // a backlog of 0 has room for one
	return "127.0.0.1:10", err
}

// startLoopback brings lo up.
func startLoopback() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo)
}
