package stage

import "strings"

// Mood is the colour of a figure.
type Mood string

// The moods.
const (
	Plain Mood = ""    // no opinion
	Good  Mood = green // nothing to do
	Bad   Mood = red   // something to do
)

// Panel is one side of a contrast: a figure that is shown in large digits, with the same figure in small ones first in
// the lines below it.
type Panel struct {
	Title  string
	Figure string // digits, '%', ',' and '.'
	Mood   Mood
	Lines  []string
}

// Contrast shows two sides of the same thing at one glance, and below where the figures come from.
func (s *Stage) Contrast(left, right Panel, origin string) {
	const divider = " │ "
	half := (s.stageWidth() - 2 - len([]rune(divider))) / 2
	l, r := s.renderPanel(left, half), s.renderPanel(right, half)
	s.writeLine("")
	s.writeLine("  " + strings.Repeat("─", half+1) + "┬" + strings.Repeat("─", half+1))
	for i := range max(len(l), len(r)) {
		s.writeLine("  " + panelRow(l, i, half) + divider + panelRow(r, i, half))
	}
	s.writeLine("  " + strings.Repeat("─", half+1) + "┴" + strings.Repeat("─", half+1))
	s.Note("%s", origin)
}

// renderPanel renders one side, each line filled up to the width.
func (s *Stage) renderPanel(p Panel, width int) []string {
	out := []string{s.paintText(bold, fitText(strings.ToUpper(p.Title), width)), ""}
	for _, l := range largeDigits(p.Figure, width) {
		out = append(out, s.paintText(string(p.Mood), fitText(strings.TrimSuffix(l, " "), width)))
	}
	out = append(out, "")
	for _, l := range p.Lines {
		for i, w := range wrapText(l, width-2) {
			if i > 0 {
				w = "  " + w
			}
			out = append(out, fitText(w, width))
		}
	}
	return out
}

func panelRow(lines []string, i, width int) string {
	if i < len(lines) && lines[i] != "" {
		return lines[i]
	}
	return strings.Repeat(" ", width)
}
