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

// workload is the variable that makes a process of this program do something that the kernel counts.
const workload = "PXL_TEST_WORKLOAD"

func TestMain(m *testing.M) {
	workloads := map[string]func() error{
		"busy": useCPU, "memory": useMemory, "connect": failToConnect, "shim": runShim, "init": runInit,
	}
	run := workloads[os.Getenv(workload)]
	if run == nil {
		os.Exit(m.Run())
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// startWorkload runs a workload in a cgroup until the test ends.
func startWorkload(t *testing.T, dir, what string, env ...string) *exec.Cmd {
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

// joinCgroup moves the process into the test's cgroup.
func joinCgroup() error {
	dir := os.Getenv("PXL_TEST_CGROUP")
	if dir == "" {
		return nil
	}
	return os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(os.Getpid())), 0o600)
}

// useCPU uses a CPU for ever.
func useCPU() error {
	if err := joinCgroup(); err != nil {
		return err
	}
	for n := uint64(0); ; n++ {
		sink = n
	}
}

// sink prevents the compiler from removing the work.
var sink uint64

// useMemory uses PXL_TEST_BYTES and then a CPU.
func useMemory() error {
	if err := joinCgroup(); err != nil {
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

// failToConnect fails to connect, in its own network namespace.
func failToConnect() error {
	if err := joinCgroup(); err != nil {
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
	_, _, errno := syscall.Syscall(
		syscall.SYS_IOCTL, uintptr(fd), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&request)))
	if errno != 0 {
		return fmt.Errorf("lo: %w", errno)
	}
	return nil
}

// runShim does what containerd's shim does: it starts a process that becomes the container's command.
func runShim() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := joinCgroup(); err != nil {
		return err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), workload+"=init")
	cmd.Stderr = os.Stderr
	return cmd.Run()
}

// runInit does what runc init does: a mount namespace, another root, the container's command.
func runInit() error {
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
