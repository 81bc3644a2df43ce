package operator_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster/kubeassets"
	"github.com/kernel-gossip/kernel-gossip/operator"
)

// shared is the API server that most tests use, each with its own namespaces. Tests that stop or slow an API server
// start their own.
var shared *testcluster.ControlPlane

// asProgram makes the test binary the operator's program. The program sets loggers of the whole process, so it gets its
// own process.
const asProgram = "KERNEL_GOSSIP_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(operator.Run(context.Background(), os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr))
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	assets, err := kubeassets.Find()
	if err != nil {
		fmt.Fprintln(os.Stderr, "the tests of the operator need kube-apiserver and etcd:", err)
		if os.Getenv("CI") == "true" {
			return 1
		}
		return m.Run() // those that need an API server say that they are skipped
	}
	shared, err = testcluster.StartControlPlane(assets)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := shared.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if code == 0 {
		err := goleak.Find(
			goleak.IgnoreTopFunction("k8s.io/klog/v2.(*flushDaemon).run.func1"), // as long as the process lives
			// controller-runtime's watches of metadata stop reading without saying so to what filters for them.
			goleak.IgnoreTopFunction("k8s.io/apimachinery/pkg/watch.(*filteredWatch).loop"),
		)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return code
}

// cluster is the shared API server.
func cluster(t *testing.T) *testcluster.ControlPlane {
	t.Helper()
	if shared == nil {
		t.Skip("no kube-apiserver and etcd: run `make test`")
	}
	return shared
}

// ownCluster starts an API server for one test.
func ownCluster(t *testing.T) *testcluster.ControlPlane {
	t.Helper()
	cluster(t)
	assets, err := kubeassets.Find()
	must(t, err)
	c, err := testcluster.StartControlPlane(assets)
	must(t, err)
	t.Cleanup(func() { must(t, c.Stop()) })
	return c
}

func scheme() *runtime.Scheme {
	s := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(s); err != nil {
		panic(err)
	}
	if err := v1alpha1.AddToScheme(s); err != nil {
		panic(err)
	}
	return s
}

// admin is a client that may do everything and has no cache.
func admin(t *testing.T, c *testcluster.ControlPlane) client.Client {
	t.Helper()
	k, err := client.New(c.Config, client.Options{Scheme: scheme()})
	must(t, err)
	return k
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// background is the context of clean-up after a test: it must outlive the context of the test.
var background = context.Background
