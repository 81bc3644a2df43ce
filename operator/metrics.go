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

// maxSources is how many names of sources become labels; senders choose them freely.
const maxSources = 16

// metrics are what Prometheus is told. Counters live in vectors; what is a state is asked for when it is scraped.
type metrics struct {
	events      *prometheus.CounterVec
	ignoredVec  *prometheus.CounterVec
	rejected    *prometheus.CounterVec
	requests    *prometheus.HistogramVec
	writes      *prometheus.CounterVec
	full        *prometheus.CounterVec
	unknownPods prometheus.Counter
	pixieRuns   *prometheus.CounterVec
	pixieRows   *prometheus.CounterVec
	pixieLast   *prometheus.GaugeVec
	state       []prometheus.Collector

	newest atomic.Int64 // newest event time, Unix nanoseconds

	mu      sync.Mutex
	sources map[[2]string]prometheus.Counter // kind and source
	names   map[string]bool
}

func newMetrics(analyzer *gossip.Analyzer, l *ledger, c *census) *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "kernelgossip_" + name, Help: help}, labels)
	}
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "kernelgossip_" + name, Help: help}, value)
	}
	m := &metrics{
		events:     counter("events_total", "Events observed, by kind and by who measured.", "kind", "source"),
		ignoredVec: counter("events_ignored_total", "Events about namespaces that are not watched.", "kind"),
		rejected:   counter("records_rejected_total", "Records and requests refused, by reason.", "reason"),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "kernelgossip_ingest_request_duration_seconds", Help: "Time to answer a request, by status code.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5},
		}, []string{"code"}),
		writes: counter("writes_total", "Requests to the API server about our objects, by kind, verb and result.", "kind", "verb", "result"),
		full:   counter("objects_refused_total", "Objects not made because there are as many as may be, by bound.", "bound"),
		unknownPods: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "kernelgossip_unknown_pods_total", Help: "Subjects whose pod did not exist when they were to be written.",
		}),
		pixieRuns: counter("pixie_runs_total", "Runs of scripts in Pixie, by how they ended.", "script", "result"),
		pixieRows: counter("pixie_rows_total", "Rows that Pixie showed, by what became of them.", "script", "result"),
		pixieLast: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "kernelgossip_pixie_last_success_timestamp_seconds", Help: "When the last run of a script began that went well, in Unix time.",
		}, []string{"script"}),
		sources: map[[2]string]prometheus.Counter{}, names: map[string]bool{},
	}
	m.state = []prometheus.Collector{
		gauge("subjects", "Subjects that are known.", func() float64 { return float64(analyzer.Stats().Subjects) }),
		gauge("subjects_waiting", "Subjects with records that are not written yet.", func() float64 { return float64(l.backlog()) }),
		gauge("newest_event_age_seconds", "Age of the newest event; -1 before the first.", m.age),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "kernelgossip_build_info", Help: "Always 1; the labels tell the version.", ConstLabels: prometheus.Labels{"version": version()},
		}, func() float64 { return 1 }),
		tallyCollector{c},
		statsCollector{analyzer},
	}
	return m
}

// register registers all, or nothing.
func (m *metrics) register(r prometheus.Registerer) error {
	all := m.all()
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

func (m *metrics) unregister(r prometheus.Registerer) {
	for _, c := range m.all() {
		r.Unregister(c)
	}
}

func (m *metrics) all() []prometheus.Collector {
	return append([]prometheus.Collector{m.events, m.ignoredVec, m.rejected, m.requests, m.writes, m.full, m.unknownPods, m.pixieRuns, m.pixieRows, m.pixieLast}, m.state...)
}

func (m *metrics) age() float64 {
	at := m.newest.Load()
	if at == 0 {
		return -1
	}
	return time.Since(time.Unix(0, at)).Seconds()
}

func (m *metrics) ignored(kind gossip.Kind) { m.ignoredVec.WithLabelValues(string(kind)).Inc() }

// observed counts an event.
func (m *metrics) observed(e gossip.Event) {
	from := e.From()
	for at := from.Time.UnixNano(); ; {
		old := m.newest.Load()
		if old >= at || m.newest.CompareAndSwap(old, at) {
			break
		}
	}
	m.counter(string(e.Subject().Kind), from.Source).Inc()
}

// counter is that of a kind and a source; too many sources are counted together.
func (m *metrics) counter(kind, source string) prometheus.Counter {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c, ok := m.sources[[2]string{kind, source}]; ok {
		return c
	}
	label := source
	switch {
	case source == "":
		label = "unnamed"
	case !m.names[source] && len(m.names) >= maxSources:
		return m.events.WithLabelValues(kind, "other")
	}
	m.names[source] = true
	c := m.events.WithLabelValues(kind, label)
	m.sources[[2]string{kind, source}] = c
	return c
}

// refused counts records or requests that were refused.
func (m *metrics) refused(reason string, n int) { m.rejected.WithLabelValues(reason).Add(float64(n)) }

// answered counts a request.
func (m *metrics) answered(code int, took time.Duration) {
	m.requests.WithLabelValues(strconv.Itoa(code)).Observe(took.Seconds())
}

// wrote counts a request to the API server.
func (m *metrics) wrote(kind, verb string, err error) {
	m.writes.WithLabelValues(kind, verb, result(err)).Inc()
}

// pulled notes when the last run of a script began that went well.
func (m *metrics) pulled(script string, begin time.Time) {
	m.pixieLast.WithLabelValues(script).Set(float64(begin.UnixMilli()) / 1000)
}

// result is an error in a word.
func result(err error) string {
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

// version is the module's version, or the commit where there is none.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return info.Main.Version
}
