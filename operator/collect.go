package operator

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// objectCollector reports the number of objects.
type objectCollector struct{ quota *objectQuota }

func objectsDesc() *prometheus.Desc {
	return prometheus.NewDesc("kernelgossip_objects", "Objects of this operator, by kind of subject and severity.",
		[]string{"kind", "severity"}, nil)
}

// Describe is for Prometheus.
func (objectCollector) Describe(out chan<- *prometheus.Desc) { out <- objectsDesc() }

// Collect is for Prometheus.
func (c objectCollector) Collect(out chan<- prometheus.Metric) {
	for group, n := range c.quota.countByGroup() {
		out <- prometheus.MustNewConstMetric(objectsDesc(), prometheus.GaugeValue, float64(n),
			string(group.kind), group.severity.String())
	}
}

// statsCollector reports the events that did not count.
type statsCollector struct{ analyzer *gossip.Analyzer }

func leftOutDesc() *prometheus.Desc {
	return prometheus.NewDesc("kernelgossip_events_left_out_total",
		"Events that were observed and did not count: repeated, or too late or of an earlier pod (dropped); "+
			"and subjects evicted.", []string{"reason"}, nil)
}

// Describe is for Prometheus.
func (statsCollector) Describe(out chan<- *prometheus.Desc) { out <- leftOutDesc() }

// Collect is for Prometheus.
func (s statsCollector) Collect(out chan<- prometheus.Metric) {
	stats := s.analyzer.Stats()
	counts := map[string]int64{"repeated": stats.Repeated, "dropped": stats.Dropped, "evicted": stats.Evicted}
	for reason, n := range counts {
		out <- prometheus.MustNewConstMetric(leftOutDesc(), prometheus.CounterValue, float64(n), reason)
	}
}
