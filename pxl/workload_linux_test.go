package pxl_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// workload is the variable that makes a process of this program do something that the kernel notices.
const workload = "PXL_TEST_WORKLOAD"

func TestMain(m *testing.M) {
	do := map[string]func() error{"busy": busy, "memory": memory, "connect": connect, "shim": shim, "init": initialize}[os.Getenv(workload)]
	if do == nil {
		os.Exit(m.Run())
	}
	if err := do(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// start runs a workload in a cgroup until the test ends.
func start(t *testing.T, dir, what string, env ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), append(env, workload+"="+what, "PXL_TEST_CGROUP="+dir)...)
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Wait() }) // killed
	return cmd
}

// join moves the process into the test's cgroup.
func join() error {
	dir := os.Getenv("PXL_TEST_CGROUP")
	if dir == "" {
		return nil
	}
	return os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(os.Getpid())), 0o600)
}

// busy uses a CPU for ever.
func busy() error {
	if err := join(); err != nil {
		return err
	}
	for n := uint64(0); ; n++ {
		sink = n
	}
}

// sink keeps the compiler from leaving work out.
var sink uint64

// memory takes PXL_TEST_BYTES and then is busy.
func memory() error {
	if err := join(); err != nil {
		return err
	}
	size, err := strconv.Atoi(os.Getenv("PXL_TEST_BYTES"))
	if err != nil {
		return err
	}
	pages := make([]byte, size)
	for i := 0; ; i++ {
		pages[i*4096%size]++
	}
}

// connect fails to connect, in a network namespace of its own.
func connect() error {
	if err := join(); err != nil {
		return err
	}
	runtime.LockOSThread()
	if err := syscall.Unshare(syscall.CLONE_NEWNET); err != nil {
		return fmt.Errorf("unshare: %w", err)
	}
	if err := loopbackUp(); err != nil {
		return err
	}
	for {
		fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
		if err != nil {
			return err
		}
		if err := syscall.Connect(fd, &syscall.SockaddrInet4{Port: 9, Addr: [4]byte{127, 0, 0, 1}}); err == nil {
			return fmt.Errorf("port 9 is open")
		}
		if err := syscall.Close(fd); err != nil {
			return err
		}
	}
}

func loopbackUp() error {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer func() { _ = syscall.Close(fd) }()
	request := struct {
		name  [16]byte
		flags uint16
		_     [22]byte
	}{name: [16]byte{'l', 'o'}, flags: syscall.IFF_UP}
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&request))); errno != 0 {
		return fmt.Errorf("lo: %w", errno)
	}
	return nil
}

// shim does what containerd's shim does: it starts a process that becomes the container's command.
func shim() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := join(); err != nil {
		return err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), workload+"=init")
	cmd.Stderr = os.Stderr
	return cmd.Run()
}

// initialize does what runc init does: a mount namespace, another root, the container's command.
func initialize() error {
	runtime.LockOSThread()
	if err := syscall.Unshare(syscall.CLONE_NEWNS | syscall.CLONE_NEWUTS); err != nil {
		return fmt.Errorf("unshare: %w", err)
	}
	root := os.Getenv("PXL_TEST_ROOT")
	if err := syscall.Mount("", "/", "", syscall.MS_PRIVATE|syscall.MS_REC, ""); err != nil {
		return fmt.Errorf("private: %w", err)
	}
	if err := syscall.Mount("/", root, "", syscall.MS_BIND|syscall.MS_REC, ""); err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	if err := syscall.PivotRoot(root, filepath.Join(root, "mnt")); err != nil {
		return fmt.Errorf("pivot_root: %w", err)
	}
	return syscall.Exec("/bin/true", []string{"true"}, nil)
}
