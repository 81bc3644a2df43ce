package operator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/go-logr/logr"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/discovery"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
)

// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=kernel-gossip,resources=leases,verbs=get;create;update;patch

// The lease outlives an outage of the API server of half a minute: a leader that steps down forgets what it knows.
const (
	leaseDuration = 60 * time.Second
	renewDeadline = 45 * time.Second
	retryPeriod   = 5 * time.Second
	leaseName     = "kernel-gossip-operator"
)

// Operator takes events and keeps objects. Make it with New.
type Operator struct {
	options Options
	manager manager.Manager
	metrics *metrics
	server  *server
}

// New prepares an operator for the cluster of config. It talks to the API server to find out whether our kinds are there, and starts
// nothing yet. Its errors name the flag that is wrong.
func New(config *rest.Config, o Options, log logr.Logger) (*Operator, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	if err := installed(config); err != nil {
		return nil, err
	}
	m, err := newManager(config, o, log)
	if err != nil {
		return nil, err
	}
	analyzer := gossip.New(o.Analysis)
	waiting := newLedger(o.Analysis.MaxSubjects, o.Analysis.Window)
	known := newCensus(o.MaxObjects, o.MaxObjectsPerNamespace)
	metrics := newMetrics(analyzer, waiting, known)
	catalog := pods{reader: m.GetClient(), direct: m.GetAPIReader()}
	told := newStory(metrics, o.Analysis.MaxSubjects)
	in := &intake{
		analyzer: analyzer, ledger: waiting, pods: catalog, metrics: metrics, delay: o.WriteDelay,
		watched: watching(o.Namespaces, o.ExcludeNamespaces), ready: make(chan struct{}), story: told, log: log,
	}
	r := &reconciler{
		analyzer: analyzer, rules: o.Rules, ledger: waiting, pods: catalog,
		publisher: publisher{client: m.GetClient(), census: known, metrics: metrics},
		notify:    notifier{m.GetEventRecorder("kernel-gossip")},
		story:     told,
		ages:      ages{window: o.Analysis.Window, whisperTTL: o.WhisperTTL, certificateTTL: o.CertificateTTL},
		delay:     o.WriteDelay,
	}
	if err := control(m, o, r, in); err != nil {
		return nil, err
	}
	if err := warm(m.GetCache(), known); err != nil {
		return nil, err
	}
	s, err := newServer(config, m, o, in)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(m.Add(s), m.Add(told)); err != nil {
		return nil, err
	}
	return &Operator{options: o, manager: m, metrics: metrics, server: s},
		errors.Join(m.AddHealthzCheck("ping", healthz.Ping), m.AddReadyzCheck("ingest", s.check))
}

// Start works until ctx ends, and then writes what is waiting. An operator can be started once.
func (o *Operator) Start(ctx context.Context) error {
	if err := o.metrics.register(o.options.Metrics); err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	defer o.metrics.unregister(o.options.Metrics)
	return o.manager.Start(ctx)
}

// Addr is where records can be posted. It waits until they can, which is when this operator leads and its caches are filled.
func (o *Operator) Addr(ctx context.Context) (net.Addr, error) { return o.server.addr(ctx, flagIngest) }

// OTLPAddrs are where OpenTelemetry metrics can be sent, over gRPC and over HTTP; nil where that is off. It waits as Addr does.
func (o *Operator) OTLPAddrs(ctx context.Context) (overGRPC, overHTTP net.Addr, err error) {
	if overGRPC, err = o.server.addr(ctx, flagOTLPGRPC); err != nil {
		return nil, nil, err
	}
	overHTTP, err = o.server.addr(ctx, flagOTLPHTTP)
	return overGRPC, overHTTP, err
}

