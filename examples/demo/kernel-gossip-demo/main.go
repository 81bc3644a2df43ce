// Command kernel-gossip-demo shows what the kernel knows and Kubernetes does not. See package demo.
//
//	kernel-gossip-demo [--from-recording] [birth|throttle|memory|network|all]
//	kernel-gossip-demo preflight     is all ready for the talk? 1: no, and the remedies
//	kernel-gossip-demo recover       bring it back, then preflight
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/term"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/kernel-gossip/kernel-gossip/examples/demo"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/recording"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/scenarios"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/stage"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
)

func main() {
	ctrllog.SetLogger(logr.Discard())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait for the clean-up
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// program is the demo with its flags.
type program struct {
	kind, kubeconfig, root string // kind: the name of the cluster to make; empty if KUBECONFIG names a cluster
	images                 testcluster.Images
	fromRecording          bool
	stage                  *stage.Stage
}

func run(ctx context.Context, args []string) error {
	f := flag.NewFlagSet("kernel-gossip-demo", flag.ContinueOnError)
	p := program{images: testcluster.FindImages(), kubeconfig: os.Getenv("KUBECONFIG"), stage: stage.New(os.Stdout)}
	pause := f.Bool("pause", false, "wait for a key after each step")
	f.IntVar(&p.stage.Width, "width", p.stage.Width, "columns, 80 to 120 (default: the terminal's, 100 in a pipe)")
	name := f.String("kind", "kernel-gossip-demo",
		"name of the kind cluster, which is made when there is none and KUBECONFIG is not set")
	down := f.Bool("down", false, "delete that kind cluster instead")
	f.BoolVar(&p.fromRecording, "from-recording", false,
		"show recorded captures instead of live pods: no observer, no Pixie, no network is needed")
	f.StringVar(&p.root, "root", ".", "the repository")
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 1 {
		return fmt.Errorf("%q: there is one scenario, or all; flags come before it", f.Arg(1))
	}
	what := cmp.Or(f.Arg(0), "all")
	if p.kubeconfig == "" || *down {
		p.kind, p.kubeconfig = *name, filepath.Join(p.root, "bin", "demo.kubeconfig")
	}
	if *pause {
		p.stage.Wait = waitForKey
	}
	switch {
	case *down:
		kind, err := testcluster.FindKind(p.kind, p.kubeconfig)
		if err != nil {
			return err
		}
		return kind.Down()
	case what == "preflight":
		return showPreflight(ctx, p.openSite(ctx))
	case what == "recover":
		site := p.openSite(ctx)
		if err := demo.Recover(ctx, os.Stdout, site); err != nil {
			return err
		}
		return showPreflight(ctx, site)
	}
	chosen, err := scenarios.Find(what)
	if err != nil {
		return err
	}
	return p.playScenarios(ctx, chosen)
}

// openSite returns the cluster with what the demo needs in it. The cluster need not exist: the Trouble of the site then
// says why.
func (p *program) openSite(ctx context.Context) *demo.Site {
	kubectl, err := testcluster.FindKubectl(p.kubeconfig)
	if err != nil {
		kubectl = testcluster.Kubectl{Program: "kubectl", Kubeconfig: p.kubeconfig}
	}
	manifests, err := testcluster.Manifests(ctx, kubectl, p.root, p.images)
	if err == nil {
		var site *demo.Site
		if site, err = demo.Open(kubectl, manifests, p.images.All()...); err == nil {
			return site
		}
	}
	return &demo.Site{Kubectl: kubectl, Kind: p.kind, Images: p.images.All(), Trouble: err}
}

func showPreflight(ctx context.Context, site *demo.Site) error {
	text, ready := demo.Summarize(demo.Preflight(ctx, os.Stdout, site.Checks()))
	fmt.Println(text)
	if !ready {
		return errors.New("not ready")
	}
	return nil
}

// playScenarios makes the cluster ready and plays scenarios on it. What it has installed goes again, unless the cluster
// is the demo's own.
func (p *program) playScenarios(ctx context.Context, chosen []scenarios.Scenario) (err error) {
	begin := time.Now()
	if p.kind != "" {
		if err := p.startKind(ctx); err != nil {
			return err
		}
	}
	site := p.openSite(ctx)
	if site.Trouble != nil {
		return site.Trouble
	}
	if p.fromRecording {
		site = site.WithoutObserver()
		if err := demo.Recover(ctx, os.Stdout, site); err != nil {
			return fmt.Errorf("%w\n       → %s", err, demo.Fallback)
		}
		return scenarios.Play(ctx, p.stage, recording.New(site), chosen)
	}
	p.stage.Note("Installing operator and observer unless they are there …")
	installed, err := site.Install(ctx)
	if installed && p.kind == "" {
		defer func() {
			patient, cancel := context.WithTimeout(context.WithoutCancel(ctx), 4*time.Minute)
			defer cancel()
			err = errors.Join(err, site.Uninstall(patient))
		}()
	}
	if err != nil {
		return err
	}
	p.stage.Note("Ready after %s.", time.Since(begin).Round(time.Second))
	err = scenarios.Play(ctx, p.stage, &scenarios.Live{Kubectl: site.Kubectl, Images: p.images}, chosen)
	p.stage.Note("%s in all.", time.Since(begin).Round(time.Second))
	return err
}

// startKind starts the demo's own cluster, and loads the images of live pods.
func (p *program) startKind(ctx context.Context) error {
	kind, err := testcluster.FindKind(p.kind, p.kubeconfig)
	if err != nil {
		return err
	}
	p.stage.Note("The kind cluster %s: starting it unless it runs …", p.kind)
	if err := kind.Up(); err != nil || p.fromRecording {
		return err
	}
	p.stage.Note("Loading images …")
	return kind.Load(ctx, p.images.All()...)
}

// waitForKey waits for a key on the terminal. It does not wait if standard input is no terminal.
func waitForKey() error {
	const interrupt = 3 // Ctrl-C: a raw terminal sends no signal
	in := int(os.Stdin.Fd())
	if !term.IsTerminal(in) {
		return nil
	}
	old, err := term.MakeRaw(in)
	if err != nil {
		return err
	}
	defer func() { _ = term.Restore(in, old) }()
	var key [1]byte
	if _, err := os.Stdin.Read(key[:]); err != nil || key[0] == interrupt {
		return context.Canceled
	}
	return nil
}
