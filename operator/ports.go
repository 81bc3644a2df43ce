package operator

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"k8s.io/client-go/rest"
	certutil "k8s.io/client-go/util/cert"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"

	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
)

// The flags of the ports.
const (
	flagHealth  = "health-probe-bind-address"
	flagMetrics = "metrics-bind-address"
	flagPprof   = "pprof-bind-address"
)

// Bounds of a port. Kubelet and Prometheus have one connection for each of their requests.
const (
	maxPortConnections = 64
	maxScrapes         = 4 // at a time
	portGrace          = 5 * time.Second
)

// port is one address that serves what no sender needs: health, metrics, or profiles. It has the limits of an entrance.
// The servers that controller-runtime has for this take headers of 1 MiB from any number of connections.
type port struct {
	name, flag, address string
	handler             http.Handler
	secure              *tls.Config
	isUnlimited         bool // in the time that an answer takes
}

// newPorts makes the ports that are not off.
func newPorts(config *rest.Config, m manager.Manager, o Options, ready healthz.Checker) ([]port, error) {
	var out []port
	if o.HealthAddress != off {
		out = append(out, port{
			name: "health", flag: flagHealth, address: o.HealthAddress, handler: newHealthHandler(ready),
		})
	}
	if o.MetricsAddress != off {
		metrics, err := newMetricsPort(config, m, o)
		if err != nil {
			return nil, err
		}
		out = append(out, metrics)
	}
	if o.PprofAddress != "" && o.PprofAddress != off {
		out = append(out, port{
			name: "pprof", flag: flagPprof, address: o.PprofAddress,
			handler: (&ingest.Local{}).Handler(newPprofHandler()), isUnlimited: true,
		})
	}
	return out, nil
}

// newHealthHandler serves /healthz, which is good while the process answers, and /readyz.
func newHealthHandler(ready healthz.Checker) http.Handler {
	mux := http.NewServeMux()
	for path, checks := range map[string]map[string]healthz.Checker{
		"/healthz": {"ping": healthz.Ping}, "/readyz": {"ingest": ready},
	} {
		h := http.StripPrefix(path, &healthz.Handler{Checks: checks})
		mux.Handle(path, h)
		mux.Handle(path+"/", h) // each check by its name
	}
	return mux
}

// newMetricsPort serves /metrics: on loopback to programs of this machine, and elsewhere with TLS to readers that the
// API server knows and allows to get the path.
func newMetricsPort(config *rest.Config, m manager.Manager, o Options) (port, error) {
	h := promhttp.HandlerFor(ctrlmetrics.Registry, promhttp.HandlerOpts{
		ErrorHandling: promhttp.HTTPErrorOnError, MaxRequestsInFlight: maxScrapes,
	})
	mux := http.NewServeMux()
	out := port{name: "metrics", flag: flagMetrics, address: o.MetricsAddress, handler: mux}
	if ingest.Loopback(o.MetricsAddress) {
		mux.Handle("/metrics", (&ingest.Local{}).Handler(h))
		return out, nil
	}
	filter, err := filters.WithAuthenticationAndAuthorization(config, m.GetHTTPClient())
	if err != nil {
		return port{}, err
	}
	if h, err = filter(m.GetLogger().WithValues("path", "/metrics"), h); err != nil {
		return port{}, err
	}
	mux.Handle("/metrics", h)
	if out.secure, err = newTLSConfig(m, "metrics-cert-dir", o.MetricsCertDir); err == nil && out.secure == nil {
		out.secure, err = newSelfSignedConfig()
	}
	return out, err
}

// newSelfSignedConfig returns a configuration with a certificate that proves nothing. It only encrypts.
func newSelfSignedConfig() (*tls.Config, error) {
	certificate, key, err := certutil.GenerateSelfSignedCertKeyWithFixtures("localhost", []net.IP{{127, 0, 0, 1}}, nil, "")
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

func newPprofHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}

// addPorts opens all ports, or none, and has the manager serve them from its start to its end.
func addPorts(m manager.Manager, ports []port) error {
	var servers []*manager.Server
	for _, p := range ports {
		l, err := ingest.NewConnections(maxPortConnections, nil).Listen(p.address, p.secure)
		if err != nil {
			for _, opened := range servers {
				_ = opened.Listener.Close()
			}
			return fmt.Errorf("--%s: %w", p.flag, err)
		}
		server := ingest.NewServer(p.handler)
		server.SetKeepAlivesEnabled(false)
		server.ErrorLog = newServerLog(m.GetLogger(), p.name)
		if p.isUnlimited {
			server.ReadTimeout = 0 // it would end the answer, too
		}
		servers = append(servers, &manager.Server{
			Name: p.name, Server: server, Listener: l, ShutdownTimeout: new(portGrace),
		})
	}
	var failures []error
	for _, s := range servers {
		failures = append(failures, m.Add(s))
	}
	return errors.Join(failures...)
}
