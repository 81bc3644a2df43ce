package stage

import "strings"

// Mood is the colour of a figure.
type Mood int

// The moods.
const (
	Plain Mood = iota // no opinion
	Good              // nothing to do
	Bad               // something to do
)

func (m Mood) style() string { return map[Mood]string{Plain: "", Good: green, Bad: red}[m] }

// Panel is one side of a contrast: a figure that is shown in large digits, with the same figure in small ones first in the lines below it.
type Panel struct {
	Title  string
	Figure string // digits, '%', ',' and '.'
	Mood   Mood
	Lines  []string
}

// Contrast shows two sides of the same thing at one glance, and below where the figures come from.
func (s *Stage) Contrast(left, right Panel, origin string) {
	const divider = " │ "
	half := (s.width() - 2 - len([]rune(divider))) / 2
	l, r := s.panel(left, half), s.panel(right, half)
	s.line("")
	s.line("  " + strings.Repeat("─", half+1) + "┬" + strings.Repeat("─", half+1))
	for i := range max(len(l), len(r)) {
		s.line("  " + row(l, i, half) + divider + row(r, i, half))
	}
	s.line("  " + strings.Repeat("─", half+1) + "┴" + strings.Repeat("─", half+1))
	s.Note("%s", origin)
}

// panel renders one side, each line filled up to the width.
func (s *Stage) panel(p Panel, width int) []string {
	out := []string{s.paint(bold, fit(strings.ToUpper(p.Title), width)), ""}
	for _, l := range large(p.Figure, width) {
		out = append(out, s.paint(p.Mood.style(), fit(l, width)))
	}
	out = append(out, "")
	for _, l := range p.Lines {
		for i, w := range wrap(l, width-2) {
			if i > 0 {
				w = "  " + w
			}
			out = append(out, fit(w, width))
		}
	}
	return out
}

func row(lines []string, i, width int) string {
	if i < len(lines) && lines[i] != "" {
		return lines[i]
	}
	return strings.Repeat(" ", width)
}
