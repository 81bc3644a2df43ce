// Command kernel-gossip-demo shows what the kernel knows and Kubernetes does not. See package demo.
//
//	kernel-gossip-demo [--from-recording] [birth|throttle|memory|network|all]
//	kernel-gossip-demo preflight     is all ready for the talk? 1: no, and the remedies
//	kernel-gossip-demo recover       bring it back, then preflight
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/kernel-gossip/kernel-gossip/examples/demo"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/install"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/stage"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait for the clean-up
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (err error) {
	f := flag.NewFlagSet("kernel-gossip-demo", flag.ContinueOnError)
	pause := f.Bool("pause", false, "wait for a key after each step")
	width := f.Int("width", 0, "columns, 80 to 120 (default: the terminal's, 100 in a pipe)")
	name := f.String("kind", "kernel-gossip-demo", "name of the kind cluster, which is made when there is none and KUBECONFIG is not set")
	down := f.Bool("down", false, "delete that kind cluster instead")
	fromRecording := f.Bool("from-recording", false, "show recorded captures instead of live pods: no observer, no Pixie, no network is needed")
	root := f.String("root", ".", "the repository")
	scenario, err := parse(f, args)
	if err != nil {
		return err
	}
	cluster := demo.Cluster{Kubeconfig: os.Getenv("KUBECONFIG"), Root: *root, Images: testcluster.FindImages(), Also: install.CrewManifest()}
	if cluster.Kubeconfig == "" || *down {
		cluster.Kind, cluster.Kubeconfig = *name, demo.DefaultKubeconfig(*root)
	}
	if *down {
		kind, err := testcluster.FindKind(cluster.Kind, cluster.Kubeconfig)
		if err != nil {
			return err
		}
		return kind.Down()
	}
	switch scenario {
	case "preflight":
		return check(ctx, cluster)
	case "recover":
		return repair(ctx, cluster)
	}
	scenarios, err := demo.Find(scenario)
	if err != nil {
		return err
	}
	st := stage.New(os.Stdout)
	if *width != 0 {
		st.Width = *width
	}
	if *pause {
		st.Wait = func() error { return key(ctx) }
	}
	if *fromRecording {
		source, err := recorded(ctx, cluster)
		if err != nil {
			return err
		}
		return demo.Play(ctx, st, source, scenarios)
	}
	begin := time.Now()
	live, closeIt, err := cluster.Open(ctx, st)
	defer func() {
		patient, cancel := context.WithTimeout(context.WithoutCancel(ctx), 4*time.Minute)
		defer cancel()
		err = errors.Join(err, closeIt(patient))
		st.Note("%s in all.", time.Since(begin).Round(time.Second))
	}()
	if err != nil {
		return err
	}
	return demo.Play(ctx, st, live, scenarios)
}

// parse reads the flags, before and after the name of what is to be shown.
func parse(f *flag.FlagSet, args []string) (scenario string, err error) {
	if err := f.Parse(args); err != nil || f.NArg() == 0 {
		return "all", err
	}
	scenario = f.Arg(0)
	if err := f.Parse(f.Args()[1:]); err != nil {
		return "", err
	}
	if f.NArg() > 0 {
		return "", fmt.Errorf("%q: there is one scenario, or all", f.Arg(0))
	}
	return scenario, nil
}

// key waits for a key on the terminal, or for the end. Where standard input is none it does not wait.
func key(ctx context.Context) error {
	in := int(os.Stdin.Fd())
	if !term.IsTerminal(in) {
		return nil
	}
	old, err := term.MakeRaw(in)
	if err != nil {
		return err
	}
	defer func() { _ = term.Restore(in, old) }()
	pressed := make(chan byte, 1)
	go func() {
		var b [1]byte
		if _, err := os.Stdin.Read(b[:]); err != nil {
			b[0] = interrupt
		}
		pressed <- b[0]
	}()
	select {
	case k := <-pressed:
		if k == interrupt { // a raw terminal sends no signal
			return context.Canceled
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// interrupt is what Ctrl-C sends.
const interrupt = 3
