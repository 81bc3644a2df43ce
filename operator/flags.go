package operator

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
)

// envPrefix is the prefix of each flag's environment variable: --write-delay is KERNEL_GOSSIP_WRITE_DELAY.
const envPrefix = "KERNEL_GOSSIP_"

// Variables without the prefix have the names that Pixie's own programs use. The key has no flag: every user of a
// machine can read the flags of a process.
const (
	envPixieKey     = "PIXIE_API_KEY"
	envPixieCluster = "PIXIE_CLUSTER_ID"
)

// settings are the Options, and the settings that only the program has.
type settings struct {
	Options

	Kubeconfig string
	LogLevel   string
	Version    bool

	// Warning and Critical are percentages of periods, as the flags and CPU_THROTTLE_WARNING and CPU_THROTTLE_CRITICAL
	// have them.
	Warning, Critical float64
}

func (s *settings) registerFlags(f *pflag.FlagSet) {
	f.SortFlags = false
	s.registerIngestFlags(f)
	s.registerPixieFlags(f)
	f.StringVar(&s.HealthAddress, flagHealth, defaultHealthAddress,
		"`ADDRESS` of /healthz and /readyz, 0 for none")
	f.StringVar(&s.MetricsAddress, flagMetrics, defaultMetricsAddress,
		"`ADDRESS` of /metrics, 0 for none; beyond loopback with TLS, and only for readers that the API server allows")
	f.StringVar(&s.MetricsCertDir, "metrics-cert-dir", "",
		"`FOLDER` with tls.crt and tls.key for metrics; without it the certificate is self-signed")
	f.StringVar(&s.PprofAddress, flagPprof, "", "loopback `ADDRESS` of profiles; without it there are none")
	f.BoolVar(&s.LeaderElection, "leader-elect", true, "work only while holding the lease "+leaseName)
	f.StringVar(&s.LeaderElectionNamespace, "leader-election-namespace", "",
		"`NAMESPACE` of the lease; without it the pod's own")
	f.StringSliceVar(&s.Namespaces, "namespaces", nil, "`NAMESPACES` to watch; without it all")
	f.StringSliceVar(&s.ExcludeNamespaces, "exclude-namespaces", nil, "`NAMESPACES` not to watch")
	f.DurationVar(&s.Analysis.Window, "window", defaultWindow, "length of the sliding window of event time")
	f.DurationVar(&s.Analysis.Horizon, "horizon", defaultHorizon,
		"how long the worst window of a subject counts; a limit, a request or an image that changes ends it earlier")
	f.Float64Var(&s.Warning, "cpu-throttle-warning", 25,
		"`PERCENT` of throttled periods that are a warning (also CPU_THROTTLE_WARNING)")
	f.Float64Var(&s.Critical, "cpu-throttle-critical", 80,
		"`PERCENT` of throttled periods that are critical (also CPU_THROTTLE_CRITICAL)")
	f.IntVar(&s.Analysis.MaxSubjects, "max-subjects", defaultMaxSubjects,
		"number of subjects (containers, pods, births) that are kept in memory")
	f.Int64Var(&s.Analysis.MaxBytes, "max-memory", 0,
		"`BYTES` that the subjects take in memory, estimated; 0 is two fifths of the memory limit (GOMEMLIMIT, or nine "+
			"tenths of the container's)")
	f.DurationVar(&s.WriteDelay, "write-delay", defaultWriteDelay,
		"time between an event and the write of its subject; there is at most one write in that time")
	f.IntVar(&s.Workers, "workers", defaultWorkers, "number of subjects that are worked on at a time")
	f.DurationVar(&s.DrainTimeout, "drain-timeout", defaultDrainTimeout,
		"longest time for writing the waiting subjects before the operator stops")
	f.DurationVar(&s.WhisperTTL, "whisper-ttl", 0,
		"time after its last write when a whisper that is not in trouble now is deleted; 0 is the horizon, negative is never")
	f.DurationVar(&s.CertificateTTL, "certificate-ttl", defaultCertificateTTL,
		"time after its last write when a birth certificate is deleted; negative is never")
	f.IntVar(&s.MaxObjects, "max-objects", defaultMaxObjects, "highest number of objects")
	f.IntVar(&s.MaxObjectsPerNamespace, "max-objects-per-namespace", defaultMaxInNamespace,
		"highest number of objects in one namespace")
	f.StringVar(&s.Kubeconfig, "kubeconfig", "",
		"`FILE` with the API server's address; without it KUBECONFIG, the pod's service account or ~/.kube/config")
	f.StringVar(&s.LogLevel, "log-level", "info", "info or debug")
	f.BoolVar(&s.Version, "version", false, "print the version")
}

