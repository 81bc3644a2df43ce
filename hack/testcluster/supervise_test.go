//go:build unix

package testcluster_test

import (
	"bufio"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster/kubeassets"
)

// asHelper makes the test binary a program that starts a cluster and is killed.
const asHelper = "KERNEL_GOSSIP_TEST_AS_HELPER"

func TestMain(m *testing.M) {
	assets := os.Getenv(asHelper)
	if assets == "" {
		os.Exit(m.Run())
	}
	c, err := testcluster.StartBareControlPlane(assets)
	if err != nil {
		fmt.Fprintln(os.Stdout, "failed:", err)
		os.Exit(1)
	}
	fmt.Fprintln(os.Stdout, c.Config.Host)
	select {} // until it is killed
}

// SIGTERM of a test left etcd and kube-apiserver running for ever, and their files in the temporary folder. The helper
// gets SIGKILL: it cannot do anything about it either.
func TestTheAPIServerEndsWithTheProcessThatStartedIt(t *testing.T) {
	assets, err := kubeassets.Find()
	if err != nil {
		require.NotEqual(t, "true", os.Getenv("CI"), "CI has kube-apiserver and etcd: %v", err)
		t.Skip("no kube-apiserver and etcd: run `make test`")
	}
	temp := t.TempDir()
	helper := exec.CommandContext(t.Context(), os.Args[0])
	helper.Env = append(os.Environ(), asHelper+"="+assets, "TMPDIR="+temp)
	out, err := helper.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, helper.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	server, err := url.Parse(strings.TrimSpace(line))
	require.NoError(t, err, line)
	require.True(t, answers(server.Host), line)
	require.Len(t, programsIn(t, temp), 2)

	require.NoError(t, helper.Process.Kill())
	require.Error(t, helper.Wait())
	require.Eventually(t, func() bool { return !answers(server.Host) && len(programsIn(t, temp)) == 0 }, 20*time.Second,
		50*time.Millisecond)
	left, err := filepath.Glob(filepath.Join(temp, "kernel-gossip-apiserver-*", "data", "member"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func answers(address string) bool {
	c, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}

// programsIn are the etcds and kube-apiservers that work in a folder, by what ps says of them.
func programsIn(t *testing.T, folder string) []string {
	t.Helper()
	all, err := exec.CommandContext(t.Context(), "ps", "-A", "-ww", "-o", "args=").Output()
	require.NoError(t, err, "ps is a part of every Unix (Debian: procps)")
	var out []string
	for line := range strings.Lines(string(all)) {
		if strings.Contains(line, folder) && !strings.Contains(line, "/bin/sh") {
			out = append(out, line)
		}
	}
	return out
}
