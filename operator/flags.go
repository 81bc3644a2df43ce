package operator

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
)

// envPrefix begins the environment variable of each flag: --write-delay is KERNEL_GOSSIP_WRITE_DELAY.
const envPrefix = "KERNEL_GOSSIP_"

// Variables that have no prefix, as Pixie's own programs name what they need. The key is no flag: those are for all to see.
const (
	envPixieKey     = "PIXIE_API_KEY"
	envPixieCluster = "PIXIE_CLUSTER_ID"
)

// settings are the Options and what only the program has.
type settings struct {
	Options

	Kubeconfig string
	LogLevel   string
	Version    bool

	// Percent of periods, as the flags and CPU_THROTTLE_WARNING and CPU_THROTTLE_CRITICAL have them.
	Warning, Critical float64
}

func (s *settings) register(f *pflag.FlagSet) {
	f.SortFlags = false
	f.StringVar(&s.IngestAddress, flagIngest, defaultIngestAddress, "`ADDRESS` to which records are posted")
	f.StringVar(&s.OTLPGRPCAddress, flagOTLPGRPC, defaultOTLPGRPC, "`ADDRESS` that takes OpenTelemetry metrics over gRPC, 0 for none")
	f.StringVar(&s.OTLPHTTPAddress, flagOTLPHTTP, defaultOTLPHTTP, "`ADDRESS` that takes OpenTelemetry metrics over HTTP, 0 for none")
	f.StringVar(&s.IngestAuth, "ingest-auth", AuthTokenReview, "who may send: tokenreview (whom the API server lets), token (who knows one of --ingest-token-file), none (loopback only)")
	f.StringVar(&s.IngestAudience, "ingest-audience", defaultAudience, "`AUDIENCE` that a sender's token must have with tokenreview")
	f.StringVar(&s.IngestTokens, "ingest-token-file", "", "`PATH` of a file with a bearer token, or of a folder (a mounted Secret) with a token in each file")
	f.StringVar(&s.IngestCertDir, "ingest-cert-dir", "", "`FOLDER` with tls.crt and tls.key, which are watched; plain HTTP without it")
	f.Int64Var(&s.IngestMaxBody, "ingest-max-body", ingest.DefaultMaxBody, "`BYTES` that a request may have, unpacked")
	f.IntVar(&s.IngestMaxRequests, "ingest-max-requests", ingest.DefaultMaxRequests, "requests that are worked on at a time; others are asked to come again")
	f.BoolVar(&s.PixiePull, "pixie-pull", false, "ask Pixie too: run its scripts over its API, with the key in "+envPixieKey)
	f.StringVar(&s.PixieAddress, "pixie-address", "", "`HOST:PORT` of Pixie's cloud, such as work.withpixie.ai:443")
	f.StringVar(&s.PixieClusterID, "pixie-cluster-id", "", "`UUID` of this cluster in Pixie (also "+envPixieCluster+")")
	f.StringVar(&s.PixieCAFile, "pixie-ca-file", "", "`FILE` of certificates that Pixie's may come from; the system's without it")
	f.Var(&s.PixieSchedule, "pixie-schedule", "how often each script runs, such as cpu_throttle_detector=1m,pod_creation_trace=0; 30s for those that it does not name, 0 is never")
	f.DurationVar(&s.PixieMaxWait, "pixie-max-wait", defaultPixieMaxWait, "longest wait after a script failed")
	f.StringVar(&s.HealthAddress, "health-probe-bind-address", defaultHealthAddress, "`ADDRESS` of /healthz and /readyz, 0 for none")
	f.StringVar(&s.MetricsAddress, "metrics-bind-address", defaultMetricsAddress, "`ADDRESS` of /metrics, 0 for none; beyond loopback with TLS, and for those whom the API server lets")
	f.StringVar(&s.MetricsCertDir, "metrics-cert-dir", "", "`FOLDER` with tls.crt and tls.key for metrics; self-signed without it")
	f.StringVar(&s.PprofAddress, "pprof-bind-address", "", "loopback `ADDRESS` of profiles; none without it")
	f.BoolVar(&s.LeaderElection, "leader-elect", true, "work only while holding the lease "+leaseName)
	f.StringVar(&s.LeaderElectionNamespace, "leader-election-namespace", "", "`NAMESPACE` of the lease; the pod's own without it")
	f.StringSliceVar(&s.Namespaces, "namespaces", nil, "`NAMESPACES` to watch; all without it")
	f.StringSliceVar(&s.ExcludeNamespaces, "exclude-namespaces", nil, "`NAMESPACES` not to watch")
	f.DurationVar(&s.Analysis.Window, "window", defaultWindow, "length of the sliding window of event time")
	f.Float64Var(&s.Warning, "cpu-throttle-warning", 25, "`PERCENT` of throttled periods that are a warning (also CPU_THROTTLE_WARNING)")
	f.Float64Var(&s.Critical, "cpu-throttle-critical", 80, "`PERCENT` of throttled periods that are critical (also CPU_THROTTLE_CRITICAL)")
	f.IntVar(&s.Analysis.MaxSubjects, "max-subjects", defaultMaxSubjects, "containers and births that are kept in memory")
	f.DurationVar(&s.WriteDelay, "write-delay", defaultWriteDelay, "how long a subject waits after an event before it is looked at: at most one write in that time")
	f.IntVar(&s.Workers, "workers", defaultWorkers, "subjects that are worked on at a time")
	f.DurationVar(&s.DrainTimeout, "drain-timeout", defaultDrainTimeout, "how long writing what is waiting may take at the end")
	f.DurationVar(&s.WhisperTTL, "whisper-ttl", defaultTTL, "how long after its last write a whisper that is not in trouble is deleted; negative is never")
	f.DurationVar(&s.CertificateTTL, "certificate-ttl", defaultTTL, "how long after its last write a birth certificate is deleted; negative is never")
	f.IntVar(&s.MaxObjects, "max-objects", defaultMaxObjects, "objects in all")
	f.IntVar(&s.MaxObjectsPerNamespace, "max-objects-per-namespace", defaultMaxInNamespace, "objects in one namespace")
	f.StringVar(&s.Kubeconfig, "kubeconfig", "", "`FILE` that says where the API server is; KUBECONFIG, the pod's service account or ~/.kube/config without it")
	f.StringVar(&s.LogLevel, "log-level", "info", "info or debug")
	f.BoolVar(&s.Version, "version", false, "print the version")
}

// variables are the environment variables of a flag, the first that is set counts.
func variables(flag string) []string {
	names := []string{envPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))}
	if flag == "pixie-cluster-id" {
		names = append(names, envPixieCluster)
	}
	if flag == "cpu-throttle-warning" || flag == "cpu-throttle-critical" {
		names = append(names, strings.ToUpper(strings.ReplaceAll(flag, "-", "_")))
	}
	return names
}

// fromEnvironment sets the flags that the command line left alone.
func fromEnvironment(f *pflag.FlagSet, lookup func(string) (string, bool)) error {
	var failed error
	f.VisitAll(func(flag *pflag.Flag) {
		for _, name := range variables(flag.Name) {
			value, set := lookup(name)
			if !set || value == "" || flag.Changed || failed != nil {
				continue
			}
			if err := f.Set(flag.Name, value); err != nil {
				failed = fmt.Errorf("%s=%q: %w", name, value, err)
			}
		}
	})
	return failed
}
