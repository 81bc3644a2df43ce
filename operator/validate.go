package operator

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
	"github.com/kernel-gossip/kernel-gossip/pixie/vizier"
)

// checkAll returns everything that is wrong with the options, by the names of their flags.
func (o Options) checkAll() error {
	return errors.Join(o.checkAddresses(), o.checkAuth(), o.checkPixie(), o.checkLimits(), o.checkNamespaces(),
		checkCertificates("ingest-cert-dir", o.IngestCertDir), checkCertificates("metrics-cert-dir", o.MetricsCertDir))
}

func (o Options) checkAddresses() error {
	var wrong []error
	for flag, address := range map[string]string{
		flagIngest:   o.IngestAddress,
		flagOTLPGRPC: o.OTLPGRPCAddress,
		flagOTLPHTTP: o.OTLPHTTPAddress,
		flagHealth:   o.HealthAddress,
		flagMetrics:  o.MetricsAddress,
		flagPprof:    o.PprofAddress,
	} {
		if address == "" || address == off && flag != flagIngest {
			continue
		}
		if _, err := net.ResolveTCPAddr("tcp", address); err != nil {
			wrong = append(wrong, fmt.Errorf("--%s: %q is not an address such as :8080 or 127.0.0.1:8080: %w",
				flag, address, err))
		}
	}
	if o.PprofAddress != "" && o.PprofAddress != off && !ingest.Loopback(o.PprofAddress) {
		wrong = append(wrong, fmt.Errorf("--pprof-bind-address: %q is not loopback, and profiles are served on loopback only",
			o.PprofAddress))
	}
	return errors.Join(wrong...)
}

func (o Options) checkAuth() error {
	switch o.IngestAuth {
	case AuthTokenReview:
		return nil
	case AuthToken:
		if o.IngestTokens == "" {
			return errors.New("--ingest-token-file: --ingest-auth=token needs it")
		}
		return nil
	case AuthNone:
		var wrong []error
		for flag, address := range map[string]string{
			flagIngest: o.IngestAddress, flagOTLPGRPC: o.OTLPGRPCAddress, flagOTLPHTTP: o.OTLPHTTPAddress,
		} {
			if !ingest.Loopback(address) && (address != off || flag == flagIngest) {
				wrong = append(wrong, fmt.Errorf("--ingest-auth: none is for loopback only, and --%s is %q", flag, address))
			}
		}
		return errors.Join(wrong...)
	}
	return fmt.Errorf("--ingest-auth: %q is not one of %s, %s, %s", o.IngestAuth, AuthTokenReview, AuthToken, AuthNone)
}

func (o Options) checkPixie() error {
	if !o.PixiePull {
		return nil
	}
	var wrong []error
	for setting, value := range map[string]string{
		"--pixie-address": o.PixieAddress, "--pixie-cluster-id": o.PixieClusterID, envPixieKey: o.PixieAPIKey,
	} {
		if value == "" {
			wrong = append(wrong, fmt.Errorf("%s: --pixie-pull needs it", setting))
		}
	}
	settings, err := o.pixieOptions()
	wrong = append(wrong, err, o.PixieSchedule.checkScripts())
	if errors.Join(wrong...) == nil {
		if err := settings.Validate(); err != nil {
			return fmt.Errorf("--pixie-pull: %w", err)
		}
	}
	return errors.Join(wrong...)
}

// pixieOptions returns the options of Pixie's client. It tries once: a script that runs a minute later has to look back
// a minute further.
func (o Options) pixieOptions() (vizier.Options, error) {
	settings := vizier.Options{
		Address: o.PixieAddress, APIKey: o.PixieAPIKey, ClusterID: o.PixieClusterID, Attempts: 1,
	}
	if o.PixieCAFile == "" {
		return settings, nil
	}
	text, err := os.ReadFile(o.PixieCAFile)
	if err != nil {
		return settings, fmt.Errorf("--pixie-ca-file: %w", err)
	}
	settings.RootCAs = x509.NewCertPool()
	if !settings.RootCAs.AppendCertsFromPEM(text) {
		return settings, fmt.Errorf("--pixie-ca-file: %s: no certificate in it", o.PixieCAFile)
	}
	return settings, nil
}

func (o Options) checkLimits() error {
	var wrong []error
	for flag, n := range map[string]int64{
		"window": int64(o.Analysis.Window), "write-delay": int64(o.WriteDelay), "drain-timeout": int64(o.DrainTimeout),
		"max-subjects": int64(o.Analysis.MaxSubjects), "workers": int64(o.Workers), "ingest-max-body": o.IngestMaxBody,
		"ingest-max-requests": int64(o.IngestMaxRequests), "ingest-max-memory": o.IngestMaxMemory,
		"max-memory": o.Analysis.MaxBytes, "max-objects": int64(o.MaxObjects),
		"max-objects-per-namespace": int64(o.MaxObjectsPerNamespace), "pixie-max-wait": int64(o.PixieMaxWait),
	} {
		if n < 0 {
			wrong = append(wrong, fmt.Errorf("--%s: must not be negative", flag))
		}
	}
	if h := o.Analysis.Horizon; h != 0 && h < o.Analysis.Window {
		wrong = append(wrong, fmt.Errorf("--horizon: %s is shorter than --window, %s", h, o.Analysis.Window))
	}
	warning, critical := o.Analysis.ThrottleWarning, o.Analysis.ThrottleCritical
	switch {
	case !(warning >= 0 && warning <= 1):
		wrong = append(wrong, errors.New("--cpu-throttle-warning: must be a percentage above 0, at most 100"))
	case !(critical >= 0 && critical <= 1):
		wrong = append(wrong, errors.New("--cpu-throttle-critical: must be a percentage above 0, at most 100"))
	case warning > 0 && critical > 0 && warning > critical:
		wrong = append(wrong, fmt.Errorf("--cpu-throttle-warning: %g is above --cpu-throttle-critical, %g",
			100*warning, 100*critical))
	}
	return errors.Join(wrong...)
}

func (o Options) checkNamespaces() error {
	var wrong []error
	for _, name := range o.Namespaces {
		if why := validation.IsDNS1123Label(name); len(why) > 0 {
			wrong = append(wrong, fmt.Errorf("--namespaces: %q: %s", name, why[0]))
		}
		if slices.Contains(o.ExcludeNamespaces, name) {
			wrong = append(wrong, fmt.Errorf("--exclude-namespaces: %q is in --namespaces too", name))
		}
	}
	for _, name := range o.ExcludeNamespaces {
		if why := validation.IsDNS1123Label(name); len(why) > 0 {
			wrong = append(wrong, fmt.Errorf("--exclude-namespaces: %q: %s", name, why[0]))
		}
	}
	return errors.Join(wrong...)
}

// checkCertificates returns an error if a folder lacks a file that TLS needs.
func checkCertificates(flag, dir string) error {
	if dir == "" {
		return nil
	}
	for _, name := range []string{"tls.crt", "tls.key"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("--%s: %w", flag, err)
		}
	}
	return nil
}
