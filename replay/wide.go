package replay

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
)

// printWide writes one line for each verdict, for grep and awk: nothing is merged, wrapped or left out, healthy
// verdicts are included, and no cell is empty.
func (l layout) printWide(out io.Writer, verdicts []verdict) error {
	shown, all := l.singleRows(verdicts)
	titles := []string{
		"Severity", "Now", "Namespace", l.nameTitle(), "Container", "Kind", "Pods", "Worst pod", "Start", "End",
		"Kernel says", "Metrics say", "Set", "Coverage",
	}
	var rows []table.Row
	for _, s := range shown {
		rows = append(rows, l.wideRow(s))
	}
	l.width = 0
	var parts []string
	if len(rows) > 0 {
		parts = append(parts, l.renderGrid(titles, rows))
	}
	if l.titles {
		parts = append(parts, l.summaryLine(all))
	}
	return printParts(out, parts)
}

// singleRows returns a row for each verdict: those that are shown, the worst first, and all of them. Each has an
// object.
func (l layout) singleRows(verdicts []verdict) (shown, all []tableRow) {
	all = make([]tableRow, len(verdicts))
	for i, v := range verdicts {
		if v.object == nil { // healthy, or not measured
			v.object = crd.New(crd.Report{Finding: *v.WorkloadFinding})
		}
		all[i] = tableRow{verdict: v}
		if v.Severity() >= l.lowestShown {
			shown = append(shown, all[i])
		}
	}
	return sortWorstFirst(shown), all
}

func (l layout) wideRow(s tableRow) table.Row {
	about := s.About
	kernel, metrics, set := s.kernelCell(), s.metricsCell(), s.settingCell()
	if b, ok := s.object.(*v1alpha1.PodBirthCertificate); ok {
		kernel, set = joinLines(b.Status.KernelSays, "took "+b.Status.Took), cmp.Or(b.Status.Advice, "–")
	}
	return table.Row{
		l.colorSeverity(s.Severity()), l.colorSeverity(s.severityNow()),
		about.Namespace, nameWorkload(about.Workload), cmp.Or(about.Container, "–"), string(about.Kind),
		fmt.Sprintf("%d/%d", s.Pods.Affected, s.Pods.Seen), cmp.Or(s.Worst.Pod, "–"),
		formatTime(s.worstWindow().Start), formatTime(s.worstWindow().End),
		oneLine(joinLines(kernel, l.formatChange(s.verdict, ": "))), oneLine(metrics), oneLine(set),
		formatCoverage(s.finding.Coverage(), ", "),
	}
}

// oneLine returns a cell of the table on one line.
func oneLine(cell string) string { return strings.ReplaceAll(cell, "\n", "; ") }

// printNames writes the name of each object, in the order of subjects.
func printNames(out io.Writer, verdicts []verdict) error {
	for _, v := range verdicts {
		if v.object == nil {
			continue
		}
		kind := v.object.GetObjectKind().GroupVersionKind().Kind
		if _, err := fmt.Fprintf(out, "%s/%s/%s\n", kind, v.object.GetNamespace(), v.object.GetName()); err != nil {
			return err
		}
	}
	return nil
}
