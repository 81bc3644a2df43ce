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
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=kernel-gossip,resources=leases,verbs=get;create;update;patch

// The lease outlasts an outage of the API server of half a minute, because a leader that steps down loses its memory.
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
	ports   []port
}

// New prepares an operator for the cluster of config. It asks the API server whether the custom resource definitions
// are installed, and starts nothing yet. Its errors name the flag that is wrong.
func New(config *rest.Config, o Options, log logr.Logger) (*Operator, error) {
	o = o.withDefaults()
	if err := o.checkAll(); err != nil {
		return nil, err
	}
	if err := checkDefinitions(config); err != nil {
		return nil, err
	}
	m, err := newManager(config, o, log)
	if err != nil {
		return nil, err
	}
	var lost evictions
	o.Analysis.Evicted = lost.add
	analyzer := gossip.New(o.Analysis)
	ledger := newLedger(o.Analysis.MaxSubjects, o.Analysis.Window)
	quota := newObjectQuota(o.MaxObjects, o.MaxObjectsPerNamespace)
	metrics := newMetrics(analyzer, ledger, quota)
	pods := pods{reader: m.GetClient(), direct: m.GetAPIReader()}
	journal := newJournal(metrics, o.Analysis.MaxSubjects)
	in := &intake{
		analyzer: analyzer, ledger: ledger, pods: pods, metrics: metrics, delay: o.WriteDelay,
		isWatched: namespaceFilter(o.Namespaces, o.ExcludeNamespaces), ready: make(chan struct{}), journal: journal, log: log,
		evictions: &lost,
	}
	r := &reconciler{
		analyzer: analyzer, rules: o.Rules, ledger: ledger, pods: pods,
		publisher: publisher{client: m.GetClient(), quota: quota, metrics: metrics},
		notify:    notifier{m.GetEventRecorder("kernel-gossip")},
		journal:   journal,
		ages:      ages{window: o.Analysis.Window, whisperTTL: o.WhisperTTL, certificateTTL: o.CertificateTTL},
		delay:     o.WriteDelay,
	}
	if err := addController(m, o, r, in); err != nil {
		return nil, err
	}
	if err := startInformers(m.GetCache(), quota); err != nil {
		return nil, err
	}
	s, err := newServer(config, m, o, in)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(m.Add(s), m.Add(journal)); err != nil {
		return nil, err
	}
	ports, err := newPorts(config, m, o, s.checkReady)
	if err != nil {
		return nil, err
	}
	return &Operator{options: o, manager: m, metrics: metrics, server: s, ports: ports}, nil
}

// Start works until ctx ends, and then writes the waiting subjects. An operator can be started once.
func (o *Operator) Start(ctx context.Context) error {
	if err := o.metrics.registerAll(o.options.Metrics); err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	defer o.metrics.unregisterAll(o.options.Metrics)
	if err := addPorts(o.manager, o.ports); err != nil {
		return err
	}
	return o.manager.Start(ctx)
}

// Addr returns the address to which records can be posted. It waits until they can be: until this operator leads and
// its caches are filled.
func (o *Operator) Addr(ctx context.Context) (net.Addr, error) {
	return o.server.addressOf(ctx, flagIngest)
}

// OTLPAddrs returns the addresses to which OpenTelemetry metrics can be sent, over gRPC and over HTTP; nil for one that
// is off. It waits as Addr does.
func (o *Operator) OTLPAddrs(ctx context.Context) (overGRPC, overHTTP net.Addr, err error) {
	if overGRPC, err = o.server.addressOf(ctx, flagOTLPGRPC); err != nil {
		return nil, nil, err
	}
	overHTTP, err = o.server.addressOf(ctx, flagOTLPHTTP)
	return overGRPC, overHTTP, err
}

func newManager(config *rest.Config, o Options, log logr.Logger) (manager.Manager, error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, err
	}
	grace := o.DrainTimeout + 5*time.Second
	return manager.New(config, manager.Options{
		Scheme: scheme,
		Logger: log,
		Cache: cache.Options{
			DefaultTransform:  stripObject,
			DefaultNamespaces: cacheNamespaces(o.Namespaces),
			ByObject: map[client.Object]cache.ByObject{
				&corev1.Pod{}:                            {UnsafeDisableDeepCopy: new(true)},
				&autoscalingv2.HorizontalPodAutoscaler{}: {UnsafeDisableDeepCopy: new(true)},
				&v1alpha1.KernelWhisper{}:                {Transform: stripOwnObject},
				&v1alpha1.PodBirthCertificate{}:          {Transform: stripOwnObject},
			},
		},
		Metrics:                       metricsserver.Options{BindAddress: off}, // see port
		HealthProbeBindAddress:        off,
		PprofBindAddress:              off,
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

func cacheNamespaces(names []string) map[string]cache.Config {
	if len(names) == 0 {
		return nil
	}
	out := map[string]cache.Config{}
	for _, name := range names {
		out[name] = cache.Config{}
	}
	return out
}

// checkDefinitions returns an error if the API server does not know a kind of the operator: every write would fail.
func checkDefinitions(config *rest.Config) error {
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
			return fmt.Errorf("the cluster does not know the kind %s of %s: "+
				"install the custom resource definitions first (kubectl apply -k crd)", kind, v1alpha1.GroupVersion)
		}
	}
	return nil
}

// startInformers fills the caches from the start, also in replicas that do not lead, and keeps the quota's count.
func startInformers(c cache.Cache, quota *objectQuota) error {
	for _, o := range []client.Object{&corev1.Pod{}, &v1alpha1.KernelWhisper{}, &v1alpha1.PodBirthCertificate{}} {
		informer, err := c.GetInformer(context.Background(), o, cache.BlockUntilSynced(false))
		if err != nil {
			return err
		}
		if _, isPod := o.(*corev1.Pod); isPod {
			continue
		}
		if _, err := informer.AddEventHandler(quota.eventHandler()); err != nil {
			return err
		}
	}
	return nil
}

// addController makes the controller, with the sources of its queue: records, pods and objects.
func addController(m manager.Manager, o Options, r *reconciler, in *intake) error {
	c, err := controller.NewTyped("kernel-gossip", m, controller.TypedOptions[gossip.Subject]{
		Reconciler:              r,
		MaxConcurrentReconciles: o.Workers,
		SkipNameValidation:      new(true), // several operators in one process are fine
		RateLimiter: workqueue.NewTypedItemExponentialFailureRateLimiter[gossip.Subject](
			100*time.Millisecond, 15*time.Second),
	})
	if err != nil {
		return err
	}
	whispers := objectHandler[*v1alpha1.KernelWhisper](in.analyzer, in.pods, o.WriteDelay)
	certificates := objectHandler[*v1alpha1.PodBirthCertificate](in.analyzer, in.pods, o.WriteDelay)
	return errors.Join(
		c.Watch(source.TypedFunc[gossip.Subject](in.setQueue)),
		c.Watch(source.TypedKind(m.GetCache(), &corev1.Pod{}, podHandler(in))),
		c.Watch(source.TypedKind(m.GetCache(), &v1alpha1.KernelWhisper{}, whispers)),
		c.Watch(source.TypedKind(m.GetCache(), &v1alpha1.PodBirthCertificate{}, certificates)),
	)
}
