package operator

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// maxSources is the number of source names that become labels: senders choose the names.
const maxSources = 16

// metrics are the operator's Prometheus metrics. Vectors hold the counters; collectors read a state when it is scraped.
type metrics struct {
	events         *prometheus.CounterVec
	ignored        *prometheus.CounterVec
	unmatched      *prometheus.CounterVec
	rejected       *prometheus.CounterVec
	requests       *prometheus.HistogramVec
	writes         *prometheus.CounterVec
	refusedObjects *prometheus.CounterVec
	unknownPods    prometheus.Counter
	evictedPods    prometheus.Counter
	pixieRuns      *prometheus.CounterVec
	pixieRows      *prometheus.CounterVec
	pixieLast      *prometheus.GaugeVec
	collectors     []prometheus.Collector

	newest atomic.Int64 // newest event time, Unix nanoseconds

	mu          sync.Mutex
	sources     map[[2]string]prometheus.Counter // kind and source
	sourceNames map[string]bool
}

func newMetrics(analyzer *gossip.Analyzer, l *ledger, q *objectQuota) *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "kernelgossip_" + name, Help: help}, labels)
	}
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "kernelgossip_" + name, Help: help}, value)
	}
	m := &metrics{
		events:  counter("events_total", "Events observed, by kind and source.", "kind", "source"),
		ignored: counter("events_ignored_total", "Events about namespaces that are not watched.", "kind"),
		unmatched: counter("events_unmatched_total",
			"Events that contradicted what the cluster knows of their pod when they came, by what did.", "reason"),
		rejected: counter("records_rejected_total", "Records and requests refused, by reason.", "reason"),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "kernelgossip_ingest_request_duration_seconds", Help: "Time to answer a request, by status code.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5},
		}, []string{"code"}),
		writes: counter("writes_total", "Requests to the API server about this operator's objects, by kind, verb and result.",
			"kind", "verb", "result"),
		refusedObjects: counter("objects_refused_total", "Objects not made because a bound is reached, by bound.", "bound"),
		unknownPods: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "kernelgossip_unknown_pods_total",
			Help: "Subjects about a pod that did not exist when they were due to be written.",
		}),
		evictedPods: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "kernelgossip_known_pods_evicted_total",
			Help: "Subjects about existing pods that were evicted because a bound was reached.",
		}),
		pixieRuns: counter("pixie_runs_total", "Runs of scripts in Pixie, by how they ended.", "script", "result"),
		pixieRows: counter("pixie_rows_total", "Rows that Pixie showed, by what became of them.", "script", "result"),
		pixieLast: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "kernelgossip_pixie_last_success_timestamp_seconds",
			Help: "When the last run of a script that went well began, in Unix time.",
		}, []string{"script"}),
		sources: map[[2]string]prometheus.Counter{}, sourceNames: map[string]bool{},
	}
	m.collectors = []prometheus.Collector{
		gauge("subjects", "Subjects that are known.", func() float64 { return float64(analyzer.Stats().Subjects) }),
		gauge("subjects_bytes", "Estimated memory of the subjects.",
			func() float64 { return float64(analyzer.Stats().Bytes) }),
		gauge("subjects_waiting", "Subjects with records that are not written yet.", func() float64 {
			return float64(l.waitingCount())
		}),
		gauge("newest_event_age_seconds", "Age of the newest event; -1 before the first.", m.newestAge),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "kernelgossip_build_info", Help: "Always 1; the label has the version.",
			ConstLabels: prometheus.Labels{"version": buildVersion()},
		}, func() float64 { return 1 }),
		objectCollector{q},
		statsCollector{analyzer},
	}
	return m
}

// registerAll registers all metrics, or none.
func (m *metrics) registerAll(r prometheus.Registerer) error {
	all := m.allCollectors()
	for i, c := range all {
		if err := r.Register(c); err != nil {
			for _, done := range all[:i] {
				r.Unregister(done)
			}
			return err
		}
	}
	return nil
}

func (m *metrics) unregisterAll(r prometheus.Registerer) {
	for _, c := range m.allCollectors() {
		r.Unregister(c)
	}
}

func (m *metrics) allCollectors() []prometheus.Collector {
	return append([]prometheus.Collector{
		m.events, m.ignored, m.unmatched, m.rejected, m.requests, m.writes, m.refusedObjects, m.unknownPods, m.evictedPods,
		m.pixieRuns, m.pixieRows,
		m.pixieLast,
	}, m.collectors...)
}

func (m *metrics) newestAge() float64 {
	at := m.newest.Load()
	if at == 0 {
		return -1
	}
	return time.Since(time.Unix(0, at)).Seconds()
}

func (m *metrics) countIgnored(kind gossip.Kind) { m.ignored.WithLabelValues(string(kind)).Inc() }

func (m *metrics) countUnmatched(why mismatch) { m.unmatched.WithLabelValues(string(why)).Inc() }

// countEvent counts an event.
func (m *metrics) countEvent(e gossip.Event) {
	from := e.From()
	for at := from.Time.UnixNano(); ; {
		old := m.newest.Load()
		if old >= at || m.newest.CompareAndSwap(old, at) {
			break
		}
	}
	m.eventCounter(string(e.Subject().Kind), from.Source).Inc()
}

// eventCounter returns the counter of a kind and a source. Sources beyond maxSources share one counter.
func (m *metrics) eventCounter(kind, source string) prometheus.Counter {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c, ok := m.sources[[2]string{kind, source}]; ok {
		return c
	}
	label := source
	switch {
	case source == "":
		label = "unnamed"
	case !m.sourceNames[source] && len(m.sourceNames) >= maxSources:
		return m.events.WithLabelValues(kind, "other")
	}
	m.sourceNames[source] = true
	c := m.events.WithLabelValues(kind, label)
	m.sources[[2]string{kind, source}] = c
	return c
}

// countRejected counts records or requests that were refused.
func (m *metrics) countRejected(reason string, n int) {
	m.rejected.WithLabelValues(reason).Add(float64(n))
}

// countRequest counts a request.
func (m *metrics) countRequest(code int, took time.Duration) {
	m.requests.WithLabelValues(strconv.Itoa(code)).Observe(took.Seconds())
}

// countWrite counts a request to the API server.
func (m *metrics) countWrite(kind, verb string, err error) {
	m.writes.WithLabelValues(kind, verb, writeResult(err)).Inc()
}

// setLastPull sets when the last run of a script that went well began.
func (m *metrics) setLastPull(script string, begin time.Time) {
	m.pixieLast.WithLabelValues(script).Set(float64(begin.UnixMilli()) / 1000)
}

// writeResult returns an error of the API server as the value of a label.
func writeResult(err error) string {
	var status apierrors.APIStatus
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case !errors.As(err, &status):
		return "unreachable"
	}
	switch code := int(status.Status().Code); {
	case code == http.StatusForbidden:
		return "forbidden"
	case code == http.StatusConflict:
		return "conflict"
	case code == http.StatusNotFound:
		return "notfound"
	case code >= http.StatusInternalServerError:
		return "unavailable"
	}
	return "refused"
}

// buildVersion returns the version of the module, which has the commit if there is no version.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return info.Main.Version
}
