package stage

import (
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// Command shows a command as it was typed, and what it printed. A long command is continued as a shell would have it, so that it can be
// copied; a long line of output goes on in the next, as a terminal would have it.
func (s *Stage) Command(command, output string) {
	s.line("")
	for i, l := range continued(command, s.width()-6) {
		prompt := "$ "
		if i > 0 {
			prompt = "    "
		}
		s.line(s.paint(bold, prompt+l))
	}
	output = strings.TrimRight(output, "\n")
	if output == "" {
		return
	}
	for l := range strings.SplitSeq(output, "\n") {
		for _, part := range broken(strings.TrimRight(l, " "), s.width()) {
			s.line(part)
		}
	}
}

// continued breaks a command at spaces outside of quotes, and JSON in single quotes after its commas, where space means nothing: a shell takes
// the lines for the same command.
func continued(command string, width int) []string {
	var lines []string
	line, inside := "", false
	for _, w := range pieces(command) {
		joint := " "
		if inside || line == "" {
			joint = ""
		}
		if line != "" && text.StringWidthWithoutEscSequences(line+joint+w) > width {
			if !inside {
				line += ` \`
			}
			lines, line, joint = append(lines, line), "", ""
		}
		line += joint + w
		if strings.Count(w, "'")%2 == 1 {
			inside = !inside
		}
	}
	return append(lines, line)
}

// pieces cuts a command at the places where a line may end.
func pieces(command string) []string {
	var out []string
	var piece strings.Builder
	inside, quoted := false, ""
	for _, r := range command {
		if r == ' ' && !inside {
			out = append(out, piece.String())
			piece.Reset()
			continue
		}
		piece.WriteRune(r)
		quoted += string(r)
		if r == '\'' {
			inside, quoted = !inside, ""
		}
		if r == ',' && inside && strings.HasPrefix(quoted, "{") {
			out = append(out, piece.String())
			piece.Reset()
		}
	}
	return append(out, piece.String())
}

// broken is a line as a terminal of that width shows it.
func broken(line string, width int) []string {
	var out []string
	part, wide := "", 0
	for _, r := range strings.ReplaceAll(line, "\t", "        ") {
		if w := text.RuneWidth(r); wide+w > width {
			out, part, wide = append(out, part), "", 0
		}
		part, wide = part+string(r), wide+text.RuneWidth(r)
	}
	return append(out, part)
}
