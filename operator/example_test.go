package operator_test

import (
	"context"
	"os/signal"
	"syscall"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/client/config"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/operator"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// An operator with a custom rule. It needs a cluster, so the example is only compiled.
func ExampleNew() {
	kubeconfig, err := config.GetConfig()
	if err != nil {
		panic(err)
	}
	tell := recommend.RuleFor("ask-the-team", func(f gossip.CPUThrottling, _ gossip.Pod) (recommend.Recommendation, bool) {
		return recommend.Recommendation{Priority: f.Level, Action: "Tell team " + f.About.Namespace + "."},
			f.Level >= gossip.SeverityHigh
	})
	o, err := operator.New(kubeconfig, operator.Options{
		IngestAddress: "127.0.0.1:8080", IngestAuth: operator.AuthNone,
		OTLPGRPCAddress: "0", OTLPHTTPAddress: "0", MetricsAddress: "0", HealthAddress: "0",
		Rules: append(recommend.Default(), tell),
	}, logr.Discard())
	if err != nil {
		panic(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := o.Start(ctx); err != nil {
		panic(err)
	}
}
