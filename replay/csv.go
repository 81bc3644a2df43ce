package replay

import (
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// csvColumns are the columns of -o csv; pod, node and revision are of the worst pod. Programs depend on them: a new one
// goes to the end, and none is renamed.
var csvColumns = []string{
	"severity", "now", "namespace", "pod", "container", "kind", "start", "end", "reason", "kernel_says", "metrics_say",
	"now_says", "advice", "rule", "current", "target", "confidence", "samples", "expected_samples", "window_seconds",
	"workload_kind", "workload", "workload_guessed", "pods_seen", "pods_affected", "node", "revision",
	"change_time", "change", "change_before", "change_after", "change_pods",
}

// printCSV writes one line for each verdict as comma-separated values (RFC 4180, with line feeds), the worst first.
// What is not known is empty.
func (l layout) printCSV(out io.Writer, verdicts []verdict) error {
	w := csv.NewWriter(out)
	shown, _ := l.singleRows(verdicts)
	lines := make([][]string, 0, len(shown)+1)
	if l.titles {
		lines = append(lines, csvColumns)
	}
	for _, s := range shown {
		lines = append(lines, s.csvLine())
	}
	return w.WriteAll(lines)
}

// csvLine returns the cells of csvColumns.
func (s *tableRow) csvLine() []string {
	about, covered := s.About, s.finding.Coverage()
	var reason, kernel, metrics, now, advice string
	switch o := s.object.(type) {
	case *v1alpha1.KernelWhisper:
		reason, kernel, metrics = o.Status.Worst.Reason, o.Status.KernelSays, o.Status.MetricsSay
		now, advice = o.Status.Now.KernelSays, o.Status.Advice
	case *v1alpha1.PodBirthCertificate:
		reason, kernel, advice = o.Status.Conditions[0].Reason, o.Status.KernelSays, o.Status.Advice
		now = kernel
	}
	rule, current, target := s.firstNumber()
	return append([]string{
		s.Severity().String(), s.severityNow().String(),
		about.Namespace, s.Worst.Pod, about.Container, string(about.Kind),
		formatTime(s.worstWindow().Start), formatTime(s.worstWindow().End),
		reason, kernel, metrics, now, advice, rule, current, target,
		covered.Confidence.String(), strconv.Itoa(covered.Samples), strconv.Itoa(covered.Expected),
		strconv.FormatInt(int64(covered.Window.Round(time.Second)/time.Second), 10),
		about.Workload.Kind, about.Workload.Name, strconv.FormatBool(about.Workload.Guessed),
		strconv.Itoa(s.Pods.Seen), strconv.Itoa(s.Pods.Affected), s.Worst.Node, s.Worst.Revision,
	}, s.changeCells()...)
}

// firstNumber returns the first recommendation's rule, the value in force and the one to set.
func (s *tableRow) firstNumber() (rule, current, target string) {
	i := slices.IndexFunc(s.report.Advice, func(r recommend.Recommendation) bool { return r.Summary != "" })
	if i < 0 {
		return "", "", ""
	}
	r := s.report.Advice[i]
	return r.Rule, formatQuantity(r.Current), formatQuantity(r.Target)
}

func formatQuantity(q *resource.Quantity) string {
	if q == nil {
		return ""
	}
	return q.String()
}
