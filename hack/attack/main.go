// Command attack attacks the operator, on loopback and for a bounded time: it starts etcd, kube-apiserver and the
// operator's program with the memory limit of the manifest (operator/deploy/base), and plays one attack after the
// other, each against an operator of its own. Meanwhile an honest sender posts records about pods in trouble. `make
// attack` runs it.
//
// It prints a table: the operator's largest resident memory, how many records of the honest sender were acknowledged of
// those that were sent, how many of its pods have no right object at the end, and the verdicts. It exits with 1 if one
// is not right: memory above the limit, a verdict that changed though the trouble did not, an acknowledged record that
// is lost, an honest sender that is shut out, an operator that ends. operator/threats.md says who could attack so.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
)

// errNotRight is the error of a table with a row that is not ok.
var errNotRight = errors.New("the operator does not stand all attacks")

func main() {
	length := flag.Duration("time", 4*time.Minute, "about how long all attacks take together")
	file := flag.String("operator", "bin/kernel-gossip-operator", "`FILE` of the operator")
	manifest := flag.String("manifest", "operator/deploy/base/deployment.yaml", "`FILE` with its memory limit")
	only := flag.String("run", "", "only attacks with a name that `REGEXP` matches")
	flag.Parse()
	if err := run(ctrl.SetupSignalHandler(), os.Stdout, *file, *manifest, *only, *length); err != nil {
		fmt.Fprintln(os.Stderr, "attack:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, file, manifest, only string, length time.Duration) error {
	wanted, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	limits, err := readLimits(manifest)
	if err != nil {
		return err
	}
	c, err := startCluster(ctx)
	if err != nil {
		return err
	}
	defer c.stop()
	folder, err := os.MkdirTemp("", "kernel-gossip-attack-")
	if err != nil {
		return err
	}
	times := planTimes(length)
	fmt.Fprintf(out, "GOMEMLIMIT=%s, memory limit %d MiB\n", limits.goMemory, limits.bytes>>20)
	fmt.Fprintf(out, rowFormat, "attack", "peak memory", "acknowledged", "lost", "verdict", "")
	failed := false
	for i, a := range listAttacks() {
		if !wanted.MatchString(a.name) {
			continue
		}
		name := fmt.Sprintf("attack-%d", i)
		o := c.playAttack(ctx, name, program{
			file: file, limits: limits, log: filepath.Join(folder, name+".log"),
		}, times, a)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		faults := o.listFaults(limits.bytes)
		o.printRow(out, faults)
		failed = failed || len(faults) > 0
	}
	if failed {
		return fmt.Errorf("%w; its logs are in %s", errNotRight, folder)
	}
	return os.RemoveAll(folder)
}