func newManager(config *rest.Config, o Options, log logr.Logger) (manager.Manager, error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, err
	}
	metricsOptions := metricsserver.Options{BindAddress: o.MetricsAddress}
	if o.MetricsAddress != "0" && !ingest.Loopback(o.MetricsAddress) {
		metricsOptions.SecureServing = true
		metricsOptions.FilterProvider = filters.WithAuthenticationAndAuthorization
		metricsOptions.CertDir = o.MetricsCertDir
	}
	grace := o.DrainTimeout + 5*time.Second
	return manager.New(config, manager.Options{
		Scheme: scheme,
		Logger: log,
		Cache: cache.Options{
			DefaultTransform:  strip,
			DefaultNamespaces: namespaces(o.Namespaces),
			ByObject: map[client.Object]cache.ByObject{
				&corev1.Pod{}:                            {UnsafeDisableDeepCopy: new(true)},
				&autoscalingv2.HorizontalPodAutoscaler{}: {UnsafeDisableDeepCopy: new(true)},
				&v1alpha1.KernelWhisper{}:                {Transform: stripReport},
				&v1alpha1.PodBirthCertificate{}:          {Transform: stripReport},
			},
		},
		Metrics:                       metricsOptions,
		HealthProbeBindAddress:        o.HealthAddress,
		PprofBindAddress:              o.PprofAddress,
		LeaderElection:                o.LeaderElection,
		LeaderElectionID:              leaseName,
		LeaderElectionNamespace:       o.LeaderElectionNamespace,
		LeaderElectionReleaseOnCancel: true,
		LeaseDuration:                 new(leaseDuration),
		RenewDeadline:                 new(renewDeadline),
		RetryPeriod:                   new(retryPeriod),
		GracefulShutdownTimeout:       &grace,
	})
}

func namespaces(names []string) map[string]cache.Config {
	if len(names) == 0 {
		return nil
	}
	out := map[string]cache.Config{}
	for _, name := range names {
		out[name] = cache.Config{}
	}
	return out
}

// installed says whether the API server knows our kinds; without them every write would fail.
func installed(config *rest.Config) error {
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return err
	}
	served, err := client.ServerResourcesForGroupVersion(v1alpha1.GroupVersion.String())
	switch {
	case apierrors.IsNotFound(err):
		served = &metav1.APIResourceList{}
	case err != nil:
		return fmt.Errorf("cannot ask the API server %s for its kinds: %w", config.Host, err)
	}
	for _, kind := range []string{v1alpha1.KindKernelWhisper, v1alpha1.KindPodBirthCertificate} {
		if !slices.ContainsFunc(served.APIResources, func(r metav1.APIResource) bool { return r.Kind == kind }) {
			return fmt.Errorf("the cluster does not know the kind %s of %s: install the custom resource definitions first (kubectl apply -k crd)",
				kind, v1alpha1.GroupVersion)
		}
	}
	return nil
}

// warm has the caches filled from the start, for replicas that stand by too, and the census kept.
func warm(c cache.Cache, known *census) error {
	for _, o := range []client.Object{&corev1.Pod{}, &v1alpha1.KernelWhisper{}, &v1alpha1.PodBirthCertificate{}} {
		informer, err := c.GetInformer(context.Background(), o, cache.BlockUntilSynced(false))
		if err != nil {
			return err
		}
		if _, pod := o.(*corev1.Pod); pod {
			continue
		}
		if _, err := informer.AddEventHandler(known.handler()); err != nil {
			return err
		}
	}
	return nil
}

// control makes the controller and tells it what to listen to.
func control(m manager.Manager, o Options, r *reconciler, in *intake) error {
	c, err := controller.NewTyped("kernel-gossip", m, controller.TypedOptions[gossip.Subject]{
		Reconciler:              r,
		MaxConcurrentReconciles: o.Workers,
		SkipNameValidation:      new(true), // several operators in one process are fine
		RateLimiter:             workqueue.NewTypedItemExponentialFailureRateLimiter[gossip.Subject](100*time.Millisecond, 15*time.Second),
	})
	if err != nil {
		return err
	}
	return errors.Join(
		c.Watch(source.TypedFunc[gossip.Subject](in.handOver)),
		c.Watch(source.TypedKind(m.GetCache(), &corev1.Pod{}, podHandler(in))),
		c.Watch(source.TypedKind(m.GetCache(), &v1alpha1.KernelWhisper{}, objectHandler[*v1alpha1.KernelWhisper](in.analyzer, in.pods, o.WriteDelay))),
		c.Watch(source.TypedKind(m.GetCache(), &v1alpha1.PodBirthCertificate{}, objectHandler[*v1alpha1.PodBirthCertificate](in.analyzer, in.pods, o.WriteDelay))),
	)
}
