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
	var o options
	flag.DurationVar(&o.length, "time", 4*time.Minute, "about how long all attacks take together")
	flag.StringVar(&o.file, "operator", "bin/kernel-gossip-operator", "`FILE` of the operator")
	flag.StringVar(&o.manifest, "manifest", "operator/deploy/base/deployment.yaml", "`FILE` with its memory limit")
	flag.StringVar(&o.only, "run", "", "only attacks with a name that `REGEXP` matches")
	flag.Parse()
	if err := o.run(ctrl.SetupSignalHandler(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "attack:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	length               time.Duration
	file, manifest, only string
}

func (o *options) run(ctx context.Context, out io.Writer) error {
	wanted, err := regexp.Compile(o.only)
	if err != nil {
		return err
	}
	limits, err := readLimits(o.manifest)
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
	times := planTimes(o.length)
	fmt.Fprintf(out, "GOMEMLIMIT=%s, memory limit %d MiB\n", limits.goMemory, limits.bytes>>20)
	fmt.Fprintf(out, rowFormat, "attack", "peak memory", "acknowledged", "lost", "verdict", "")
	failed := false
	for i, a := range listAttacks() {
		if !wanted.MatchString(a.name) {
			continue
		}
		name := fmt.Sprintf("attack-%d", i)
		got := c.playAttack(ctx, name, program{
			file: o.file, limits: limits, log: filepath.Join(folder, name+".log"),
		}, times, a)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		faults := got.listFaults(limits.bytes)
		got.printRow(out, faults)
		failed = failed || len(faults) > 0
	}
	if failed {
		return fmt.Errorf("%w; its logs are in %s", errNotRight, folder)
	}
	return os.RemoveAll(folder)
}
