package operator

import (
	"cmp"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// How senders are authenticated.
const (
	AuthTokenReview = "tokenreview" // the API server reviews their token
	AuthToken       = "token"       // their token is one of Options.IngestTokens
	AuthNone        = "none"        // not at all: they are programs of this machine, and no pages in its browser
)

// Options of an Operator. The zero value is the default of every flag but one: it elects no leader.
type Options struct {
	// IngestAddress is where records are posted; "" means ":8080".
	IngestAddress string
	// IngestAuth is one of the Auth constants; "" means AuthTokenReview.
	IngestAuth string
	// IngestAudience is the audience that a sender's token must have with AuthTokenReview; "" means "kernel-gossip".
	IngestAudience string
	// IngestTokens is a file of one token or a folder with a token in each file, for AuthToken.
	IngestTokens string
	// IngestCertDir holds tls.crt and tls.key, and is watched for changes; "" means plain HTTP.
	IngestCertDir string
	// IngestMaxBody is the most bytes of a request, unpacked; 0 means 4 MiB.
	IngestMaxBody int64
	// IngestMaxRequests is the number of requests that are worked on at a time; 0 means 32.
	IngestMaxRequests int
	// IngestMaxMemory is the most bytes that requests take together while they are received and decoded; 0 means a quarter
	// of the memory limit. It is at least ingest.LeastMemory.
	IngestMaxMemory int64

	// OTLPGRPCAddress takes OpenTelemetry metrics over gRPC; "" means ":4317", "0" none. Its authentication, certificates
	// and limits come from the Ingest options.
	OTLPGRPCAddress string
	// OTLPHTTPAddress takes them over HTTP; "" means ":4318", "0" none.
	OTLPHTTPAddress string

	// PixiePull also pulls from Pixie: the scripts of package pxl run over its API at PixieAddress (host:port), in the
	// cluster PixieClusterID, with PixieAPIKey. It needs all three.
	PixiePull      bool
	PixieAddress   string
	PixieClusterID string
	PixieAPIKey    string
	// PixieCAFile has the certificates to trust, in PEM; "" means the system's.
	PixieCAFile string
	// PixieSchedule says how often each script runs.
	PixieSchedule Schedule
	// PixieMaxWait is the longest wait after a run that failed; 0 means 5 min.
	PixieMaxWait time.Duration

	// HealthAddress serves /healthz and /readyz; "" means ":8081", "0" none.
	HealthAddress string
	// MetricsAddress serves /metrics; "" means ":8443", "0" none. Beyond loopback it speaks TLS and asks the API server
	// who may read.
	MetricsAddress string
	// MetricsCertDir holds tls.crt and tls.key for MetricsAddress; "" means a self-signed certificate.
	MetricsCertDir string
	// PprofAddress serves profiles, on loopback only; "" means none.
	PprofAddress string

	// LeaderElection lets only one of several replicas work. The lease is in LeaderElectionNamespace; "" means the pod's
	// own.
	LeaderElection          bool
	LeaderElectionNamespace string

	// Namespaces are the namespaces to watch; empty means all except ExcludeNamespaces.
	Namespaces        []string
	ExcludeNamespaces []string

	// Analysis is the window, the horizon (0 means 7 days), the thresholds, and how much is kept. MaxBytes 0 means two
	// fifths of the memory limit: GOMEMLIMIT, or nine tenths of the container's limit if that is less; without both, of 1
	// GiB. Evicted and Demand are the operator's own.
	Analysis gossip.Options
	// Rules give the advice; nil means recommend.Default.
	Rules recommend.Rules

	// WriteDelay is how long a subject waits after an event before it is reconciled; 0 means 2 s. It is written at most
	// once in that time.
	WriteDelay time.Duration
	// Workers is the number of subjects that are reconciled at a time; 0 means 4.
	Workers int
	// DrainTimeout is how long a stopping operator may take to write the waiting subjects; 0 means 20 s.
	DrainTimeout time.Duration

	// WhisperTTL is how long after its last write a whisper that is not in trouble now is deleted; 0 means the horizon,
	// negative never. CertificateTTL is how long after its last write a certificate is deleted; 0 means 24 h, negative
	// never.
	WhisperTTL, CertificateTTL time.Duration
	// MaxObjects bounds the number of objects, MaxObjectsPerNamespace the number in one namespace; 0 means 10,000 and
	// 2,000.
	MaxObjects, MaxObjectsPerNamespace int

	lease leaseTimes // zero: defaultLease

	// Metrics is the registry of the operator's metrics; nil means the one that MetricsAddress serves.
	Metrics prometheus.Registerer
}

// The defaults, as the flags print them.
const (
	off = "0" // of an address

	defaultIngestAddress  = ":8080"
	defaultOTLPGRPC       = ":4317"
	defaultOTLPHTTP       = ":4318"
	defaultHealthAddress  = ":8081"
	defaultMetricsAddress = ":8443"
	defaultAudience       = "kernel-gossip"
	defaultPixieMaxWait   = 5 * time.Minute
	defaultWindow         = 15 * time.Minute
	defaultHorizon        = 7 * 24 * time.Hour
	defaultMaxSubjects    = 20_000
	defaultWriteDelay     = 2 * time.Second
	defaultWorkers        = 4
	defaultDrainTimeout   = 20 * time.Second
	defaultCertificateTTL = 24 * time.Hour
	defaultMaxObjects     = 10_000
	defaultMaxInNamespace = 2_000
)

// withDefaults replaces zero values by the defaults.
func (o Options) withDefaults() Options {
	o.IngestAddress = cmp.Or(o.IngestAddress, defaultIngestAddress)
	o.OTLPGRPCAddress = cmp.Or(o.OTLPGRPCAddress, defaultOTLPGRPC)
	o.OTLPHTTPAddress = cmp.Or(o.OTLPHTTPAddress, defaultOTLPHTTP)
	o.IngestAuth = cmp.Or(o.IngestAuth, AuthTokenReview)
	o.IngestAudience = cmp.Or(o.IngestAudience, defaultAudience)
	o.PixieMaxWait = cmp.Or(o.PixieMaxWait, defaultPixieMaxWait)
	o.HealthAddress = cmp.Or(o.HealthAddress, defaultHealthAddress)
	o.MetricsAddress = cmp.Or(o.MetricsAddress, defaultMetricsAddress)
	o.Analysis.Window = cmp.Or(o.Analysis.Window, defaultWindow)
	o.Analysis.Horizon = cmp.Or(o.Analysis.Horizon, defaultHorizon)
	o.Analysis.Demand = recommend.Demand()
	o.Analysis.MaxSubjects = cmp.Or(o.Analysis.MaxSubjects, defaultMaxSubjects)
	o.Analysis.MaxBytes = cmp.Or(o.Analysis.MaxBytes, subjectsPart(memoryLimit()))
	o.IngestMaxMemory = cmp.Or(o.IngestMaxMemory, requestsPart(memoryLimit()))
	o.WriteDelay = cmp.Or(o.WriteDelay, defaultWriteDelay)
	o.Workers = cmp.Or(o.Workers, defaultWorkers)
	o.DrainTimeout = cmp.Or(o.DrainTimeout, defaultDrainTimeout)
	o.WhisperTTL = cmp.Or(o.WhisperTTL, o.Analysis.Horizon)
	o.CertificateTTL = cmp.Or(o.CertificateTTL, defaultCertificateTTL)
	o.MaxObjects = cmp.Or(o.MaxObjects, defaultMaxObjects)
	o.MaxObjectsPerNamespace = cmp.Or(o.MaxObjectsPerNamespace, defaultMaxInNamespace)
	o.lease = cmp.Or(o.lease, defaultLease())
	if o.Rules == nil {
		o.Rules = recommend.Default()
	}
	if o.Metrics == nil {
		o.Metrics = ctrlmetrics.Registry
	}
	return o
}
