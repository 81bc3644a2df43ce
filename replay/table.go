package replay

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// printTable shows the worst first: the kernel and the metrics side by side, what to set, and how much was measured,
// all in the worst window. The last line counts the verdicts that have no row, because "not measured" must not look
// like "healthy".
func (l layout) printTable(out io.Writer, verdicts []verdict) error {
	all := makeRows(verdicts)
	whispers, births := l.selectRows(all)
	var parts []string
	if len(whispers) > 0 {
		parts = append(parts, l.whisperTable(whispers))
	}
	if len(births) > 0 {
		parts = append(parts, l.birthTable(births))
	}
	if l.titles {
		parts = append(parts, l.notesBelow(slices.Concat(whispers, births))...)
		parts = append(parts, l.summaryLine(all))
	}
	return printParts(out, parts)
}

func printParts(out io.Writer, parts []string) error {
	if len(parts) == 0 {
		return nil
	}
	_, err := fmt.Fprintln(out, strings.Join(parts, "\n\n"))
	return err
}

// selectRows returns the rows that are shown, in the order of the two tables.
func (l layout) selectRows(all []tableRow) (whispers, births []tableRow) {
	for _, s := range all {
		if s.Severity() < l.lowestShown {
			continue
		}
		switch s.object.(type) {
		case *v1alpha1.PodBirthCertificate:
			births = append(births, s)
		case *v1alpha1.KernelWhisper:
			whispers = append(whispers, s)
		}
	}
	return sortWorstFirst(whispers), sortWorstFirst(births)
}

// narrowWidth is the width below which a table has fewer columns.
const narrowWidth = 106

// whisperTable shows the kernel and the metrics side by side, in the worst window.
func (l layout) whisperTable(list []tableRow) string {
	titles := []string{"Severity", l.nameTitle(), "Kernel says", "Metrics say", "Set", "Coverage"}
	if l.width < narrowWidth { // the coverage moves to the pod's column
		titles = titles[:5]
	}
	rows := make([]table.Row, len(list))
	for i, s := range list {
		f := s.finding
		name, covered := s.nameCell(), f.Coverage()
		rows[i] = table.Row{
			l.colorSeverity(s.Severity()), name,
			joinLines(s.kernelCell(), l.formatWhen(s.verdict), l.formatChange(s.verdict, ":\n")), s.metricsCell(),
			s.settingCell(), formatCoverage(covered, "\n"),
		}
		if l.width < narrowWidth {
			rows[i][1] = joinLines(name, formatCoverage(covered, ", "))
			rows[i] = rows[i][:len(titles)]
		}
	}
	return l.renderGrid(titles, rows)
}

// birthTable shows what it took to start each pod.
func (l layout) birthTable(list []tableRow) string {
	titles := []string{"Severity", "Pod born", "Took", "Syscalls", "Longest stage", "Cgroup writes", "Execs", "Mounts"}
	if l.width < narrowWidth { // the last three are in the object
		titles = titles[:5]
	}
	rows := make([]table.Row, len(list))
	for i, s := range list {
		f := s.finding.(gossip.PodBirth)
		c := f.Creation
		stage := "not measured"
		if f.Longest.Name != "" {
			stage = fmt.Sprintf("%.2fs %s", f.Longest.Duration.Seconds(), f.Longest.Name)
		}
		row := table.Row{
			l.colorSeverity(f.Level), joinLines(f.About.Namespace+"/", f.About.Pod), fmt.Sprintf("%.2fs", c.Duration.Seconds()),
			countCell(c.TotalSyscalls), stage, countCell(c.CgroupWrites), formatOptional(c.Execs), formatOptional(c.Mounts),
		}
		rows[i] = row[:len(titles)]
	}
	return l.renderGrid(titles, rows)
}

// countCell returns a number, which the table aligns to the right, or a dash.
func countCell(n gossip.Optional[int64]) any {
	if !n.Known {
		return formatOptional(n)
	}
	return n.Value
}

const notConsidered = "Owners, requests, autoscalers and limit ranges were not considered. " +
	"To have them, add --pods pods.yaml, made with"

const worstDecides = "Figures are of the worst window. Where it is not the last one, its time is below them, in UTC, " +
	"and then what the last one is like."

// notesBelow returns the paragraphs between the tables and the last line.
func (l layout) notesBelow(rows []tableRow) []string {
	var parts, flags []string
	if l.explain && len(rows) > 0 {
		parts = append(parts, l.explainRows(rows))
	}
	if c := commandList(rows); l.commands && c != "" {
		parts = append(parts, c)
	} else if c != "" {
		flags = append(flags, "--commands for the kubectl commands")
	}
	if len(rows) == 0 {
		return parts
	}
	if !l.explain {
		flags = append(flags, "--explain for what the rows mean")
	}
	if len(flags) > 0 {
		parts = append(parts, "Add "+strings.Join(flags, ", ")+".")
	}
	if slices.ContainsFunc(rows, func(s tableRow) bool { return !s.isPresent() }) {
		parts = append(parts, wrapText(worstDecides, l.width))
	}
	if !l.podsGiven {
		parts = append(parts, wrapText(notConsidered, l.width)+"\n"+podsCommand+" >pods.yaml")
	}
	return parts
}

// colorSeverity returns the name of a severity, in its colour from Info on.
func (l layout) colorSeverity(s gossip.Severity) string {
	if !l.color || s < gossip.SeverityInfo {
		return s.String()
	}
	return colorCode(s) + s.String() + "\x1b[0m"
}

// colorCode returns the escape sequence of a severity from Info on.
func colorCode(s gossip.Severity) string {
	switch {
	case s >= gossip.SeverityCritical:
		return "\x1b[1;31m"
	case s >= gossip.SeverityHigh:
		return "\x1b[31m"
	case s >= gossip.SeverityWarning:
		return "\x1b[33m"
	default:
		return "\x1b[36m"
	}
}

// whisperStatus returns the status of the verdict's KernelWhisper, or the zero status for another object.
func (v verdict) whisperStatus() v1alpha1.KernelWhisperStatus {
	if w, ok := v.object.(*v1alpha1.KernelWhisper); ok {
		return w.Status
	}
	return v1alpha1.KernelWhisperStatus{}
}

// kernelCell returns the kernel's side, of a kill also for the memory.
func (s tableRow) kernelCell() string {
	own := joinLines(s.whisperStatus().KernelSays, kernelDetail(s.finding))
	switch {
	case s.memory == nil:
		return own
	case s.countsSameKills():
		return joinLines(own, kernelDetail(s.memory.finding))
	}
	return joinLines(own, s.memory.whisperStatus().KernelSays, kernelDetail(s.memory.finding))
}

// metricsCell returns the metrics' side.
func (s tableRow) metricsCell() string {
	said := s.whisperStatus()
	if s.memory == nil {
		return cmp.Or(joinLines(said.MetricsSay, metricsDetail(said)), "–")
	}
	memory := s.memory.whisperStatus()
	return joinLines(said.MetricsSay, memory.MetricsSay, cmp.Or(metricsDetail(memory), metricsDetail(said)))
}

// settingCell returns the short advice.
func (s tableRow) settingCell() string {
	short := s.whisperStatus().Advice
	if s.memory != nil && len(s.report.Advice) == 0 {
		short = s.memory.whisperStatus().Advice
	}
	return cmp.Or(short, "–")
}
