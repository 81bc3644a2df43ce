//go:build e2e

package e2e_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
)

// world is the cluster that the tests run on.
var world struct {
	client  client.Client
	config  *rest.Config
	kubectl testcluster.Kubectl
	images  testcluster.Images
	kind    *testcluster.Kind // nil: it is some other cluster

	deleted sync.Map // namespaces that tests made and deleted
}

func TestMain(m *testing.M) {
	ctrllog.SetLogger(logr.Discard())
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	ctx := context.Background()
	begin := time.Now()
	keep := os.Getenv("E2E_KEEP") != ""
	kubeconfig := os.Getenv("KUBECONFIG")
	world.images = testcluster.FindImages()
	if kubeconfig == "" {
		dir, err := os.MkdirTemp("", "kernel-gossip-e2e-")
		if err != nil {
			return 1, err
		}
		kubeconfig = filepath.Join(dir, "kubeconfig")
		if world.kind, err = testcluster.FindKind("kernel-gossip-e2e", kubeconfig); err != nil {
			return 1, err
		}
		if !keep {
			defer func() {
				if down := world.kind.Down(); err == nil {
					err = down
				}
				_ = os.RemoveAll(dir)
			}()
		}
		if err := world.kind.Down(); err != nil { // what an earlier run left when it was killed
			return 1, err
		}
		if err := world.kind.Up(); err != nil {
			return 1, err
		}
		say(begin, "the kind cluster is up")
		if err := world.kind.Load(ctx, world.images.All()...); err != nil {
			return 1, err
		}
		say(begin, "images are loaded")
	}
	if err := connect(kubeconfig); err != nil {
		return 1, err
	}
	manifests, err := testcluster.Manifests(ctx, world.kubectl, filepath.Join("..", ".."), world.images)
	if err != nil {
		return 1, err
	}
	if world.kind == nil && !keep {
		defer func() {
			if left := testcluster.Uninstall(ctx, world.kubectl, manifests); err == nil {
				err = left
			}
		}()
	}
	if err := testcluster.Install(ctx, world.kubectl, manifests); err != nil {
		return 1, err
	}
	say(begin, "operator and observer run")
	pulls, err := testcluster.PullFromPixie(ctx, world.kubectl, filepath.Join("..", ".."))
	switch {
	case err != nil:
		return 1, err
	case pulls:
		say(begin, "the operator also pulls from Pixie")
	default:
		fmt.Fprintln(os.Stderr, "e2e: no PX_API_KEY: events come from the node observer, not from Pixie")
	}
	code = m.Run()
	say(begin, "tests are over")
	if world.kind == nil {
		err = waitForDeletedNamespaces(ctx)
	}
	return code, err
}

func say(begin time.Time, what string) {
	fmt.Fprintf(os.Stderr, "e2e: %s after %s\n", what, time.Since(begin).Round(time.Second))
}

func connect(kubeconfig string) error {
	var err error
	if world.kubectl, err = testcluster.FindKubectl(kubeconfig); err != nil {
		return err
	}
	if world.config, err = clientcmd.BuildConfigFromFlags("", kubeconfig); err != nil {
		return err
	}
	world.config.QPS = -1
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return err
	}
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return err
	}
	world.client, err = client.New(world.config, client.Options{Scheme: scheme})
	return err
}
