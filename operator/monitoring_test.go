package operator_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
)

var (
	// metricName is a metric of a rule or a panel, with its label matchers where it has some.
	metricName = regexp.MustCompile(`\b((?:kernelgossip|workqueue|process|go)_[a-z_]+)(?:\{([^}]*)\})?`)
	matcher    = regexp.MustCompile(`(\w+)\s*(?:=~|!~|!=|=)`)
	// description matches what a prometheus.Desc prints, which is the only way to its parts.
	description = regexp.MustCompile(`fqName: "(\w+)".*constLabels: \{([^}]*)\}, variableLabels: \{([^}]*)\}`)
	grouping    = regexp.MustCompile(`by \(([^)]*)\) \((?:rate|increase)?\(?((?:kernelgossip|workqueue)_[a-z_]+)`)
	histogram   = regexp.MustCompile(`_(bucket|sum|count)$`)
)

// Metrics that alerts, panels and the README name are registered by a running operator, with these labels.
func TestMonitoringNamesOnlyRegisteredMetrics(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	pod := makePod(t, admin(t, c), "monitoring", "api-0")
	r := start(t, c.Config, in("monitoring"))
	r.post(t, records("monitoring", "api-0", string(pod.UID), 3, 45)...)
	whisper(t, admin(t, c), "monitoring", "api-0", severity(v1alpha1.SeverityCritical))
	exist := registered(t, r.Metrics, ctrlmetrics.Registry.(*prometheus.Registry))

	named := map[string]bool{}
	for _, file := range []string{
		"deploy/components/monitoring/rules.yaml",
		"deploy/components/monitoring/dashboard.json", "README.md",
	} {
		content, err := os.ReadFile(filepath.FromSlash(file))
		require.NoError(t, err)
		text := strings.ReplaceAll(string(content), `\"`, `"`)
		for _, m := range metricName.FindAllStringSubmatch(text, -1) {
			name := histogram.ReplaceAllString(m[1], "")
			labels, ok := exist[name]
			require.True(t, ok, "%s: there is no metric %s", file, m[1])
			named[name] = true
			for _, l := range matcher.FindAllStringSubmatch(m[2], -1) {
				require.Contains(t, labels, l[1], "%s: %s", file, m[0])
			}
		}
		for _, m := range grouping.FindAllStringSubmatch(text, -1) {
			for l := range strings.SplitSeq(m[1], ", ") {
				require.Contains(t, append(exist[histogram.ReplaceAllString(m[2], "")], "le"), l, "%s: %s", file, m[0])
			}
		}
	}
	for name := range exist {
		if strings.HasPrefix(name, "kernelgossip_") {
			require.Contains(t, slices.Collect(maps.Keys(named)), name, "nobody looks at it")
		}
	}
	require.Contains(t, queues(t), "kernel-gossip", "the name by which rules and panels find the queue")
}

// registered returns the metrics of the registries and the labels of each.
func registered(t *testing.T, registries ...*prometheus.Registry) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, r := range registries {
		descs := make(chan *prometheus.Desc)
		go func() { defer close(descs); r.Describe(descs) }()
		for d := range descs {
			m := description.FindStringSubmatch(d.String())
			require.NotNil(t, m, d.String())
			labels := strings.Split(m[3], ",")
			for _, l := range matcher.FindAllStringSubmatch(m[2], -1) {
				labels = append(labels, l[1])
			}
			out[m[1]] = labels
		}
	}
	return out
}

// queues returns the names of the work queues that have been used.
func queues(t *testing.T) []string {
	t.Helper()
	families, err := ctrlmetrics.Registry.Gather()
	require.NoError(t, err)
	var out []string
	for _, f := range families {
		if f.GetName() != "workqueue_queue_duration_seconds" {
			continue
		}
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if l.GetName() == "name" {
					out = append(out, l.GetValue())
				}
			}
		}
	}
	return out
}
