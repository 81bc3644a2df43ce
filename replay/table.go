package replay

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// layout is how a table is shown.
type layout struct {
	width    int
	color    bool
	commands bool
}

// printTable shows the worst first: the kernel and the metrics side by side, what to set, and how much was measured. It ends with
// what is not in the table, because "not measured" must not look like "healthy".
func printTable(out io.Writer, verdicts []verdict, l layout) error {
	var whispers, births []verdict
	for _, v := range verdicts {
		switch v.object.(type) {
		case *v1alpha1.PodBirthCertificate:
			births = append(births, v)
		case *v1alpha1.KernelWhisper:
			whispers = append(whispers, v)
		}
	}
	var parts []string
	if len(whispers) > 0 {
		parts = append(parts, l.whisperTable(worstFirst(whispers)))
	}
	if len(births) > 0 {
		parts = append(parts, l.birthTable(worstFirst(births)))
	}
	if c := commandList(verdicts); l.commands && c != "" {
		parts = append(parts, c)
	} else if c != "" {
		parts = append(parts, "The kubectl commands: add --commands.")
	}
	parts = append(parts, rest(verdicts))
	_, err := fmt.Fprintln(out, strings.Join(parts, "\n\n"))
	return err
}

func worstFirst(verdicts []verdict) []verdict {
	slices.SortStableFunc(verdicts, func(a, b verdict) int {
		return cmp.Or(
			cmp.Compare(b.finding.Severity(), a.finding.Severity()),
			cmp.Compare(b.finding.Seen().Worst, a.finding.Seen().Worst),
		)
	})
	return verdicts
}

// narrow is below which width a table does with fewer columns: all six of whisperTable need 106.
const narrow = 106

// whisperTable has the two truths side by side.
func (l layout) whisperTable(verdicts []verdict) string {
	widths, titles := []int{8, 0, 22, 20, 22, 12}, []string{"Severity", "Pod", "Kernel says", "Metrics say", "Set", "Coverage"}
	if l.width < narrow { // the coverage joins the pod
		widths, titles = []int{8, 0, 17, 14, 11}, []string{"Severity", "Pod", "Kernel says", "Metrics say", "Set"}
	}
	t := l.table(widths, titles)
	for _, v := range verdicts {
		f, s := v.finding, v.object.(*v1alpha1.KernelWhisper).Status
		row := table.Row{
			l.severity(f), where(f.Subject()), join(s.KernelSays, kernelDetail(f)), cmp.Or(join(s.MetricsSay, metricsDetail(s)), "–"),
			cmp.Or(s.Advice, "–"), coverage(f.Coverage(), "\n"),
		}
		if l.width < narrow {
			row[1] = join(where(f.Subject()), coverage(f.Coverage(), ", "))
			row = row[:len(titles)]
		}
		t.AppendRow(row)
	}
	return t.Render()
}

// birthTable is what it took to bring each pod up.
func (l layout) birthTable(verdicts []verdict) string {
	widths := []int{8, 0, 6, 8, 30, 8, 6, 6}
	titles := []string{"Severity", "Pod born", "Took", "Syscalls", "Longest stage", "Cgroup writes", "Execs", "Mounts"}
	if l.width < narrow { // the last three stand in the object
		widths, titles = []int{8, 0, 6, 8, 24}, titles[:5]
	}
	t := l.table(widths, titles)
	for _, v := range verdicts {
		f := v.finding.(gossip.PodBirth)
		c := f.Creation
		stage := "not measured"
		if f.Longest.Name != "" {
			stage = fmt.Sprintf("%.2fs %s", f.Longest.Duration.Seconds(), f.Longest.Name)
		}
		row := table.Row{
			l.severity(f), where(f.About), fmt.Sprintf("%.2fs", c.Duration.Seconds()), counted(c.TotalSyscalls), stage,
			counted(c.CgroupWrites), optional(c.Execs), optional(c.Mounts),
		}
		t.AppendRow(row[:len(titles)])
	}
	return t.Render()
}

// counted is a number, which the table aligns as one, or a dash.
func counted(n gossip.Optional[int64]) any {
	if !n.Known {
		return optional(n)
	}
	return n.Value
}

// table begins a table without frames. The column of width 0, which holds the names, takes what the others leave.
func (l layout) table(widths []int, titles []string) table.Writer {
	const gap = 2
	left := l.width - gap*(len(widths)-1)
	for _, w := range widths {
		left -= w
	}
	t := table.NewWriter()
	style := table.StyleDefault
	style.Box.PaddingLeft, style.Box.PaddingRight = "", strings.Repeat(" ", gap)
	style.Options = table.OptionsNoBordersAndSeparators
	style.Format.Header = text.FormatUpper
	t.SetStyle(style)
	header := make(table.Row, len(titles))
	columns := make([]table.ColumnConfig, len(titles))
	for i, title := range titles {
		header[i] = title
		columns[i] = table.ColumnConfig{Number: i + 1, WidthMax: cmp.Or(widths[i], max(12, left)), WidthMaxEnforcer: wrap}
	}
	t.AppendHeader(header)
	t.SetColumnConfigs(columns)
	t.SuppressTrailingSpaces()
	return t
}

// wrap breaks at spaces; a word that is too long, such as a pod's name, is broken where it must.
func wrap(s string, width int) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = text.WrapText(text.WrapSoft(line, width), width)
	}
	return strings.Join(lines, "\n")
}

// severity is the current one, and the worst where that is another.
func (l layout) severity(f gossip.Finding) string {
	now, worst := f.Severity(), f.Seen().Worst
	name := now.String()
	if l.color && now >= gossip.SeverityInfo {
		name = color(now) + name + "\x1b[0m"
	}
	if worst > now {
		name += "\nwas " + worst.String()
	}
	return name
}

// color is the escape sequence of a severity from Info on.
func color(s gossip.Severity) string {
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

// where names the subject: the namespace on a line of its own, because names are long.
func where(s gossip.Subject) string {
	if s.Container == "" {
		return s.Namespace + "/\n" + s.Pod
	}
	return s.Namespace + "/\n" + s.Pod + "\n" + s.Container
}
