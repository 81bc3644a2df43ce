package operator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
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

// Operator takes events and keeps objects. Make it with New.
type Operator struct {
	options Options
	manager manager.Manager
	metrics *metrics
	server  *server
	ports   []port
	lease   *lease
}

// New prepares an operator for the cluster of config. It asks the API server whether the custom resource definitions
// are installed, and starts nothing yet; if the API server does not answer, Start asks again. Its errors name the flag
// that is wrong.
func New(config *rest.Config, o Options, log logr.Logger) (*Operator, error) {
	o = o.withDefaults()
	if err := o.checkAll(); err != nil {
		return nil, err
	}
	if err := checkDefinitions(config); err != nil && !errors.Is(err, errNoAnswer) {
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
	held, err := newLease(config, m, o, log)
	if err != nil {
		return nil, fmt.Errorf("--leader-elect: %w (--leader-election-namespace names it)", err)
	}
	in := &intake{
		analyzer: analyzer, ledger: ledger, pods: pods, metrics: metrics, delay: o.WriteDelay,
		isWatched: namespaceFilter(o.Namespaces, o.ExcludeNamespaces), ready: make(chan struct{}), journal: journal, log: log,
		evictions: &lost, lease: held, quota: quota,
	}
	r := &reconciler{
		analyzer: analyzer, analysis: o.Analysis, rules: o.Rules, ledger: ledger, pods: pods, earlier: &earlierVerdicts{},
		publisher: publisher{client: m.GetClient(), quota: quota, metrics: metrics},
		notify:    notifier{m.GetEventRecorder("kernel-gossip")},
		journal:   journal,
		ages: ages{
			window: o.Analysis.Window, horizon: o.Analysis.Horizon,
			whisperTTL: o.WhisperTTL, certificateTTL: o.CertificateTTL,
		},
		delay: o.WriteDelay,
		lease: held,
	}
	control, err := newController(m, o, r, in)
	if err != nil {
		return nil, err
	}
	s, err := newServer(config, m, o, in, r)
	if err != nil {
		return nil, err
	}
	s.prepare = func(ctx context.Context) error { return prepareCache(ctx, config, m, quota) }
	if err := errors.Join(m.Add(s), m.Add(afterwards{s.prepared, control}), m.Add(journal)); err != nil {
		return nil, err
	}
	ports, err := newPorts(config, m, o, s.checkReady)
	if err != nil {
		return nil, err
	}
	return &Operator{options: o, manager: m, metrics: metrics, server: s, ports: ports, lease: held}, nil
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
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	// The lease is kept until everything else has ended, so that no other replica writes at the same time.
	leaseCtx, giveBack := context.WithCancel(context.WithoutCancel(ctx))
	kept := make(chan error, 1)
	go func() {
		defer stop() // superseded, unless the operator stops anyway
		select {
		case <-o.server.prepared:
			err := o.lease.keepUntil(leaseCtx)
			kept <- err
			if err == nil {
				<-leaseCtx.Done()
			}
		case <-ctx.Done():
			kept <- nil
		}
	}()
	err := o.manager.Start(ctx)
	stop()
	giveBack()
	return errors.Join(err, <-kept)
}

// afterwards is the controller, which starts once the caches can be filled. Leader-only runnables end after the others,
// so the server can still have its subjects written.
type afterwards struct {
	prepared <-chan struct{}
	control  controller.TypedController[gossip.WorkloadSubject]
}

// Start is for the manager.
func (a afterwards) Start(ctx context.Context) error {
	select {
	case <-a.prepared:
		return a.control.Start(ctx)
	case <-ctx.Done():
		return nil
	}
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
		Scheme:         scheme,
		Logger:         log,
		MapperProvider: func(*rest.Config, *http.Client) (meta.RESTMapper, error) { return newMapper(), nil },
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
		Metrics:                 metricsserver.Options{BindAddress: off}, // see port
		HealthProbeBindAddress:  off,
		PprofBindAddress:        off,
		GracefulShutdownTimeout: &grace,
	})
}

