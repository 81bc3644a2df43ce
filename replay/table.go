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

// printTable shows the worst first: the kernel and the metrics side by side, what to set, and how much was measured. It
// ends with what is not in the table, because "not measured" must not look like "healthy".
func (l layout) printTable(out io.Writer, verdicts []verdict) error {
	all := stories(verdicts)
	whispers, births := l.rows(all)
	var parts []string
	if len(whispers) > 0 {
		parts = append(parts, l.whisperTable(whispers))
	}
	if len(births) > 0 {
		parts = append(parts, l.birthTable(births))
	}
	if l.titles {
		parts = append(parts, l.below(slices.Concat(whispers, births))...)
		parts = append(parts, summary(all, l.lowest))
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

// rows are the stories with a row, in the order of the two tables.
func (l layout) rows(all []story) (whispers, births []story) {
	for _, s := range all {
		if s.finding.Seen().Worst < l.lowest {
			continue
		}
		switch s.object.(type) {
		case *v1alpha1.PodBirthCertificate:
			births = append(births, s)
		case *v1alpha1.KernelWhisper:
			whispers = append(whispers, s)
		}
	}
	return worstFirst(whispers), worstFirst(births)
}

// narrow is below which width a table does with fewer columns.
const narrow = 106

// whisperTable has the two truths side by side.
func (l layout) whisperTable(list []story) string {
	titles := []string{"Severity", "Pod", "Kernel says", "Metrics say", "Set", "Coverage"}
	if l.width < narrow { // the coverage joins the pod
		titles = titles[:5]
	}
	rows := make([]table.Row, len(list))
	for i, s := range list {
		f := s.finding
		name, covered := where(f.Subject()), f.Coverage()
		rows[i] = table.Row{l.severity(f), name, s.kernel(), s.metrics(), s.setting(), coverage(covered, "\n")}
		if l.width < narrow {
			rows[i][1] = join(name, coverage(covered, ", "))
			rows[i] = rows[i][:len(titles)]
		}
	}
	return l.grid(titles, rows)
}

// birthTable is what it took to bring each pod up.
func (l layout) birthTable(list []story) string {
	titles := []string{"Severity", "Pod born", "Took", "Syscalls", "Longest stage", "Cgroup writes", "Execs", "Mounts"}
	if l.width < narrow { // the last three are in the object
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
			l.severity(f), where(f.About), fmt.Sprintf("%.2fs", c.Duration.Seconds()), counted(c.TotalSyscalls), stage,
			counted(c.CgroupWrites), optional(c.Execs), optional(c.Mounts),
		}
		rows[i] = row[:len(titles)]
	}
	return l.grid(titles, rows)
}

// counted is a number, which the table aligns as one, or a dash.
func counted(n gossip.Optional[int64]) any {
	if !n.Known {
		return optional(n)
	}
	return n.Value
}

const notConsidered = "Owners, requests, autoscalers and limit ranges were not considered. " +
	"To have them, add --pods pods.yaml, made with"

// below is what stands between the tables and the last line.
func (l layout) below(rows []story) []string {
	var parts, flags []string
	if l.explain && len(rows) > 0 {
		parts = append(parts, l.explanations(rows))
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
	if !l.pods {
		parts = append(parts, wrap(notConsidered, l.width)+"\n"+podsCommand+" >pods.yaml")
	}
	return parts
}

// severity is the current one, and the worst where that is another.
func (l layout) severity(f gossip.Finding) string {
	now, worst := f.Severity(), f.Seen().Worst
	name := l.colorful(now)
	if worst > now {
		name += "\n(was\n" + worst.String() + ")" // in three lines, so that the column stays narrow
	}
	return name
}

// colorful is the name of a severity, in its colour from Info on.
func (l layout) colorful(s gossip.Severity) string {
	if !l.color || s < gossip.SeverityInfo {
		return s.String()
	}
	return color(s) + s.String() + "\x1b[0m"
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
	return join(s.Namespace+"/", s.Pod, s.Container)
}

// whisper is the status of the story's object.
func (v verdict) whisper() v1alpha1.KernelWhisperStatus {
	if w, ok := v.object.(*v1alpha1.KernelWhisper); ok {
		return w.Status
	}
	return v1alpha1.KernelWhisperStatus{}
}

// kernel is the kernel's side, with what it says of the memory of what was killed.
func (s story) kernel() string {
	own := join(s.whisper().KernelSays, kernelDetail(s.finding))
	switch {
	case s.memory == nil:
		return own
	case s.sameCount():
		return join(own, kernelDetail(s.memory.finding))
	}
	return join(own, s.memory.whisper().KernelSays, kernelDetail(s.memory.finding))
}

// metrics is the metrics' side.
func (s story) metrics() string {
	said := s.whisper()
	if s.memory == nil {
		return cmp.Or(join(said.MetricsSay, metricsDetail(said)), "–")
	}
	memory := s.memory.whisper()
	return join(said.MetricsSay, memory.MetricsSay, cmp.Or(metricsDetail(memory), metricsDetail(said)))
}

// setting is the advice in short.
func (s story) setting() string {
	short := s.whisper().Advice
	if s.memory != nil && len(s.advice) == 0 {
		short = s.memory.whisper().Advice
	}
	return cmp.Or(short, "–")
}
