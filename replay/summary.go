package replay

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// summaryLine returns the last line: the number of verdicts and of the pods that were measured, by the severity of
// their worst window. Healthy verdicts and those without a measurement have no row.
func (l layout) summaryLine(all []tableRow) string {
	var t tally
	for _, s := range all {
		t.add(s.measurement, l.lowestShown)
	}
	line := fmt.Sprintf("%s on %s: %s", formatCount(t.verdicts, "verdict"), formatCount(l.pods, "pod"),
		strings.Join(t.formatCounts(), ", "))
	if lowest := l.lowestShown; lowest > gossip.SeverityUnknown {
		line += fmt.Sprintf("; --severity %s shows %d", strings.ToLower(lowest.String()), t.shown)
	}
	return line
}

// tally counts verdicts.
type tally struct {
	verdicts, shown int
	bad, recovered  [gossip.SeverityCritical + 1]int // by severity; those that are healthy now are in both
	healthy         int
	unmeasured      map[string]int // by reason
}

// add counts a verdict.
func (t *tally) add(m measurement, lowest gossip.Severity) {
	t.verdicts++
	severity := m.Severity()
	if severity >= lowest {
		t.shown++
	}
	switch {
	case severity >= gossip.SeverityInfo:
		t.bad[min(severity, gossip.SeverityCritical)]++
		if m.severityNow() == gossip.SeverityNone {
			t.recovered[min(severity, gossip.SeverityCritical)]++
		}
	case severity == gossip.SeverityUnknown:
		if t.unmeasured == nil {
			t.unmeasured = make(map[string]int)
		}
		t.unmeasured[unmeasuredReason(m.worstWindow().Finding)]++
	default:
		t.healthy++
	}
}

// formatCounts returns the parts of the total, the worst first.
func (t *tally) formatCounts() []string {
	var list []string
	count := func(n int, what string) {
		if n > 0 {
			list = append(list, fmt.Sprintf("%d %s", n, what))
		}
	}
	for s := gossip.SeverityCritical; s >= gossip.SeverityInfo; s-- {
		what := s.String()
		if over := t.recovered[s]; over > 0 {
			what += fmt.Sprintf(" (%d recovered)", over)
		}
		count(t.bad[s], what)
	}
	count(t.healthy, "healthy")
	unmeasured := 0
	reasons := slices.Sorted(maps.Keys(t.unmeasured))
	for i, reason := range reasons {
		unmeasured += t.unmeasured[reason]
		if len(reasons) > 1 {
			reasons[i] = fmt.Sprintf("%d with %s", t.unmeasured[reason], reason)
		}
	}
	count(unmeasured, "not measured ("+strings.Join(reasons, ", ")+")")
	return list
}

// unmeasuredReason returns why a finding has no measurement, for the last line.
func unmeasuredReason(f gossip.Finding) string {
	switch f := f.(type) {
	case gossip.CPUThrottling:
		if f.Reason == gossip.ReasonTooFewPeriods {
			return "fewer than 50 periods"
		}
	case gossip.NetworkIssue:
		if f.Reason == gossip.ReasonTooLittleTraffic {
			return "fewer than 1000 segments or packets"
		}
		return "no figure of lost packets"
	case gossip.MemoryPressure:
		return "neither PSI nor a share of a memory limit"
	case gossip.OOMKilled, gossip.PodBirth: // never unknown
	}
	return "no figure of throttling"
}