// newMapper returns the resources of all kinds that the operator reads and writes. The usual mapper asks the API server
// for them, which may be away when the operator starts.
func newMapper() meta.RESTMapper {
	m := meta.NewDefaultRESTMapper(nil)
	for version, kinds := range map[schema.GroupVersion][]string{
		v1alpha1.GroupVersion:               {v1alpha1.KindKernelWhisper, v1alpha1.KindPodBirthCertificate},
		corev1.SchemeGroupVersion:           {"Pod", "LimitRange", "ResourceQuota"},
		appsv1.SchemeGroupVersion:           {"ReplicaSet", "Deployment", "StatefulSet", "DaemonSet"},
		batchv1.SchemeGroupVersion:          {"Job", "CronJob"},
		autoscalingv2.SchemeGroupVersion:    {"HorizontalPodAutoscaler"},
		resizingAutoscaler().GroupVersion(): {resizingAutoscaler().Kind},
	} {
		for _, kind := range kinds {
			plural, singular := meta.UnsafeGuessKindToResource(version.WithKind(kind))
			m.AddSpecific(version.WithKind(kind), plural, singular, meta.RESTScopeNamespace)
			m.AddSpecific(version.WithKind(kind+"List"), plural, singular, meta.RESTScopeNamespace)
		}
	}
	return m
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

// errNoAnswer is wrapped by errors that may pass: the API server is away, or too busy.
var errNoAnswer = errors.New("the API server does not answer")

// askTimeout bounds the question for the definitions, and askPause is the time until it is asked again.
const (
	askTimeout = 10 * time.Second
	askPause   = 2 * time.Second
)

// prepareCache waits until the API server answers, and begins to fill the caches.
func prepareCache(ctx context.Context, config *rest.Config, m manager.Manager, quota *objectQuota) error {
	for said := ""; ; {
		err := checkDefinitions(config)
		switch {
		case err == nil:
			return startInformers(ctx, m.GetCache(), quota)
		case !errors.Is(err, errNoAnswer):
			return err
		}
		if err.Error() != said {
			said = err.Error()
			m.GetLogger().Info("Waiting for the API server", "server", config.Host, "error", said)
		}
		select {
		case <-time.After(askPause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// checkDefinitions returns an error if the API server does not know a kind of the operator: every write would fail.
// The error wraps errNoAnswer if another answer may come later.
func checkDefinitions(config *rest.Config) error {
	config = rest.CopyConfig(config)
	config.Timeout = askTimeout
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return err
	}
	served, err := client.ServerResourcesForGroupVersion(v1alpha1.GroupVersion.String())
	switch {
	case apierrors.IsNotFound(err):
		served = &metav1.APIResourceList{}
	case err != nil && mayPass(err):
		return fmt.Errorf("%w: %w", errNoAnswer, err)
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

// mayPass reports whether a later request to the API server may have another answer: there was none, it was too busy,
// or it was not ready.
func mayPass(err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return true
	}
	code := status.Status().Code
	return code == http.StatusTooManyRequests || code >= http.StatusInternalServerError
}

// startInformers fills the caches from the start, also in replicas that do not lead, and keeps the quota's count.
func startInformers(ctx context.Context, c cache.Cache, quota *objectQuota) error {
	if err := indexControllers(ctx, c); err != nil {
		return err
	}
	for _, o := range []client.Object{&corev1.Pod{}, &v1alpha1.KernelWhisper{}, &v1alpha1.PodBirthCertificate{}} {
		informer, err := c.GetInformer(ctx, o, cache.BlockUntilSynced(false))
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

// newController makes the controller, with the sources of its queue: records, pods and objects.
func newController(
	m manager.Manager, o Options, r *reconciler, in *intake,
) (controller.TypedController[gossip.WorkloadSubject], error) {
	c, err := controller.NewTypedUnmanaged("kernel-gossip", controller.TypedOptions[gossip.WorkloadSubject]{
		Reconciler:              r,
		Logger:                  m.GetLogger(),
		MaxConcurrentReconciles: o.Workers,
		SkipNameValidation:      new(true), // several operators in one process are fine
		RateLimiter: workqueue.NewTypedItemExponentialFailureRateLimiter[gossip.WorkloadSubject](
			100*time.Millisecond, 15*time.Second),
	})
	if err != nil {
		return nil, err
	}
	whispers, certificates := objectHandler[*v1alpha1.KernelWhisper](in), objectHandler[*v1alpha1.PodBirthCertificate](in)
	return c, errors.Join(
		c.Watch(source.TypedFunc[gossip.WorkloadSubject](in.setQueue)),
		c.Watch(source.TypedKind(m.GetCache(), &corev1.Pod{}, podHandler(in))),
		c.Watch(source.TypedKind(m.GetCache(), &v1alpha1.KernelWhisper{}, whispers)),
		c.Watch(source.TypedKind(m.GetCache(), &v1alpha1.PodBirthCertificate{}, certificates)),
	)
}
