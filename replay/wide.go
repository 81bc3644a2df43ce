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
	list := make([]tableRow, len(verdicts))
	for i, v := range verdicts {
		list[i] = tableRow{verdict: v}
	}
	total := summaryLine(list, l.lowestShown)
	titles := []string{
		"Severity", "Worst", "Namespace", "Pod", "Container", "Kind", "Kernel says", "Metrics say", "Set", "Coverage",
	}
	var rows []table.Row
	for _, s := range sortWorstFirst(list) {
		if s.finding.Seen().Worst < l.lowestShown {
			continue
		}
		rows = append(rows, l.wideRow(s))
	}
	l.width = 0
	var parts []string
	if len(rows) > 0 {
		parts = append(parts, l.renderGrid(titles, rows))
	}
	if l.titles {
		parts = append(parts, total)
	}
	return printParts(out, parts)
}

func (l layout) wideRow(s tableRow) table.Row {
	f := s.finding
	about := f.Subject()
	if s.object == nil { // healthy, or not measured
		s.object = crd.New(crd.Report{Now: f})
	}
	kernel, metrics, set := s.kernelCell(), s.metricsCell(), s.settingCell()
	if b, ok := s.object.(*v1alpha1.PodBirthCertificate); ok {
		kernel, set = joinLines(b.Status.KernelSays, "took "+b.Status.Took), cmp.Or(b.Status.Advice, "–")
	}
	return table.Row{
		l.colorSeverity(f.Severity()), l.colorSeverity(f.Seen().Worst),
		about.Namespace, about.Pod, cmp.Or(about.Container, "–"), string(about.Kind),
		oneLine(kernel), oneLine(metrics), oneLine(set), formatCoverage(f.Coverage(), ", "),
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