func (s *settings) registerIngestFlags(f *pflag.FlagSet) {
	f.StringVar(&s.IngestAddress, flagIngest, defaultIngestAddress, "`ADDRESS` to which records are posted")
	f.StringVar(&s.OTLPGRPCAddress, flagOTLPGRPC, defaultOTLPGRPC,
		"`ADDRESS` that takes OpenTelemetry metrics over gRPC, 0 for none")
	f.StringVar(&s.OTLPHTTPAddress, flagOTLPHTTP, defaultOTLPHTTP,
		"`ADDRESS` that takes OpenTelemetry metrics over HTTP, 0 for none")
	f.StringVar(&s.IngestAuth, "ingest-auth", AuthTokenReview,
		"how senders are authenticated: tokenreview (the API server decides), token (they have a token of "+
			"--ingest-token-file), none (loopback only)")
	f.StringVar(&s.IngestAudience, "ingest-audience", defaultAudience,
		"`AUDIENCE` that a sender's token must have with tokenreview")
	f.StringVar(&s.IngestTokens, "ingest-token-file", "",
		"`PATH` of a file with a bearer token, or of a folder (a mounted Secret) with a token in each file")
	f.StringVar(&s.IngestCertDir, "ingest-cert-dir", "",
		"`FOLDER` with tls.crt and tls.key, which are watched; without it records come over plain HTTP")
	f.Int64Var(&s.IngestMaxBody, "ingest-max-body", ingest.DefaultMaxBody, "`BYTES` that a request may have, unpacked")
	f.IntVar(&s.IngestMaxRequests, "ingest-max-requests", ingest.DefaultMaxRequests,
		"number of requests that are worked on at a time; other senders are asked to try again")
	f.Int64Var(&s.IngestMaxMemory, "ingest-max-memory", 0,
		"`BYTES` that requests take together while they are received and decoded; other senders are asked to try again; "+
			"0 is a quarter of the memory limit")
}

func (s *settings) registerPixieFlags(f *pflag.FlagSet) {
	f.BoolVar(&s.PixiePull, "pixie-pull", false,
		"also pull from Pixie: run its scripts over its API, with the key in "+envPixieKey)
	f.StringVar(&s.PixieAddress, "pixie-address", "", "`HOST:PORT` of Pixie's cloud, such as work.withpixie.ai:443")
	f.StringVar(&s.PixieClusterID, "pixie-cluster-id", "", "`UUID` of this cluster in Pixie (also "+envPixieCluster+")")
	f.StringVar(&s.PixieCAFile, "pixie-ca-file", "",
		"`FILE` with the certificates to trust for Pixie; without it the system's")
	f.Var(&s.PixieSchedule, "pixie-schedule",
		"interval of each script, such as cpu_throttle_detector=1m,pod_creation_trace=0; 0 is never, and a script that "+
			"is not named runs every 30s")
	f.DurationVar(&s.PixieMaxWait, "pixie-max-wait", defaultPixieMaxWait, "longest pause after a script failed")
}

// variablesOf returns the environment variables of a flag; the first that is set counts.
func variablesOf(flag string) []string {
	names := []string{envPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))}
	if flag == "pixie-cluster-id" {
		names = append(names, envPixieCluster)
	}
	if flag == "cpu-throttle-warning" || flag == "cpu-throttle-critical" {
		names = append(names, strings.ToUpper(strings.ReplaceAll(flag, "-", "_")))
	}
	return names
}

// setFromEnvironment sets the flags that are not on the command line.
func setFromEnvironment(f *pflag.FlagSet, lookup func(string) (string, bool)) error {
	var failed error
	f.VisitAll(func(flag *pflag.Flag) {
		for _, name := range variablesOf(flag.Name) {
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
