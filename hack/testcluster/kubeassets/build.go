package kubeassets

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// buildPrograms builds the programs from their Go modules, which hack/envtest/go.mod pins, and returns their folder.
func buildPrograms(ctx context.Context, log io.Writer, repo, into string) (string, error) {
	fmt.Fprintln(log,
		"building them from their Go modules instead: about 10 minutes on two cores, and up to 3 GB in Go's caches")
	module := filepath.Join(repo, "hack", "envtest")

	start := time.Now()
	args := []string{"list", "-deps"} // loads all packages, and so fetches their modules
	for _, p := range programs {
		args = append(args, p.pkg)
	}
	if _, err := goCommand(ctx, module, args...); err != nil {
		return "", err
	}
	fmt.Fprintf(log, "  modules: %s\n", secondsSince(start))

	for _, p := range programs {
		start = time.Now()
		path := filepath.Join(into, p.name)
		if _, err := goCommand(ctx, module, "build", "-trimpath", "-ldflags="+linkerFlags(), "-o", path, p.pkg); err != nil {
			return "", err
		}
		info, err := os.Stat(path)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(log, "  %s: %s, %d MB\n", p.name, secondsSince(start), info.Size()/1e6)
	}
	return into, nil
}

// linkerFlags leaves debug information out and sets the version, as the build of a Kubernetes release does. Without it
// kube-apiserver reports v0.0.0, and clients that compare versions behave differently.
func linkerFlags() string {
	number := strings.Split(Version, ".")
	stamps := []struct{ name, value string }{
		{"gitVersion", "v" + Version}, {"gitMajor", number[0]}, {"gitMinor", number[1]}, {"gitTreeState", "clean"},
	}
	flags := []string{"-s", "-w"}
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		for _, s := range stamps {
			flags = append(flags, fmt.Sprintf("-X=%s.%s=%s", pkg, s.name, s.value))
		}
	}
	return strings.Join(flags, " ")
}

// repositoryFolder returns the folder of our own module, which has hack/envtest.
func repositoryFolder(ctx context.Context) (string, error) {
	return goCommand(ctx, "", "list", "-m", "-f", "{{.Dir}}", "github.com/kernel-gossip/kernel-gossip")
}

// goCommand runs the go command in a folder and returns its output. The error ends with the last lines of stderr.
func goCommand(ctx context.Context, dir string, args ...string) (string, error) {
	var out, complaints bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &complaints
	// There may be no C compiler, and a workspace may have other modules.
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", fmt.Errorf("go %s: %w", args[0], context.Cause(ctx))
		}
		lines := strings.Split(strings.TrimSpace(complaints.String()), "\n")
		return "", fmt.Errorf("go %s: %w: %s", args[0], err, strings.Join(lines[max(0, len(lines)-5):], "\n"))
	}
	return strings.TrimSpace(out.String()), nil
}
