package replay

import (
	"cmp"
	"html"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
)

// printMarkdown writes the rows of the table as a Markdown table, for tickets, and the last line.
func (l layout) printMarkdown(out io.Writer, verdicts []verdict) error {
	all := makeRows(verdicts)
	whispers, births := l.selectRows(all)
	l.color = false
	t := table.NewWriter()
	if l.titles {
		t.AppendHeader(table.Row{"Severity", l.nameTitle(), "Kernel says", "Metrics say", "Set", "When (UTC)", "Now"})
	}
	for _, s := range append(whispers, births...) {
		t.AppendRow(l.markdownRow(s))
	}
	var parts []string
	if t.Length() > 0 {
		parts = append(parts, t.RenderMarkdown())
	}
	if l.titles {
		parts = append(parts, escapeMarkdown(l.summaryLine(all)))
	}
	return printParts(out, parts)
}

func (l layout) markdownRow(s tableRow) table.Row {
	kernel, set, now := s.kernelCell(), s.settingCell(), s.presentNote()
	if b, ok := s.object.(*v1alpha1.PodBirthCertificate); ok {
		kernel, set, now = joinLines(b.Status.KernelSays, "took "+b.Status.Took), cmp.Or(b.Status.Advice, "–"), "–"
	}
	row := table.Row{
		s.Severity().String(), s.nameLine(), joinLines(kernel, l.formatChange(s.verdict, ": ")), s.metricsCell(), set,
		l.formatSpan(s.worstWindow().Start, s.worstWindow().End), now,
	}
	for i, cell := range row {
		row[i] = escapeMarkdown(cell.(string))
	}
	return row
}

// markdownEscaper escapes what is not plain text in Markdown, except for | and line feeds, which the table escapes.
// Texts of captures, such as the names of processes, must make neither links nor HTML.
var markdownEscaper = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "~", `\~`,
)

func escapeMarkdown(text string) string { return html.EscapeString(markdownEscaper.Replace(text)) }
