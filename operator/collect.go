package operator

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// tallyCollector tells how many objects there are.
type tallyCollector struct{ census *census }

func objectsDesc() *prometheus.Desc {
	return prometheus.NewDesc("kernelgossip_objects", "Our objects, by kind of subject and severity.", []string{"kind", "severity"}, nil)
}

// Describe is for Prometheus.
func (tallyCollector) Describe(out chan<- *prometheus.Desc) { out <- objectsDesc() }

// Collect is for Prometheus.
func (t tallyCollector) Collect(out chan<- prometheus.Metric) {
	for s, n := range t.census.tally() {
		out <- prometheus.MustNewConstMetric(objectsDesc(), prometheus.GaugeValue, float64(n), string(s.kind), s.severity.String())
	}
}

// statsCollector tells what became of the events.
type statsCollector struct{ analyzer *gossip.Analyzer }

func leftOutDesc() *prometheus.Desc {
	return prometheus.NewDesc("kernelgossip_events_left_out_total",
		"Events that were observed and did not count: repeated, or too late or of an earlier pod (dropped); and subjects evicted.", []string{"reason"}, nil)
}

// Describe is for Prometheus.
func (statsCollector) Describe(out chan<- *prometheus.Desc) { out <- leftOutDesc() }

// Collect is for Prometheus.
func (s statsCollector) Collect(out chan<- prometheus.Metric) {
	stats := s.analyzer.Stats()
	for reason, n := range map[string]int64{"repeated": stats.Repeated, "dropped": stats.Dropped, "evicted": stats.Evicted} {
		out <- prometheus.MustNewConstMetric(leftOutDesc(), prometheus.CounterValue, float64(n), reason)
	}
}
